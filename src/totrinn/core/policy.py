"""Here it is decided who must verify a second factor, who must enrol one, and who is let in.

`decide` is the only place: pages, sessions and commands hand it facts and obey its verdict.
It decides on what *this* sign-in has proven for *this* organisation, never on a label of the person. What is not
expressly admitted is not admitted.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from totrinn.core.roles import Role


class Method(StrEnum):
    """How the first step of a sign-in was proven (RFC 8176 names the means; this names the way in)."""

    PASSWORD = "password"
    SSO = "sso"


@dataclass(frozen=True, slots=True)
class SsoProof:
    """What an organisation's identity provider has vouched for. Times are UTC."""

    organisation: str
    """The organisation whose own connection vouched; the proof is worth nothing in any other."""
    identity: str
    """The link between the person and the provider's subject, by which the connection is found again."""
    has_evidence: bool = False
    """The provider stated a multi-factor sign-in in words that the connection accepts, at the time of the sign-in."""
    authenticated_at: datetime | None = None
    """When the provider last saw the person prove themselves, as far as it tells."""
    session: str = ""
    """By which the provider will name the session that it ends; may be empty."""
    ends_at: datetime | None = None
    """The provider's own end of the session; ours does not outlive it."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What one sign-in has proven, and when. Times are UTC."""

    method: Method
    proven_at: datetime
    factor_at: datetime | None = None
    sso: SsoProof | None = None
    """Of a sign-in through SSO, and of no other."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """An organisation's demand for two-factor: since when it stands, and from when it bites (at once if None)."""

    since: datetime | None = None
    from_: datetime | None = None
    always: bool = False
    """The vendor's own organisation: required, and not to be turned off."""

    def stands(self) -> bool:
        """Whether it is turned on, be it for a later date."""
        return self.always or self.since is not None

    def bites(self, now: datetime) -> bool:
        """Whether it is in force at `now`."""
        return self.always or (self.since is not None and (self.from_ is None or self.from_ <= now))


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What the decision needs to know of the person, read afresh."""

    is_active: bool
    has_factor: bool
    """Has at least one *confirmed* authenticator; recovery codes alone are none."""
    must_enrol: bool
    """The mark that a reset leaves until they have enrolled anew."""


@dataclass(frozen=True, slots=True)
class OrganisationFacts:
    """The organisation that the sign-in is for, and the person's place in it (None: not a member)."""

    id: str
    requirement: Requirement
    role: Role | None
    is_active: bool = True
    takes_password: bool = True
    """False where the organisation has closed password sign-in for this person, whom its SSO governs."""


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """The connection that a sign-in through SSO came by, read afresh: it must still link this person."""

    is_enabled: bool
    demands_evidence: bool
    """What the provider says must prove two factors; else our own second factor is asked for."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the decision rests on, read in one transaction."""

    now: datetime
    person: PersonFacts
    proof: Proof | None
    proof_is_current: bool = True
    """False when the password, or the factors' reset, is newer than this proof."""
    organisation: OrganisationFacts | None = None
    """None: not chosen yet."""
    membership_count: int = 1
    connection: ConnectionFacts | None = None
    """Of a sign-in through SSO; None when there is no such link any more."""


class Reason(StrEnum):
    """Why a verdict is as it is; stable codes that pages, logs and `totrinn explain` put into words."""

    PROVEN_BY_SSO = "proven_by_sso"
    VERIFIED = "verified"
    NOT_REQUIRED = "not_required"
    HAS_FACTOR = "has_factor"
    REQUIRED = "required"
    RESET = "reset"
    VENDOR = "vendor"
    SEVERAL_ORGANISATIONS = "several_organisations"
    NOTHING_PROVEN = "nothing_proven"
    PROOF_OUTDATED = "proof_outdated"
    SSO_OF_ANOTHER = "sso_of_another"
    SSO_WITHOUT_EVIDENCE = "sso_without_evidence"
    SSO_VERIFIED = "sso_verified"
    CONNECTION_OFF = "connection_off"
    LINK_ENDED = "link_ended"
    PASSWORD_CLOSED = "password_closed"
    INACTIVE = "inactive"
    NOT_A_MEMBER = "not_a_member"
    NO_MEMBERSHIP = "no_membership"


@dataclass(frozen=True, slots=True)
class Admit:
    """Let in, to this organisation."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class MustVerify:
    """Has a second factor and must use it."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class MustChoose:
    """Is a member of several organisations and has to say which."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class MustEnrol:
    """Must set up a second factor before anything else."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Deny:
    """Nothing that this sign-in proved opens anything; only a new sign-in helps."""

    reason: Reason


Verdict = Admit | MustVerify | MustChoose | MustEnrol | Deny


def decide(facts: Facts) -> Verdict:
    """The verdict on these facts: the factor first, then the organisation, then what that organisation demands."""
    if facts.proof is None:
        return Deny(Reason.NOTHING_PROVEN)
    if not facts.person.is_active:
        return Deny(Reason.INACTIVE)
    if not facts.proof_is_current:
        return Deny(Reason.PROOF_OUTDATED)
    if facts.proof.method is Method.SSO:
        return _decide_sso(facts, facts.proof)
    if facts.person.has_factor and facts.proof.factor_at is None:
        return MustVerify(Reason.HAS_FACTOR)
    if facts.organisation is None:
        return MustChoose(Reason.SEVERAL_ORGANISATIONS) if facts.membership_count else Deny(Reason.NO_MEMBERSHIP)
    if not _is_member(facts.organisation):
        return Deny(Reason.NOT_A_MEMBER)
    if not facts.organisation.takes_password:
        return Deny(Reason.PASSWORD_CLOSED)
    return _decide_enrolment(facts.person, facts.organisation, facts.now)


def _decide_sso(facts: Facts, proof: Proof) -> Verdict:
    """What the organisation's own provider vouches for is enough there, unless it demands more of its connection."""
    organisation, connection = facts.organisation, facts.connection
    if organisation is None or proof.sso is None or proof.sso.organisation != organisation.id:
        return Deny(Reason.SSO_OF_ANOTHER)
    if not _is_member(organisation):
        return Deny(Reason.NOT_A_MEMBER)
    if _is_vendors(organisation):
        return Deny(Reason.VENDOR)
    if connection is None:
        return Deny(Reason.LINK_ENDED)
    if not connection.is_enabled:
        return Deny(Reason.CONNECTION_OFF)
    if proof.sso.has_evidence or not connection.demands_evidence:
        return Admit(Reason.PROVEN_BY_SSO)
    if not facts.person.has_factor:
        return MustEnrol(Reason.SSO_WITHOUT_EVIDENCE)
    return MustVerify(Reason.SSO_WITHOUT_EVIDENCE) if proof.factor_at is None else Admit(Reason.SSO_VERIFIED)


def _decide_enrolment(person: PersonFacts, organisation: OrganisationFacts, now: datetime) -> Verdict:
    if person.must_enrol:
        return MustEnrol(Reason.RESET)
    if person.has_factor:
        return Admit(Reason.VERIFIED)
    if _is_vendors(organisation):
        return MustEnrol(Reason.VENDOR)
    if organisation.requirement.bites(now):
        return MustEnrol(Reason.REQUIRED)
    return Admit(Reason.NOT_REQUIRED)


def _is_vendors(organisation: OrganisationFacts) -> bool:
    """Whether rule 11 holds here: the vendor's staff always need a second factor of their own, and have no SSO."""
    return organisation.role is Role.VENDOR or organisation.requirement.always


def _is_member(organisation: OrganisationFacts) -> bool:
    return organisation.is_active and organisation.role is not None
