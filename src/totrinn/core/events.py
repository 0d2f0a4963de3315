"""The vocabulary of the log: `subject:object:past_participle`. Every event that can be written stands here."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What happened."""

    PASSWORD_ACCEPTED = "signin:password:accepted"
    PASSWORD_REFUSED = "signin:password:refused"
    SIGNIN_THROTTLED = "signin:attempt:throttled"
    CODE_REFUSED = "signin:code:refused"
    CODE_REPLAYED = "signin:code:replayed"
    RECOVERY_CODE_REFUSED = "signin:recovery_code:refused"
    RECOVERY_CODE_USED = "signin:recovery_code:used"
    SSO_REFUSED = "signin:sso:refused"
    SIGNED_IN = "signin:session:started"
    HELD_AT_ENROLMENT = "signin:enrolment:demanded"
    ORGANISATION_CHOSEN = "signin:organisation:chosen"
    PROVEN_AGAIN = "session:proof:renewed"
    PROOF_REFUSED = "session:proof:refused"
    SIGNED_OUT = "session:session:ended"
    SESSION_NO_LONGER_ADMITTED = "session:admission:lost"
    SESSIONS_ENDED = "person:sessions:ended"
    SESSIONS_ENDED_BY_PROVIDER = "person:sessions:ended_by_provider"
    APPLICATION_ENTERED = "session:application:entered"
    APPLICATION_TOKENS_REVOKED = "session:application_tokens:revoked"
    APPLICATION_UNTOLD = "session:application:not_told"
    ACCESS_REFUSED = "session:access:refused"
    FACTOR_ENROLLED = "person:factor:enrolled"
    FACTOR_REPLACED = "person:factor:replaced"
    FACTOR_REMOVED = "person:factor:removed"
    FACTOR_RESET = "person:factor:reset"
    RECOVERY_CODES_RENEWED = "person:recovery_codes:renewed"
    PASSWORD_CHANGED = "person:password:changed"
    SSO_LINKED = "person:sso:linked"
    SSO_UNLINKED = "person:sso:unlinked"
    PERSON_CREATED = "person:account:created"
    MEMBER_ADDED = "organisation:member:added"
    MEMBER_INVITED = "organisation:member:invited"
    MEMBER_REMOVED = "organisation:member:removed"
    MEMBER_LEFT = "organisation:member:left"
    MEMBER_CHANGED = "organisation:member:changed"
    MEMBER_DEACTIVATED = "organisation:member:deactivated"
    MEMBER_REACTIVATED = "organisation:member:reactivated"
    GROUP_ADDED = "organisation:group:added"
    GROUP_CHANGED = "organisation:group:changed"
    GROUP_REMOVED = "organisation:group:removed"
    ROLE_CHANGED = "organisation:role:changed"
    ORGANISATION_CREATED = "organisation:organisation:created"
    SETTINGS_CHANGED = "organisation:settings:changed"
    FACE_CHANGED = "organisation:face:changed"
    FEATURE_GRANTED = "organisation:feature:granted"
    FEATURE_WITHDRAWN = "organisation:feature:withdrawn"
    CONNECTION_ADDED = "organisation:connection:added"
    CONNECTION_CHANGED = "organisation:connection:changed"
    CONNECTION_TESTED = "organisation:connection:tested"
    CONNECTION_ON = "organisation:connection:switched_on"
    CONNECTION_OFF = "organisation:connection:switched_off"
    CONNECTION_REMOVED = "organisation:connection:removed"
    DOMAIN_ADDED = "organisation:domain:added"
    DOMAIN_PROVEN = "organisation:domain:proven"
    DOMAIN_REMOVED = "organisation:domain:removed"
    PASSWORDS_CLOSED = "organisation:passwords:closed"
    PASSWORDS_OPENED = "organisation:passwords:opened"
    REQUIREMENT_ON = "organisation:requirement:turned_on"
    REQUIREMENT_OFF = "organisation:requirement:turned_off"
    REQUIREMENT_MOVED = "organisation:requirement:moved"
    REQUIREMENT_REFUSED = "organisation:requirement:refused"
    SETUP_LINK_ISSUED = "organisation:setup_link:issued"
    PASSWORD_LINK_ISSUED = "person:password_link:issued"
    SETUP_LINK_USED = "organisation:setup_link:used"
    APPLICATION_ADDED = "installation:application:added"
    APPLICATION_CHANGED = "installation:application:changed"
    APPLICATION_SECRET_RENEWED = "installation:application_secret:renewed"
    APPLICATION_ON = "installation:application:switched_on"
    APPLICATION_OFF = "installation:application:switched_off"
    APPLICATION_REMOVED = "installation:application:removed"
    TOKEN_ADDED = "organisation:token:added"
    TOKEN_ENDED = "organisation:token:ended"
    TOKEN_REFUSED = "organisation:token:refused"
    SIGNING_KEY_ADDED = "installation:signing_key:added"
    SIGNING_KEY_WITHDRAWN = "installation:signing_key:withdrawn"
    WEBHOOK_ADDED = "organisation:webhook:added"
    WEBHOOK_CHANGED = "organisation:webhook:changed"
    WEBHOOK_SECRET_RENEWED = "organisation:webhook_secret:renewed"
    WEBHOOK_ON = "organisation:webhook:switched_on"
    WEBHOOK_OFF = "organisation:webhook:switched_off"
    WEBHOOK_REMOVED = "organisation:webhook:removed"
    WEBHOOK_TRIED = "organisation:webhook:tried"
    WEBHOOK_STOPPED = "organisation:webhook:stopped"
    WEBHOOK_GAVE_UP = "organisation:webhook:given_up"
    KEY_ADDED = "installation:key:added"
    KEY_ACTIVATED = "installation:key:activated"
    KEY_RETIRED = "installation:key:retired"
    KEYS_ABANDONED = "installation:keys:abandoned"
    BACKUP_MADE = "installation:backup:made"
    BACKUP_RESTORED = "installation:backup:restored"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request came from: who acts, and from which network address and browser."""

    actor: str
    """A person's id, or `operator:<system user>`, or empty when nobody is known."""
    address: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the log. `detail` holds names, counts and reasons; never a secret, code or password."""

    kind: Kind
    at: datetime
    source: Source
    organisation_id: str | None = None
    person_id: str | None = None
    detail: dict[str, str] = field(default_factory=dict)
