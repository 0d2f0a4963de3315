"""Every page, in every state worth a look: one line each. `test_accessible.py` looks at them all."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.browser.rooms import DATED, LOCKED, OFF, REQUIRED, WITHDRAWN, Rooms
from tests.browser.visits import Visit


@dataclass(frozen=True, slots=True)
class State:
    """A name, and the way there."""

    name: str
    reach: Callable[[Rooms], Visit]


def _page(who: str, path: str) -> Callable[[Rooms], Visit]:
    return lambda rooms: rooms.at(who, path)


def _half_way(who: str, path: str) -> Callable[[Rooms], Visit]:
    return lambda rooms: rooms.unfinished(who, path)


def _wrong_password(rooms: Rooms) -> Visit:
    visit = rooms.at("stranger", "/login")
    visit.type_password("ingen@vestlia.example", "helt feil passord her")
    return visit


def _no_address(rooms: Rooms) -> Visit:
    visit = rooms.at("stranger", "/login")
    visit.page.locator("form").first.evaluate("form => { form.noValidate = true; }")
    visit.type_password("ingen", "helt feil passord her")
    return visit


def _window(rooms: Rooms) -> Visit:
    visit = rooms.unfinished("enrolling", "/login/enrol")
    if not visit.page.get_by_role("dialog").is_visible():
        visit.open_enrolment()
    return visit


def _window_refused(rooms: Rooms) -> Visit:
    visit = _window(rooms)
    visit.confirm_enrolment("12345")
    return visit


def _enrolled(rooms: Rooms) -> Visit:
    visit = rooms.unfinished("enrolled", "/login/enrol")
    visit.enrol()
    return visit


def _code(typed: Callable[[Rooms], str]) -> Callable[[Rooms], Visit]:
    def reach(rooms: Rooms) -> Visit:
        visit = rooms.unfinished("verifying", "/login/two-factor")
        visit.type_code(typed(rooms))
        return visit

    return reach


def _recovery_code_refused(rooms: Rooms) -> Visit:
    visit = rooms.unfinished("verifying", "/login/two-factor?way=recovery")
    visit.page.locator("#recovery_code").fill("ABCD-EFGH")
    visit.button(rooms.words.sign_in).click()
    return visit


def _choosing(rooms: Rooms) -> Visit:
    visit = rooms.at("stranger", "/login")
    visit.type_password(f"flere@{OFF}.example")
    visit.is_at("/choose-organisation")
    return visit


def _menu(rooms: Rooms) -> Visit:
    visit = rooms.at("boss", "/")
    visit.page.get_by_role("navigation", name=rooms.words.main_menu).locator("summary").click()
    return visit


def _confirming(rooms: Rooms) -> Visit:
    visit = rooms.at(OFF, "/settings/basic")
    visit.switch().check()
    visit.button(rooms.words.save).click()
    visit.page.get_by_role("dialog").wait_for()
    return visit


def _turning_off(rooms: Rooms) -> Visit:
    visit = rooms.at(WITHDRAWN, "/settings/basic")
    visit.switch().uncheck()
    visit.button(rooms.words.save).click()
    visit.page.get_by_role("dialog").wait_for()
    return visit


def _date_refused(rooms: Rooms) -> Visit:
    visit = rooms.at(OFF, "/settings/basic")
    visit.switch().check()
    visit.page.locator("#required_from").fill("i morgen")
    visit.button(rooms.words.save).click()
    return visit


def _member(rooms: Rooms) -> Visit:
    visit = rooms.at("boss", "/members?q=ulla")
    visit.page.get_by_role("table").get_by_role("link").first.click()
    for details in visit.page.locator("main details").all():
        details.evaluate("details => { details.open = true; }")
    return visit


def _unfolded(who: str, path: str) -> Callable[[Rooms], Visit]:
    """With everything open that can be opened."""

    def reach(rooms: Rooms) -> Visit:
        visit = rooms.at(who, path)
        visit.page.locator("main details").evaluate_all("all => all.forEach(one => { one.open = true; })")
        return visit

    return reach


def _replacing(rooms: Rooms) -> Visit:
    visit = rooms.at("user", "/account/second-factor")
    if not visit.page.get_by_role("dialog").is_visible():
        visit.page.locator("main form button").click()
        visit.page.get_by_role("dialog").wait_for()
    return visit


def _password_refused(rooms: Rooms) -> Visit:
    visit = rooms.at("user", "/account/password")
    visit.page.locator("#password").fill("helt feil passord her")
    visit.page.locator("#new_password").fill("en helt annen setning")
    visit.page.locator("main form .ds-button[data-variant=primary]").click()
    return visit


def _new_recovery_codes(rooms: Rooms) -> Visit:
    visit = rooms.at("user", "/account/recovery-codes")
    visit.page.locator("main form .ds-button[data-variant=primary]").click()
    visit.page.locator("#codes").wait_for()
    return visit


def _removing(rooms: Rooms) -> Visit:
    visit = rooms.at("free", "/account")
    visit.page.locator("a[href$='/remove']").click()
    return visit


def _without_why(rooms: Rooms) -> Visit:
    visit = rooms.at("support", f"/vendor/organisations/{LOCKED}")
    with visit.page.expect_navigation():
        visit.page.locator("form[action$=availability]").evaluate("form => form.submit()")
    return visit


def _setup_link(rooms: Rooms) -> Visit:
    visit = rooms.at("support", f"/vendor/organisations/{LOCKED}")
    visit.page.locator("form[action$=setup-link] button").click()
    visit.page.locator("#setup-link").wait_for()
    return visit


def _application(rooms: Rooms) -> Visit:
    visit = rooms.at("support", "/vendor/applications")
    visit.page.get_by_role("table").get_by_role("link").first.click()
    visit.page.locator("main details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    return visit


def _application_refused(rooms: Rooms) -> Visit:
    visit = rooms.at("support", "/vendor/applications/new")
    for field, typed in (("redirect_uris", "http://jobb.example/"), ("home", "/inne"), ("hosts", "https://a.example")):
        visit.page.locator(f"#{field}").fill(typed)
    visit.page.locator(".savebar button").click()
    visit.page.locator("#hosts-error").wait_for()
    return visit


def _new_secret(rooms: Rooms) -> Visit:
    visit = _application(rooms)
    visit.page.locator("form[action$=secret] button").click()
    visit.page.locator("#client-secret").wait_for()
    return visit


def _page_too_old(rooms: Rooms) -> Visit:
    visit = rooms.at("stranger", "/login")
    visit.page.locator("input[type=hidden]").first.evaluate("field => { field.value = 'gammel'; }")
    visit.type_password("ingen@vestlia.example")
    return visit


def _setup(rooms: Rooms) -> Visit:
    printed = rooms.house.run("setup-link", "--organisation", LOCKED)
    path = next(word for word in printed.split() if "/setup/" in word).removeprefix(rooms.house.address)
    return rooms.at("stranger", "/setup/" + path.rpartition("/")[2])


def _leads_nowhere(rooms: Rooms) -> Visit:
    visit = rooms.at("stranger", "/login/sso")
    visit.field(rooms.words.email).fill("ingen@ukjent.example")
    visit.button(rooms.words.go_on).click()
    return visit


def _connection(path: str = "") -> Callable[[Rooms], Visit]:
    return lambda rooms: rooms.at(OFF, f"/settings/sso/{rooms.connection}{path}")


def _connection_refused(rooms: Rooms) -> Visit:
    visit = _connection()(rooms)
    visit.page.locator("[name=issuer]").fill("uten mening")
    visit.button(rooms.words.save).click()
    return visit


def _token_made(rooms: Rooms) -> Visit:
    visit = rooms.at(OFF, "/settings/api")
    visit.page.locator("#name").fill(f"Nattlig synkronisering, {rooms.words.code}")
    visit.page.locator("#scope-1").check()
    visit.page.locator("form[action='/settings/api'] button").click()
    visit.page.locator("#token").wait_for()
    visit.page.locator("main details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    return visit


def _token_refused(rooms: Rooms) -> Visit:
    visit = rooms.at(OFF, "/settings/api")
    with visit.page.expect_navigation():
        visit.page.locator("form[action='/settings/api']").evaluate("form => form.submit()")
    return visit


STATES = (
    State("sso", _page("stranger", "/login/sso")),
    State("sso-leads-nowhere", _leads_nowhere),
    State("sso-not-in-use", _page("stranger", "/sso/ukjent/login")),
    State("settings-sso-empty", _page(DATED, "/settings/sso")),
    State("settings-sso", _unfolded(OFF, "/settings/sso")),
    State("connection-new", _page(OFF, "/settings/sso/new?kind=oidc")),
    State("connection-new-saml", _page(OFF, "/settings/sso/new?kind=saml")),
    State("connection", _connection()),
    State("connection-refused", _connection_refused),
    State("sign-in", _page("stranger", "/login")),
    State("signed-out", _page("stranger", "/login?said=out")),
    State("wrong-password", _wrong_password),
    State("no-address", _no_address),
    State("enrol", _half_way("enrolling", "/login/enrol?closed=1")),
    State("why", _half_way("enrolling", "/login/why")),
    State("enrol-window", _window),
    State("enrol-window-refused", _window_refused),
    State("recovery-codes", _enrolled),
    State("code", _half_way("verifying", "/login/two-factor")),
    State("code-wrong", _code(lambda rooms: rooms.app("verifying").wrong_code())),
    State("code-malformed", _code(lambda rooms: "12345")),
    State("code-used", _code(lambda rooms: rooms.app("verifying").code_last_typed())),
    State("clock-fast", _code(lambda rooms: rooms.app("verifying").code_when_off(4))),
    State("clock-slow", _code(lambda rooms: rooms.app("verifying").code_when_off(-4))),
    State("recovery-code", _half_way("verifying", "/login/two-factor?way=recovery")),
    State("recovery-code-refused", _recovery_code_refused),
    State("choose-organisation", _choosing),
    State("switch-organisation", _page("of several", "/choose-organisation")),
    State("set-up", _setup),
    State("home-of-user", _page("user", "/")),
    State("home-of-administrator", _page("boss", "/")),
    State("home-requirement-off", _page(OFF, "/")),
    State("home-dated", _page(DATED, "/")),
    State("menu", _menu),
    State("settings-locked", _page(LOCKED, "/settings/basic")),
    State("settings-off", _page(OFF, "/settings/basic")),
    State("settings-on", _page("boss", "/settings/basic?said=on")),
    State("settings-dated", _page(DATED, "/settings/basic")),
    State("settings-withdrawn", _page(WITHDRAWN, "/settings/basic")),
    State("settings-read-only", _page("administrator", "/settings/basic")),
    State("settings-date-refused", _date_refused),
    State("confirming", _confirming),
    State("turning-off", _turning_off),
    State("tokens-none", _page(DATED, "/settings/api")),
    State("token-made", _token_made),
    State("token-refused", _token_refused),
    State("vendor-tokens", _page("support", "/vendor/api")),
    State("members", _page("boss", "/members")),
    State("members-missing", _page("boss", "/members?filter=missing")),
    State("members-nobody", _page("boss", "/members?q=finnesikke")),
    State("member", _member),
    State("account", _unfolded("user", "/account")),
    State("account-without-factor", _unfolded(OFF, "/account")),
    State("account-of-several", _unfolded("of several", "/account")),
    State("password", _page("user", "/account/password")),
    State("password-refused", _password_refused),
    State("second-factor", _page(OFF, "/account/second-factor")),
    State("replacing-window", _replacing),
    State("making-recovery-codes", _page("user", "/account/recovery-codes")),
    State("new-recovery-codes", _new_recovery_codes),
    State("removing", _removing),
    State("log", _page("boss", "/log")),
    State("log-nothing", _page("boss", "/log?q=finnesikke")),
    State("vendor", _page("support", "/vendor")),
    State("vendor-unfolded", _unfolded("support", "/vendor?q=dal")),
    State("vendor-nothing", _page("support", "/vendor?q=finnesikke")),
    State("vendor-organisation", _unfolded("support", f"/vendor/organisations/{REQUIRED}")),
    State("vendor-without-why", _without_why),
    State("vendor-setup-link", _setup_link),
    State("face-of-vendor", _page("support", "/settings/face")),
    State("face-not-let", _page("boss", "/settings/face")),
    State("applications", _page("support", "/vendor/applications")),
    State("application-new", _unfolded("support", "/vendor/applications/new")),
    State("application-refused", _application_refused),
    State("application", _application),
    State("application-new-secret", _new_secret),
    State("vendor-log", _page("support", "/log")),
    State("vendor-settings", _page("support", "/settings/basic")),
    State("not-found", _page("user", "/finnes-ikke")),
    State("not-allowed", _page("user", "/members")),
    State("link-used", _page("stranger", "/setup/brukt")),
    State("page-too-old", _page_too_old),
)
