"""What a route demands of whoever asks. Every route declares one; there is no default but refusal."""

from dataclasses import dataclass
from enum import StrEnum

from totrinn.core.roles import Right
from totrinn.core.signin import State


class Level(StrEnum):
    """How far a sign-in must have come."""

    ANYONE = "anyone"
    UNFINISHED = "unfinished"
    SESSION = "session"
    UNFINISHED_OR_SESSION = "unfinished_or_session"


@dataclass(frozen=True, slots=True)
class Demand:
    """A level; for sessions the right that the role must carry, for unfinished sign-ins the steps it may stand at."""

    level: Level
    right: Right | None = None
    steps: frozenset[State] = frozenset()
    of_organisation: bool = False
    """Forms here act on an organisation: they carry its slug, and must match the session's."""

    def __str__(self) -> str:
        parts = [self.level.value]
        if self.right:
            parts.append(self.right.value)
        if self.steps:
            parts.append("+".join(sorted(self.steps)))
        if self.of_organisation:
            parts.append("organisation")
        return ":".join(parts)


ANYONE = Demand(Level.ANYONE)
AT_VERIFICATION = Demand(Level.UNFINISHED, steps=frozenset({State.VERIFYING}))
AT_ENROLMENT = Demand(Level.UNFINISHED, steps=frozenset({State.MUST_ENROL, State.MUST_REPROVE, State.ENROLLING}))
AT_CHOICE = Demand(Level.UNFINISHED_OR_SESSION, steps=AT_ENROLMENT.steps | {State.CHOOSING})
AT_ANY_STEP = Demand(
    Level.UNFINISHED,
    steps=frozenset({State.VERIFYING, State.CHOOSING, State.MUST_ENROL, State.MUST_REPROVE, State.ENROLLING}),
)
SIGNED_IN = Demand(Level.SESSION, Right.USE_ACCOUNT)


def with_right(right: Right, *, of_organisation: bool = False) -> Demand:
    """A session whose role carries the right; `of_organisation` when forms act on the session's organisation."""
    return Demand(Level.SESSION, right, of_organisation=of_organisation)
