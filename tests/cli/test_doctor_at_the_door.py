"""`doctor` goes in by the front door, through a real proxy, and is told what arrives."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.commands import command
from tests.cli.conftest import House
from tests.cli.test_doctor import findings
from tests.cli.test_serving import Server, free_port, serving
from totrinn.crypto import KeyVault
from totrinn.web.pages.probe import PATH, signed_probe

APPENDING = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
REPLACING = "proxy_set_header X-Forwarded-For $remote_addr;"
SILENT = 'proxy_set_header X-Forwarded-For "";'
OWN_HOST = "proxy_set_header Host $http_host;"
PROXY = "127.0.0.2"


@contextmanager
def nginx(folder: Path, port: int, to: int, more: str) -> Iterator[None]:
    """A proxy in front of the server, which it reaches from an address of its own."""
    settings = folder / "nginx.conf"
    settings.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;\n"
        "events {}\n"
        "http { access_log off;\n"
        + "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + f"server {{ listen 127.0.0.1:{port};\n"
        f"location / {{ proxy_pass http://127.0.0.1:{to}; proxy_bind {PROXY}; {more} }} }} }}\n"
    )
    process = subprocess.Popen(["nginx", "-p", folder, "-c", settings], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def at_the_door(house: House, port: int, **settings: str) -> list[tuple[str, str]]:
    """What is found of the base address once the proxy answers: level, and text with what mends it."""
    last = time.monotonic() + 20
    while True:
        found = findings(house, TOTRINN_BASE_URL=f"http://localhost:{port}", **settings)["base address"][1:]
        if "does not answer" not in found[0]["text"] or time.monotonic() > last:
            return [(each["level"], f"{each['text']} / {each['mend']}") for each in found]
        time.sleep(0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the proxy keeps what it needs."""
    place = tmp_path / "nginx"
    place.mkdir()
    place.chmod(0o755)
    return place


@pytest.mark.row("R66")
@pytest.mark.parametrize(
    ("header", "trusted", "level", "told"),
    [
        (APPENDING, PROXY, "ok", "seen to come from 127.0.0.1"),
        (REPLACING, PROXY, "ok", "seen to come from 127.0.0.1"),
        ("", PROXY, "bad", "can choose the address"),
        (SILENT, PROXY, "bad", "does not say for whom it asks"),
        (APPENDING, "", "note", f"TOTRINN_TRUSTED_PROXIES={PROXY}"),
    ],
    ids=["appending", "replacing", "passing on", "silent", "not trusted"],
)
def test_what_the_proxy_does(house: House, folder: Path, header: str, trusted: str, level: str, told: str) -> None:
    """Whom Totrinn takes for who asks, found out by asking."""
    port = free_port()
    settings = {"TOTRINN_BASE_URL": f"http://localhost:{port}", "TOTRINN_TRUSTED_PROXIES": trusted}
    with serving(house.data, **settings) as server, nginx(folder, port, server.port, f"{header} {OWN_HOST}"):
        ((found, text),) = at_the_door(house, port, TOTRINN_TRUSTED_PROXIES=trusted)
    assert (found, told in text) == (level, True), text


def test_another_host_is_noted(house: House, folder: Path) -> None:
    """A proxy that asks by the name of the machine behind it."""
    port = free_port()
    with (
        serving(house.data, TOTRINN_BASE_URL=f"http://localhost:{port}", TOTRINN_TRUSTED_PROXIES=PROXY) as server,
        nginx(folder, port, server.port, APPENDING),
    ):
        found = at_the_door(house, port, TOTRINN_TRUSTED_PROXIES=PROXY)
    assert [level for level, _ in found] == ["ok", "note"]
    assert f"127.0.0.1:{server.port}" in found[1][1]


def test_somebody_else_behind_the_address_is_bad(house: House, tmp_path: Path) -> None:
    """Another installation answers, whose keys are others."""
    other = tmp_path / "other"
    assert command("init", "--data", str(other)).status == 0
    with serving(other) as server:
        ((level, text),) = at_the_door(house, server.port)
    assert (level, "other keys" in text) == ("bad", True)


def test_nobody_behind_the_address_is_noted(house: House) -> None:
    """It may be that nothing serves just now."""
    found = findings(house, TOTRINN_BASE_URL=f"http://localhost:{free_port()}")["base address"][1]
    assert (found["level"], found["mend"]) == ("note", f"totrinn serve --data {house.data}")


@pytest.mark.row("R69")
def test_strangers_are_told_nothing(house: House) -> None:
    """Without the keys, or with a probe of before, there is no such page; no other signature will do."""
    vault = KeyVault.load(house.data / "keys")
    with serving(house.data) as server:
        now = datetime.now(UTC)
        for wrong in ("", "x", "x.y", signed_probe(vault, now - timedelta(minutes=2)), vault.sign("x 1", "visit")):
            assert _asked(server, wrong)[0] == 404
        status, told = _asked(server, signed_probe(vault, now))
        assert status == 200
        assert '"client":"127.0.0.1"' in told


def _asked(server: Server, probe: str) -> tuple[int, str]:
    status, _, text = server.get(PATH, **{"X-Totrinn-Probe": probe})
    return status, text
