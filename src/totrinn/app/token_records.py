"""API tokens as storage hands them over, and whoever acts by one."""

from dataclasses import dataclass
from datetime import datetime

from totrinn.app.records import Organisation, Standing
from totrinn.core.api_tokens import Scope, opens
from totrinn.core.policy import ConnectionFacts, Proof
from totrinn.core.roles import Right, Role

ACTOR = "token:"
"""What the log's actor begins with, where a token acted; the token's id and name follow."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token of an organisation, or of the vendor; of its text only the digest is known."""

    id: str
    organisation_id: str
    name: str
    scopes: frozenset[Scope]
    person_id: str | None
    """Who made it; None: the operator did."""
    made_by: str
    """The actor who made it, as the log names them."""
    proof: Proof | None
    """What its maker had proven when they made it."""
    created_at: datetime
    ends_at: datetime
    used_at: datetime | None = None
    """When it was last used, to the day."""


@dataclass(frozen=True, slots=True)
class LiveToken:
    """A token with the organisation that it belongs to and its maker's standing there, as they are now."""

    token: ApiToken
    organisation: Organisation
    maker: Standing | None
    """None where the operator made it."""
    connection: ConnectionFacts | None
    """Of a maker who came through SSO: their connection, as long as the link stands."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """A program acting by a token that holds, in the token's organisation."""

    token: ApiToken
    organisation: Organisation

    @property
    def role(self) -> Role:
        """The role that tokens are made with; the scopes leave less of it."""
        return Role.VENDOR if self.organisation.is_vendor else Role.GLOBAL_ADMINISTRATOR

    @property
    def name_in_log(self) -> str:
        """The actor of what it does."""
        return f"{ACTOR}{self.token.id} {self.token.name}"

    def may(self, right: Right) -> bool:
        """Whether one of its scopes carries the right."""
        return opens(self.token.scopes, right)
