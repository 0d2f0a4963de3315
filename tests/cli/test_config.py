"""Settings are read once, and what cannot be right is refused when it is read."""

import dataclasses
from pathlib import Path

import pytest

from totrinn.config import (
    VARIABLES,
    Settings,
    WrongSetting,
    is_loopback,
    plain_http_beyond_loopback,
    read_base_url,
    read_settings,
    support_link,
    unknown_variables,
    without_password,
)

DATA = Path("/srv/totrinn")


def test_the_defaults_are_those_of_a_machine_of_ones_own() -> None:
    """Without any setting everything is in the folder, and only this machine is served."""
    settings = read_settings({}, data=DATA)
    assert settings.database == "sqlite:////srv/totrinn/totrinn.sqlite3"
    assert settings.keys == DATA / "keys"
    assert (settings.base_url, settings.host, settings.port) == ("http://localhost:8700", "127.0.0.1", 8700)
    assert (settings.application_name, settings.application_url) == ("Jobadmin", "/")
    assert settings.trusted_proxies == ()


def test_what_a_command_was_given_goes_before_the_environment() -> None:
    """An option is meant for this run, a variable for all."""
    environment = {"TOTRINN_DATA": "/elsewhere", "TOTRINN_PORT": "9000", "TOTRINN_DATABASE": "postgresql:///a"}
    settings = read_settings(environment, data=DATA, port=9001, database="postgresql:///b")
    assert (settings.data, settings.port, settings.database) == (DATA, 9001, "postgresql:///b")
    assert read_settings(environment).base_url == "http://localhost:9000"


def test_every_setting_of_the_table_is_read() -> None:
    """No variable is promised and then forgotten."""
    values = {
        "TOTRINN_DATA": "/elsewhere",
        "TOTRINN_DATABASE": "postgresql:///a",
        "TOTRINN_DATABASE_CONNECTIONS": "12",
        "TOTRINN_KEYS": "0001-00000000:x",
        "TOTRINN_BASE_URL": "https://login.example",
        "TOTRINN_HOST": "0.0.0.0",
        "TOTRINN_PORT": "9000",
        "TOTRINN_WORKERS": "4",
        "TOTRINN_APPLICATION_NAME": "Lønn",
        "TOTRINN_APPLICATION_URL": "https://app.example",
        "TOTRINN_VENDOR_NAME": "Leverandør",
        "TOTRINN_SUPPORT": "support@example.no",
        "TOTRINN_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
        "TOTRINN_ACCESS_LOG": "yes",
        "TOTRINN_METRICS": "127.0.0.1:9100",
        "TOTRINN_METRICS_EACH_ORGANISATION": "yes",
        "TOTRINN_ALLOW_PRIVATE_ADDRESSES": "yes",
        "TOTRINN_GATE_SECRET": "s" * 32,
        "TOTRINN_GATE_HEADERS": "email=Remote-Email",
        "TOTRINN_BACKUP_RECIPIENTS": "age1example",
    }
    assert set(values) == {variable.name for variable in VARIABLES}
    plain, told = read_settings({}, data=DATA), read_settings(values)
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert [field for field in fields if getattr(plain, field) == getattr(told, field)] == ["keys_file"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOTRINN_GATE_SECRET", "short"),
        ("TOTRINN_GATE_SECRET", "s" * 31 + " "),
        ("TOTRINN_GATE_SECRET", "s" * 31 + "æ"),
        ("TOTRINN_GATE_HEADERS", "nobody=X-Nobody"),
        ("TOTRINN_GATE_HEADERS", "email"),
        ("TOTRINN_GATE_HEADERS", "email=Remote_Email"),
        ("TOTRINN_GATE_HEADERS", "email=Remote-Email: x"),
        ("TOTRINN_GATE_HEADERS", "email=Cookie"),
        ("TOTRINN_GATE_HEADERS", "email=X-Totrinn-Location"),
        ("TOTRINN_GATE_HEADERS", "email=Remote-User, person=remote-user"),
        ("TOTRINN_GATE_HEADERS", "email=X-Totrinn-Name"),
        ("TOTRINN_GATE_HEADERS", "email=Remote-Email, email=Remote-Mail"),
    ],
)
def test_a_setting_of_the_gate_that_cannot_be_right_is_refused(name: str, value: str) -> None:
    """A secret that is soon guessed, and headers that a proxy would drop, confuse with others, or get twice."""
    with pytest.raises(WrongSetting, match=name):
        read_settings({name: value}, data=DATA)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    """`…_FILE` is read, without the line break at its end; both at once is a mistake."""
    file = tmp_path / "database"
    file.write_text("postgresql://totrinn:hemmelig@db/totrinn\n", encoding="utf-8")
    assert read_settings({"TOTRINN_DATABASE_FILE": str(file)}).database == "postgresql://totrinn:hemmelig@db/totrinn"
    with pytest.raises(WrongSetting, match="both set"):
        read_settings({"TOTRINN_DATABASE_FILE": str(file), "TOTRINN_DATABASE": "postgresql:///a"})
    with pytest.raises(WrongSetting, match="cannot read"):
        read_settings({"TOTRINN_DATABASE_FILE": str(tmp_path / "nothing")})


