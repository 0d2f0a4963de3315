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
    TOKEN = "token"
    """Programs, by a token of an organisation; no cookie counts."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A level; for sessions the right that the role must carry, for unfinished sign-ins the steps it may stand at."""

    level: Level
    right: Right | None = None
    steps: frozenset[State] = frozenset()
    of_organisation: bool = False
    """Forms here act on an organisation: they carry its slug, and must match the session's."""
    of_person: bool = False
    """What belongs to the person alone: refused to sessions that an organisation's SSO opened (rule 12)."""
    from_elsewhere: bool = False
    """Somebody else sends this, an identity provider or an application: no page of ours. What it says proves itself."""

    def __str__(self) -> str:
        parts = [self.level.value]
        if self.right:
            parts.append(self.right.value)
        if self.steps:
            parts.append("+".join(sorted(self.steps)))
        if self.of_organisation:
            parts.append("organisation")
        if self.of_person:
            parts.append("own_credentials")
        if self.from_elsewhere:
            parts.append("from_elsewhere")
        return ":".join(parts)


ANYONE = Demand(Level.ANYONE)
A_PROVIDER = Demand(Level.ANYONE, from_elsewhere=True)
A_CLIENT = Demand(Level.ANYONE, from_elsewhere=True)
"""What the vendor's applications speak to, and what browsers bring from them."""
AT_VERIFICATION = Demand(Level.UNFINISHED, steps=frozenset({State.VERIFYING}))
AT_ENROLMENT = Demand(Level.UNFINISHED, steps=frozenset({State.MUST_ENROL, State.MUST_REPROVE, State.ENROLLING}))
AT_CHOICE = Demand(Level.UNFINISHED_OR_SESSION, steps=AT_ENROLMENT.steps | {State.CHOOSING})
AT_ANY_STEP = Demand(
    Level.UNFINISHED,
    steps=frozenset({State.VERIFYING, State.CHOOSING, State.MUST_ENROL, State.MUST_REPROVE, State.ENROLLING}),
)
SIGNED_IN = Demand(Level.SESSION, Right.USE_ACCOUNT)
AS_ONESELF = Demand(Level.SESSION, Right.USE_ACCOUNT, of_person=True)


def by_token(right: Right) -> Demand:
    """A token that carries the right."""
    return Demand(Level.TOKEN, right)


def with_right(right: Right, *, of_organisation: bool = False) -> Demand:
    """A session whose role carries the right; `of_organisation` when forms act on the session's organisation."""
    return Demand(Level.SESSION, right, of_organisation=of_organisation)
