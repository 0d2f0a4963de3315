"""The whole of a sign-in as one table: (state, what happened, verdict) → state. A missing entry is a denial.

A sign-in stands in exactly one state. Something happens: the person proves a password, a code, a recovery code; chooses
an organisation; starts or confirms enrolment; proves the password again; or merely comes back and is judged anew
(`RETURNED`). `policy.decide` then judges fresh facts, and the table says where that leads. It never leads further than
the verdict: only `Admit` leads to `ADMITTED`, and returning alone never does.

The states as levels of proof (the letters of the security requirements): `NOTHING_PROVEN` is N; `VERIFYING` and
`CHOOSING` are P; `MUST_ENROL`, `MUST_REPROVE` and `ENROLLING` are E; `ADMITTED` is F.
"""

from enum import StrEnum

from totrinn.core.policy import Admit, Deny, MustChoose, MustEnrol, MustVerify, Verdict


class State(StrEnum):
    """Where a sign-in stands."""

    NOTHING_PROVEN = "nothing_proven"
    VERIFYING = "verifying"
    CHOOSING = "choosing"
    MUST_REPROVE = "must_reprove"
    MUST_ENROL = "must_enrol"
    ENROLLING = "enrolling"
    ADMITTED = "admitted"


class Act(StrEnum):
    """What happened. Each act that proves something is named only after it has been checked."""

    PROVED_PASSWORD = "proved_password"
    PROVED_SSO = "proved_sso"
    """An organisation's identity provider vouches; the person has no password of their own."""
    PROVED_SSO_OWNING_PASSWORD = "proved_sso_owning_password"
    """The same for a person who has one: without it nobody enrols in their name, the provider neither."""
    PROVED_CODE = "proved_code"
    PROVED_RECOVERY_CODE = "proved_recovery_code"
    CHOSE_ORGANISATION = "chose_organisation"
    PROVED_PASSWORD_AGAIN = "proved_password_again"
    STARTED_ENROLMENT = "started_enrolment"
    CONFIRMED_ENROLMENT = "confirmed_enrolment"
    ENROLMENT_EXPIRED = "enrolment_expired"
    RETURNED = "returned"
    LOST_ADMISSION = "lost_admission"
    """A live session that `decide` no longer admits goes back to an unfinished sign-in."""
    LOST_ADMISSION_LONG_AGO = "lost_admission_long_ago"
    """The same, with a password proven so long ago that it is asked again before a secret is shown."""
    LOST_SSO_ADMISSION = "lost_sso_admission"
    """The same, through SSO: the factor may be asked for; whoever has none comes through the provider again."""
    SWITCHED = "switched"
    """A live session goes to another of the person's organisations; its proof is judged for that one."""
    SWITCHED_LONG_AGO = "switched_long_ago"


_S, _A = State, Act

