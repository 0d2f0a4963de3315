"""A proof that cannot fail proves nothing: a flaw in the core breaks a promise, or is explained here."""

from collections import Counter

import pytest

from tests.proof.mutants import Mutant, mutants
from tests.proof.promises import Broken
from tests.proof.walk import Walk
from tests.proof.world import SMALL

MUTANTS = tuple(mutants())

_NOT_CHOSEN = "at the choice no organisation is chosen yet, and without one `decide` admits nobody"
_TWO_LOCKS = "`decide` and `bites` each hold at an organisation that always requires; the other one still does"
_NO_SECRET = "a sign-in that must prove the password again is asked for it before enrolment can start"
_USED_IT = "whoever has a factor and is admitted by password has used it, so the time of that is always there"

HARMLESS = {
    "_decide_enrolment: without 'organisation.requirement.always' in "
    "'organisation.role is Role.VENDOR or organisation.requirement.always'": _TWO_LOCKS,
    "bites: without 'self.always' in "
    "'self.always or (self.since is not None and (self.from_ is None or self.from_ <= now))'": _TWO_LOCKS,
    "is_fresh: without 'proof.factor_at is not None' in "
    "'proof.factor_at is not None and _is_within(FRESH_PROOF, proof.factor_at, now)'": _USED_IT,
    "table: (choosing, returned, Admit) leads to admitted": _NOT_CHOSEN,
    "table: (choosing, started_enrolment, Admit) leads to admitted": _NOT_CHOSEN,
    "table: (must_reprove, started_enrolment, Admit) leads to admitted": _NO_SECRET,
}
"""Mutants that do as the real core does in everything that can be reached, and why."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_flaw_in_the_core_is_found(mutant: Mutant, monkeypatch: pytest.MonkeyPatch, tally: Counter[str]) -> None:
    """The walk stops at a broken promise, or at an error, unless the flaw is listed as harmless."""
    mutant.plant(monkeypatch)
    is_found = _is_found()
    tally["found" if is_found else "harmless"] += 1
    assert is_found is not (mutant.name in HARMLESS)


def test_what_is_listed_as_harmless_exists() -> None:
    """The list names nothing but mutants, and no two mutants have one name."""
    names = [mutant.name for mutant in MUTANTS]
    assert set(HARMLESS) <= set(names)
    assert len(set(names)) == len(names)


def _is_found() -> bool:
    try:
        for universe in SMALL:
            Walk(universe).run()
    except (Broken, AttributeError, TypeError):
        return True
    return False
