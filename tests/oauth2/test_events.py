"""Applications that want them are sent security events when a session has ended: a way of its own, beside the other."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from tests.oauth2.application import Application, register
from tests.oauth2.test_telling import ENDINGS
from tests.web.house import BASE_URL, PASSWORD, Answer, Browser, House, Resident, now
from tests.web.own_account import NEW_PASSWORD
from totrinn.app.applications.events import SESSION_REVOKED, revoked_event
from totrinn.app.applications.grant_records import Channel, Told, WhyEnded
from totrinn.app.applications.records import SigningAlgorithm
from totrinn.app.applications.telling import due, sweep, tell
from totrinn.core.roles import Role
from totrinn.oidc_provider import JoseOpenId

BACK_CHANNEL, EVENTS = "https://app.example.no/logout", "https://app.example.no/events"
HOUR = timedelta(hours=1)


@pytest.fixture
def told(house: House, application: Application) -> Application:
    """An application that is told both ways."""
    house.organisation("fjordly")
    return register(house, name="Fortalt", back_channel=BACK_CHANNEL, events=EVENTS)


@pytest.fixture
def kari(house: House, told: Application) -> Resident:
    """A member."""
    return house.person("kari@fjordly.no", "fjordly")


class Heard:
    """What the application hears by each channel, and by which it listens."""

    def __init__(self, house: House, *deaf: Channel) -> None:
        self.house, self.deaf = house, set(deaf)
        self.tokens: dict[Channel, list[str]] = {channel: [] for channel in Channel}

    def hear(self) -> dict[Channel, int]:
        """Lets the tellers work; how much was taken by each channel."""
        while sweep(self.house.services, now()):
            pass
        _, applications = due(self.house.services, now())
        taken = dict.fromkeys(Channel, 0)
        for application_id, channel in applications:
            taken[channel] += self._tell(application_id, channel)
        return taken

    def _tell(self, application_id: str, channel: Channel) -> int:
        def deliver(address: str, token: str) -> bool:
            assert address == {Channel.LOGOUT: BACK_CHANNEL, Channel.EVENTS: EVENTS}[channel]
            self.tokens[channel].append(token)
            return channel not in self.deaf

        return tell(self.house.services, now, application_id, channel, issuer=BASE_URL, deliver=deliver)

    @property
    def event(self) -> str:
        """The one event that came."""
        (token,) = set(self.tokens[Channel.EVENTS])
        return token


@pytest.mark.row("R87")
def test_the_event_is_what_it_must_be(house: House, told: Application, kari: Resident) -> None:
    """Of its own type, about this session of this person in this organisation, and never mistaken for another token."""
    browser = house.sign_in(kari)
    given = told.claims(told.tokens(browser)["id_token"])
    ended_at = int(now().timestamp())
    browser.post("/logout")
    heard = Heard(house)
    assert heard.hear() == {Channel.LOGOUT: 1, Channel.EVENTS: 1}
    event = told.claims(heard.event)
    assert _header(heard.event)["typ"] == "secevent+jwt"
    assert set(event) == {"iss", "aud", "iat", "jti", "txn", "sub_id", "events"}
    assert (event["iss"], event["aud"]) == (BASE_URL, told.id)
    assert event["sub_id"] == {
        "format": "complex",
        "session": {"format": "opaque", "id": given["sid"]},
        "user": {"format": "iss_sub", "iss": BASE_URL, "sub": given["sub"]},
        "tenant": {"format": "opaque", "id": given["organisation_id"]},
    }
    about = event["events"].pop(SESSION_REVOKED)
    assert event["events"] == {}
    assert (about["initiating_entity"], about["reason_admin"]) == ("user", {"en": "The person signed out."})
    assert 0 <= about["event_timestamp"] - ended_at <= 5
    assert event["jti"] != told.claims(heard.tokens[Channel.LOGOUT][0])["jti"]
    assert heard.hear() == {Channel.LOGOUT: 0, Channel.EVENTS: 0}
    with house.services.store.reading() as unit:
        assert unit.grants.find(given["sid"]) is None


def _header(token: str) -> dict[str, str]:
    head = token.partition(".")[0]
    return dict(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))))


def test_it_is_signed_as_was_agreed(house: House, told: Application, kari: Resident) -> None:
    """With EdDSA where ID tokens are."""
    other = register(house, name="Elliptisk", events=EVENTS, signing=SigningAlgorithm.EDDSA)
    browser = house.sign_in(kari)
    other.code(browser)
    browser.post("/logout")
    heard = Heard(house)
    assert heard.hear()[Channel.EVENTS] == 1
    with house.services.store.reading() as unit:
        keys = [key.public for key in unit.signing_keys.all()]
    found = JoseOpenId().claims_of_ours(heard.event, keys)
    assert found is not None
    assert (_header(heard.event)["alg"], found["aud"]) == ("EdDSA", other.id)


REASONS = {
    "signing out": "The person signed out.",
    "ended by an administrator": None,
    "a role changed": "The person's role was changed.",
    "a member removed": "The person is no longer a member of the organisation.",
    "the requirement turned on": "The session does not meet what the organisation now requires.",
    "admission lost": "The session does not meet what the organisation now requires.",
    "the application switched off": "The application was switched off.",
}


@pytest.mark.row("R41")
@pytest.mark.parametrize("name", ENDINGS)
def test_whatever_ends_it_an_event_comes_and_says_no_more_than_is_known(
    house: House, told: Application, kari: Resident, name: str
) -> None:
    """With the reason and the time where a use case has written both down; else with neither."""
    browser = house.sign_in(kari)
    sid = told.claims(told.tokens(browser)["id_token"])["sid"]
    ENDINGS[name](house, browser, kari)
    heard = Heard(house)
    assert heard.hear()[Channel.EVENTS] == 1
    event = told.claims(heard.event)
    assert event["sub_id"]["session"]["id"] == sid
    about = event["events"][SESSION_REVOKED]
    reason = REASONS[name]
    assert about.get("reason_admin") == (None if reason is None else {"en": reason})
    assert ("event_timestamp" in about) is (reason is not None)


By = Callable[[House, Browser, Resident], Answer]


def _governor(house: House, kari: Resident) -> Browser:
    """A global administrator's browser, on her page."""
    page = house.sign_in(house.person("gro@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR))
    page.get(f"/members/{kari.id}")
    return page


BY: dict[str, By] = {
    "The person ended the session from another one.": lambda _, page, kari: page.post("/account/sessions/end-others"),
    "The person changed their password or second factor.": lambda _, page, kari: page.post(
        "/account/password", password=PASSWORD, new_password=NEW_PASSWORD
    ),
    "An administrator ended the person's sessions.": lambda house, page, kari: _governor(house, kari).post(
        f"/members/{kari.id}/sessions"
    ),
    "The person's second factor was reset.": lambda house, page, kari: _governor(house, kari).post(
        f"/members/{kari.id}/reset", why="Mistet telefonen"
    ),
}


@pytest.mark.parametrize("reason", BY)
def test_who_ended_a_session_is_told(
    house: House, told: Application, clock: time_machine.Traveller, reason: str
) -> None:
    """The person from another session, or an administrator."""
    kari = house.person("kari@fjordly.no", "fjordly", factor=reason.endswith("reset."))
    told.tokens(house.sign_in(kari))
    clock.shift(timedelta(minutes=1))
    page = house.sign_in(kari)
    page.get("/account")
    assert BY[reason](house, page, kari).status == 303
    heard = Heard(house)
    assert heard.hear()[Channel.EVENTS] == 1
    about = told.claims(heard.event)["events"][SESSION_REVOKED]
    assert about["reason_admin"] == {"en": reason}
    assert abs(about["event_timestamp"] - now().timestamp()) < 60


def test_every_reason_has_its_words(house: House, told: Application) -> None:
    """What can be written down can be said."""
    for why in WhyEnded:
        over = Told(Channel.EVENTS, "g", told.id, "p", "o", "", EVENTS, SigningAlgorithm.RS256, now(), why, attempts=0)
        about = revoked_event(house.services, over, BASE_URL)["events"]
        assert isinstance(about, dict)
        assert about[SESSION_REVOKED]["reason_admin"]["en"].endswith(".")


@pytest.mark.parametrize("deaf", Channel)
def test_each_way_is_tried_and_given_up_on_its_own(
    house: House, told: Application, kari: Resident, clock: time_machine.Traveller, deaf: Channel
) -> None:
    """One that is not heard takes nothing from the other; after a day it is given up, and the log tells which."""
    browser = house.sign_in(kari)
    sid = told.claims(told.tokens(browser)["id_token"])["sid"]
    browser.post("/logout")
    heard = Heard(house, deaf)
    assert heard.hear() == {channel: int(channel is not deaf) for channel in Channel}
    assert heard.hear() == dict.fromkeys(Channel, 0)
    for _ in range(26):
        clock.shift(HOUR)
        assert heard.hear() == dict.fromkeys(Channel, 0)
    hearing = next(channel for channel in Channel if channel is not deaf)
    assert len(heard.tokens[hearing]) == 1
    assert 20 <= len(heard.tokens[deaf]) <= 27
    with house.services.store.reading() as unit:
        events = unit.log.of_organisation(house.stored("fjordly").id, kind="", before=None, limit=9)
        assert unit.grants.find(sid) is None
    (untold,) = [event for event in events if event.kind == "session:application:not_told"]
    assert untold.detail["channel"] == deaf


def test_an_event_that_is_sent_again_is_the_same(
    house: House, told: Application, kari: Resident, clock: time_machine.Traveller
) -> None:
    """To the last sign: so the receiver knows that it has had it."""
    browser = house.sign_in(kari)
    told.tokens(browser)
    browser.post("/logout")
    heard = Heard(house, Channel.EVENTS)
    for _ in range(4):
        heard.hear()
        clock.shift(HOUR)
    heard.deaf = set()
    assert heard.hear()[Channel.EVENTS] == 1
    assert len(heard.tokens[Channel.EVENTS]) == 5
    assert heard.event


def test_either_address_is_enough(house: House, told: Application, kari: Resident) -> None:
    """Without the other nothing is sent the other way, and nothing is left over."""
    only = register(house, name="Bare hendelser", events=EVENTS)
    browser = house.sign_in(kari)
    sid = only.claims(only.tokens(browser)["id_token"])["sid"]
    browser.post("/logout")
    assert Heard(house).hear() == {Channel.LOGOUT: 0, Channel.EVENTS: 1}
    with house.services.store.reading() as unit:
        assert unit.grants.find(sid) is None


@pytest.mark.row("R87")
def test_an_event_opens_nothing(house: House, told: Application, kari: Resident) -> None:
    """It is no ID token to us either, no access token, and no proof of an application."""
    browser = house.sign_in(kari)
    told.tokens(browser)
    browser.post("/logout")
    heard = Heard(house)
    heard.hear()
    again = house.sign_in(kari)
    answer = again.get(told.link(id_token_hint=heard.event, prompt="none"))
    assert "error=invalid_request" in answer.location
    assert told.userinfo(heard.event).status_code == 401
    signed_out = again.get(f"/oauth2/logout?id_token_hint={heard.event}")
    assert again.get("/").status == 200
    assert signed_out.status == 200