TRANSITIONS: dict[tuple[State, Act, type[Verdict]], State] = {
    # The password opens the way to the next step, and to nothing more.
    (_S.NOTHING_PROVEN, _A.PROVED_PASSWORD, MustVerify): _S.VERIFYING,
    (_S.NOTHING_PROVEN, _A.PROVED_PASSWORD, MustChoose): _S.CHOOSING,
    (_S.NOTHING_PROVEN, _A.PROVED_PASSWORD, MustEnrol): _S.MUST_ENROL,
    (_S.NOTHING_PROVEN, _A.PROVED_PASSWORD, Admit): _S.ADMITTED,
    # The organisation's identity provider: in, unless the organisation demands evidence that it did not give.
    (_S.NOTHING_PROVEN, _A.PROVED_SSO, MustVerify): _S.VERIFYING,
    (_S.NOTHING_PROVEN, _A.PROVED_SSO, MustEnrol): _S.MUST_ENROL,
    (_S.NOTHING_PROVEN, _A.PROVED_SSO, Admit): _S.ADMITTED,
    (_S.NOTHING_PROVEN, _A.PROVED_SSO_OWNING_PASSWORD, MustVerify): _S.VERIFYING,
    (_S.NOTHING_PROVEN, _A.PROVED_SSO_OWNING_PASSWORD, MustEnrol): _S.MUST_REPROVE,
    (_S.NOTHING_PROVEN, _A.PROVED_SSO_OWNING_PASSWORD, Admit): _S.ADMITTED,
    # The second factor.
    (_S.VERIFYING, _A.PROVED_CODE, MustChoose): _S.CHOOSING,
    (_S.VERIFYING, _A.PROVED_CODE, Admit): _S.ADMITTED,
    (_S.VERIFYING, _A.PROVED_RECOVERY_CODE, MustChoose): _S.CHOOSING,
    (_S.VERIFYING, _A.PROVED_RECOVERY_CODE, Admit): _S.ADMITTED,
    (_S.VERIFYING, _A.RETURNED, MustVerify): _S.VERIFYING,
    # The organisation; from enrolment one may go back and choose another.
    (_S.CHOOSING, _A.CHOSE_ORGANISATION, MustEnrol): _S.MUST_ENROL,
    (_S.CHOOSING, _A.CHOSE_ORGANISATION, Admit): _S.ADMITTED,
    (_S.CHOOSING, _A.RETURNED, MustChoose): _S.CHOOSING,
    (_S.MUST_ENROL, _A.CHOSE_ORGANISATION, MustEnrol): _S.MUST_ENROL,
    (_S.MUST_ENROL, _A.CHOSE_ORGANISATION, Admit): _S.ADMITTED,
    (_S.ENROLLING, _A.CHOSE_ORGANISATION, MustEnrol): _S.MUST_ENROL,
    (_S.ENROLLING, _A.CHOSE_ORGANISATION, Admit): _S.ADMITTED,
    # Enrolment.
    (_S.MUST_ENROL, _A.STARTED_ENROLMENT, MustEnrol): _S.ENROLLING,
    (_S.MUST_ENROL, _A.RETURNED, MustEnrol): _S.MUST_ENROL,
    (_S.ENROLLING, _A.STARTED_ENROLMENT, MustEnrol): _S.ENROLLING,
    (_S.ENROLLING, _A.RETURNED, MustEnrol): _S.ENROLLING,
    (_S.ENROLLING, _A.ENROLMENT_EXPIRED, MustEnrol): _S.MUST_ENROL,
    (_S.ENROLLING, _A.CONFIRMED_ENROLMENT, Admit): _S.ADMITTED,
    # A password proven long ago is asked again before a secret is shown.
    (_S.MUST_REPROVE, _A.PROVED_PASSWORD_AGAIN, MustEnrol): _S.MUST_ENROL,
    (_S.MUST_ENROL, _A.PROVED_PASSWORD_AGAIN, MustEnrol): _S.MUST_ENROL,
    (_S.MUST_REPROVE, _A.RETURNED, MustEnrol): _S.MUST_REPROVE,
    (_S.MUST_REPROVE, _A.CHOSE_ORGANISATION, MustEnrol): _S.MUST_REPROVE,
    (_S.MUST_REPROVE, _A.CHOSE_ORGANISATION, Admit): _S.ADMITTED,
    # A live session that is no longer admitted.
    (_S.ADMITTED, _A.LOST_ADMISSION, MustVerify): _S.VERIFYING,
    (_S.ADMITTED, _A.LOST_ADMISSION, MustEnrol): _S.MUST_ENROL,
    (_S.ADMITTED, _A.LOST_ADMISSION_LONG_AGO, MustVerify): _S.VERIFYING,
    (_S.ADMITTED, _A.LOST_ADMISSION_LONG_AGO, MustEnrol): _S.MUST_REPROVE,
    (_S.ADMITTED, _A.LOST_SSO_ADMISSION, MustVerify): _S.VERIFYING,
    # A live session that changes organisation.
    (_S.ADMITTED, _A.SWITCHED, Admit): _S.ADMITTED,
    (_S.ADMITTED, _A.SWITCHED, MustVerify): _S.VERIFYING,
    (_S.ADMITTED, _A.SWITCHED, MustEnrol): _S.MUST_ENROL,
    (_S.ADMITTED, _A.SWITCHED_LONG_AGO, Admit): _S.ADMITTED,
    (_S.ADMITTED, _A.SWITCHED_LONG_AGO, MustVerify): _S.VERIFYING,
    (_S.ADMITTED, _A.SWITCHED_LONG_AGO, MustEnrol): _S.MUST_REPROVE,
}


def advance(state: State, act: Act, verdict: Verdict) -> State | Deny:
    """The state that the act leads to under this verdict; `Deny` when the table has no such entry."""
    if isinstance(verdict, Deny):
        return verdict
    return TRANSITIONS.get((state, act, type(verdict)), Deny(verdict.reason))


def allows(state: State, act: Act) -> bool:
    """Whether the act has any place in this state: asked before a password, code or secret is looked at."""
    return any(key[0] is state and key[1] is act for key in TRANSITIONS)
