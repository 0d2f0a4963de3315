"""`/settings/api` and `/vendor/api`: the tokens by which programs act for an organisation, or for the vendor."""

from datetime import timedelta

from starlette.responses import Response

from totrinn.app.api_tokens import NewToken, TokenObstacle, WantedToken, end_token, make_token, tokens_of
from totrinn.app.errors import NotFound
from totrinn.app.own_factors import StaleProof
from totrinn.app.ports import Unit
from totrinn.app.token_records import ApiToken
from totrinn.core.api_tokens import Scope, scopes_of
from totrinn.core.roles import Right
from totrinn.web.ask import Ask
from totrinn.web.demands import with_right
from totrinn.web.notices import notice
from totrinn.web.proof_again import prove_again
from totrinn.web.routing import Page
from totrinn.web.scope_words import scope_words
from totrinn.web.sso_asking import proof_asked_for, stale_in_form

_LONGEST_NAME = 100
_DAYS = ("30", "90", "180", "366")
_USUAL_DAYS = "90"
_SETTINGS, _VENDOR = "/settings/api", "/vendor/api"


def show(ask: Ask) -> Response:
    """The tokens, and a form for a new one."""
    return _page(ask, 200)


def make(ask: Ask) -> Response:
    """Makes a token, which is shown this once."""
    wanted, errors = _read(ask)
    if errors:
        return _page(ask, 422, errors=errors)
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, errors=unproven.errors)
    made = make_token(ask.services, ask.visitor, ask.me, wanted)
    if isinstance(made, StaleProof):
        return _page(ask, 422, errors=stale_in_form(ask, made))
    if isinstance(made, TokenObstacle):
        return _page(ask, 409, errors={"name": ask.language.say("There is a token of this name. Choose another one.")})
    return _page(ask, 200, made=made)


def end(ask: Ask) -> Response:
    """Ends a token: its next call is refused."""
    end_token(ask.services, ask.visitor, ask.me, ask.params["id"])
    return ask.go(f"{_home(ask)}?said=token-ended")


def to_tokens(ask: Ask) -> Response:
    """The form has no page of its own."""
    return ask.go(_home(ask))


def _home(ask: Ask) -> str:
    """The page of the session's organisation. Raises `NotFound` at the other one's address."""
    home = _VENDOR if ask.me.organisation.is_vendor else _SETTINGS
    if not ask.path.startswith(home):
        raise NotFound
    return home


def _scopes(ask: Ask) -> tuple[Scope, ...]:
    return scopes_of(is_vendor=ask.me.organisation.is_vendor)


def _read(ask: Ask) -> tuple[WantedToken, dict[str, str]]:
    say, errors = ask.language.say, {}
    name = " ".join(ask.form.get("name", "").split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        errors["name"] = say("Type a name of at most 100 characters.")
    scopes = frozenset(scope for scope in _scopes(ask) if ask.form.get(scope.value) == "on")
    if not scopes:
        errors["scopes"] = say("Choose what the token is for.")
    days = ask.form.get("days", "")
    if days not in _DAYS:
        errors["days"] = say("Choose how long it is to last.")
    return WantedToken(name, scopes, timedelta(days=int(days) if days in _DAYS else 0)), errors


def _page(ask: Ask, status: int, *, made: NewToken | None = None, errors: dict[str, str] | None = None) -> Response:
    home = _home(ask)
    is_new = made is not None or ask.method != "POST"
    with ask.services.store.reading() as unit:
        rows = _rows(ask, unit)
    return ask.page(
        "settings_api.html",
        status,
        nav="api",
        notice=notice(ask),
        home=home,
        tokens=rows,
        made={"name": made.token.name, "text": made.text, "ends_at": made.token.ends_at} if made else None,
        scopes=[
            {
                "value": scope.value,
                "label": scope_words(ask.language, scope),
                "on": not is_new and ask.form.get(scope.value) == "on",
            }
            for scope in _scopes(ask)
        ],
        days=_DAYS,
        form={
            "name": "" if is_new else ask.form.get("name", "")[:_LONGEST_NAME],
            "days": _USUAL_DAYS if is_new else ask.form.get("days", ""),
        },
        proof=proof_asked_for(ask),
        errors=errors or {},
    )


def _rows(ask: Ask, unit: Unit) -> list[dict[str, object]]:
    return [
        _row(ask, unit, token, holds=holds) for token, holds in tokens_of(unit, ask.me.organisation.id, ask.visitor)
    ]


def _row(ask: Ask, unit: Unit, token: ApiToken, *, holds: bool) -> dict[str, object]:
    maker = None if token.person_id is None else unit.people.find(token.person_id)
    return {
        "id": token.id,
        "name": token.name,
        "scopes": [scope_words(ask.language, scope) for scope in _scopes(ask) if scope in token.scopes],
        "maker": (maker.name or maker.email) if maker else None,
        "created_at": token.created_at,
        "ends_at": token.ends_at,
        "used_at": token.used_at,
        "holds": holds,
        "is_over": token.ends_at <= ask.visitor.now,
    }


_KEEP = with_right(Right.KEEP_TOKENS, of_organisation=True)

PAGES = (
    Page(_SETTINGS, _KEEP, get=show, post=make, hashes=True),
    Page(f"{_SETTINGS}/{{id}}/end", _KEEP, get=to_tokens, post=end),
    Page(_VENDOR, _KEEP, get=show, post=make, hashes=True),
    Page(f"{_VENDOR}/{{id}}/end", _KEEP, get=to_tokens, post=end),
)
