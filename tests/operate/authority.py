"""A certification authority that stands where Let's Encrypt stands, so that certbot and Caddy get certificates."""

from tests.operate.hosts import Host
from tests.operate.page import Machine

AUTHORITY = Machine(("authority", "acme-v02.api.letsencrypt.org"), "192.0.2.53")

_CADDYFILE = """{
    skip_install_trust
}
acme-v02.api.letsencrypt.org {
    tls internal
    rewrite /directory /acme/local/directory
    acme_server
}
"""
_ROOT = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"


def found(host: Host) -> str:
    """Founds the authority on this machine, and returns its certificate."""
    host.write("/etc/caddy/Caddyfile", _CADDYFILE)
    host.run("systemctl start caddy")
    return host.run(f"for _ in $(seq 100); do [ -e {_ROOT} ] && break; sleep 0.1; done; cat {_ROOT}")


def trust(host: Host, certificate: str) -> None:
    """The machine believes what the authority signs."""
    host.run("cat >> /etc/ssl/certs/ca-certificates.crt", typed=certificate)
