"""Events of the log in words: who did what to whom, and the details that stand beside it."""

from totrinn.app.records import LoggedEvent
from totrinn.core.events import Kind
from totrinn.web.browsers import browser_name
from totrinn.web.languages import Language


def _(message: str) -> str:
    """Marks a message for translation; it is translated when it is said."""
    return message


SENTENCES: dict[Kind, str] = {
    Kind.PASSWORD_ACCEPTED: _("%(person)s proved the password"),
    Kind.PASSWORD_REFUSED: _("A wrong password was typed for %(person)s"),
    Kind.SIGNIN_THROTTLED: _("A sign-in as %(person)s had to wait after many failures"),
    Kind.CODE_REFUSED: _("A wrong one-time code was typed for %(person)s"),
    Kind.CODE_REPLAYED: _("A one-time code that had been used was typed again for %(person)s"),
    Kind.RECOVERY_CODE_REFUSED: _("A wrong recovery code was typed for %(person)s"),
    Kind.RECOVERY_CODE_USED: _("%(person)s used a recovery code"),
    Kind.SIGNED_IN: _("%(person)s signed in"),
    Kind.HELD_AT_ENROLMENT: _("%(person)s was asked to set up two-factor authentication"),
    Kind.ORGANISATION_CHOSEN: _("%(person)s chose the organisation"),
    Kind.PROVEN_AGAIN: _("%(person)s confirmed who they are"),
    Kind.PROOF_REFUSED: _("%(person)s could not confirm who they are"),
    Kind.SIGNED_OUT: _("%(person)s signed out"),
    Kind.SESSION_NO_LONGER_ADMITTED: _("%(person)s had to go back to signing in"),
    Kind.SESSIONS_ENDED: _("%(actor)s ended sessions of %(person)s"),
    Kind.ACCESS_REFUSED: _("%(person)s was refused a page that the role does not include"),
    Kind.FACTOR_ENROLLED: _("%(person)s set up two-factor authentication"),
    Kind.FACTOR_REPLACED: _("%(person)s replaced the authenticator app"),
    Kind.FACTOR_REMOVED: _("%(person)s removed the authenticator app"),
    Kind.FACTOR_RESET: _("%(actor)s reset two-factor authentication for %(person)s"),
    Kind.RECOVERY_CODES_RENEWED: _("%(person)s made new recovery codes"),
    Kind.PASSWORD_CHANGED: _("%(person)s changed the password"),
    Kind.PERSON_CREATED: _("The account of %(person)s was created"),
    Kind.MEMBER_ADDED: _("%(person)s became a member"),
    Kind.MEMBER_INVITED: _("%(actor)s offered %(person)s a membership"),
    Kind.MEMBER_REMOVED: _("%(actor)s removed %(person)s from the organisation"),
    Kind.MEMBER_LEFT: _("%(person)s left the organisation"),
    Kind.ROLE_CHANGED: _("%(actor)s changed the role of %(person)s"),
    Kind.ORGANISATION_CREATED: _("%(actor)s created the organisation"),
    Kind.SETTINGS_CHANGED: _("%(actor)s changed the basic settings"),
    Kind.FEATURE_GRANTED: _("%(actor)s made required two-factor authentication available"),
    Kind.FEATURE_WITHDRAWN: _("%(actor)s withdrew required two-factor authentication"),
    Kind.REQUIREMENT_ON: _("%(actor)s turned on the two-factor requirement"),
    Kind.REQUIREMENT_OFF: _("%(actor)s turned off the two-factor requirement"),
    Kind.REQUIREMENT_MOVED: _("%(actor)s moved the date of the two-factor requirement"),
    Kind.REQUIREMENT_REFUSED: _("A change of the two-factor requirement by %(actor)s was not made"),
    Kind.SETUP_LINK_ISSUED: _("%(actor)s made a set-up link for the first administrator"),
    Kind.PASSWORD_LINK_ISSUED: _("%(actor)s made a new link for %(person)s to choose a password"),
    Kind.SETUP_LINK_USED: _("%(person)s used the set-up link"),
}

