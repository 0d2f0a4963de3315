"""States of the pages around applications, programs and directories: signing in for one, and setting one up."""

from collections.abc import Callable
from urllib.parse import urlencode

from tests.browser.installation import PASSWORD
from tests.browser.rooms import DATED, OFF, Rooms
from tests.browser.states import State
from tests.browser.visits import Visit

_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWwBuGmiyFg4x"


def _page(who: str, path: str) -> Callable[[Rooms], Visit]:
    return lambda rooms: rooms.at(who, path)


def _asked(rooms: Rooms, **more: str) -> str:
    asked = {
        "client_id": rooms.client_id,
        "redirect_uri": "https://jobb.example/callback",
        "response_type": "code",
        "scope": "openid",
        "code_challenge": _CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"/oauth2/authorize?{urlencode({**asked, **more})}"


def _sign_in_for(rooms: Rooms) -> Visit:
    # Whoever is in the middle of a sign-in goes on with it.
    rooms.room("stranger").page.context.clear_cookies()
    rooms.at("stranger", "/login")
    visit = rooms.room("stranger")
    visit.page.goto(_asked(rooms))
    visit.sees("Jobb")
    return visit


def _code_for(rooms: Rooms) -> Visit:
    rooms.unfinished("verifying", "/login/two-factor")
    return rooms.unfinished("verifying", _asked(rooms))


def _proving_again(rooms: Rooms) -> Visit:
    rooms.at("user", "/account")
    visit = rooms.room("user")
    visit.page.goto(_asked(rooms, prompt="login"))
    visit.page.locator("#proof_code").wait_for()
    return visit


def _proof_refused(rooms: Rooms) -> Visit:
    visit = _proving_again(rooms)
    visit.page.locator("#password").fill(PASSWORD)
    visit.page.locator("#proof_code").fill("12345")
    visit.page.locator("main form .ds-button[data-variant=primary]").click()
    visit.page.locator("#proof_code-error").wait_for()
    return visit


def _signing_out(rooms: Rooms) -> Visit:
    return rooms.at("user", f"/oauth2/logout?{urlencode({'client_id': rooms.client_id})}")


def _too_late(rooms: Rooms) -> Visit:
    """Stands on a protected host, without any style; so the language is chosen elsewhere."""
    rooms.at("stranger", "/login")
    visit = rooms.room("stranger")
    visit.page.goto("/.totrinn/callback?ticket=x")
    return visit


def _application_off(rooms: Rooms) -> Visit:
    visit = rooms.at("support", "/vendor/applications")
    visit.link("Lønn").click()
    visit.heading("Lønn").wait_for()
    return visit


def _face_refused(rooms: Rooms) -> Visit:
    visit = rooms.at("support", "/settings/face")
    visit.page.locator("#name").fill("Jobb: alt om jobb")
    visit.page.locator(".savebar button").click()
    visit.page.locator("#name-error").wait_for()
    return visit


def _webhook_refused(rooms: Rooms) -> Visit:
    visit = rooms.at(OFF, "/settings/webhooks")
    visit.page.locator("#address").fill("http://hendelser.example/")
    visit.page.locator("form[action='/settings/webhooks'] button").last.click()
    visit.page.locator("#address-error").wait_for()
    return visit


def _webhook_made(rooms: Rooms) -> Visit:
    visit = rooms.at(OFF, "/settings/webhooks")
    visit.page.locator("#address").fill(f"https://hendelser.example/totrinn/{rooms.words.code}")
    visit.page.locator("form[action='/settings/webhooks'] input[type=checkbox]").first.check()
    visit.page.locator("form[action='/settings/webhooks'] button").last.click()
    visit.page.locator("#secret").wait_for()
    return visit


def _webhook(rooms: Rooms) -> Visit:
    _webhook_made(rooms)
    visit = rooms.at(OFF, "/settings/webhooks")
    visit.page.locator(".items a").first.click()
    visit.page.locator("form[action$=try]").wait_for()
    return visit


OF_APPLICATIONS = (
    State("sign-in-for-application", _sign_in_for),
    State("code-for-application", _code_for),
    State("proving-again", _proving_again),
    State("proof-refused", _proof_refused),
    State("signing-out", _signing_out),
    State("unknown-application", _page("stranger", "/oauth2/authorize?client_id=ukjent")),
    State("not-agreed", lambda rooms: rooms.at("user", _asked(rooms, redirect_uri="https://annet.example/"))),
    State("request-lapsed", _page("user", "/oauth2/answer?request=brukt")),
    State("sent-on", _page("user", "/oauth2/continue?request=brukt")),
    State("gate-unknown", _page("user", "/gate/start?host=ukjent.example&to=/&start=x")),
    State("gate-too-late", _too_late),
    State("application-off", _application_off),
    State("face-refused", _face_refused),
    State("webhooks-none", _page(DATED, "/settings/webhooks")),
    State("webhook-refused", _webhook_refused),
    State("webhook-made", _webhook_made),
    State("webhook", _webhook),
    State("webhooks", _page(OFF, "/settings/webhooks")),
    State("webhooks-of-vendor", _page("support", "/vendor/webhooks")),
    State("directory", _page(OFF, "/settings/scim")),
    State("directory-without-domain", _page(DATED, "/settings/scim")),
)
