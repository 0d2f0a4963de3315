"""What `application add` and `change` are told, and the agreement that it amounts to. Nothing here uses the network."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from totrinn.app.applications.addresses import is_host, is_page, is_redirect_uri
from totrinn.app.applications.records import Agreement, ClientAuthentication, SigningAlgorithm
from totrinn.cli.options import Refused, read_line

Function = TypeVar("Function", bound=Callable[..., Any])

LONGEST_NAME = 100
_LARGEST_KEYS = 64 * 1024
_MOST = 50


@dataclass(frozen=True, slots=True)
class Given:
    """The options as they were given; None or nothing at all: left out."""

    redirect_uri: tuple[str, ...]
    logout_uri: tuple[str, ...]
    back_channel: str | None
    events: str | None
    home: str | None
    authentication: str | None
    keys: Path | None
    signing: str | None
    pushed: bool | None
    host: tuple[str, ...]


def _several(name: str, metavar: str, words: str) -> Callable[[Function], Function]:
    return click.option(name, multiple=True, metavar=metavar, help=f"{words} May be given several times.")


_OPTIONS = (
    _several("--redirect-uri", "URL", "Where answers go: https, http on this machine, or an app's own scheme."),
    _several("--logout-uri", "URL", "Where the browser may go on to after signing out here."),
    click.option("--back-channel", metavar="URL", help="Where it is told that a session has ended."),
    click.option("--events", metavar="URL", help="Where it takes security events: that a session has ended (CAEP)."),
    click.option("--home", metavar="URL", help="Where people find it; «Continue» leads there."),
    click.option(
        "--authentication",
        type=click.Choice([way.value for way in ClientAuthentication]),
        metavar="WAY",
        help="client_secret_basic (the usual), client_secret_post, private_key_jwt (needs --keys), or none: an"
        " application on a phone or in a browser, which can keep no secret.",
    ),
    click.option(
        "--keys",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="private_key_jwt: its public keys, a JWK set.",
    ),
    click.option(
        "--signing",
        type=click.Choice([algorithm.value for algorithm in SigningAlgorithm]),
        help="What its ID tokens are signed with; else RS256, which every client knows.",
    ),
    click.option("--pushed/--no-pushed", default=None, help="Take only requests that were pushed (RFC 9126)."),
    _several("--host", "HOST", "A host name of its own that stands behind the gate, with the port if it has one."),
)


def describes_application(function: Function) -> Function:
    """Adds the options that describe an application."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def agreed(before: Agreement, given: Given) -> Agreement:
    """The agreement with what was given in the place of what stood there; an empty word empties. Raises `Refused`."""
    told: dict[str, Any] = {
        "redirect_uris": _checked(given.redirect_uri, "--redirect-uri", is_redirect_uri),
        "logout_uris": _checked(given.logout_uri, "--logout-uri", is_page),
        "back_channel": _address(given.back_channel, "--back-channel"),
        "events": _address(given.events, "--events"),
        "home": _address(given.home, "--home"),
        "authentication": given.authentication and ClientAuthentication(given.authentication),
        "keys": given.keys and _read_keys(given.keys),
        "signing": given.signing and SigningAlgorithm(given.signing),
        "requires_pushed": given.pushed,
        "hosts": _checked(tuple(host.lower() for host in given.host), "--host", is_host),
    }
    agreement = replace(before, **{name: value for name, value in told.items() if value is not None})
    if given.keys and agreement.authentication is not ClientAuthentication.PRIVATE_KEY:
        raise Refused("--keys is for --authentication private_key_jwt only")
    if not (agreement.redirect_uris or agreement.hosts or agreement.home):
        raise Refused("give --redirect-uri, or --host if the application stands behind the gate")
    return agreement


def read_name(text: str) -> str:
    """What people know the application by. Raises `Refused`."""
    return read_line(text, "a name", longest=LONGEST_NAME)


_PROBLEMS = {
    "--host": "is no host name, such as app.example.org or app.example.org:8443",
    "--redirect-uri": "is no address that answers may go to: it begins with https:// (http:// on this machine only) or"
    " with an app's own scheme, such as org.example.app:/, and has no # and no user name",
}
_NO_PAGE = (
    "is no address of a page: it begins with https:// (http:// on this machine only), and has no # and no user name"
)


def _checked(given: tuple[str, ...], option: str, is_right: Callable[[str], bool]) -> tuple[str, ...] | None:
    """Each once, in order; None when the option was left out."""
    if not given:
        return None
    found = tuple(dict.fromkeys(each.strip() for each in given if each.strip()))
    if len(found) > _MOST:
        raise Refused(f"{option} may be given at most {_MOST} times")
    for each in found:
        if not is_right(each):
            raise Refused(f"{option}: {each[:200]!r} {_PROBLEMS.get(option, _NO_PAGE)}")
    return found


def _address(given: str | None, option: str) -> str | None:
    if given is None or not given.strip():
        return None if given is None else ""
    (address,) = _checked((given,), option, is_page) or ("",)
    return address


def _read_keys(file: Path) -> str:
    with file.open("rb") as opened:
        content = opened.read(_LARGEST_KEYS + 1)
    if len(content) > _LARGEST_KEYS:
        raise Refused(f"--keys: {file} is larger than {_LARGEST_KEYS // 1024} KiB")
    try:
        return content.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise Refused(f"--keys: {file} is not UTF-8") from None
