"""Who waits for a hash: strangers by what they type, others by a cookie of their own; and what the surplus is told."""

import asyncio
from dataclasses import replace

import pytest
from anyio.from_thread import start_blocking_portal
from starlette.datastructures import Headers

from tests.web.conftest import Blueprint
from tests.web.house import PASSWORD, SETTINGS, Browser, House, Resident, now
from totrinn.app.landing import Visitor
from totrinn.web import hash_queue, in_line
from totrinn.web.application import create
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie, Jar
from totrinn.web.fair_line import Place
from totrinn.web.in_line import Ushers, stranger
from totrinn.web.rendering import Renderer


def _ask(house: House, email: str = "", *, cookies: dict[Cookie, str] | None = None) -> Ask:
    form = {"email": email, "password": PASSWORD} if email else {"password": PASSWORD}
    jar = Jar({cookie.value: value for cookie, value in (cookies or {}).items()}, secure=False)
    return Ask(
        services=house.services,
        settings=SETTINGS,
        renderer=Renderer(SETTINGS),
        method="POST",
        path="/login",
        raw_query="",
        headers=Headers({}),
        visitor=Visitor(now=now(), address="192.0.2.7", browser=""),
        jar=jar,
        query={},
        form=form,
        params={},
    )


def _place(house: House, email: str = "", **cookies: str | None) -> Place:
    """Where somebody waits who sends this address and these cookies."""
    sent = {Cookie[name.upper()]: value for name, value in cookies.items() if value is not None}
    with start_blocking_portal() as portal:
        return portal.call(Ushers(house.services).place_of, _ask(house, email, cookies=sent))


def _kari(house: House) -> tuple[Resident, Browser]:
    house.organisation("fjordly")
    kari = house.person("kari@fjordly.no", "fjordly", factor=True)
    return kari, house.sign_in(kari)


@pytest.mark.row("R12", "R52")
def test_where_a_stranger_waits_does_not_tell_whether_an_address_is_known(house: House) -> None:
    """An address that somebody has and one that nobody has stand in the same line: that of their domain."""
    _kari(house)
    nobody = _place(house, "nobody@fjordly.no", device="made-up", session="made-up", signin="made-up")
    kari = _place(house, " KARI@Fjordly.no", device="made-up", session="made-up", signin="made-up")
    assert replace(nobody, account="") == replace(kari, account="") == Place("fjordly.no", "192.0.2.7")
    assert (nobody.account, kari.account) == ("nobody@fjordly.no", "kari@fjordly.no")


@pytest.mark.row("R52")
def test_nobodys_share_grows_with_the_networks_that_they_have(house: House) -> None:
    """Whoever is given thousands of IPv6 networks, as customers are, waits as one."""
    asked = [_ask(house, f"kari@{number}.no") for number in range(3)]
    addresses = ("2001:db8:1:2::/64", "2001:db8:1:ffff::/64", "2001:db8:2:2::/64")
    for ask, address in zip(asked, addresses, strict=True):
        ask.visitor = replace(ask.visitor, address=address)
    assert [stranger(ask).network for ask in asked] == ["2001:db8:1::/48", "2001:db8:1::/48", "2001:db8:2::/48"]


@pytest.mark.row("R14")
def test_a_device_is_known_for_its_own_person_only(house: House) -> None:
    """Whoever has signed in once gets no better place for guessing others' passwords."""
    kari, browser = _kari(house)
    house.person("ola@fjordly.no", "fjordly")
    device = browser.cookie("totrinn-device")
    assert _place(house, kari.email, device=device).is_known
    assert not _place(house, "ola@fjordly.no", device=device, session=browser.cookie()).is_known
    assert not _place(house, "nobody@fjordly.no", device=device, session=browser.cookie()).is_known


