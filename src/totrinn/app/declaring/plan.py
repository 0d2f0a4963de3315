"""What a plan is: steps in their order, each with whom it hits, and a number by which the same plan is known again."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from totrinn.app.landing import Visitor
from totrinn.app.ports import Services
from totrinn.core.events import Source


class Act(StrEnum):
    """What a step does."""

    CREATE_ORGANISATION = "create_organisation"
    CHANGE_SETTINGS = "change_settings"
    MAKE_AVAILABLE = "make_available"
    WITHDRAW = "withdraw"
    REQUIRE = "require"
    ADD_CONNECTION = "add_connection"
    CHANGE_CONNECTION = "change_connection"
    SWITCH_CONNECTION = "switch_connection"
    LEAD_DOMAIN = "lead_domain"
    REGISTER_APPLICATION = "register_application"
    CHANGE_APPLICATION = "change_application"
    SWITCH_APPLICATION = "switch_application"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who carries a plan out, and when."""

    services: Services
    visitor: Visitor
    source: Source


@dataclass(frozen=True, slots=True)
class Done:
    """A step was carried out; `secret` is told this once, where one was made."""

    secret: str | None = None


@dataclass(frozen=True, slots=True)
class NotDone:
    """A step was not carried out, since things are not as they were planned on: the stable code of the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One change. `hits`: how many people of each kind notice it; `rests_on`: what it was planned on."""

    act: Act
    subject: str
    detail: dict[str, str]
    hits: dict[str, int]
    rests_on: str
    carry_out: Callable[[Operator], Done | NotDone]


@dataclass(frozen=True, slots=True)
class Impossible:
    """A wish that no plan fulfils: about whom, and the stable code of the reason."""

    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in their order, and what cannot be done at all."""

    steps: tuple[Step, ...]
    impossible: tuple[Impossible, ...]

    @property
    def number(self) -> str:
        """The same for the same steps, people and beginnings; another as soon as any of these is another."""
        told = [[step.act, step.subject, step.detail, step.hits, step.rests_on] for step in self.steps]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
