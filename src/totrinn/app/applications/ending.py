"""Why a grant is over, where the use case that ends it knows.

The database ends grants with their sessions, so nobody can forget to; a reason that is forgotten is only not told.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from totrinn.app.applications.grant_records import WhyEnded
from totrinn.app.ports import Unit


@contextmanager
def because(unit: Unit, why: WhyEnded, person_id: str, now: datetime) -> Iterator[None]:
    """What the block ends of this person's grants has ended for this reason, and now.

    They are written after their sessions: in the order in which the database ends them.
    """
    before = unit.grants.of_person(person_id)
    yield
    if before:
        unit.grants.explain(before, why, now)
