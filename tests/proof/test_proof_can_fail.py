"""A proof that cannot fail proves nothing: a flaw in the core breaks a promise, or is explained here."""

from collections import Counter

import pytest

from tests.proof.mutants import Mutant, mutants
from tests.proof.promises import Broken
from tests.proof.universes import SMALL
from tests.proof.walk import Walk

MUTANTS = tuple(mutants())

_NOT_CHOSEN = "at the choice no organisation is chosen yet, and without one `decide` admits nobody"
_TWO_LOCKS = "at an organisation that always requires `decide` holds by itself, before it asks `bites`"
_USED_IT = "whoever has a factor and is admitted by password has used it, so the time of that is always there"
_ALWAYS_VOUCHED = "a sign-in through SSO always has what was vouched for, and no other has: each tells the other"
_HAS_AN_AGE = "what the provider says grows old in every universe; the tests of the core try rules by which it does not"

HARMLESS = {
    "has_evidence: if False, not rules.evidence_age is None": _HAS_AN_AGE,
    "_decide_sso: without 'proof.sso is None' in "
    "'organisation is None or proof.sso is None or proof.sso.organisation != organisation.id'": _ALWAYS_VOUCHED,
    "bites: without 'self.always' in "
    "'self.always or (self.since is not None and (self.from_ is None or self.from_ <= now))'": _TWO_LOCKS,
    "is_fresh: without 'proof.factor_at is not None' in "
    "'proof.factor_at is not None and _is_within(FRESH_PROOF, proof.factor_at, now)'": _USED_IT,
    "is_fresh_for_organisation: without 'proof.method is not Method.SSO' in "
    "'proof.method is not Method.SSO or proof.sso is None'": _ALWAYS_VOUCHED,
    "is_fresh_for_organisation: without 'proof.sso is None' in "
    "'proof.method is not Method.SSO or proof.sso is None'": _ALWAYS_VOUCHED,
    "table: (choosing, returned, Admit) leads to admitted": _NOT_CHOSEN,
    "table: (choosing, started_enrolment, Admit) leads to admitted": _NOT_CHOSEN,
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
