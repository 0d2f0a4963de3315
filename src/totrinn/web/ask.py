"""One request, as handlers see it: who asks, at which level, what was sent, in which language."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response

from totrinn.app.judging import Actor
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services
from totrinn.app.records import OpenSignin
from totrinn.web import csrf, dates
from totrinn.web.cookies import Cookie, Jar, drop_cookie, set_cookie
from totrinn.web.faces import Look, look_of
from totrinn.web.languages import Language, negotiate
from totrinn.web.rendering import Renderer
from totrinn.web.settings import WebSettings


@dataclass(slots=False)
class Ask:
    """A request on its way through a handler. `actor` and `signin` are set by admission, and by nothing else."""

    services: Services
    settings: WebSettings
    renderer: Renderer
    method: str
    path: str
    raw_query: str
    headers: Headers
    visitor: Visitor
    jar: Jar
    query: dict[str, str]
    form: dict[str, str]
    params: dict[str, str]
    has_get: bool = True
    """Whether this path can be opened as a page; else the page that its forms stand on is one level up."""
    for_programs: bool = False
    """Whether a program asks, which is told of errors in JSON, as OAuth 2.0 writes them."""
    files: dict[str, bytes] = field(default_factory=dict)
    """What was sent beside the form, where the page takes files."""
    is_handled: bool = False
    """A handler is at work in a thread of its own, and the database answers: pages may look something up."""
    body_problem: int | None = None
    """The status with which a body that could not be read is refused, once it is known who asks."""
    actor: Actor | None = None
    signin: OpenSignin | None = None
    cookies_to_set: dict[Cookie, str | None] = field(default_factory=dict)
    retry_at: datetime | None = None
    """When whoever has to wait may try again: a 429 says it in its header, too."""

    @property
    def me(self) -> Actor:
        """The admitted person; only on routes that demand a session."""
        if self.actor is None:
            raise LookupError("no admitted session")
        return self.actor

    @property
    def held(self) -> OpenSignin:
        """The unfinished sign-in; only on routes that demand one."""
        if self.signin is None:
            raise LookupError("no unfinished sign-in")
        return self.signin

    @property
    def signin_token(self) -> str:
        """The cookie of the unfinished sign-in."""
        return self.jar.get(Cookie.SIGNIN) or ""

    @cached_property
    def language(self) -> Language:
        """The language of the answer."""
        return negotiate(self)

    @property
    def time_zone(self) -> str:
        """The time zone of the organisation that the answer is about; where there is none yet, the usual one."""
        standing = self.actor.live.standing if self.actor is not None else self.signin and self.signin.standing
        organisation = standing.organisation if standing else None
        return organisation.time_zone if organisation else dates.DEFAULT_ZONE

    @cached_property
    def look(self) -> Look:
        """How the answer looks."""
        return look_of(self)

    @property
    def application_name(self) -> str:
        """What the application is called on the pages of this organisation."""
        return self.look.name or self.settings.application_name

    @cached_property
    def csrf_seed(self) -> str:
        """The cookie that this page's forms are bound to; a visit is begun if there is nothing else."""
        fresh = self.cookies_to_set.get(Cookie.SESSION) or self.cookies_to_set.get(Cookie.SIGNIN)
        if fresh is not None:
            return fresh
        if self.actor is not None:
            return self.jar.get(Cookie.SESSION) or ""
        if self.signin is not None:
            return self.signin_token
        return self.visit

    @cached_property
    def visit(self) -> str:
        """The cookie of this browser before anything is proven; begun if it has none of ours."""
        visit = self.jar.get(Cookie.VISIT)
        if visit is not None and csrf.is_visit(self.services, visit):
            return visit
        visit = csrf.new_visit(self.services)
        self.cookies_to_set[Cookie.VISIT] = visit
        return visit

    @property
    def here(self) -> str:
        """Path and query of this page, for the way back to it."""
        if self.method == "GET":
            return f"{self.path}?{self.raw_query}" if self.raw_query else self.path
        return self.path if self.has_get else self.path.rpartition("/")[0] or "/"

    def page(self, template: str, status: int = 200, /, **context: object) -> Response:
        """A page of ours."""
        return self.renderer.page(self, template, status, context)

    def go(self, path: str) -> Response:
        """On to another page of ours, by GET."""
        return RedirectResponse(path, status_code=303)

    def keep(self, cookie: Cookie, value: str) -> None:
        """Gives the browser this cookie with the answer."""
        self.cookies_to_set[cookie] = value

    def drop(self, cookie: Cookie) -> None:
        """Takes the cookie back with the answer."""
        self.cookies_to_set[cookie] = None

    def finish(self, response: Response) -> Response:
        """Puts the cookies on the answer, and how long to wait."""
        if self.retry_at is not None and response.status_code == 429:
            seconds = int((self.retry_at - self.visitor.now).total_seconds()) + 1
            response.headers["Retry-After"] = str(seconds)
        for cookie, value in self.cookies_to_set.items():
            if value is None:
                drop_cookie(response, cookie, secure=self.settings.secure)
            else:
                set_cookie(response, cookie, value, secure=self.settings.secure)
        return response
