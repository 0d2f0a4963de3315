"""Events of the log in words: who did what to whom, and the details that stand beside it."""

import re
from datetime import datetime

from totrinn.app.records import LoggedEvent
from totrinn.app.token_records import ACTOR
from totrinn.core.codes import RECOVERY_CODE_COUNT
from totrinn.core.enforcement import Refusal
from totrinn.core.events import Kind
from totrinn.core.policy import Reason
from totrinn.web import dates, sentences
from totrinn.web.browsers import browser_name
from totrinn.web.languages import Language
from totrinn.web.sso_codes import cause


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
    Kind.SSO_REFUSED: _("A sign-in through SSO was refused"),
    Kind.SIGNED_IN: _("%(person)s signed in"),
    Kind.HELD_AT_ENROLMENT: _("%(person)s was asked to set up two-factor authentication"),
    Kind.ORGANISATION_CHOSEN: _("%(person)s chose the organisation"),
    Kind.PROVEN_AGAIN: _("%(person)s confirmed who they are"),
    Kind.PROOF_REFUSED: _("%(person)s could not confirm who they are"),
    Kind.SIGNED_OUT: _("%(person)s signed out"),
    Kind.SESSION_NO_LONGER_ADMITTED: _("%(person)s had to go back to signing in"),
    Kind.SESSIONS_ENDED: _("%(actor)s ended sessions of %(person)s"),
    Kind.SESSIONS_ENDED_BY_PROVIDER: _("The sign-in service ended a session of %(person)s"),
    Kind.APPLICATION_ENTERED: _("%(person)s signed in to an application"),
    Kind.APPLICATION_TOKENS_REVOKED: _(
        "A token of %(person)s came a second time, and what its application was given has ended"
    ),
    Kind.APPLICATION_UNTOLD: _("An application did not hear that a session of %(person)s had ended"),
    Kind.ACCESS_REFUSED: _("%(person)s was refused a page that the role does not include"),
    Kind.FACTOR_ENROLLED: _("%(person)s set up two-factor authentication"),
    Kind.FACTOR_REPLACED: _("%(person)s replaced the authenticator app"),
    Kind.FACTOR_REMOVED: _("%(person)s removed the authenticator app"),
    Kind.FACTOR_RESET: _("%(actor)s reset two-factor authentication for %(person)s"),
    Kind.RECOVERY_CODES_RENEWED: _("%(person)s made new recovery codes"),
    Kind.PASSWORD_CHANGED: _("%(person)s changed the password"),
    Kind.SSO_LINKED: _("%(person)s was linked to the sign-in service"),
    Kind.SSO_UNLINKED: _("%(actor)s ended the link of %(person)s to the sign-in service"),
    Kind.PERSON_CREATED: _("The account of %(person)s was created"),
    Kind.MEMBER_ADDED: _("%(person)s became a member"),
    Kind.MEMBER_INVITED: _("%(actor)s offered %(person)s a membership"),
    Kind.MEMBER_REMOVED: _("%(actor)s removed %(person)s from the organisation"),
    Kind.MEMBER_LEFT: _("%(person)s left the organisation"),
    Kind.MEMBER_CHANGED: _("%(actor)s changed what the directory says of %(person)s"),
    Kind.MEMBER_DEACTIVATED: _("%(actor)s made %(person)s inactive"),
    Kind.MEMBER_REACTIVATED: _("%(actor)s made %(person)s active again"),
    Kind.GROUP_ADDED: _("%(actor)s added a group"),
    Kind.GROUP_CHANGED: _("%(actor)s changed a group"),
    Kind.GROUP_REMOVED: _("%(actor)s removed a group"),
    Kind.ROLE_CHANGED: _("%(actor)s changed the role of %(person)s"),
    Kind.ORGANISATION_CREATED: _("%(actor)s created the organisation"),
    Kind.SETTINGS_CHANGED: _("%(actor)s changed the basic settings"),
    Kind.FACE_CHANGED: _("%(actor)s changed how the pages look"),
    Kind.FEATURE_GRANTED: _("%(actor)s made required two-factor authentication available"),
    Kind.FEATURE_WITHDRAWN: _("%(actor)s withdrew required two-factor authentication"),
    Kind.CONNECTION_ADDED: _("%(actor)s added an SSO connection"),
    Kind.CONNECTION_CHANGED: _("%(actor)s changed an SSO connection"),
    Kind.CONNECTION_TESTED: _("An SSO connection was tested"),
    Kind.CONNECTION_ON: _("%(actor)s switched an SSO connection on"),
    Kind.CONNECTION_OFF: _("%(actor)s switched an SSO connection off"),
    Kind.CONNECTION_REMOVED: _("%(actor)s removed an SSO connection"),
    Kind.DOMAIN_ADDED: _("%(actor)s added an email domain"),
    Kind.DOMAIN_PROVEN: _("%(actor)s had an email domain proven"),
    Kind.DOMAIN_REMOVED: _("%(actor)s removed an email domain"),
    Kind.PASSWORDS_CLOSED: _("%(actor)s closed password sign-in for those who use SSO"),
    Kind.PASSWORDS_OPENED: _("%(actor)s opened password sign-in again"),
    Kind.REQUIREMENT_ON: _("%(actor)s turned on the two-factor requirement"),
    Kind.REQUIREMENT_OFF: _("%(actor)s turned off the two-factor requirement"),
    Kind.REQUIREMENT_MOVED: _("%(actor)s moved the date of the two-factor requirement"),
    Kind.REQUIREMENT_REFUSED: _("A change of the two-factor requirement by %(actor)s was not made"),
    Kind.SETUP_LINK_ISSUED: _("%(actor)s made a set-up link for the first administrator"),
    Kind.PASSWORD_LINK_ISSUED: _("%(actor)s made a new link for %(person)s to choose a password"),
    Kind.SETUP_LINK_USED: _("%(person)s used the set-up link"),
    Kind.APPLICATION_ADDED: _("%(actor)s registered an application"),
    Kind.APPLICATION_CHANGED: _("%(actor)s changed an application"),
    Kind.APPLICATION_SECRET_RENEWED: _("%(actor)s made a new secret for an application"),
    Kind.APPLICATION_ON: _("%(actor)s switched an application on"),
    Kind.APPLICATION_OFF: _("%(actor)s switched an application off"),
    Kind.APPLICATION_REMOVED: _("%(actor)s removed an application"),
    Kind.TOKEN_ADDED: _("%(actor)s made an API token"),
    Kind.TOKEN_ENDED: _("%(actor)s ended an API token"),
    Kind.TOKEN_REFUSED: _("%(actor)s was refused what its scopes do not include"),
    Kind.SIGNING_KEY_ADDED: _("%(actor)s made a new key that signs for applications"),
    Kind.SIGNING_KEY_WITHDRAWN: _("%(actor)s withdrew a key that signed for applications"),
    Kind.WEBHOOK_ADDED: _("%(actor)s added a webhook"),
    Kind.WEBHOOK_CHANGED: _("%(actor)s changed a webhook"),
    Kind.WEBHOOK_SECRET_RENEWED: _("%(actor)s made a new secret for a webhook"),
    Kind.WEBHOOK_ON: _("%(actor)s switched a webhook on"),
    Kind.WEBHOOK_OFF: _("%(actor)s switched a webhook off"),
    Kind.WEBHOOK_REMOVED: _("%(actor)s removed a webhook"),
    Kind.WEBHOOK_TRIED: _("%(actor)s tried a webhook"),
    Kind.WEBHOOK_STOPPED: _("A webhook was switched off, as nothing was taken for a day"),
    Kind.WEBHOOK_GAVE_UP: _("A message could not be delivered by a webhook"),
    Kind.KEY_ADDED: _("%(actor)s made a new key for the installation"),
    Kind.KEY_ACTIVATED: _("%(actor)s had secrets sealed with a new key"),
    Kind.KEY_RETIRED: _("%(actor)s retired a key of the installation"),
    Kind.KEYS_ABANDONED: _("%(actor)s gave the keys of the installation up: everybody must enrol anew"),
    Kind.BACKUP_MADE: _("%(actor)s made a backup"),
    Kind.BACKUP_RESTORED: _("%(actor)s restored the installation from a backup"),
}

