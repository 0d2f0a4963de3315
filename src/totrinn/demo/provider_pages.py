"""`/demo/provider/…`: where the demonstration's OpenID provider is asked, by people and by the service itself."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

from totrinn.demo.people import NORDLYS, DemoPerson, organisation
from totrinn.demo.provider import PATH, DemoProvider, TokenRefusal, subject_of
from totrinn.web.ask import Ask
from totrinn.web.demands import A_PROVIDER, ANYONE
from totrinn.web.routing import Page

_CARRIED = (
    *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method", "login_hint"),
)


class ProviderPages:
    """The pages and endpoints of a provider."""

    def __init__(self, provider: DemoProvider) -> None:
        self._provider = provider

    def pages(self) -> tuple[Page, ...]:
        """What the provider adds to the application of the demonstration."""
        return (
            Page(PATH, ANYONE, get=self.introduce),
            Page(f"{PATH}/.well-known/openid-configuration", ANYONE, get=self.describe),
            Page(f"{PATH}/jwks", ANYONE, get=self.show_keys),
            Page(f"{PATH}/authorize", ANYONE, get=self.ask_who, post=self.sign_in),
            Page(f"{PATH}/token", A_PROVIDER, post=self.redeem),
        )

    def introduce(self, ask: Ask) -> Response:
        """What this is, for somebody whom nobody has sent."""
        return self._page(ask, 200)

    def describe(self, _ask: Ask) -> Response:
        """The discovery document."""
        return JSONResponse(self._provider.metadata())

    def show_keys(self, _ask: Ask) -> Response:
        """The public keys."""
        return JSONResponse(self._provider.key_set())

    def ask_who(self, ask: Ask) -> Response:
        """Asks who it is, at every visit: no earlier sign-in is remembered that could count instead."""
        return self._not_granted(ask, ask.query) or self._page(ask, 200, asked=ask.query)

    def sign_in(self, ask: Ask) -> Response:
        """Believes whoever was chosen, and sends the browser back; without a choice it goes back with a refusal."""
        asked, chosen = ask.form, ask.form.get("person", "")
        refused = self._not_granted(ask, asked)
        if refused is not None:
            return refused
        if not chosen:
            return ask.go(self._provider.way_back(asked, error="access_denied"))
        who = self._provider.find(chosen)
        if who is None:
            say = ask.language.say
            return self._page(ask, 422, asked=asked, form=say("Nobody here goes by that name. Choose one of these."))
        return ask.go(self._provider.way_back(asked, code=self._provider.issue(asked, who, ask.visitor.now)))

    def redeem(self, ask: Ask) -> Response:
        """The token endpoint (RFC 6749 §3.2)."""
        outcome = self._provider.redeem(ask.headers.get("authorization", ""), ask.form, ask.visitor.now)
        if not isinstance(outcome, TokenRefusal):
            return JSONResponse(outcome)
        if outcome is TokenRefusal.INVALID_CLIENT:
            return JSONResponse({"error": outcome}, 401, {"WWW-Authenticate": 'Basic realm="demo"'})
        return JSONResponse({"error": outcome}, 400)

    def _not_granted(self, ask: Ask, asked: Mapping[str, str]) -> Response | None:
        """Why nobody is asked anything: shown here, unless it is certain whom to tell."""
        if not self._provider.is_from_client(asked):
            say = ask.language.say
            return self._page(ask, 400, form=say("Whoever sent you here is not known here, so you are sent nowhere."))
        problem = self._provider.problem_with(asked)
        return ask.go(self._provider.way_back(asked, error=problem)) if problem else None

    def _page(self, ask: Ask, status: int, *, asked: Mapping[str, str] | None = None, **errors: str) -> Response:
        name = organisation(NORDLYS).name
        typed = asked.get("login_hint", "") if asked else ""
        people = sorted(self._provider.people(), key=lambda who: who.email != typed)
        return ask.page(
            "demo_provider.html",
            status,
            application_name=name,  # whose page this is: in its title, too
            application=ask.settings.application_name,
            people=[_shown(who, typed) for who in people],
            carried={name: asked[name] for name in _CARRIED if name in asked} if asked else None,
            errors=errors,
        )


def _shown(who: DemoPerson, typed: str) -> dict[str, object]:
    return {
        "subject": subject_of(who),
        "name": who.name,
        "email": who.email,
        "by_two_factors": "mfa" in who.amr,
        "typed": who.email == typed,
    }
