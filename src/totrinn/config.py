"""Every setting of an installation: read once, from `TOTRINN_…` variables and from what a command was given.

What a command was given goes before the variable, the variable before the default. A secret may stand in a file, which
the variable with `_FILE` at its end names. A setting that cannot be right is refused when it is read, not when used.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from totrinn.web.settings import IDENTITY_HEADERS

DEFAULT_PORT = 8700
DEFAULT_HOST = "127.0.0.1"
DEFAULT_CONNECTIONS = 10
DATABASE_FILE = "totrinn.sqlite3"
KEYS_FOLDER = "keys"
_PREFIX = "TOTRINN_"
_LONGEST_NAME = 100
_YES_OR_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}
_LARGEST_SECRET_FILE = 64 * 1024
_SHORTEST_SECRET = 32
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,63}")
_NO_IDENTITY_HEADERS = frozenset(
    [
        "authorization", "cache-control", "connection", "content-length", "content-type", "cookie", "date", "host",
        "location", "referrer-policy", "server", "set-cookie", "transfer-encoding", "upgrade", "www-authenticate",
        "x-request-id", "x-totrinn-gate-secret", "x-totrinn-location",
    ]
)  # fmt: skip
"""Names by which a proxy or the gate itself says something else."""
_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting as the operator knows it."""

    name: str
    meaning: str
    default: str
    is_secret: bool = False


VARIABLES = (
    Variable("TOTRINN_DATA", "the folder that holds everything of the embedded form", ""),
    Variable("TOTRINN_DATABASE", "postgresql://… instead of the SQLite file in that folder", "", is_secret=True),
    Variable("TOTRINN_DATABASE_CONNECTIONS", "how many connections a process keeps for reading, and for writing", "10"),
    Variable("TOTRINN_KEYS", "the keys, one a line, instead of the files in that folder", "", is_secret=True),
    Variable("TOTRINN_BASE_URL", "the address that people use", "http://localhost:PORT"),
    Variable("TOTRINN_HOST", "the network address that `serve` listens on", DEFAULT_HOST),
    Variable("TOTRINN_PORT", "the port that `serve` listens on", str(DEFAULT_PORT)),
    Variable("TOTRINN_WORKERS", "how many processes serve", "1"),
    Variable("TOTRINN_APPLICATION_NAME", "the name of the application behind the sign-in", "Jobadmin"),
    Variable("TOTRINN_APPLICATION_URL", "where that application is", "/"),
    Variable("TOTRINN_VENDOR_NAME", "the name of whoever runs this", "Totrinn"),
    Variable("TOTRINN_SUPPORT", "an e-mail address or a link; every «ask support» shows it", ""),
    Variable("TOTRINN_TRUSTED_PROXIES", "networks whose X-Forwarded-For is believed, with commas between", ""),
    Variable("TOTRINN_ACCESS_LOG", "whether each request is a line of the log", "no"),
    Variable("TOTRINN_METRICS", "the address and port where metrics are read; not set: there are none", ""),
    Variable("TOTRINN_METRICS_EACH_ORGANISATION", "whether metrics name each of more than 1000 organisations", "no"),
    Variable("TOTRINN_ALLOW_PRIVATE_ADDRESSES", "whether identity providers may stand on private networks", "no"),
    Variable("TOTRINN_GATE_SECRET", "what a reverse proxy must show to the gate", "", is_secret=True),
    Variable("TOTRINN_GATE_HEADERS", "other names of identity headers, as field=Name with commas between", ""),
    Variable("TOTRINN_BACKUP_RECIPIENTS", "the keys that backups are encrypted to, one a line", "", is_secret=True),
)


class WrongSetting(ValueError):
    """A setting cannot be used; the message is one line for the operator, without the value of a secret."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one installation."""

    data: Path | None
    database: str = field(repr=False)
    base_url: str
    database_connections: int = DEFAULT_CONNECTIONS
    keys_text: str = field(default="", repr=False)
    keys_file: Path | None = None
    """Read again when keys are renewed; `keys_text` is empty then."""
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    workers: int = 1
    application_name: str = "Jobadmin"
    application_url: str = "/"
    vendor_name: str = "Totrinn"
    support: str = ""
    trusted_proxies: tuple[str, ...] = ()
    allow_private_addresses: bool = False
    access_log: bool = False
    metrics: tuple[str, int] | None = None
    """Host and port."""
    metrics_each_organisation: bool = False
    gate_secret: str = field(default="", repr=False)
    gate_headers: Mapping[str, str] = field(default_factory=dict)
    """Names of identity headers that are not the usual ones, by what they tell."""
    backup_recipients: tuple[str, ...] = ()
    names_its_address: bool = True
    """False when neither address nor port were given: a command then goes by what the server was given last."""

    @property
    def keys(self) -> Path:
        """The folder of the keys. Raises `WrongSetting` when it is not known where the data is."""
        if self.data is None:
            raise WrongSetting("it is not known where the keys are: give --data DIR, or set TOTRINN_DATA")
        return self.data / KEYS_FOLDER

    @property
    def is_embedded(self) -> bool:
        """Whether the database is the SQLite file of the data folder."""
        return self.database.startswith("sqlite:")

    def link(self, path: str) -> str:
        """An absolute address of ours; no request header ever has a say in it (R66)."""
        return f"{self.base_url}{path}"


