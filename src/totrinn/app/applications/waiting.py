"""Requests that wait for their person, or were pushed, and cost us nothing meanwhile.

Whoever knows a client id can have as many wait as they like. So a request is enclosed in the id by which it waits, with
its times: nobody can read or alter it, and there is no row. Only what an application that has proven itself has pushed
may be too long for that, and then stands in one. A row is also left by whoever answers a request, which is done once.
"""

import json
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import Any

from totrinn.app.applications.grant_records import Asked, StoredRequest
from totrinn.app.ports import Services, Unit
from totrinn.core.lifetimes import CLOCK_TOLERANCE

LONGEST_ASKED = 1800
"""Bytes. An answer that leads to the request must fit into 4096 bytes of headers, which is what nginx takes."""
LONGEST_ID = 2600
"""Characters of the id of a request of that length."""
WAITING = "a request that waits, 1"
PUSHED = "a request that was pushed, 1"
_REMEMBERED = timedelta(hours=1)
"""How much longer than the request lives it is known that it was answered: clocks may be set."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def fits(asked: Asked) -> bool:
    """Whether the request is short enough to wait in its id."""
    return len(_json(astuple(asked))) <= LONGEST_ASKED


def enclose(services: Services, request: StoredRequest, purpose: str) -> str:
    """The id by which the request is found from now on, without a row."""
    times = ((time - _EPOCH) // _TICK for time in (request.created_at, request.expires_at))
    key = request.key or services.random.token()
    return services.vault.enclose(_json((*astuple(request.asked), *times, key)), purpose)


def store(services: Services, request: StoredRequest) -> str:
    """The id by which the request is found from now on, in a row."""
    request_id = services.random.token()
    with services.store.writing() as unit:
        unit.requests.add(services.digest(request_id), request)
    return request_id


def find(services: Services, unit: Unit, request_id: str, purpose: str, now: datetime) -> StoredRequest | None:
    """The request, unless it is over, or was answered."""
    stored = _opened(services, request_id, purpose)
    if stored is None:
        stored = unit.requests.find(services.digest(request_id))
    elif unit.requests.is_marked(_answered(services, stored.key)):
        return None
    if stored is None or not stored.created_at - CLOCK_TOLERANCE <= now < stored.expires_at:
        return None
    return stored


def take(services: Services, unit: Unit, request_id: str, stored: StoredRequest) -> bool:
    """Ends the request, once, by one statement."""
    if stored.key:
        return spend(services, unit, stored)
    return unit.requests.take(services.digest(request_id)) is not None


def spend(services: Services, unit: Unit, stored: StoredRequest) -> bool:
    """The same for one that stands in no row."""
    return unit.requests.mark(_answered(services, stored.key), stored.expires_at + _REMEMBERED)


def send_away(services: Services, unit: Unit, request_id: str, stored: StoredRequest) -> bool:
    """Remembers that the request's person is sent to their provider, which is done once; False when they have been."""
    return unit.requests.mark(_sent_away(services, stored.key or request_id), stored.expires_at + _REMEMBERED)


def was_sent_away(services: Services, unit: Unit, request_id: str, stored: StoredRequest) -> bool:
    """Whether they have been."""
    return unit.requests.is_marked(_sent_away(services, stored.key or request_id))


def _answered(services: Services, key: str) -> bytes:
    return services.digest(f"answered {key}")


def _sent_away(services: Services, key: str) -> bytes:
    return services.digest(f"sent away {key}")


def _json(values: tuple[object, ...]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _opened(services: Services, request_id: str, purpose: str) -> StoredRequest | None:
    written = services.vault.enclosed(request_id, purpose)
    if written is None:
        return None
    *asked, created_at, expires_at, key = json.loads(written.decode("utf-8", "surrogatepass"))
    members: list[Any] = [tuple(value) if isinstance(value, list) else value for value in asked]
    return StoredRequest(Asked(*members), _EPOCH + _TICK * created_at, _EPOCH + _TICK * expires_at, key)
