"""A sign-in under way at a provider, as its `state` tells it: for whoever merely sets out there is no row.

The state is `revision | seconds | flags | chance | browser | mac`, 71 characters in base64url: fewer than the 80 bytes
that a `RelayState` may have (SAML Bindings §3.4.3). Nonce, verifier and the request's id are derived from it by keyed
digests, so that nobody else can tell them, and every node can.
"""

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from struct import Struct, error

from totrinn.app.identity_providers import Challenge
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services
from totrinn.app.sso_records import Connection
from totrinn.core.lifetimes import CLOCK_TOLERANCE, SSO_ATTEMPT

_FORM = Struct(">IIB16s12s")
_CHANCE_BYTES = 16
_BROWSER_BYTES = 12
_MAC_BYTES = 16
_IS_FRESH = 1
_REMEMBERED = timedelta(hours=1)
"""How much longer than the sign-in may take it is known that it was finished: clocks may be set."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the state of one sign-in says; its browser's cookie only as a digest."""

    state: str
    connection_revision: int
    started_at: datetime
    is_fresh: bool
    chance: bytes
    browser: bytes

    def is_alive(self, now: datetime) -> bool:
        """Whether it has not taken too long, nor begun in the future."""
        return self.started_at - CLOCK_TOLERANCE <= now < self.started_at + SSO_ATTEMPT

    @property
    def spent_until(self) -> datetime:
        """So long it must be known that it was finished."""
        return self.started_at + SSO_ATTEMPT + _REMEMBERED


def new_begun(services: Services, visitor: Visitor, connection: Connection, *, browser: str, is_fresh: bool) -> Begun:
    """Begins one, bound to this connection as it is and to the browser's cookie."""
    chance = services.random.bytes(_CHANCE_BYTES)
    seconds = int(visitor.now.timestamp())
    head = _FORM.pack(
        connection.revision, seconds, _IS_FRESH if is_fresh else 0, chance, _browser(services, chance, browser)
    )
    state = base64.urlsafe_b64encode(head + _mac(services, connection.id, head)).rstrip(b"=").decode()
    return _begun(state, head)


def read_begun(services: Services, connection_id: str, state: str) -> Begun | None:
    """What a state of this connection's says; None for one that is not ours, or is written in another way."""
    try:
        whole = base64.b64decode(state + "=" * (-len(state) % 4), b"-_", validate=True)
        head, mac = whole[:-_MAC_BYTES], whole[-_MAC_BYTES:]
        begun = _begun(state, head)
    except (ValueError, error):
        return None
    is_ours = hmac.compare_digest(mac, _mac(services, connection_id, head))
    is_plain = base64.urlsafe_b64encode(whole).rstrip(b"=").decode() == state
    return begun if is_ours and is_plain else None


def is_of_browser(services: Services, begun: Begun, browser: str | None) -> bool:
    """Whether the browser with this cookie has begun it."""
    return browser is not None and hmac.compare_digest(begun.browser, _browser(services, begun.chance, browser))


def challenge_of(services: Services, begun: Begun, context: tuple[str, ...]) -> Challenge:
    """What the provider's answer must fit."""

    def derived(purpose: str) -> bytes:
        return services.vault.digest(begun.state, f"sso {purpose}")

    return Challenge(
        state=begun.state,
        nonce=base64.urlsafe_b64encode(derived("nonce")).rstrip(b"=").decode(),
        verifier=base64.urlsafe_b64encode(derived("verifier")).rstrip(b"=").decode(),
        request_id=f"_{derived('request').hex()}",
        started_at=begun.started_at,
        is_fresh=begun.is_fresh,
        context=context,
    )


def _begun(state: str, head: bytes) -> Begun:
    revision, seconds, flags, chance, browser = _FORM.unpack(head)
    return Begun(state, revision, datetime.fromtimestamp(seconds, UTC), flags == _IS_FRESH, chance, browser)


def _browser(services: Services, chance: bytes, browser: str) -> bytes:
    return services.vault.digest(f"{chance.hex()} {browser}", "sso browser")[:_BROWSER_BYTES]


def _mac(services: Services, connection_id: str, head: bytes) -> bytes:
    return services.vault.digest(f"{connection_id} {head.hex()}", "sso state")[:_MAC_BYTES]
