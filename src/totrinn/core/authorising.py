"""What an application demands of a sign-in, beside what the session has proven. Whether it is admitted says `policy`.

The levels are told to applications as `acr` (OpenID Connect Core §2). They name what this session has proven, never
what the person could prove, nor what their organisation requires (R61).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from totrinn.core.lifetimes import CLOCK_TOLERANCE
from totrinn.core.policy import Method, Proof


class Acr(StrEnum):
    """What a session has proven, in a word."""

    PASSWORD = "urn:totrinn:acr:password"
    SSO = "urn:totrinn:acr:sso"
    """An organisation's identity provider vouches, and gave no evidence of a second factor."""
    TWO_FACTOR = "urn:totrinn:acr:two-factor"
    """A second factor: the person's own, or one that the provider gave evidence of."""


class Prompt(StrEnum):
    """The values of `prompt` that have an effect here (OpenID Connect Core §3.1.2.1)."""

    NONE = "none"
    LOGIN = "login"
    SELECT_ACCOUNT = "select_account"
    """Answered as `login`: only on a page that asks for a password can another person come in."""


class Unmet(StrEnum):
    """Why a request cannot be answered: codes of OpenID Connect Core §3.1.2.6 and its extension for unmet demands."""

    LOGIN_REQUIRED = "login_required"
    INTERACTION_REQUIRED = "interaction_required"
    UNMET_REQUIREMENTS = "unmet_authentication_requirements"


class Step(StrEnum):
    """What follows for a session that is admitted."""

    ISSUE = "issue"
    PROVE_AGAIN = "prove_again"
    """Everything that the person has, by the way they came."""
    PROVE_FACTOR = "prove_factor"
    """The second factor alone."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What one request demands. `asked_at` is when it came, and so which proof was made for it."""

    asked_at: datetime
    prompts: frozenset[Prompt] = frozenset()
    max_age: timedelta | None = None
    levels: tuple[str, ...] = ()
    """`acr_values`; empty where any will do. Unknown ones are never met."""

    @property
    def is_silent(self) -> bool:
        """Whether no page may be shown."""
        return Prompt.NONE in self.prompts


def level_of(proof: Proof) -> Acr:
    """The highest level that is proven."""
    if proof.factor_at is not None or (proof.sso is not None and proof.sso.has_evidence):
        return Acr.TWO_FACTOR
    return Acr.SSO if proof.method is Method.SSO else Acr.PASSWORD


def proven_at(proof: Proof) -> datetime:
    """When the person last proved who they are: `auth_time`. A provider that tells when it saw them is believed."""
    if proof.sso is not None and proof.sso.authenticated_at is not None:
        return min(proof.sso.authenticated_at, proof.proven_at)
    return proof.proven_at


def weigh(demands: Demands, proof: Proof, *, has_factor: bool, now: datetime) -> Step | Unmet:
    """What follows for an admitted session of this proof."""
    if not _is_fresh(demands, proof, now):
        return Unmet.LOGIN_REQUIRED if demands.is_silent else Step.PROVE_AGAIN
    if _meets(demands, proof):
        return Step.ISSUE
    can_rise = has_factor and Acr.TWO_FACTOR in demands.levels and proof.factor_at is None
    return Step.PROVE_FACTOR if can_rise and not demands.is_silent else Unmet.UNMET_REQUIREMENTS


def _is_fresh(demands: Demands, proof: Proof, now: datetime) -> bool:
    """Whatever was proven since the request came was proven for it, so that nobody is asked without end.

    What was proven in the future is not believed: the clock was set back.
    """
    proved = proven_at(proof)
    if proved > now + CLOCK_TOLERANCE:
        return False
    if proved >= demands.asked_at:
        return True
    if demands.prompts & {Prompt.LOGIN, Prompt.SELECT_ACCOUNT}:
        return False
    return demands.max_age is None or now - proved <= demands.max_age


def _meets(demands: Demands, proof: Proof) -> bool:
    first = Acr.SSO if proof.method is Method.SSO else Acr.PASSWORD
    return not demands.levels or not {first, level_of(proof)}.isdisjoint(demands.levels)