# What is done to somebody else, and may be done to oneself.
TO_ONESELF: dict[Kind, str] = {
    Kind.SESSIONS_ENDED: _("%(person)s ended own sessions"),
    Kind.ROLE_CHANGED: _("%(person)s changed their own role"),
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
    Kind.APPLICATION_ENTERED: _("Signed in to an application"),
}

_DANGER = frozenset(
    {
        Kind.REQUIREMENT_OFF,
        Kind.FEATURE_WITHDRAWN,
        Kind.FACTOR_RESET,
        Kind.CONNECTION_ADDED,
        Kind.CONNECTION_CHANGED,
        Kind.APPLICATION_ADDED,
        Kind.APPLICATION_CHANGED,
        Kind.APPLICATION_SECRET_RENEWED,
        Kind.TOKEN_ADDED,
        Kind.SIGNING_KEY_WITHDRAWN,
        Kind.KEYS_ABANDONED,
        Kind.BACKUP_RESTORED,
    }
)
_WARN = frozenset(
    {
        Kind.PASSWORD_REFUSED,
        Kind.SIGNIN_THROTTLED,
        Kind.CODE_REFUSED,
        Kind.CODE_REPLAYED,
        Kind.RECOVERY_CODE_REFUSED,
        Kind.RECOVERY_CODE_USED,
        Kind.PROOF_REFUSED,
        Kind.SSO_REFUSED,
        Kind.CONNECTION_OFF,
        Kind.CONNECTION_REMOVED,
        Kind.APPLICATION_OFF,
        Kind.APPLICATION_REMOVED,
        Kind.DOMAIN_PROVEN,
        Kind.APPLICATION_TOKENS_REVOKED,
        Kind.APPLICATION_UNTOLD,
        Kind.ACCESS_REFUSED,
        Kind.FACTOR_REMOVED,
        Kind.REQUIREMENT_REFUSED,
        Kind.TOKEN_ENDED,
        Kind.TOKEN_REFUSED,
        Kind.MEMBER_DEACTIVATED,
        Kind.WEBHOOK_STOPPED,
        Kind.WEBHOOK_GAVE_UP,
    }
)
_OK = frozenset({Kind.FACTOR_ENROLLED, Kind.REQUIREMENT_ON, Kind.FEATURE_GRANTED})

