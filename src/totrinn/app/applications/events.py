"""The event that a session has ended, as OpenID CAEP 1.0 §3.1 and the Shared Signals Framework 1.0 want it.

It is a security event token (RFC 8417). It has neither `sub` nor `exp`, and a type of its own, so that nobody takes it
for an ID token or a logout token. Sent again it is the same: `jti` tells a second time from a first.
"""

from totrinn.app.applications.claims import seconds
from totrinn.app.applications.grant_records import Told, WhyEnded
from totrinn.app.ports import Services

SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"

_REASONS = {
    WhyEnded.SIGNED_OUT: ("user", "The person signed out."),
    WhyEnded.BY_PERSON: ("user", "The person ended the session from another one."),
    WhyEnded.CREDENTIALS_CHANGED: ("user", "The person changed their password or second factor."),
    WhyEnded.BY_ADMINISTRATOR: ("admin", "An administrator ended the person's sessions."),
    WhyEnded.FACTOR_RESET: (None, "The person's second factor was reset."),
    WhyEnded.ROLE_CHANGED: (None, "The person's role was changed."),
    WhyEnded.MEMBERSHIP_ENDED: (None, "The person is no longer a member of the organisation."),
    WhyEnded.BY_PROVIDER: ("system", "The organisation's identity provider ended the session."),
    WhyEnded.NOT_ADMITTED: ("policy", "The session does not meet what the organisation now requires."),
    WhyEnded.APPLICATION_OFF: ("admin", "The application was switched off."),
}
"""`initiating_entity`, where it is always the same, and `reason_admin` (§2)."""


def revoked_event(services: Services, told: Told, issuer: str) -> dict[str, object]:
    """The claims of the token; when and why the session ended only where both are known."""
    return {
        "iss": issuer,
        "aud": told.application_id,
        "iat": seconds(told.ended_at),
        "jti": services.digest(f"session revoked {told.grant_id}").hex(),
        "txn": services.digest(f"grant ended {told.grant_id}").hex(),
        "sub_id": {
            "format": "complex",
            "session": {"format": "opaque", "id": told.grant_id},
            "user": {"format": "iss_sub", "iss": issuer, "sub": told.person_id},
            "tenant": {"format": "opaque", "id": told.organisation_id},
        },
        "events": {SESSION_REVOKED: _known(told)},
    }


def _known(told: Told) -> dict[str, object]:
    if told.why is None:
        return {}
    entity, reason = _REASONS[told.why]
    by = {} if entity is None else {"initiating_entity": entity}
    return {"event_timestamp": seconds(told.ended_at), **by, "reason_admin": {"en": reason}}
