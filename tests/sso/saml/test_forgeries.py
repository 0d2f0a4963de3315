"""More than a thousand forged answers, each refused for its own reason; and what protects when the guards are off."""

from collections import Counter

import pytest

from tests.sso.saml.content import cases
from tests.sso.saml.forging import Forged, changed_afterwards, signatures, syntax
from tests.sso.saml.naive import first_name, last_name
from tests.sso.saml.provider import EVIL, SUBJECT, answer, signed
from tests.sso.saml.trying import code, identity, outcome
from tests.sso.saml.wrapping import wrappings
from totrinn.app.identity_providers import Identity, Rejected
from totrinn.sso import saml_answers
from totrinn.sso.saml_refusals import SamlRefusal

GUARDS = ("check_form", "check_identifiers", "check_signatures", "check_single")


def test_the_unchanged_answer_is_accepted() -> None:
    """Whatever is refused below is refused for the one change in it."""
    for form in ("R", "A", "B"):
        assert identity(signed(answer(), form)).subject == SUBJECT


@pytest.mark.row("R79", "R80")
@pytest.mark.parametrize("form", ["R", "A", "B"])
def test_an_answer_that_is_not_for_us_or_not_for_now_is_refused(form: str) -> None:
    """150 changes that the provider has signed itself, in response, assertion, or both."""
    wrong = {case.name: got for case in cases() if (got := code(signed(case.text, form))) != case.code}
    assert wrong == {}


@pytest.mark.row("R79")
def test_another_signature_than_the_providers_is_refused() -> None:
    """Other keys, algorithms, references, transforms, and parts of a signature."""
    _assert_refused(signatures())


@pytest.mark.row("R79")
def test_what_was_changed_after_signing_is_refused() -> None:
    """One letter is enough, and so is a missing signature."""
    _assert_refused(list(changed_afterwards()))


@pytest.mark.row("R79", "R82")
def test_text_that_two_readers_could_read_in_two_ways_is_refused() -> None:
    """Comments, CDATA, instructions, document types, entities and encodings: in front, within, behind, or signed."""
    _assert_refused(list(syntax()))


@pytest.mark.row("R79")
def test_wrapped_signatures_are_refused() -> None:
    """Signature wrapping in every place, with every kind of signature and identifier, each for its own reason."""
    wrapped = wrappings()
    wrong = {case.name: got for case in wrapped if (got := code(case.document)) != case.code}
    assert wrong == {}
    assert len(wrapped) > 500


@pytest.mark.row("R79")
@pytest.mark.parametrize("off", [*[(guard,) for guard in GUARDS], GUARDS], ids=lambda off: "+".join(off))
def test_without_the_guards_still_nothing_of_an_attackers_is_read(
    off: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guards make refusals clear; what protects is that only verified bytes are read."""
    for guard in off:
        monkeypatch.setattr(saml_answers, guard, lambda element: None)
    results = Counter(
        result.subject if isinstance(result, Identity) else "refused"
        for result in (outcome(case.document) for case in wrappings())
    )
    assert set(results) <= {"refused", SUBJECT}
    assert results["refused"] > 400


@pytest.mark.row("R79")
def test_a_careless_service_provider_would_have_let_attackers_in() -> None:
    """The wrapped answers have teeth: each of two naive readers takes the attacker's name out of many."""
    documents = [case.document for case in wrappings()]
    assert first_name(signed(answer(), "B")) == last_name(signed(answer(), "B")) == SUBJECT
    assert sum(first_name(document) == EVIL for document in documents) > 100
    assert sum(last_name(document) == EVIL for document in documents) > 100


def test_every_refusal_is_one_that_was_foreseen() -> None:
    """No forged answer ends as an unforeseen failure."""
    documents = [case.document for case in wrappings()]
    documents += [case.document for case in (*signatures(), *changed_afterwards(), *syntax())]
    documents += [signed(case.text, "B") for case in cases()]
    assert len(documents) > 1000
    results = [outcome(document) for document in documents]
    assert all(isinstance(result, Rejected) and result.code != SamlRefusal.UNFORESEEN for result in results)


def _assert_refused(forged: list[Forged]) -> None:
    wrong = {case.name: got for case in forged if (got := code(case.document)) != case.code}
    assert wrong == {}
    assert forged
