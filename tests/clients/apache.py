"""Apache with mod_auth_openidc as Debian has them: a site of which one part is for those who have signed in."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.clients.serving import HOST, reachable, until

_APACHE = "/usr/sbin/apache2"
_MODULES = Path("/usr/lib/apache2/modules")
_STOPS_WITHIN = 30
INSIDE = "/inside/"
CALLBACK = f"{INSIDE}callback"
BYE = "/bye"
BACK_CHANNEL = f"{CALLBACK}?logout=backchannel"
INFO = f"{CALLBACK}?info=json"
_LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "dir", "auth_openidc")
_SITE = """\
ServerRoot {folder}
ServerName {host}
Listen {host}:{port}
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/error.log
{modules}
{user}
DocumentRoot {folder}/pages
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI http://{host}:{port}{callback}
OIDCCryptoPassphrase "not a secret in these tests"
OIDCScope "openid profile email organisation"
OIDCPKCEMethod S256
OIDCRemoteUserClaim sub
OIDCInfoHook iat access_token refresh_token id_token userinfo session
{refresh}
<Directory {folder}/pages>
  Require all granted
</Directory>
<Location {inside}>
  AuthType openid-connect
  Require claim amr:mfa
</Location>
"""


@dataclass(frozen=True, slots=True)
class Site:
    """What the module is told."""

    port: int
    issuer: str
    client_id: str
    client_secret: str
    refresh_before: int = 0
    """So many seconds before its end an access token is exchanged for a new one; 0: as it must."""


@contextmanager
def apache(site: Site) -> Iterator[str]:
    """The address of a site that is served while the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="totrinn-apache-"))
    try:
        folder.chmod(0o755)
        _write(folder, site)
        process = subprocess.Popen([_APACHE, "-f", folder / "site.conf", "-D", "FOREGROUND"], stdin=subprocess.DEVNULL)
        try:
            until(lambda: process.poll() is not None or reachable(site.port))
            assert process.poll() is None, (folder / "error.log").read_text()
            yield f"http://{HOST}:{site.port}"
        finally:
            process.terminate()
            process.wait(_STOPS_WITHIN)
    finally:
        shutil.rmtree(folder)


def _write(folder: Path, site: Site) -> None:
    for page in (INSIDE, BYE):
        place = folder / "pages" / page.strip("/")
        place.mkdir(parents=True)
        (place / "index.html").write_text(f"<p>This is {page}</p>")
    modules = [f"LoadModule {name}_module {_MODULES}/mod_{name}.so" for name in _LOADED]
    # Who is root lends the workers another name; nobody else may.
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    refresh = f"OIDCRefreshAccessTokenBeforeExpiry {site.refresh_before}" if site.refresh_before else ""
    text = _SITE.format(
        folder=folder,
        host=HOST,
        port=site.port,
        modules="\n".join(modules),
        user=user,
        issuer=site.issuer,
        client_id=site.client_id,
        client_secret=site.client_secret,
        callback=CALLBACK,
        inside=INSIDE,
        refresh=refresh,
    )
    (folder / "site.conf").write_text(text)