OWN_SENTENCES: dict[Kind, str] = {
    Kind.PASSWORD_ACCEPTED: _("Typed the right password"),
    Kind.PASSWORD_REFUSED: _("Wrong password"),
    Kind.SIGNIN_THROTTLED: _("Had to wait after many failed attempts"),
    Kind.CODE_REFUSED: _("Wrong one-time code"),
    Kind.CODE_REPLAYED: _("A one-time code that had been used already"),
    Kind.RECOVERY_CODE_REFUSED: _("Wrong recovery code"),
    Kind.RECOVERY_CODE_USED: _("Used a recovery code"),
    Kind.HELD_AT_ENROLMENT: _("Was asked to set up two-factor authentication"),
    Kind.ORGANISATION_CHOSEN: _("Chose an organisation"),
    Kind.PROVEN_AGAIN: _("Confirmed with password anew"),
    Kind.PROOF_REFUSED: _("Could not confirm anew"),
    Kind.SIGNED_OUT: _("Signed out"),
    Kind.SESSION_NO_LONGER_ADMITTED: _("Had to go back to signing in"),
    Kind.FACTOR_ENROLLED: _("Set up two-factor authentication"),
    Kind.FACTOR_REPLACED: _("Replaced the authenticator app"),
    Kind.FACTOR_REMOVED: _("Removed the authenticator app"),
    Kind.RECOVERY_CODES_RENEWED: _("Made new recovery codes"),
    Kind.PASSWORD_CHANGED: _("Changed the password"),
}

_DANGER = frozenset({Kind.REQUIREMENT_OFF, Kind.FEATURE_WITHDRAWN, Kind.FACTOR_RESET})
_WARN = frozenset(
    {
        Kind.PASSWORD_REFUSED,
        Kind.SIGNIN_THROTTLED,
        Kind.CODE_REFUSED,
        Kind.CODE_REPLAYED,
        Kind.RECOVERY_CODE_REFUSED,
        Kind.PROOF_REFUSED,
        Kind.ACCESS_REFUSED,
        Kind.REQUIREMENT_REFUSED,
    }
)
_OK = frozenset({Kind.FACTOR_ENROLLED, Kind.REQUIREMENT_ON, Kind.FEATURE_GRANTED})

_ROLES = {
    "user": _("user"),
    "administrator": _("administrator"),
    "global_administrator": _("global administrator"),
    "vendor": _("vendor"),
}
_OPERATOR = "operator:"


def event_text(language: Language, event: LoggedEvent) -> tuple[str, str]:
    """The event as a sentence that names the people, and its details; for the organisation's log."""
    kind = _kind(event)
    if kind is None:
        return event.kind, ""
    person = event.person_name or language.say("an unknown address")
    text = language.say(SENTENCES[kind], actor=_actor(language, event), person=person)
    return text, _details(language, event, kind)


def own_event_text(language: Language, event: LoggedEvent) -> tuple[str, str]:
    """The event as the person reads it on their own page, and from which browser."""
    kind = _kind(event)
    browser = browser_name(event.browser, language) if event.browser else ""
    if kind is Kind.SIGNED_IN:
        with_code = "mfa" in event.detail.get("amr", "").split()
        said = _("Signed in with password and one-time code") if with_code else _("Signed in with password")
        return language.say(said), browser
    if kind in OWN_SENTENCES:
        return language.say(OWN_SENTENCES[kind]), browser
    return event_text(language, event)


def kind_name(language: Language, kind: Kind) -> str:
    """What the filter of the log calls this kind: its sentence, without names."""
    dots = "…"
    return language.say(SENTENCES[kind], actor=dots, person=dots)


def event_tone(kind: str) -> str:
    """How much the log's reader should notice it: plain, ok, warn or danger."""
    if kind in _DANGER:
        return "danger"
    if kind in _WARN:
        return "warn"
    return "ok" if kind in _OK else "plain"


def _kind(event: LoggedEvent) -> Kind | None:
    try:
        return Kind(event.kind)
    except ValueError:
        return None


def _actor(language: Language, event: LoggedEvent) -> str:
    if event.actor.startswith(_OPERATOR):
        return language.say("the operator (%(user)s)", user=event.actor.removeprefix(_OPERATOR))
    return event.actor_name or language.say("somebody unknown")


def _details(language: Language, event: LoggedEvent, kind: Kind) -> str:
    say, detail = language.say, event.detail
    parts = []
    if why := detail.get("why"):
        parts.append(f"«{why}»" if language.code != "en" else f"“{why}”")
    if kind is Kind.ROLE_CHANGED:
        parts.append(f"{_role(language, detail.get('old', ''))} → {_role(language, detail.get('new', ''))}")
    elif role := detail.get("role"):
        parts.append(say("Role: %(role)s", role=_role(language, role)))
    if kind is Kind.SIGNED_IN:
        words = _("password and second factor") if "mfa" in detail.get("amr", "").split() else _("password")
        parts.append(say(words))
    if event.browser and kind not in (Kind.FEATURE_GRANTED, Kind.FEATURE_WITHDRAWN):
        parts.append(browser_name(event.browser, language))
    if event.address:
        parts.append(event.address)
    return ", ".join(parts)


def _role(language: Language, role: str) -> str:
    return language.say(_ROLES[role]) if role in _ROLES else role
