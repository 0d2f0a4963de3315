"""One line of the API: a method and a path, what they demand, and the shapes of what is sent and answered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from totrinn.app.api_tokens import Caller
from totrinn.app.judging import Actor
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services
from totrinn.app.records import Organisation
from totrinn.core.api_tokens import scopes_for
from totrinn.core.roles import Right
from totrinn.web.api.problems import Code
from totrinn.web.ask import Ask
from totrinn.web.forms import LARGEST_BODY


@dataclass(frozen=True, slots=True)
class Call:
    """An admitted request, as handlers see it: the body and the query have the shapes that the endpoint declares."""

    ask: Ask
    caller: Caller
    body: Any = None
    query: Any = None

    @property
    def services(self) -> Services:
        """What use cases need."""
        return self.ask.services

    @property
    def visitor(self) -> Visitor:
        """Who asks, as far as the network tells."""
        return self.ask.visitor

    @property
    def organisation(self) -> Organisation:
        """The caller's organisation, which is the one in the path, where there is one."""
        return self.caller.organisation

    @property
    def person(self) -> Actor:
        """The person in their session; only on endpoints that are for persons."""
        if not isinstance(self.caller, Actor):
            raise LookupError("no person asks")
        return self.caller

    def named(self, name: str) -> str:
        """What stands in the path."""
        return self.ask.params[name]


@dataclass(frozen=True, slots=True)
class Done:
    """It went well: a shape to answer with, or nothing at all."""

    answer: Any = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """It was not done, by the code why; `more` stands beside it."""

    code: Code
    more: dict[str, Any] = field(default_factory=dict)
    title: str | None = None
    """Where a sentence says more than the one that goes with the code."""


Handler = Callable[[Call], Done | Problem]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path. What is not declared is refused."""

    method: str
    path: str
    right: Right
    """What role or scopes must carry."""
    says: str
    """What it does, in a sentence."""
    handler: Handler
    body: Any = None
    query: Any = None
    answer: Any = None
    """None: it answers nothing (204)."""
    status: int = 200
    problems: tuple[Code, ...] = ()
    """Why it may not be done, beside what may happen anywhere."""
    persons_only: bool = False
    """Closed to tokens, though a scope carries the right."""
    answers_once: bool = False
    """The answer holds a secret, and is never repeated."""
    largest_body: int = LARGEST_BODY
    """What is taken of somebody who is signed in; of others no more than usual."""
    calls_out: bool = False
    """Its handler waits for somebody outside, in threads of their own."""

    @property
    def demand(self) -> str:
        """What it demands, as `totrinn routes` lists it."""
        scopes = self.scopes
        return f"session:{self.right.value}" + (f" or token:{'|'.join(scopes)}" if scopes else "")

    @property
    def scopes(self) -> tuple[str, ...]:
        """Of which scopes a token must have one; none: it is for persons."""
        return () if self.persons_only else tuple(scope.value for scope in scopes_for(self.right))

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Open:
    """What is answered to anybody, whoever they are."""

    path: str
    says: str
    handler: Callable[[Ask], Response]
