"""A real OpenID provider for tests: node-oidc-provider on a free port of the loopback, with people of our own."""

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

from totrinn.app.identity_providers import ClientAuthentication

_ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent / "oidc"
_CACHE = _ROOT / ".cache" / "providers"
_PATIENCE_SECONDS = 30
_INSTALLING_SECONDS = 100
_OLDEST_NODE = 20
_NEEDED = f"the OpenID provider of the tests needs Node.js {_OLDEST_NODE} or newer, and npm"


@dataclass(frozen=True)
class User:
    """Somebody whom the provider knows."""

    email: str
    email_verified: bool = True
    name: str = ""
    groups: tuple[str, ...] = ()
    amr: tuple[str, ...] = ("pwd",)
    acr: str = ""
    password: str = "mild regn over fjorden"

    def told(self) -> dict[str, Any]:
        """As the program reads it."""
        claims = {"email": self.email, "email_verified": self.email_verified, "groups": list(self.groups)}
        claims |= {"name": self.name} if self.name else {}
        return {
            "claims": claims,
            "amr": list(self.amr),
            "acr": self.acr or None,
            "password": self.password,
        }


KARI = User("kari@example.no", name="Kari Nordmann", groups=("staff",))
USERS: Mapping[str, User] = {"kari": KARI}


@dataclass(frozen=True)
class OidcProvider:
    """One that runs, and the one client that it knows."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@contextmanager
def running_oidc_provider(
    redirect_uris: Sequence[str],
    *,
    backchannel_logout_uri: str | None = None,
    post_logout_redirect_uris: Sequence[str] = (),
    users: Mapping[str, User] = USERS,
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC,
    algorithm: str = "RS256",
    client_keys: bytes | None = None,
    claims_by_userinfo_only: bool = False,
) -> Iterator[OidcProvider]:
    """Starts the provider, and stops it.

    `client_keys` is the client's key set, for `private_key_jwt`. People sign in with a user name of `users` and the
    password that stands there.
    """
    client_id, secret = "totrinn", secrets.token_urlsafe(32)
    client: dict[str, Any] = {
        "client_id": client_id,
        "redirect_uris": list(redirect_uris),
        "post_logout_redirect_uris": list(post_logout_redirect_uris),
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": authentication.value,
        "id_token_signed_response_alg": algorithm,
    }
    if authentication is not ClientAuthentication.PRIVATE_KEY_JWT:
        client["client_secret"] = secret
    if client_keys is not None:
        client["jwks"] = json.loads(client_keys)
    if backchannel_logout_uri is not None:
        client |= {"backchannel_logout_uri": backchannel_logout_uri, "backchannel_logout_session_required": True}
    told = {
        "acrValues": sorted({user.acr for user in users.values() if user.acr}),
        "claimsByUserinfoOnly": claims_by_userinfo_only,
        "client": client,
        "users": {name: user.told() for name, user in users.items()},
    }
    with _running(told) as issuer:
        yield OidcProvider(issuer, client_id, secret)


@contextmanager
def _running(told: dict[str, Any]) -> Iterator[str]:
    """The issuer of a provider that was told this."""
    line = json.dumps(told | {"modules": str(installed() / "node_modules")}) + "\n"
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [_node(), str(_HERE / "provider.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        )
        try:
            assert process.stdin is not None
            process.stdin.write(line)
            process.stdin.flush()
            yield _issuer(process, log)
        finally:
            process.kill()
            process.communicate()


def _issuer(process: "subprocess.Popen[str]", log: Any) -> str:
    """What the program says first, once it listens."""
    said: Queue[str] = Queue()
    output = process.stdout
    assert output is not None
    threading.Thread(target=lambda: said.put(output.readline()), daemon=True).start()
    try:
        first = said.get(timeout=_PATIENCE_SECONDS)
    except Empty:
        first = ""
    if not first:
        log.seek(0)
        pytest.fail(f"the OpenID provider did not start: {log.read()}")
    return str(json.loads(first)["issuer"])


def installed() -> Path:
    """The folder with what the lock file names, installed once for all runs."""
    files = [_HERE / "package.json", _HERE / "package-lock.json"]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = _CACHE / f"oidc-{digest}"
    if folder.is_dir():
        return folder
    npm = _program("npm")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE, prefix="new-") as made:
        for file in files:
            shutil.copy(file, made)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(
            command, cwd=made, capture_output=True, text=True, timeout=_INSTALLING_SECONDS, check=False
        )
        if done.returncode:
            pytest.fail(f"npm could not install the OpenID provider of the tests: {done.stderr[-2000:]}")
        _put(Path(made), folder)
    return folder


def _put(made: Path, folder: Path) -> None:
    """Moves the whole at once, so that no other run sees half of it; who comes second has lost nothing."""
    try:
        (made / "node_modules").rename(made / "installed")
        (made / "whole").mkdir()
        (made / "installed").rename(made / "whole" / "node_modules")
        (made / "whole").rename(folder)
    except OSError:
        assert folder.is_dir()


def _node() -> str:
    """Node.js, new enough: an older one starts the provider, which then refuses every code."""
    node = _program("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < _OLDEST_NODE:
        pytest.fail(f"{node} is {version}: {_NEEDED}")
    return node


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is missing: {_NEEDED}")
    return found
