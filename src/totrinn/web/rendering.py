"""Pages out of templates: one Jinja2 environment a language, filled with what every page needs."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache, partial
from gettext import NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING, cast

from jinja2 import Environment, FileSystemLoader, pass_context
from jinja2.ext import Extension
from jinja2.lexer import TOKEN_LPAREN, TOKEN_NAME, TOKEN_PIPE, TOKEN_RPAREN, TOKEN_STRING, Token, TokenStream
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from totrinn.core.roles import Right, may
from totrinn.web import dates
from totrinn.web.browsers import browser_name
from totrinn.web.csrf import token_for
from totrinn.web.languages import Language, language
from totrinn.web.onward import way_on
from totrinn.web.settings import WebSettings

if TYPE_CHECKING:
    from totrinn.web.ask import Ask

_TEMPLATES = Path(__file__).parent / "templates"
_STATIC = Path(__file__).parent / "static"
_CATALOGUE = "catalogue of TranslatedOnce"
_PLAIN_CALL = (TOKEN_NAME, TOKEN_LPAREN, TOKEN_STRING, TOKEN_RPAREN)


class Renderer:
    """Renders pages for one installation."""

    def __init__(self, settings: WebSettings) -> None:
        self._frame: dict[str, object] = {
            "vendor_name": settings.vendor_name,
            "support": settings.support,
            "nobody_told": settings.nobody_told,
        }

    def page(self, ask: "Ask", template: str, status: int, context: dict[str, object]) -> Response:
        """The page as a response that no cache keeps."""
        values = {**self._frame, **_request_frame(ask), "errors": {}, **context}
        text = _environment(ask.language.code).get_template(template).render(values)
        return HTMLResponse(text, status)


def _request_frame(ask: "Ask") -> dict[str, object]:
    frame: dict[str, object] = {
        "lang": ask.language.code,
        "path": ask.here,
        "now": ask.visitor.now,
        "time_zone": ask.time_zone,
        "notice": None,
        "way_on": cache(partial(way_on, ask)),
        "look": ask.look,
        "application_name": ask.application_name,
        "csrf_field": _hidden_field("csrf", lambda: token_for(ask.csrf_seed)),
    }
    if ask.actor is not None:
        organisation, person = ask.actor.organisation, ask.actor.person
        frame["organisation"] = {
            "name": organisation.name,
            "slug": organisation.slug,
            "initial": organisation.name[:1].upper(),
        }
        frame["organisation_field"] = _hidden_field("organisation", lambda: organisation.slug)
        frame["organisations_count"] = ask.actor.live.standing.membership_count
        frame["me"] = {
            "id": person.id,
            "name": person.name,
            "email": person.email,
            "initials": initials(person.name or person.email),
            "role": ask.actor.role.value,
            "is_global_administrator": may(ask.actor.role, Right.CHANGE_REQUIREMENT),
            "may_administer": may(ask.actor.role, Right.SEE_MEMBERS),
            "may_change_sso": may(ask.actor.role, Right.CHANGE_SSO),
            "may_keep_tokens": may(ask.actor.role, Right.KEEP_TOKENS),
            "may_change_face": may(ask.actor.role, Right.CHANGE_FACE),
            "may_keep_webhooks": may(ask.actor.role, Right.KEEP_WEBHOOKS),
            "may_read_log": may(ask.actor.role, Right.READ_LOG),
        }
    return frame


def initials(name: str) -> str:
    """Up to two initials."""
    words = [word for word in name.replace("@", " ").split() if word[:1].isalnum()]
    return "".join(word[0].upper() for word in (words[:1] + words[-1:] if len(words) > 1 else words))


def _hidden_field(name: str, value: Callable[[], str]) -> Callable[[], Markup]:
    before, after = Markup('<input type="hidden" name="%s" value="') % name, Markup('">')

    def render() -> Markup:
        return before + value() + after

    return render


class TranslatedOnce(Extension):
    """Puts the translation of every `_('…')` without values into the template when it is compiled, as its own text.

    Each language has an environment of its own, so that nothing is left to look up while a page is rendered.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The tokens of a template, with `('translation'|safe)` for `_('text')`."""
        catalogue = cast("NullTranslations", self.environment.globals[_CATALOGUE])
        window: deque[Token] = deque()
        for token in stream:
            window.append(token)
            if len(window) < len(_PLAIN_CALL):
                continue
            if tuple(each.type for each in window) == _PLAIN_CALL and window[0].value == "_":
                yield from _as_text(window, catalogue)
                window.clear()
            else:
                yield window.popleft()
        yield from window


def _as_text(call: Sequence[Token], catalogue: NullTranslations) -> Iterator[Token]:
    _, opening, text, closing = call
    line = text.lineno
    yield opening
    # What the call would do while the page is rendered: a doubled percent sign becomes one.
    yield Token(line, TOKEN_STRING, catalogue.gettext(text.value) % {})
    yield Token(line, TOKEN_PIPE, "|")
    yield Token(line, TOKEN_NAME, "safe")
    yield closing


@cache
def _edition() -> str:
    """Stands behind the addresses of our style and script, so that no browser uses those of another version."""
    return hashlib.sha256(b"".join((_STATIC / name).read_bytes() for name in ("own.css", "app.js"))).hexdigest()[:12]


@cache
def _environment(code: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=200,
        extensions=["jinja2.ext.i18n", TranslatedOnce],
    )
    environment.policies["ext.i18n.trimmed"] = True
    spoken = language(code)
    environment.globals[_CATALOGUE] = spoken.catalogue
    environment.globals["edition"] = _edition()
    environment.install_gettext_translations(spoken.catalogue, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(_filters(spoken))
    return environment


def _filters(spoken: Language) -> dict[str, Callable[..., str]]:
    @pass_context
    def date(context: Context, value: datetime) -> str:
        return dates.date(value, spoken, context["time_zone"])

    @pass_context
    def moment(context: Context, value: datetime) -> str:
        return dates.moment(value, spoken, context["time_zone"])

    @pass_context
    def clock(context: Context, value: datetime) -> str:
        return dates.clock(value, spoken, context["time_zone"])

    @pass_context
    def near(context: Context, value: datetime | None) -> str:
        return dates.near(value, spoken, context["time_zone"], context["now"])

    @pass_context
    def weekday(context: Context, value: datetime) -> str:
        return dates.weekday(value, spoken, context["time_zone"])

    def number(value: int) -> str:
        return dates.number(value, spoken)

    def browser(user_agent: str) -> str:
        return browser_name(user_agent, spoken)

    return {
        "date": date,
        "moment": moment,
        "clock": clock,
        "near": near,
        "weekday": weekday,
        "number": number,
        "browser": browser,
    }
