"""What strangers cause is written into the log at most once a minute: it is kept, and must not be theirs to fill."""

from datetime import datetime, timedelta
from hashlib import sha256

from totrinn.app.landing import Visitor
from totrinn.app.ports import Unit

_KEPT = timedelta(minutes=2)
_NETWORKS = 16
"""Network addresses are told apart as far as so many: whoever has thousands of them tells no more."""


def was_told(unit: Unit, visitor: Visitor, about: str, what: str) -> bool:
    """Whether this has been told in this minute, from a network address like this one."""
    return unit.spent.has(about, _words(visitor, what))


def is_first(unit: Unit, visitor: Visitor, about: str, what: str) -> bool:
    """Whether it has not; from now on it has."""
    return unit.spent.take(about, _words(visitor, what), _minute(visitor) + _KEPT)


def _words(visitor: Visitor, what: str) -> str:
    network = sha256(visitor.address.encode()).digest()[0] % _NETWORKS
    return f"told {what} {network} {_minute(visitor):%d%H%M}"


def _minute(visitor: Visitor) -> datetime:
    return visitor.now.replace(second=0, microsecond=0)