_ROLES = {
    "user": _("user"),
    "administrator": _("administrator"),
    "global_administrator": _("global administrator"),
    "vendor": _("vendor"),
}
_REASONS = {
    Reason.REQUIRED: _("the organisation requires it"),
    Reason.RESET: _("after a reset"),
    Reason.VENDOR: _("always required of the vendor’s staff"),
    Reason.HAS_FACTOR: _("with the second factor, too"),
    Reason.PROOF_OUTDATED: _("password or second factor changed elsewhere"),
    Reason.INACTIVE: _("the account is closed"),
    Reason.NOT_A_MEMBER: _("no longer a member"),
    Reason.CONNECTION_OFF: _("the SSO connection was switched off"),
    Reason.LINK_ENDED: _("the link to the sign-in service was ended"),
    Reason.SSO_WITHOUT_EVIDENCE: _("SSO did not say that two factors were used"),
    Reason.PASSWORD_CLOSED: _("password sign-in was closed"),
}
_LANGUAGES = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}
_OPERATOR = "operator:"
_TOKEN = re.compile(rf"{ACTOR}[0-9a-f-]{{36}} (?P<name>.+)")


def event_text(language: Language, event: LoggedEvent, *, zone: str = dates.DEFAULT_ZONE) -> tuple[str, str]:
    """The event as a sentence that names the people, and its details; for the organisation's log."""
    kind = _kind(event)
    if kind is None:
        return event.kind, ""
    return _sentence(language, event, kind), _joined([*_facts(language, event, kind, zone), *_origin(language, event)])


def own_event_text(language: Language, event: LoggedEvent, *, zone: str = dates.DEFAULT_ZONE) -> tuple[str, str]:
    """The event as the person reads it on their own page. Where somebody else sat who did it, is not told."""
    kind = _kind(event)
    if kind is None:
        return event.kind, ""
    if kind is Kind.SIGNED_IN:
        return language.say(_signed_in(event)), _browser(language, event)
    facts = _facts(language, event, kind, zone)
    if kind is Kind.SESSIONS_ENDED and event.actor == event.person_id:
        return language.say("Ended own sessions"), _joined([*facts, _browser(language, event)])
    if kind in OWN_SENTENCES:
        return language.say(OWN_SENTENCES[kind]), _joined([*facts, _browser(language, event)])
    return _sentence(language, event, kind), _joined(facts)


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


def _sentence(language: Language, event: LoggedEvent, kind: Kind) -> str:
    is_own = event.person_id is not None and event.actor == event.person_id
    said = TO_ONESELF.get(kind, SENTENCES[kind]) if is_own else SENTENCES[kind]
    person = event.person_name or language.say("an unknown address")
    text = language.say(said, actor=_actor(language, event), person=person)
    names = tuple(name for name in (event.actor_name, event.person_name) if name)
    return text if text.startswith(names) else _capitalised(text)


