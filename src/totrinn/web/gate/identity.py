"""What an application behind the gate is told of whoever was let in.

Every header is on every answer that lets somebody in, empty if need be: some proxies pass on the client's own where one
is missing. No value holds a line break: what is not printable ASCII is percent-encoded (RFC 3986 §2.1).
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote

from totrinn.app.judging import Actor
from totrinn.core.policy import Proof

_OF_NAMES = " -._~"
_OF_ADDRESSES = "!#$&'*+/=?^_`{|}~-.@"

Headers = list[tuple[bytes, bytes]]


def level_of(proof: Proof) -> str:
    """`mfa` where two factors were proven, here or to the organisation's provider; else `pwd` or `sso`."""
    if proof.factor_at is not None or (proof.sso is not None and proof.sso.has_evidence):
        return "mfa"
    return "pwd" if proof.sso is None else "sso"


_VALUES: dict[str, Callable[[Actor], str]] = {
    "person": lambda actor: actor.person.id,
    "email": lambda actor: quote(actor.person.email, safe=_OF_ADDRESSES),
    "name": lambda actor: quote(actor.person.name.strip(), safe=_OF_NAMES),
    "organisation": lambda actor: actor.organisation.slug,
    "organisation_id": lambda actor: actor.organisation.id,
    "role": lambda actor: actor.role.value,
    "amr": lambda actor: " ".join(actor.live.session.amr),
    "acr": lambda actor: level_of(actor.live.session.proof),
    "auth_time": lambda actor: str(int(actor.live.session.proof.proven_at.timestamp())),
}


class Teller:
    """Writes the headers, under the names that the operator wants."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._written = [(names[field].lower().encode(), value) for field, value in _VALUES.items()]

    def headers(self, actor: Actor) -> Headers:
        """All of them."""
        return [(name, _plain(value(actor))) for name, value in self._written]


def _plain(text: str) -> bytes:
    if not (text.isascii() and text.isprintable()):
        text = quote(text, safe=" " + _OF_ADDRESSES)
    return text.encode()
