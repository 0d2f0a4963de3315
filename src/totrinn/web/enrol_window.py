"""What the enrolment window shows: the QR code, the same key in letters, and a link for this very phone."""

import segno
from markupsafe import Markup

from totrinn.app.authenticators import Secret
from totrinn.core.codes import grouped

_QUIET_ZONE = 4


def pending_view(secret: Secret) -> dict[str, object]:
    """The pending secret for the template: an inline SVG (no other host ever sees it, R24) and groups of four."""
    code = segno.make(secret.uri, error="m", micro=False)
    svg = code.svg_inline(
        scale=1, border=_QUIET_ZONE, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return {
        "qr": Markup(svg),  # noqa: S704 - made of modules by segno; the secret is base32
        "groups": grouped(secret.base32, between=" ").split(" "),
        "uri": secret.uri,
        "issuer": secret.issuer,
        "expires_at": secret.pending.expires_at,
    }
