"""Stands in for apt: every package must be installed here already; its service starts, as on Debian."""

import subprocess
import sys
from pathlib import Path

_UNITS = {
    "nginx-light": "nginx",
    "caddy": "caddy",
    "postgresql": "postgresql",
    "pgbouncer": "pgbouncer",
    "etcd-server": "etcd",
}


def _make_cluster() -> None:
    """The cluster that Debian's package makes, whatever this machine has of it."""
    subprocess.run(["make-ssl-cert", "generate-default-snakeoil"], check=True)
    version = max(folder.name for folder in Path("/usr/lib/postgresql").iterdir())
    if Path(f"/etc/postgresql/{version}/main").exists():
        subprocess.run(["pg_dropcluster", version, "main"], check=True)
    subprocess.run(["pg_createcluster", version, "main"], check=True, stdout=subprocess.DEVNULL)


def _install(package: str) -> None:
    known = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    if known.stdout != "installed":
        sys.exit(f"E: {package} is not installed on this machine, or there is no such package")
    if package == "postgresql":
        _make_cluster()
    if package in _UNITS:
        subprocess.run(["systemctl", "start", _UNITS[package]], check=True)


verb, *packages = [word for word in sys.argv[1:] if not word.startswith("-")]
if verb == "install":
    for package in packages:
        _install(package)
elif verb != "update":
    sys.exit(f"E: Invalid operation {verb}")
