"""The API is no way round: what it is sent, by whom, and what a token is worth when its maker is worth less."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import OPERATOR, Browser, House
from tests.attacks.programs import API, CSRF, EVERY, code_of, made_by, program, token
from totrinn.app.operating import create_organisation, reset_by_operator
from totrinn.core.api_tokens import Scope
from totrinn.core.roles import Role

FJORDLY = "/organisations/fjordly"


@pytest.fixture
def boss(house: House) -> Browser:
    """The global administrator of an organisation that requires two-factor, signed in; there is a vendor, too."""
    _vendor(house)
    house.organisation("fjordly")
    return house.enrolled("boss@fjordly.test", "fjordly", Role.GLOBAL_ADMINISTRATOR)


def _vendor(house: House) -> None:
    create_organisation(house.services, house.visitor(), OPERATOR, name="Vendor", slug="vendor", is_vendor=True)


def _role(house: House, person_id: str) -> Role:
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
        assert organisation is not None
        member = unit.members.find(organisation.id, person_id)
    assert member is not None
    return member.role


def _set_role(house: House, email: str, role: Role) -> None:
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug("fjordly")
        person = unit.people.find_by_email(email)
        assert organisation is not None
        assert person is not None
        unit.members.set_role(organisation.id, person.id, role)


@pytest.mark.row("R48")
def test_what_is_not_asked_for_is_not_taken(house: House, boss: Browser) -> None:
    """No body may name a role, an organisation, the requirement or the availability where none is asked for."""
    ola = house.person("ola@fjordly.test", "fjordly")
    more = {"is_vendor": True, "required_since": None, "available": True, "slug": "other", "id": "1"}
    for name, value in more.items():
        answer = boss.http.patch(f"{API}{FJORDLY}", json={"name": "Fjordly", name: value}, headers=CSRF)
        assert (answer.status_code, code_of(answer)) == (422, "wrong_shape"), name
    member = f"{API}{FJORDLY}/members/{ola}"
    for body in ({"role": "vendor"}, {"role": "user", "must_enrol": False}, {"role": ["user"]}, {"Role": "user"}):
        assert boss.http.patch(member, json=body, headers=CSRF).status_code == 422, body
    assert _role(house, ola) is Role.USER


@pytest.mark.row("R46")
def test_another_organisations_things_are_as_unknown_as_none(house: House, boss: Browser) -> None:
    """By token and by session; in the path's organisation or in its id; word for word the same answer."""
    house.organisation("other")
    stranger = house.person("siri@other.test", "other")
    nobody = "01900000-0000-7000-8000-000000000000"
    with program(house, token(house, "fjordly").text) as client:
        ways = (client.request, lambda method, path: boss.http.request(method, API + path, headers=CSRF))
        for ask in ways:
            for method, end in (("GET", ""), ("DELETE", ""), ("GET", "/sessions"), ("DELETE", "/sessions")):
                theirs = ask(method, f"{FJORDLY}/members/{stranger}{end}")
                none = ask(method, f"{FJORDLY}/members/{nobody}{end}")
                assert (theirs.status_code, theirs.text) == (404, none.text), (method, end)
            for slug in ("other", "nothing", "FJORDLY", "fjordly ", "other%2f..%2ffjordly", "vendor"):
                answer = ask("GET", f"/organisations/{slug}")
                assert answer.status_code == 404, slug
            assert ask("GET", "/organisations/other").text == ask("GET", "/organisations/nothing").text


@pytest.mark.row("R41")
def test_a_token_ends_with_its_makers_role(house: House, boss: Browser) -> None:
    """At the very next call: demoted, removed, disabled; and when the token is ended, or its time is over."""
    text = made_by(boss, "fjordly")
    with program(house, text) as client:
        assert client.get(FJORDLY).status_code == 200
        for role in (Role.ADMINISTRATOR, Role.USER):
            _set_role(house, "boss@fjordly.test", role)
            assert code_of(client.get(FJORDLY)) == "invalid_token"
        _set_role(house, "boss@fjordly.test", Role.GLOBAL_ADMINISTRATOR)
        assert client.get(FJORDLY).status_code == 200
        with house.database.writing() as unit:
            person = unit.people.find_by_email("boss@fjordly.test")
            assert person is not None
            unit.people.set_active(person.id, is_active=False)
        assert client.get(FJORDLY).status_code == 401
        with house.database.writing() as unit:
            unit.people.set_active(person.id, is_active=True)
            organisation = unit.organisations.find_by_slug("fjordly")
            assert organisation is not None
            unit.members.remove(organisation.id, person.id)
        assert client.get(FJORDLY).status_code == 401


