"""What events are about, in a few words that a subscriber chooses from."""

from enum import StrEnum

from totrinn.core.events import Kind


class Topic(StrEnum):
    """What a subscriber may want to hear of."""

    SIGN_INS = "sign_ins"
    ACCOUNTS = "accounts"
    MEMBERS = "members"
    REQUIREMENT = "requirement"
    SETTINGS = "settings"


_BY_SUBJECT = {
    "signin": Topic.SIGN_INS,
    "session": Topic.SIGN_INS,
    "person": Topic.ACCOUNTS,
    "organisation": Topic.SETTINGS,
    "installation": Topic.SETTINGS,
}
_BY_OBJECT = {
    ("person", "sessions"): Topic.SIGN_INS,
    ("organisation", "member"): Topic.MEMBERS,
    ("organisation", "role"): Topic.MEMBERS,
    ("organisation", "group"): Topic.MEMBERS,
    ("organisation", "requirement"): Topic.REQUIREMENT,
    ("organisation", "feature"): Topic.REQUIREMENT,
}


def topic_of(kind: Kind) -> Topic:
    """What events of this kind are about."""
    subject, object_, _ = kind.value.split(":")
    return _BY_OBJECT.get((subject, object_)) or _BY_SUBJECT[subject]