def read_settings(
    environment: Mapping[str, str],
    *,
    data: Path | None = None,
    database: str | None = None,
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
) -> Settings:
    """The settings, from what a command was given and from the environment. Raises `WrongSetting`."""
    given = _Given(environment)
    folder = data or (Path(given.text("TOTRINN_DATA")) if given.text("TOTRINN_DATA") else None)
    folder = folder.expanduser().absolute() if folder else None
    number = port if port is not None else given.number("TOTRINN_PORT", DEFAULT_PORT, most=65535)
    return Settings(
        data=folder,
        database=_database(database or given.secret("TOTRINN_DATABASE"), folder),
        database_connections=given.number("TOTRINN_DATABASE_CONNECTIONS", DEFAULT_CONNECTIONS, most=40),
        keys_text=given.text("TOTRINN_KEYS"),
        keys_file=given.file("TOTRINN_KEYS"),
        base_url=read_base_url(given.text("TOTRINN_BASE_URL") or f"http://localhost:{number}"),
        names_its_address=bool(given.text("TOTRINN_BASE_URL") or given.text("TOTRINN_PORT")) or port is not None,
        host=host or given.text("TOTRINN_HOST") or DEFAULT_HOST,
        port=number,
        workers=workers if workers is not None else given.number("TOTRINN_WORKERS", 1, most=64),
        application_name=given.name("TOTRINN_APPLICATION_NAME", "Jobadmin"),
        application_url=_application_url(given.text("TOTRINN_APPLICATION_URL") or "/"),
        vendor_name=given.name("TOTRINN_VENDOR_NAME", "Totrinn"),
        support=given.name("TOTRINN_SUPPORT", ""),
        trusted_proxies=_networks(given.text("TOTRINN_TRUSTED_PROXIES")),
        access_log=given.yes("TOTRINN_ACCESS_LOG"),
        metrics=_host_and_port("TOTRINN_METRICS", given.text("TOTRINN_METRICS")),
        metrics_each_organisation=given.yes("TOTRINN_METRICS_EACH_ORGANISATION"),
        allow_private_addresses=given.yes("TOTRINN_ALLOW_PRIVATE_ADDRESSES"),
        gate_secret=_gate_secret(given.secret("TOTRINN_GATE_SECRET")),
        gate_headers=_gate_headers(given.text("TOTRINN_GATE_HEADERS")),
        backup_recipients=_lines(given.secret("TOTRINN_BACKUP_RECIPIENTS")),
    )


def support_link(support: str) -> str | None:
    """The address that leads to support; None when the words are just words."""
    if support.startswith("https://"):
        return support
    return f"mailto:{support}" if _ADDRESS.fullmatch(support) else None