@pytest.mark.row("R41")
def test_a_token_made_with_a_password_alone_ends_when_two_factor_is_required(house: House) -> None:
    """And does not come back when its maker enrols: whoever made it had proven no more than a password."""
    house.organisation("fjordly")
    house.person("boss@fjordly.test", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    thief, owner = house.browser(), house.browser()
    thief.sign_in("boss@fjordly.test")
    with program(house, made_by(thief, "fjordly")) as client:
        assert client.get(FJORDLY).status_code == 200
        house.require("fjordly")
        assert client.get(FJORDLY).status_code == 401
        owner.sign_in("boss@fjordly.test")
        assert owner.enrol("boss@fjordly.test").status_code == 200
        assert client.get(FJORDLY).status_code == 401


@pytest.mark.row("R41")
def test_a_reset_ends_the_tokens_of_who_lost_the_factor(house: House, boss: Browser) -> None:
    """All that the lost factor proved ends, and does not come back with the new one."""
    text = made_by(boss, "fjordly")
    reset_by_operator(house.services, house.visitor(), OPERATOR, "boss@fjordly.test", why="lost")
    again = house.browser()
    again.sign_in("boss@fjordly.test")
    again.enrol("boss@fjordly.test")
    with program(house, text) as client:
        assert code_of(client.get(FJORDLY)) == "invalid_token"


def test_a_token_ends_in_time_or_by_hand(house: House, boss: Browser, clock: Clock) -> None:
    """Expired to the second, or ended: refused at the next call."""
    made = token(house, "fjordly", days=1)
    short = token(house, "fjordly", days=1)
    with program(house, made.text) as client, program(house, short.text) as other:
        assert client.get(FJORDLY).status_code == 200
        tokens = f"{API}{FJORDLY}/tokens"
        assert boss.http.delete(f"{tokens}/{made.token.id}", headers=CSRF).status_code == 204
        assert client.get(FJORDLY).status_code == 401
        assert boss.http.delete(f"{tokens}/{made.token.id}", headers=CSRF).status_code == 404
        clock.pass_by(hours=23, minutes=59)
        assert other.get(FJORDLY).status_code == 200
        clock.pass_by(minutes=2)
        assert other.get(FJORDLY).status_code == 401


@pytest.mark.row("R60")
def test_a_token_is_taken_in_its_header_only(house: House, boss: Browser) -> None:
    """Not in the address, not as a cookie, not twice, not together with a cookie, not by another scheme; no page."""
    text = token(house, "fjordly").text
    where = f"{house.address}{API}{FJORDLY}"
    attempts: list[tuple[dict[str, object], int, str]] = [
        ({"params": {"access_token": text}}, 400, "token_in_address"),
        ({"params": {"access_token": text}, "headers": {"authorization": f"Bearer {text}"}}, 400, "token_in_address"),
        ({"headers": {"cookie": f"totrinn={text}"}}, 401, "sign_in_required"),
        ({"headers": {"authorization": f"Basic {text}"}}, 401, "invalid_token"),
        ({"headers": {"authorization": text}}, 401, "invalid_token"),
        ({"headers": {"authorization": f"Bearer {text[:-1]}"}}, 401, "invalid_token"),
        ({"headers": {"authorization": f"Bearer {text.upper()}"}}, 401, "invalid_token"),
        ({"headers": [("authorization", f"Bearer {text}")] * 2}, 400, "two_credentials"),
        ({"headers": {"x-api-key": text}}, 401, "sign_in_required"),
    ]
    for given, status, code in attempts:
        answer = httpx2.get(where, **given)  # type: ignore[arg-type]
        assert answer.status_code == status, (given, answer.text)
        assert not code or code_of(answer) == code
    both = boss.http.get(f"{API}{FJORDLY}", headers={"authorization": f"Bearer {text}"})
    assert (both.status_code, code_of(both)) == (400, "two_credentials")
    for page in ("/", "/members", "/settings/api", "/log"):
        answer = httpx2.get(house.address + page, headers={"authorization": f"Bearer {text}"})
        assert answer.status_code == 303, page


@pytest.mark.row("R62")
def test_a_cookie_changes_nothing_without_the_header(house: House, boss: Browser) -> None:
    """Nor from another site's page, nor by a form; another site may not even ask whether it might."""
    change = {"name": "Kapret"}
    elsewhere: tuple[dict[str, str], ...] = (
        {},
        {**CSRF, "origin": "https://evil.example"},
        {**CSRF, "sec-fetch-site": "cross-site"},
    )
    for headers in elsewhere:
        answer = boss.http.patch(f"{API}{FJORDLY}", headers=headers, json=change)
        assert (answer.status_code, code_of(answer)) == (403, "csrf_header_required"), headers
    preview = f"{API}{FJORDLY}/requirement/preview"
    assert boss.http.post(preview, data={"on": "false"}, headers=CSRF).status_code == 415
    assert boss.http.post(preview, content=b'{"on": false}', headers=CSRF).status_code == 415
    asked = boss.http.options(preview, headers={"origin": "https://evil.example"})
    assert asked.status_code == 405
    assert "access-control-allow-origin" not in asked.headers
    assert boss.http.patch(f"{API}{FJORDLY}", headers=CSRF, json=change).status_code == 200


@pytest.mark.row("R70")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"on": true, "on": false}', 400),
        (b'{"on": true, "o\\u006e": false}', 400),
        (b"[" * 60_000, 400),
        (b'{"on": ' * 7_000 + b"1" + b"}" * 7_000, 400),
        (b'{"on": NaN}', 400),
        (b'{"on": true}{"on": false}', 400),
        (b'{"on": 1e999}', 422),
        (b'{"on": "true"}', 422),
        (b'{"on": 1}', 422),
        (b'{"on": true, "from": "2027-01-01T00:00:00"}', 422),
        (b'{"on": true, "from": "2027-01-01"}', 422),
        (b'{"on": true, "from": "\\u0000"}', 400),
        (b'{"on": true, "from": "1999-01-01T00:00:00Z"}', 422),
        (b'{"on": true, "from": "9999-12-31T23:59:59-23:59"}', 422),
        (b'{"on": \xff}', 400),
        (b'\xef\xbb\xbf{"on": true}', 400),
        (b"null", 422),
        (b"", 400),
        (b'{"x": "' + b"a" * 70_000 + b'"}', 413),
        (b"9" * 50_000, 400),
    ],
)
def test_ambiguous_deep_and_huge_bodies_are_refused(house: House, boss: Browser, body: bytes, status: int) -> None:
    """By a 4xx that says why; nothing is read in two ways."""
    headers = {**CSRF, "content-type": "application/json"}
    answer = boss.http.post(f"{API}{FJORDLY}/requirement/preview", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.row("R70")
def test_a_query_says_each_thing_once(house: House, boss: Browser) -> None:
    """What comes twice, or is not known, is refused, rather than one of two taken."""
    for query in ("limit=1&limit=2", "limit=0", "limit=101", "limit=x", "filter=every", "unknown=1", "q=%00", "q=%ff"):
        answer = boss.http.get(f"{API}{FJORDLY}/members?{query}")
        assert (answer.status_code, code_of(answer)) == (400, "bad_query"), query
    for cursor in ("x", "a.b.c", "' or 1=1 --", "0" * 100):
        assert boss.http.get(f"{API}{FJORDLY}/members", params={"cursor": cursor}).status_code == 200
        assert boss.http.get(f"{API}{FJORDLY}/log", params={"cursor": cursor}).status_code == 200


@pytest.mark.row("R39")
def test_an_unfinished_sign_in_is_told_its_step(house: House, boss: Browser) -> None:
    """By a code, in the language that is asked for; whatever the path, be there such a thing or not."""
    house.person("ola@fjordly.test", "fjordly")
    held = house.browser()
    held.sign_in("ola@fjordly.test")
    for path in (FJORDLY, "/nothing", "/organisations/other/log"):
        answer = held.http.get(API + path, headers={"accept-language": "nn"})
        assert (answer.status_code, code_of(answer)) == (401, "enrolment_required")
        assert answer.json()["title"] == "Innlogginga er ikkje fullført."
    boss.http.cookies.delete("totrinn")
    boss.sign_in("boss@fjordly.test")
    assert code_of(boss.http.get(API + FJORDLY)) == "verification_required"


@pytest.mark.row("R53")
def test_a_stale_session_changes_nothing_that_governs(house: House, boss: Browser, clock: Clock) -> None:
    """Roles, resets, tokens and the requirement ask for a proof of at most 20 minutes (rule 13)."""
    ola = house.person("ola@fjordly.test", "fjordly")
    clock.pass_by(minutes=21)
    preview = boss.http.post(f"{API}{FJORDLY}/requirement/preview", json={"on": False}, headers=CSRF).json()
    assert preview["proof"] == {"code": True, "sso": False}
    attempts = (
        ("PATCH", f"/members/{ola}", {"role": "administrator"}),
        ("POST", "/tokens", {"name": "x", "scopes": ["log:read"], "days": 1}),
        ("PUT", "/requirement", {"confirmation": preview["confirmation"]}),
    )
    for method, path, body in attempts:
        answer = boss.http.request(method, API + FJORDLY + path, json=body, headers=CSRF)
        assert (answer.status_code, code_of(answer)) == (403, "fresh_proof_required"), path
    assert _role(house, ola) is Role.USER


@pytest.mark.row("R42")
@pytest.mark.row("R43")
def test_a_confirmation_is_its_callers_and_holds_once(house: House, boss: Browser, clock: Clock) -> None:
    """Not another token's, not a session's, not after five minutes, not after the people changed, not twice."""
    house.require("fjordly", on=False)
    strong = Scope.REQUIREMENT_STRENGTHEN
    where = f"{FJORDLY}/requirement"
    one, two = token(house, "fjordly", strong).text, token(house, "fjordly", strong).text
    with program(house, one) as first, program(house, two) as second:

        def previewed(client: httpx2.Client) -> dict[str, str]:
            return {"confirmation": client.post(f"{where}/preview", json={"on": True}).json()["confirmation"]}

        confirmation = previewed(first)
        by_session = boss.http.put(API + where, json=confirmation, headers=CSRF)
        assert code_of(by_session) == "unknown_confirmation"
        assert code_of(second.put(where, json=confirmation)) == "unknown_confirmation"
        of_session = boss.http.post(f"{API}{where}/preview", json={"on": True}, headers=CSRF).json()["confirmation"]
        assert code_of(first.put(where, json={"confirmation": of_session})) == "unknown_confirmation"
        replaced = previewed(first)
        assert code_of(first.put(where, json=confirmation)) == "unknown_confirmation"
        clock.pass_by(minutes=5, seconds=1)
        assert code_of(first.put(where, json=replaced)) == "confirmation_expired"
        changed = previewed(first)
        house.person("new@fjordly.test", "fjordly")
        assert code_of(first.put(where, json=changed)) == "people_changed"
        last = previewed(first)
        with ThreadPoolExecutor(4) as hands:
            answers = list(hands.map(lambda _: first.put(where, json=last).status_code, range(4)))
        assert sorted(answers) == [200, 409, 409, 409]


@pytest.mark.row("R43")
def test_no_token_weakens_anything(house: House, boss: Browser) -> None:
    """With every scope that there is: the requirement off, resets, roles, connections, tokens, administrators."""
    ola, admin = (
        house.person("ola@fjordly.test", "fjordly"),
        house.person("a@fjordly.test", "fjordly", Role.ADMINISTRATOR),
    )
    connection = house.connection("fjordly")
    attempts: tuple[tuple[str, str, object], ...] = (
        ("POST", "/requirement/preview", {"on": False}),
        ("POST", f"/members/{ola}/factors/reset", {"why": "x"}),
        ("PATCH", f"/members/{ola}", {"role": "user"}),
        ("DELETE", f"/members/{ola}/links", None),
        ("DELETE", f"/members/{admin}", None),
        ("DELETE", f"/members/{admin}/sessions", None),
        ("PATCH", f"/connections/{connection}", {"is_enabled": False}),
        ("DELETE", f"/connections/{connection}", None),
        ("GET", "/tokens", None),
        ("POST", "/tokens", {"name": "x", "scopes": ["log:read"], "days": 1}),
    )
    made = token(house, "fjordly", *EVERY)
    with program(house, made.text) as client:
        for method, path, body in (*attempts, ("DELETE", f"/tokens/{made.token.id}", None)):
            answer = client.request(method, FJORDLY + path, json=body)
            assert answer.status_code == 403, (method, path, answer.text)
            assert code_of(answer) in ("person_needed", "not_allowed"), path
        assert client.get(FJORDLY).status_code == 200


def test_parallel_requests_under_one_key_are_done_once(house: House, boss: Browser) -> None:
    """One token is made of eight; the others are told that it is under way, or that the secret was told."""
    wanted = {"name": "Once", "scopes": ["log:read"], "days": 1}
    headers = {**CSRF, "idempotency-key": "a-key"}

    def make(_: int) -> httpx2.Response:
        return boss.http.post(f"{API}{FJORDLY}/tokens", json=wanted, headers=headers)

    with ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(make, range(8)))
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {code_of(answer) for answer in answers if answer.status_code != 201} <= {"under_way", "answered_once"}
    assert code_of(make(0)) == "answered_once"
    other = boss.http.post(f"{API}{FJORDLY}/tokens", json={**wanted, "name": "Twice"}, headers=headers)
    assert (other.status_code, code_of(other)) == (422, "idempotency_key_used")
    listed = boss.http.get(f"{API}{FJORDLY}/tokens").json()["items"]
    assert [each["name"] for each in listed] == ["Once"]


