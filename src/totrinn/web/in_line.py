"""Who waits for a hash, as far as the order of turns goes, and nothing that tells whether an address is known.

What somebody types puts them into the line of their address's domain, whether or not anybody has that address: where a
stranger stands follows from what they have typed and where they come from, and tells them nothing. Only a cookie of
their own moves them: a session, an unfinished sign-in, or a device that this very person has fully signed in with.
"""

import asyncio
import logging
from dataclasses import replace
from ipaddress import ip_network

from anyio import CapacityLimiter, to_thread

from totrinn.app.email_address import canonical_email
from totrinn.app.errors import StoreUnavailable
from totrinn.app.ports import Services
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.fair_line import Place

MOST_LOOKED_UP = 16
"""So many may wait for a look into the database at a time; whoever comes then waits as a stranger."""
LONGEST_LOOK_SECONDS = 0.5
_ONE_SITE = 48
"""So many bits of an IPv6 address are one customer's, who may have any number of networks below them (RFC 6177)."""
_COOKIES = (Cookie.SESSION, Cookie.SIGNIN, Cookie.DEVICE)

_log = logging.getLogger("totrinn.web")


class Ushers:
    """Says where somebody waits. Looks are taken one at a time, in a thread of their own."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._one: CapacityLimiter | None = None
        self._looks: dict[str, int] = {}

    async def place_of(self, ask: Ask) -> Place:
        """Where this request waits; as a stranger, if a look would take too long."""
        if not any(ask.jar.get(cookie) for cookie in _COOKIES):
            return stranger(ask)
        network = _network(ask)
        if sum(self._looks.values()) >= MOST_LOOKED_UP or self._looks.get(network, 0) >= MOST_LOOKED_UP // 4:
            return stranger(ask)
        # Made here, as it belongs to the event loop that serves.
        self._one = self._one or CapacityLimiter(1)
        self._looks[network] = self._looks.get(network, 0) + 1
        try:
            async with asyncio.timeout(LONGEST_LOOK_SECONDS):
                look = to_thread.run_sync(known, ask, self._services, limiter=self._one, abandon_on_cancel=True)
                return await look or stranger(ask)
        except (TimeoutError, StoreUnavailable):
            return stranger(ask)
        except Exception:  # noqa: BLE001 - whatever fails here, there is a place for strangers
            _log.exception("could not see who waits", extra={"path": ask.path})
            return stranger(ask)
        finally:
            self._looks[network] -= 1
            if not self._looks[network]:
                del self._looks[network]


def stranger(ask: Ask) -> Place:
    """By what was typed, and where it comes from."""
    email = _typed(ask)
    return Place(party=email.rpartition("@")[2], network=_network(ask), account=email)


def known(ask: Ask, services: Services) -> Place | None:
    """By a cookie of their own, if it opens anything for whoever they say they are; reads the database."""
    session, signin, device = (ask.jar.get(cookie) for cookie in _COOKIES)
    email = _typed(ask)
    with services.store.reading() as unit:
        if device is not None and email:
            person = unit.people.find_by_email(email)
            # The same work whether or not anybody has the address.
            is_known = unit.devices.knows(services.digest(device), person.id if person else "")
            return replace(stranger(ask), is_known=True) if is_known else None
        live = unit.sessions.find(services.digest(session)) if session is not None else None
        if live is not None:
            return _by_person(ask, live.session.organisation_id, live.session.person_id)
        opened = unit.signins.find(services.digest(signin)) if signin is not None else None
        if opened is not None:
            return _by_person(ask, opened.signin.organisation_id or "", opened.signin.person_id)
    return None


def _by_person(ask: Ask, organisation_id: str, person_id: str) -> Place:
    return Place(organisation_id, _network(ask), person_id, is_known=True)


def _network(ask: Ask) -> str:
    """The network address; of IPv6 the whole site, since nobody's share may grow with the networks that they have."""
    address = ask.visitor.address
    return str(ip_network(address).supernet(new_prefix=_ONE_SITE)) if ":" in address else address


def _typed(ask: Ask) -> str:
    """The canonical address in the form; empty where there is none that could be anybody's."""
    email = ask.form.get("email", "")
    canonical = canonical_email(email) if email else ""
    return canonical if "@" in canonical else ""
