"""API tokens with their makers' standing, what they are to confirm, and requests that are made once."""

from datetime import timedelta
from typing import Any

from tests.storage.examples import NOW, PROOF, add_member, add_organisation, an_authenticator, digest, new_id
from totrinn.app.ports import Unit
from totrinn.app.records import StoredConfirmation
from totrinn.app.token_records import ApiToken
from totrinn.app.token_repository import Answered
from totrinn.core.api_tokens import Scope
from totrinn.core.enforcement import Wish
from totrinn.core.policy import Proof
from totrinn.core.roles import Role
from totrinn.storage import Database

LATER = NOW + timedelta(days=90)


def _add(unit: Unit, organisation_id: str, label: str, person_id: str | None, proof: Proof | None) -> ApiToken:
    token = ApiToken(
        id=new_id(),
        organisation_id=organisation_id,
        name=label,
        scopes=frozenset({Scope.MEMBERS_READ, Scope.LOG_READ}),
        person_id=person_id,
        made_by=person_id or "operator:root",
        proof=proof,
        created_at=NOW,
        ends_at=LATER,
    )
    assert unit.api_tokens.add(digest(label), token)
    return token


def test_a_token_comes_back_with_its_makers_standing(database: Database) -> None:
    """Role, factor and organisation as they are now, in the organisation of the token."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        maker = add_member(unit, organisation.id, role=Role.GLOBAL_ADMINISTRATOR)
        token = _add(unit, organisation.id, "one", maker.id, PROOF)
    with database.writing() as unit:
        unit.factors.add(an_authenticator(maker.id))
        unit.members.set_role(organisation.id, maker.id, Role.USER)
    with database.reading() as unit:
        live = unit.api_tokens.find(digest("one"))
        assert live is not None
        assert live == unit.api_tokens.find_by_id(token.id)
        assert unit.api_tokens.find(digest("two")) is None
    assert live.token == token
    assert live.organisation.id == organisation.id
    assert live.maker is not None
    assert (live.maker.role, live.maker.has_factor, live.maker.person.id) == (Role.USER, True, maker.id)
    assert live.connection is None


def test_a_token_of_the_operator_has_no_maker(database: Database) -> None:
    """It belongs to its organisation all the same."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        token = _add(unit, organisation.id, "one", None, None)
        live = unit.api_tokens.find(digest("one"))
    assert live is not None
    assert (live.token, live.organisation.id, live.maker) == (token, organisation.id, None)


def test_names_are_unique_in_an_organisation(database: Database) -> None:
    """So that the log tells tokens apart; another organisation may use the same name."""
    with database.writing() as unit:
        one, other = add_organisation(unit), add_organisation(unit)
        token = _add(unit, one.id, "one", None, None)
        assert not unit.api_tokens.add(digest("another text"), token)
        _add(unit, other.id, "two", None, None)
        assert [live.token.id for live in unit.api_tokens.of_organisation(one.id)] == [token.id]


def test_a_token_is_ended_once_and_by_its_own_organisation(database: Database) -> None:
    """Another organisation's id is as unknown as none (R46)."""
    with database.writing() as unit:
        one, other = add_organisation(unit), add_organisation(unit)
        token = _add(unit, one.id, "one", None, None)
        unit.api_tokens.used(token.id, LATER)
        assert unit.api_tokens.end(other.id, token.id) is None
        ended = unit.api_tokens.end(one.id, token.id)
        assert ended is not None
        assert ended.used_at == LATER
        assert unit.api_tokens.end(one.id, token.id) is None
        assert unit.api_tokens.find(digest("one")) is None


def test_all_that_a_person_made_ends_together(database: Database) -> None:
    """Others' tokens stay."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        maker = add_member(unit, organisation.id, role=Role.GLOBAL_ADMINISTRATOR)
        _add(unit, organisation.id, "one", maker.id, PROOF)
        _add(unit, organisation.id, "two", None, None)
        assert unit.api_tokens.end_of_person(maker.id) == 1
        assert [live.token.name for live in unit.api_tokens.of_organisation(organisation.id)] == ["two"]


def test_a_confirmation_of_a_token_is_no_sessions(database: Database) -> None:
    """It is taken once, replaced by a newer one, and ends with its token."""
    with database.writing() as unit:
        organisation = add_organisation(unit)
        token = _add(unit, organisation.id, "one", None, None)
        waiting = StoredConfirmation(token.id, organisation.id, Wish(on=True), 1, "1-1", LATER)
        for label in ("a", "b"):
            unit.token_confirmations.add(digest(label), waiting)
        assert unit.token_confirmations.find(digest("a")) is None
        assert unit.confirmations.find(digest("b")) is None
        assert unit.token_confirmations.take(digest("b")) == waiting
        assert unit.token_confirmations.take(digest("b")) is None
        unit.token_confirmations.add(digest("c"), waiting)
        unit.api_tokens.end(organisation.id, token.id)
        assert unit.token_confirmations.find(digest("c")) is None


def test_a_key_is_taken_once_and_forgotten_in_time(database: Database) -> None:
    """Another caller's key is another; what is given up may be taken again."""
    this: dict[str, Any] = {"now": NOW, "forget_before": NOW - timedelta(days=1)}
    with database.writing() as unit:
        assert unit.repeated_requests.begin("a", digest("key"), b"request", **this)
        assert not unit.repeated_requests.begin("a", digest("key"), b"another", **this)
        assert unit.repeated_requests.begin("b", digest("key"), b"another", **this)
        assert unit.repeated_requests.find("a", digest("key")) == Answered(b"request", None, None)
        unit.repeated_requests.finish("a", digest("key"), status=201, answer=b"{}")
        assert unit.repeated_requests.find("a", digest("key")) == Answered(b"request", 201, b"{}")
        unit.repeated_requests.give_up("b", digest("key"))
        assert unit.repeated_requests.find("b", digest("key")) is None
        later: dict[str, Any] = {"now": LATER, "forget_before": LATER - timedelta(days=1)}
        assert unit.repeated_requests.begin("a", digest("key"), b"later", **later)
        assert unit.repeated_requests.find("a", digest("key")) == Answered(b"later", None, None)