def test_a_session_waits_with_its_organisation(house: House) -> None:
    """Whoever proves again who they are, or changes their password, waits as the person that they are."""
    kari, browser = _kari(house)
    expected = Place(house.stored("fjordly").id, "192.0.2.7", kari.id, is_known=True)
    assert _place(house, session=browser.cookie()) == expected


def test_what_is_no_address_waits_in_one_line(house: House) -> None:
    """It names no organisation."""
    assert _place(house, "no address") == _place(house) == Place(network="192.0.2.7")


@pytest.mark.row("R52")
def test_looks_into_the_database_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One network gets a quarter of them; the rest of its people wait as strangers, at once."""
    looks = []

    def look(ask: Ask, _: object) -> Place:
        looks.append(ask)
        return Place(is_known=True)

    monkeypatch.setattr(in_line, "known", look)
    ushers, ask = Ushers(house.services), _ask(house, cookies={Cookie.DEVICE: "x"})

    async def crowd() -> list[Place]:
        return await asyncio.gather(*(ushers.place_of(ask) for _ in range(50)))

    with start_blocking_portal() as portal:
        places = portal.call(crowd)
        assert sum(place.is_known for place in places) == len(looks) == in_line.MOST_LOOKED_UP // 4
        assert portal.call(ushers.place_of, ask).is_known


def test_a_database_that_does_not_answer_makes_strangers(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it, and nobody is turned away for it."""

    def broken(_ask: Ask, _services: object) -> Place:
        raise RuntimeError

    monkeypatch.setattr(in_line, "known", broken)
    assert _place(house, "kari@fjordly.no", device="x") == Place("fjordly.no", "192.0.2.7", "kari@fjordly.no")


@pytest.fixture
def full(house: House, blueprint: Blueprint, monkeypatch: pytest.MonkeyPatch) -> House:
    """The same house, with no place for hashing and no room in the queue."""
    monkeypatch.setattr(hash_queue, "MOST_WAITING", 0)
    return House(house.services, blueprint.password_hash, replace(SETTINGS, hashes_at_once=0))


@pytest.mark.row("R52")
def test_the_surplus_keeps_its_address_and_is_told_when_to_come_back(full: House) -> None:
    """The page is the form again, in the person's language; what was typed as password is nowhere in it."""
    browser = full.browser()
    browser.client.headers["accept-language"] = "nn"
    browser.get("/login")
    answers = [browser.post("/login", email="kari@fjordly.no", password="hemmeleg ord") for _ in range(12)]
    assert {answer.status for answer in answers} == {503}
    waits = {int(answer.headers["retry-after"]) for answer in answers}
    assert waits <= set(range(5, 11))
    assert len(waits) > 1
    answer = answers[-1]
    assert 'value="kari@fjordly.no"' in answer.text
    assert "hemmeleg" not in answer.text
    assert "Det er mange som loggar inn" in answer.words


@pytest.mark.row("R13", "R15")
def test_what_was_not_looked_at_is_not_counted_and_the_rest_is(full: House) -> None:
    """An attempt for which there was no room costs no chance, as nobody looked at it; the others count as ever."""
    full.organisation("fjordly")
    kari = full.person("kari@fjordly.no", "fjordly")
    browser = full.browser()
    browser.get("/login")
    for _ in range(20):
        assert browser.post("/login", email=kari.email, password="wrong").status == 503
    quiet = Browser(create(full.services, SETTINGS))
    quiet.get("/login")
    statuses = [quiet.post("/login", email=kari.email, password="wrong").status for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_forms_without_a_password_do_not_wait(full: House) -> None:
    """There is nothing to hash: they are answered however many sign in."""
    browser = full.browser()
    browser.get("/login")
    assert browser.post("/login", email="kari@fjordly.no").status == 422


def test_another_form_is_told_the_same(full: House) -> None:
    """With the way back to its own page."""
    browser = full.browser()
    browser.get("/login")
    answer = browser.post("/password/some-link", password=PASSWORD)
    assert answer.status == 503
    assert 'href="/password/some-link"' in answer.text