def test_a_key_is_its_callers_own(house: House, boss: Browser) -> None:
    """Of two programs with one key each gets its own; what was refused may be tried again under the same key."""
    house.organisation("other")
    scope = Scope.ORGANISATIONS_MANAGE
    headers = {"idempotency-key": "same"}
    with (
        program(house, token(house, "vendor", scope).text) as one,
        program(house, token(house, "vendor", scope).text) as two,
    ):
        taken = one.post("/vendor/organisations", json={"name": "X", "slug": "other"}, headers=headers)
        assert (taken.status_code, code_of(taken)) == (409, "slug_taken")
        made = one.post("/vendor/organisations", json={"name": "X", "slug": "xa"}, headers=headers)
        again = one.post("/vendor/organisations", json={"name": "X", "slug": "xa"}, headers=headers)
        assert (made.status_code, again.status_code) == (201, 201)
        assert made.json() == again.json()
        assert again.headers["idempotency-replayed"] == "true"
        theirs = two.post("/vendor/organisations", json={"name": "Y", "slug": "ya"}, headers=headers)
        assert theirs.status_code == 201
        for key in ("", "x" * 201, "tab\there"):
            refused = two.post(
                "/vendor/organisations", json={"name": "Z", "slug": "za"}, headers={"idempotency-key": key}
            )
            assert code_of(refused) == "bad_idempotency_key", key


@pytest.mark.row("R69")
def test_errors_tell_nothing_of_the_inside(house: House, boss: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of ours is a problem without a cause; unknown methods are 405 with what is allowed."""

    def fails(*_: object) -> object:
        raise RuntimeError("inside of the house")

    monkeypatch.setattr("totrinn.app.judging.decide", fails)
    answer = boss.http.get(API + FJORDLY)
    assert (answer.status_code, code_of(answer)) == (500, "broken")
    assert "inside" not in answer.text
    monkeypatch.undo()
    with program(house, token(house, "fjordly").text) as client:
        for method in ("PUT", "TRACE", "OPTIONS", "DELETE"):
            refused = client.request(method, FJORDLY)
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET, PATCH"), method
        assert client.get(f"{FJORDLY}/").status_code == 404