def test_keys_in_a_file_are_not_read_with_the_settings(tmp_path: Path) -> None:
    """The file is read when the keys are needed, and again when it has changed: its place is the setting."""
    file = tmp_path / "keys"
    settings = read_settings({"TOTRINN_KEYS_FILE": str(file)}, data=DATA)
    assert (settings.keys_file, settings.keys_text) == (file, "")
    with pytest.raises(WrongSetting, match="both set"):
        read_settings({"TOTRINN_KEYS_FILE": str(file), "TOTRINN_KEYS": "0001-00000000:x"}, data=DATA)


def test_settings_do_not_show_their_secrets() -> None:
    """What is printed of them in passing holds no password and no key."""
    environment = {"TOTRINN_DATABASE": "postgresql://totrinn:hemmelig@db/x", "TOTRINN_KEYS": "0001-00000000:hemmelig"}
    assert "hemmelig" not in repr(read_settings(environment, data=DATA))


@pytest.mark.parametrize(
    "wrong",
    [
        {"TOTRINN_PORT": "0"},
        {"TOTRINN_PORT": "65536"},
        {"TOTRINN_PORT": "\N{FULLWIDTH DIGIT EIGHT}700"},
        {"TOTRINN_PORT": "many"},
        {"TOTRINN_WORKERS": "0"},
        {"TOTRINN_BASE_URL": "login.example"},
        {"TOTRINN_BASE_URL": "ftp://login.example"},
        {"TOTRINN_BASE_URL": "https://login.example/path"},
        {"TOTRINN_BASE_URL": "https://login.example?x"},
        {"TOTRINN_BASE_URL": "https://user@login.example"},
        {"TOTRINN_BASE_URL": "https://login.example:port"},
        {"TOTRINN_BASE_URL": "https://"},
        {"TOTRINN_BASE_URL": "https://a b"},
        {"TOTRINN_APPLICATION_URL": "javascript:alert(1)"},
        {"TOTRINN_APPLICATION_URL": "//elsewhere.example"},
        {"TOTRINN_TRUSTED_PROXIES": "everybody"},
        {"TOTRINN_METRICS": "9100"},
        {"TOTRINN_METRICS": "127.0.0.1"},
        {"TOTRINN_METRICS": "127.0.0.1:9100/metrics"},
        {"TOTRINN_METRICS": "127.0.0.1:many"},
        {"TOTRINN_ACCESS_LOG": "perhaps"},
        {"TOTRINN_APPLICATION_NAME": "x" * 200},
        {"TOTRINN_VENDOR_NAME": "two\nlines"},
    ],
    ids=lambda wrong: " ".join(wrong),
)
def test_a_setting_that_cannot_be_right_is_refused(wrong: dict[str, str]) -> None:
    """The message names the setting, in one line."""
    with pytest.raises(WrongSetting, match=next(iter(wrong))) as refused:
        read_settings(wrong, data=DATA)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "beyond"),
    [
        ("http://localhost:8700", False),
        ("http://app.localhost", False),
        ("http://127.0.0.1:8700", False),
        ("http://127.8.8.8", False),
        ("http://[::1]:8700", False),
        ("https://login.example", False),
        ("http://login.example", True),
        ("http://10.0.0.1", True),
        ("http://localhost.example", True),
        ("http://0.0.0.0:8700", True),
    ],
)
@pytest.mark.row("R66")
def test_plain_http_is_for_this_machine_only(address: str, beyond: bool) -> None:
    """Passwords never go over a network in the clear."""
    assert plain_http_beyond_loopback(read_base_url(address)) is beyond


def test_addresses_lose_their_last_slash() -> None:
    """Links are the address and a path, with one slash between."""
    assert read_settings({"TOTRINN_BASE_URL": "https://Login.Example/"}, data=DATA).link("/setup/x") == (
        "https://login.example/setup/x"
    )


def test_loopback_is_this_machine() -> None:
    """Names and numbers alike."""
    assert [is_loopback(host) for host in ("localhost", "::1", "[::1]", "0.0.0.0", "example.no")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_support_is_an_address_a_link_or_words() -> None:
    """What can be followed is a link, the rest is text."""
    assert support_link("support@example.no") == "mailto:support@example.no"
    assert support_link("https://example.no/hjelp") == "https://example.no/hjelp"
    assert support_link("ring 22 22 22 22") is None
    assert support_link("javascript:alert(1)") is None


def test_a_misspelt_setting_is_found_out() -> None:
    """Somebody believes that they have set something."""
    environment = {"TOTRINN_BASEURL": "x", "TOTRINN_DATABASE_FILE": "x", "PATH": "x"}
    assert unknown_variables(environment) == ("TOTRINN_BASEURL",)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgresql://totrinn:secret@db1,db2/t", "postgresql://totrinn@db1,db2/t"),
        ("postgresql://db/t?sslmode=verify-full&password=secret", "postgresql://db/t?sslmode=verify-full"),
        ("postgresql://db/t?p%61ssword=secret&sslpassword=secret", "postgresql://db/t"),
        (
            "postgresql://totrinn@[::1]:5433/t?prepare_threshold=5",
            "postgresql://totrinn@[::1]:5433/t?prepare_threshold=5",
        ),
    ],
)
def test_an_address_is_told_without_its_password(address: str, told: str) -> None:
    """Wherever it stands in it; what else is agreed with the server stays."""
    assert without_password(address) == told