def _actor(language: Language, event: LoggedEvent) -> str:
    if event.actor.startswith(_OPERATOR):
        return language.say("the operator (%(user)s)", user=event.actor.removeprefix(_OPERATOR))
    if token := _TOKEN.fullmatch(event.actor):
        return language.say("the API token %(name)s", name=token["name"])
    return event.actor_name or language.say("somebody unknown")


def _signed_in(event: LoggedEvent) -> str:
    amr = event.detail.get("amr", "").split()
    if "sso" in amr:
        return _("Signed in through SSO")
    if "otp" in amr:
        return _("Signed in with password and one-time code")
    return _("Signed in with password and recovery code") if "mfa" in amr else _("Signed in with password")


def _facts(language: Language, event: LoggedEvent, kind: Kind, zone: str) -> list[str]:
    """What the log keeps of the event beside the people, in words."""
    say, detail = language.say, event.detail
    facts = []
    if why := detail.get("why"):
        facts.append(f"“{why}”" if language.code == "en" else f"«{why}»")
    if kind is Kind.ROLE_CHANGED:
        facts.append(f"{_role(language, detail.get('old', ''))} → {_role(language, detail.get('new', ''))}")
    elif role := detail.get("role"):
        facts.append(say("Role: %(role)s", role=_role(language, role)))
    if kind is Kind.SIGNED_IN:
        facts.append(say(_way(detail.get("amr", "").split())))
    if kind in (Kind.SETTINGS_CHANGED, Kind.ORGANISATION_CREATED):
        facts += _settings(language, detail)
    if kind in (Kind.ACCESS_REFUSED, Kind.TOKEN_REFUSED):
        facts.append(f"{detail.get('method', '')} {detail.get('path', '')}".strip())
    facts += [
        value
        for name in ("connection", "through", "domain", "token", "scopes", "group", "what", "webhook")
        if (value := detail.get(name, ""))
    ]
    if "application" in detail:
        facts.append(detail.get("name", ""))
    if kind in (Kind.SSO_REFUSED, Kind.CONNECTION_TESTED) and (code := detail.get("reason", "")):
        facts.append(f"{cause(language, code).removesuffix('.')} ({code})")
    if from_ := _moment(detail.get("from", "")):
        facts.append(say("From %(date)s", date=dates.date(from_, language, zone)))
    return [*facts, *_reasons(language, detail), *_numbers(language, detail)]


def _way(amr: list[str]) -> str:
    if "sso" in amr:
        return _("through SSO")
    return _("password and second factor") if "mfa" in amr else _("password")


def _settings(language: Language, detail: dict[str, str]) -> list[str]:
    say = language.say
    spoken = _LANGUAGES.get(detail.get("language", ""))
    pairs = (
        (say("Name"), detail.get("name")),
        (say("Language"), spoken),
        (say("Time zone"), detail.get("time_zone")),
    )
    return [f"{label}: {value}" for label, value in pairs if value]


def _reasons(language: Language, detail: dict[str, str]) -> list[str]:
    reason = detail.get("reason", "")
    if reason in set(Refusal):
        return [sentences.refusal(language, Refusal(reason)).removesuffix(".")]
    return [language.say(_REASONS[Reason(reason)])] if reason in _REASONS else []


def _numbers(language: Language, detail: dict[str, str]) -> list[str]:
    said = []
    if "count" in detail:
        said.append(language.count("%(num)s session", "%(num)s sessions", int(detail["count"])))
    if "left" in detail:
        said.append(language.say("%(left)s of %(of)s left", left=detail["left"], of=RECOVERY_CODE_COUNT))
    if "clock_off_seconds" in detail:
        minutes = max(1, round(abs(int(detail["clock_off_seconds"])) / 60))
        said.append(
            language.count(
                "the phone’s clock was about %(num)s minute off",
                "the phone’s clock was about %(num)s minutes off",
                minutes,
            )
        )
    return said


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _origin(language: Language, event: LoggedEvent) -> list[str]:
    """From which browser and network address. Of the vendor's decisions it is not the customer's business."""
    if event.kind in (Kind.FEATURE_GRANTED, Kind.FEATURE_WITHDRAWN):
        return []
    return [part for part in (_browser(language, event), event.address) if part]


def _browser(language: Language, event: LoggedEvent) -> str:
    return browser_name(event.browser, language) if event.browser else ""


def _joined(parts: list[str]) -> str:
    return _capitalised(", ".join(part for part in parts if part))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _role(language: Language, role: str) -> str:
    return language.say(_ROLES[role]) if role in _ROLES else role
