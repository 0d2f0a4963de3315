"""The races: what many send at the same moment, of which one may succeed, and what must stand in the tables then."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from tests.races.nodes import Answer, Node, at_once
from tests.races.people import PASSWORD, Village
from tests.web.house import Resident
from totrinn.app.landing import factor_throttle
from totrinn.app.ports import Unit
from totrinn.app.records import LinkPurpose, StoredConfirmation
from totrinn.core.enforcement import Wish
from totrinn.core.events import Kind
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role

MANY = 50
SOME = 10
"""Of those who have a password hashed, which takes a core for 11 ms each."""


@dataclass(frozen=True, slots=True)
class Round:
    """What is sent, how success looks, and what must be so afterwards."""

    sends: list[Callable[[Node], Answer]]
    wins: Callable[[Answer], bool]
    holds: Callable[[Unit], None]


def run(village: Village, node: Node, race: Callable[[Village, Node], Round]) -> None:
    """One round, with people of its own: one of all who send at once succeeds, and the tables say so, too."""
    prepared = race(village, node)
    answers = at_once([partial(send, node) for send in prepared.sends])
    seen = Counter((answer.status, answer.location) for answer in answers)
    assert sum(map(prepared.wins, answers)) == 1, seen
    assert all(answer.status < 500 or answer.status == 503 for answer in answers), seen
    with village.services.store.reading() as unit:
        prepared.holds(unit)


def one_time_code(village: Village, _: Node) -> Round:
    """Fifty browsers send the same one-time code of the same person."""
    slug = village.house.organisation(village.name()).slug
    person = village.person(slug)
    code = person.code()
    tokens = village.verifying(person, slug, MANY)
    sends = [_sending("/login/two-factor", token, code=code) for token in tokens]
    return Round(sends, _is_admitted, lambda unit: _came_in_once(unit, person, Kind.CODE_REPLAYED))


def one_browser(village: Village, _: Node) -> Round:
    """One browser sends the same one-time code fifty times."""
    slug = village.house.organisation(village.name()).slug
    person = village.person(slug)
    (token,) = village.verifying(person, slug, 1)
    sends = [_sending("/login/two-factor", token, code=person.code())] * MANY
    return Round(sends, _is_admitted, lambda unit: _came_in_once(unit, person, Kind.CODE_REPLAYED))


def recovery_code(village: Village, _: Node) -> Round:
    """Fifty browsers send the same recovery code."""
    slug = village.house.organisation(village.name()).slug
    person = village.person(slug)
    code = village.recovery_code(person)
    tokens = village.verifying(person, slug, MANY)
    sends = [_sending("/login/two-factor", token, recovery_code=code) for token in tokens]

    def holds(unit: Unit) -> None:
        _came_in_once(unit, person, Kind.RECOVERY_CODE_REFUSED)
        assert unit.factors.recovery_codes_left(person.id) == 1
        assert _kinds(unit, person)[Kind.RECOVERY_CODE_USED] == 1

    return Round(sends, _is_admitted, holds)


def enrolment(village: Village, _: Node) -> Round:
    """Ten browsers of one person confirm ten different secrets, and ten others the same two."""
    required = Requirement(since=datetime.now(UTC) - timedelta(hours=1))
    slug = village.house.organisation(village.name(), requirement=required).slug
    person = village.person(slug, factor=False)
    secrets = village.enrolling(person, slug, SOME)
    sends = [_sending("/login/enrol/confirm", each.token, code=each.code()) for each in (*secrets, *secrets[:2] * 5)]

    def holds(unit: Unit) -> None:
        assert len(unit.factors.of_person(person.id)) == 1
        assert unit.factors.recovery_codes_left(person.id) == 10
        assert len(unit.sessions.of_person(person.id)) == 1
        assert _kinds(unit, person)[Kind.FACTOR_ENROLLED] == 1

    return Round(sends, lambda answer: bool(answer.cookies.get("totrinn")), holds)


def confirmation(village: Village, _: Node) -> Round:
    """A requirement is confirmed fifty times."""
    slug = village.house.organisation(village.name()).slug
    person = village.person(slug, Role.GLOBAL_ADMINISTRATOR)
    session, token = village.session(person, slug), village.services.random.token()
    with village.services.store.writing() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        live = unit.sessions.find(village.services.digest(session))
        assert organisation is not None
        assert live is not None
        fingerprint = unit.members.preview(organisation.id, person.id).fingerprint
        expires_at = datetime.now(UTC) + timedelta(minutes=5)
        stored = StoredConfirmation(live.session.id, organisation.id, Wish(on=True), 1, fingerprint, expires_at)
        unit.confirmations.add(village.services.digest(token), stored)
    fields = {"confirmation": token, "organisation": slug}
    sends = [lambda node: node.post("/settings/basic/confirm", session, fields, totrinn=session)] * MANY

    def holds(unit: Unit) -> None:
        policy = village.house.stored(slug).policy
        assert policy.requirement.stands()
        assert policy.revision == 2
        events = unit.log.of_organisation(organisation.id, kind="", before=None, limit=100)
        assert [event.kind for event in events].count(Kind.REQUIREMENT_ON) == 1

    return Round(sends, lambda answer: "said=on" in answer.location, holds)


def setup_link(village: Village, node: Node) -> Round:
    """Ten people open the same set-up link and type different addresses."""
    slug = village.house.organisation(village.name()).slug
    token = village.link(slug, LinkPurpose.SETUP)
    visit = node.get("/login").cookies["totrinn-visit"]

    def send(email: str) -> Callable[[Node], Answer]:
        fields = {"email": email, "name": "Kari", "password": PASSWORD}
        return lambda node: node.post(f"/setup/{token}", visit, fields, totrinn_visit=visit)

    def holds(unit: Unit) -> None:
        assert unit.members.counts(village.house.stored(slug).id).total == 1

    sends = [send(f"{village.name()}@{slug}.example") for _ in range(SOME)]
    return Round(sends, lambda answer: "said=welcome" in answer.location, holds)


def password_link(village: Village, node: Node) -> Round:
    """The link by which a person chooses the first password is used ten times."""
    slug = village.house.organisation(village.name()).slug
    person = village.person(slug, factor=False)
    token = village.link(slug, LinkPurpose.CHOOSE_PASSWORD, person)
    visit = node.get("/login").cookies["totrinn-visit"]
    fields = {"password": "en annen lang setning"}
    sends = [lambda node: node.post(f"/password/{token}", visit, fields, totrinn_visit=visit)] * SOME

    def holds(unit: Unit) -> None:
        found = unit.people.find(person.id)
        assert found is not None
        assert found.version == 2

    return Round(sends, lambda answer: "said=chosen" in answer.location, holds)


RACES = (one_time_code, one_browser, recovery_code, enrolment, confirmation, setup_link, password_link)


def _sending(path: str, token: str, **fields: str) -> Callable[[Node], Answer]:
    return lambda node: node.post(path, token, fields, totrinn_signin=token)


def _is_admitted(answer: Answer) -> bool:
    return bool(answer.cookies.get("totrinn"))


def _came_in_once(unit: Unit, person: Resident, refusal: Kind) -> None:
    """One session, one event that tells of it, and as many failures counted as there were refusals."""
    kinds = _kinds(unit, person)
    assert len(unit.sessions.of_person(person.id)) == 1
    assert kinds[Kind.SIGNED_IN] == 1
    assert unit.throttles.read(factor_throttle(person.id)).failures == kinds[refusal]


def _kinds(unit: Unit, person: Resident) -> Counter[str]:
    """How often what happened to this person."""
    events = unit.log.of_person(person.id, limit=300)
    return Counter(event.kind for event in events)