def read_base_url(text: str) -> str:
    """The base address without a slash at its end. Raises `WrongSetting`."""
    url = _split("TOTRINN_BASE_URL", text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise WrongSetting(f"TOTRINN_BASE_URL must begin with https:// and name a host, not {text!r}")
    if url.username is not None or url.query or url.fragment or url.path not in ("", "/"):
        raise WrongSetting(f"TOTRINN_BASE_URL is a scheme, a host and perhaps a port, nothing more: not {text!r}")
    return f"{url.scheme}://{url.netloc.lower()}"


def without_password(address: str) -> str:
    """The address of a database without the passwords that may stand in it; its other options stay."""
    url = urlsplit(address)
    user, at, hosts = url.netloc.rpartition("@")
    options = (option for option in url.query.split("&") if "password" not in unquote(option.partition("=")[0]).lower())
    return url._replace(netloc=f"{user.partition(':')[0]}{at}{hosts}", query="&".join(options)).geturl()


def plain_http_beyond_loopback(base_url: str) -> bool:
    """Whether people would send passwords over a network in the clear."""
    url = urlsplit(base_url)
    return url.scheme != "https" and not is_loopback(url.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine and no other."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Whether the host is this machine, or one address of a private network; 0.0.0.0 and :: are every network."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return is_loopback(host)
    return address.is_private and not address.is_unspecified


def unknown_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that look like settings of ours and are none: somebody believes that they have set something."""
    known = {variable.name for variable in VARIABLES}
    known |= {f"{variable.name}_FILE" for variable in VARIABLES if variable.is_secret}
    return tuple(sorted(name for name in environment if name.startswith(_PREFIX) and name not in known))


class _Given:
    """The environment, read by kind of setting."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def yes(self, name: str) -> bool:
        value = self.text(name).lower()
        if value not in _YES_OR_NO:
            raise WrongSetting(f"{name} is yes or no, not {value!r}")
        return _YES_OR_NO[value]

    def name(self, name: str, default: str) -> str:
        value = self.text(name) or default
        if len(value) > _LONGEST_NAME or not value.isprintable():
            raise WrongSetting(f"{name} is at most {_LONGEST_NAME} printable characters")
        return value

    def number(self, name: str, default: int, *, most: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= most):
            raise WrongSetting(f"{name} is a number from 1 to {most}, not {value!r}")
        return int(value)

    def file(self, name: str) -> Path | None:
        file = self.text(f"{name}_FILE")
        if file and self.text(name):
            raise WrongSetting(f"{name} and {name}_FILE are both set: keep one")
        return Path(file).absolute() if file else None

    def secret(self, name: str) -> str:
        file = self.file(name)
        if file is None:
            return self.text(name)
        try:
            with file.open(encoding="utf-8") as opened:
                return opened.read(_LARGEST_SECRET_FILE).strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise WrongSetting(f"{name}_FILE: cannot read {file}: {reason}") from None


def _database(given: str, folder: Path | None) -> str:
    if given:
        return given
    if folder is None:
        raise WrongSetting("it is not known where the data is: give --data DIR, or set TOTRINN_DATA")
    return f"sqlite:///{folder / DATABASE_FILE}"


def _application_url(text: str) -> str:
    if text.startswith("/") and not text.startswith("//"):
        return text
    url = _split("TOTRINN_APPLICATION_URL", text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise WrongSetting(f"TOTRINN_APPLICATION_URL is a path of ours or an http address, not {text!r}")
    return text


def _host_and_port(name: str, text: str) -> tuple[str, int] | None:
    if not text:
        return None
    url = _split(name, f"//{text}")
    if not url.hostname or not url.port or url.netloc != text or "@" in text:
        raise WrongSetting(f"{name} is an address and a port, like 127.0.0.1:9100, not {text!r}")
    return url.hostname, url.port


def _networks(text: str) -> tuple[str, ...]:
    networks = tuple(part.strip() for part in text.split(",") if part.strip())
    for network in networks:
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise WrongSetting(f"TOTRINN_TRUSTED_PROXIES: {network!r} is no network address") from None
    return networks


def _gate_secret(text: str) -> str:
    if text and not (len(text) >= _SHORTEST_SECRET and text.isascii() and text.isprintable() and " " not in text):
        raise WrongSetting(f"TOTRINN_GATE_SECRET is at least {_SHORTEST_SECRET} letters, digits and signs")
    return text


def _gate_headers(text: str) -> dict[str, str]:
    pairs = [part.strip() for part in text.split(",") if part.strip()]
    named = {field.strip(): name.strip() for field, _, name in (pair.partition("=") for pair in pairs)}
    for told, name in named.items():
        if told not in IDENTITY_HEADERS or not _HEADER.fullmatch(name) or name.lower() in _NO_IDENTITY_HEADERS:
            fields = ", ".join(IDENTITY_HEADERS)
            raise WrongSetting(f"TOTRINN_GATE_HEADERS: {told}={name} names no header for one of {fields}")
    names = {name.lower() for name in {**IDENTITY_HEADERS, **named}.values()}
    if len(named) != len(pairs) or len(names) != len(IDENTITY_HEADERS):
        raise WrongSetting("TOTRINN_GATE_HEADERS names a field or a header twice")
    return named


def _lines(text: str) -> tuple[str, ...]:
    """Empty lines and lines that begin with `#` do not count; a comma is as good as a new line."""
    lines = (line.strip() for line in text.replace(",", "\n").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _split(name: str, text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        raise WrongSetting(f"{name} is no address: {text!r}") from None
    if not text.isprintable() or " " in text:
        raise WrongSetting(f"{name} is no address: {text!r}")
    return url
