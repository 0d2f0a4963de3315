"""Real reverse proxies, by the files of `docs/applications/gate` and of the example; only ports and paths differ."""

import datetime as dt
import ipaddress
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "applications" / "gate"
JOBADMIN_EXAMPLE = ROOT / "examples" / "jobadmin-gate"
_PATIENCE_SECONDS = 40


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens: the proxy, Totrinn, and two applications."""

    proxy: int
    totrinn: int
    jobadmin: int
    reports: int

    def placed(self, text: str) -> str:
        """A file of the documents with these ports in the place of its own."""
        kept = {"127.0.0.1:8700": self.totrinn, "127.0.0.1:9000": self.jobadmin, "127.0.0.1:9001": self.reports}
        for told, port in kept.items():
            text = text.replace(told, f"127.0.0.1:{port}")
        return text


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def certificate(folder: Path) -> None:
    """A self-signed certificate for *.example.no: `example.no.pem`, `.key`, and both in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.no")])
    begins = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("*.example.no"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + dt.timedelta(days=30))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "example.no.pem").write_bytes(public)
    (folder / "example.no.key").write_bytes(private)
    (folder / "example.no.both.pem").write_bytes(public + private)


@contextmanager
def nginx(folder: Path, ports: Ports) -> Iterator[None]:
    """nginx with the files of the documents."""
    for file in (EXAMPLES / "nginx").iterdir():
        text = ports.placed(file.read_text(encoding="utf-8"))
        text = text.replace("/etc/nginx/", f"{folder}/").replace("/etc/ssl/", f"{folder}/")
        (folder / file.name).write_text(text.replace("listen 443 ssl", f"listen 127.0.0.1:{ports.proxy} ssl"))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    main = folder / "main.conf"
    main.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {_user()}\n"
        f"events {{}}\nhttp {{ access_log off; {places} include {folder}/jobadmin.conf; }}\n"
    )
    with _running(["nginx", "-p", str(folder), "-c", str(main)], folder, ports.proxy):
        yield


@contextmanager
def caddy(folder: Path, ports: Ports) -> Iterator[None]:
    """Caddy with the file of the documents, and a certificate of ours."""
    text = ports.placed((EXAMPLES / "Caddyfile").read_text(encoding="utf-8"))
    for name in ("auth", "jobadmin", "reports"):
        ours = f"{name}.example.no:{ports.proxy} {{\n\ttls {folder}/example.no.pem {folder}/example.no.key\n"
        text = text.replace(f"\n{name}.example.no {{\n", f"\n{ours}")
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    with _running(["caddy", "run", "--config", str(folder / "Caddyfile")], folder, ports.proxy):
        yield


@contextmanager
def haproxy(folder: Path, ports: Ports) -> Iterator[None]:
    """HAProxy with the files of the documents."""
    shutil.copy(EXAMPLES / "haproxy" / "totrinn.lua", folder)
    text = ports.placed((EXAMPLES / "haproxy" / "haproxy.cfg").read_text(encoding="utf-8"))
    text = text.replace("/etc/haproxy/", f"{folder}/").replace("/etc/ssl/", f"{folder}/")
    text = text.replace("bind :443", f"bind 127.0.0.1:{ports.proxy}")
    for name in ("auth", "jobadmin", "reports"):
        text = text.replace(f"{name}.example.no", f"{name}.example.no:{ports.proxy}")
    (folder / "haproxy.cfg").write_text(text)
    with _running(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], folder, ports.proxy):
        yield


@contextmanager
def traefik(folder: Path, ports: Ports) -> Iterator[None]:
    """Traefik with the files of the documents."""
    for file in (EXAMPLES / "traefik").iterdir():
        text = ports.placed(file.read_text(encoding="utf-8"))
        text = text.replace("/etc/traefik/", f"{folder}/").replace("/etc/ssl/", f"{folder}/")
        (folder / file.name).write_text(text.replace('":443"', f'"127.0.0.1:{ports.proxy}"'))
    with _running([_beside_python("traefik"), f"--configFile={folder}/traefik.yml"], folder, ports.proxy):
        _wait_for_routes(ports.proxy)
        yield


@contextmanager
def envoy(folder: Path, ports: Ports) -> Iterator[None]:
    """Envoy with the file of the documents."""
    text = ports.placed((EXAMPLES / "envoy.yaml").read_text(encoding="utf-8"))
    for kind, port in (("totrinn", ports.totrinn), ("jobadmin", ports.jobadmin), ("reports", ports.reports)):
        told = {"totrinn": 8700, "jobadmin": 9000, "reports": 9001}[kind]
        text = text.replace(f"port_value: {told} ", f"port_value: {port} ")
    text = text.replace("address: 0.0.0.0, port_value: 443", f"address: 127.0.0.1, port_value: {ports.proxy}")
    (folder / "envoy.yaml").write_text(text.replace("/etc/ssl/", f"{folder}/"))
    command = [_beside_python("envoy"), "-c", str(folder / "envoy.yaml"), "--concurrency", "1", "--disable-hot-restart"]
    with _running(command, folder, ports.proxy):
        yield


@contextmanager
def example_nginx(folder: Path, ports: Ports) -> Iterator[None]:
    """nginx as the example says to start it."""
    text = ports.placed((JOBADMIN_EXAMPLE / "nginx.conf").read_text(encoding="utf-8"))
    (folder / "nginx.conf").write_text(_user() + text.replace("127.0.0.1:8080", f"127.0.0.1:{ports.proxy}"))
    (folder / "nginx-temp").mkdir()
    with _running(["nginx", "-p", str(folder), "-c", "nginx.conf"], folder, ports.proxy):
        yield


@contextmanager
def example_caddy(folder: Path, ports: Ports) -> Iterator[None]:
    """Caddy as the example says to start it."""
    text = ports.placed((JOBADMIN_EXAMPLE / "Caddyfile").read_text(encoding="utf-8"))
    (folder / "Caddyfile").write_text(text.replace("jobadmin.localhost:8080", f"jobadmin.localhost:{ports.proxy}"))
    with _running(["caddy", "run", "--config", "Caddyfile"], folder, ports.proxy):
        yield


Proxy = Callable[[Path, Ports], AbstractContextManager[None]]


def _beside_python(name: str) -> str:
    """A program that was installed with the tests."""
    return str(Path(sys.executable).with_name(name))


def _user() -> str:
    """Root's nginx gives up its rights; somebody else's has none to give up."""
    return "user root;\n" if os.geteuid() == 0 else ""


@contextmanager
def _running(command: Sequence[str], folder: Path, port: int) -> Iterator[None]:
    places: Mapping[str, str] = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "proxy.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env={**os.environ, **places})
    try:
        _wait_for(process, port, folder / "proxy.log")
        yield
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


def _wait_for_routes(port: int) -> None:
    """Traefik listens before it has read where to lead to; until then nothing is found."""
    last = time.monotonic() + _PATIENCE_SECONDS
    url = f"https://jobadmin.example.no:{port}/"
    command = [
        "curl",
        "-k",
        "-s",
        "-o",
        os.devnull,
        "-w",
        "%{http_code}",
        "--noproxy",
        "*",
        "--connect-to",
        f"::127.0.0.1:{port}",
    ]
    while subprocess.run([*command, url], capture_output=True, text=True, check=False).stdout in ("000", "404"):
        assert time.monotonic() < last
        time.sleep(0.05)


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    last = time.monotonic() + _PATIENCE_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < last, log.read_text()
            time.sleep(0.05)
        else:
            return
