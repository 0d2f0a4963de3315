"""`/settings/basic`: name, language and time zone of the organisation, and its requirement.

Name, language and time zone are saved at once. A change of the requirement is only proposed: the answer shows whom it
hits, in a window whose form confirms exactly that.
"""

from dataclasses import dataclass, field
from datetime import datetime

from starlette.responses import Response

from totrinn.app import enforcing
from totrinn.app.administering import save_settings
from totrinn.app.enforcing import Changed, Proposal, Refused, Unchanged
from totrinn.app.records import Organisation
from totrinn.core.enforcement import Change, Refusal, Wish
from totrinn.core.roles import Right, may
from totrinn.web import dates, sentences
from totrinn.web.admission import refuse_right
from totrinn.web.adoption import adoption_view, requirement_view
from totrinn.web.ask import Ask
from totrinn.web.demands import with_right
from totrinn.web.languages import CODES
from totrinn.web.notices import notice
from totrinn.web.proof_again import proof_view, prove_again
from totrinn.web.routing import Page
from totrinn.web.typed_dates import FURTHEST, read_date, typed_date
from totrinn.web.typed_settings import known_zones, name_problem

_LONGEST_DATE = 40
_NAMES_ON_A_PAGE = 12
_MOST_NAME_PAGES = 20
_NEAR_ZONES = (
    "Europe/Oslo",
    "Arctic/Longyearbyen",
    "Europe/Stockholm",
    "Europe/Copenhagen",
    "Europe/Helsinki",
    "Atlantic/Reykjavik",
    "Atlantic/Faroe",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Amsterdam",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Warsaw",
    "Europe/Vilnius",
    "Europe/Athens",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Asia/Singapore",
    "Australia/Sydney",
    "UTC",
)
_FORBIDDEN = frozenset({Refusal.NOT_ALLOWED, Refusal.NOT_AVAILABLE, Refusal.ALWAYS})
_SAID = {Change.ON: "on", Change.OFF: "off"}


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was typed, the wish that it amounts to, and what is wrong with it."""

    name: str
    language: str
    time_zone: str
    wish: Wish
    required_from: str
    errors: dict[str, str] = field(default_factory=dict)


def show(ask: Ask) -> Response:
    """The settings as they stand; read-only for those who may not change them."""
    return _page(ask, 200, _standing(ask.me.organisation, ask.visitor.now), notice=_notice(ask))


def submit(ask: Ask) -> Response:
    """Saves name, language and time zone; proposes the change of the requirement, if there is one."""
    if not may(ask.me.role, Right.CHANGE_SETTINGS):
        return refuse_right(ask)
    typed = _read(ask)
    if typed.errors:
        return _page(ask, 422, typed, errors=typed.errors)
    proposed = enforcing.propose(ask.services, ask.visitor, ask.me, typed.wish)
    if isinstance(proposed, Refused):
        return _refused(ask, proposed.refusal, typed)
    save_settings(
        ask.services, ask.visitor, ask.me, name=typed.name, language=typed.language, time_zone=typed.time_zone
    )
    if isinstance(proposed, Unchanged):
        return ask.go("/settings/basic?said=saved")
    return _window(ask, 200, proposed, typed, notice=_saved_notice(ask, typed))


def confirm(ask: Ask) -> Response:
    """Confirms exactly what was shown; proves the person's own credentials first, where they are asked for."""
    token = ask.form.get("confirmation", "")
    unproven = prove_again(ask)
    if unproven is not None:
        shown = enforcing.look_again(ask.services, ask.visitor, ask.me, token)
        if isinstance(shown, Refused):
            return _refused(ask, shown.refusal)
        return _window(ask, unproven.status, shown, errors=unproven.errors)
    outcome = enforcing.confirm(ask.services, ask.visitor, ask.me, token)
    if isinstance(outcome, Changed):
        return ask.go(f"/settings/basic?said={_SAID.get(outcome.change, 'moved')}")
    if isinstance(outcome, Refused):
        return _refused(ask, outcome.refusal)
    return _window(ask, 422 if outcome.refusal is Refusal.STALE_PROOF else 409, outcome)


def to_settings(ask: Ask) -> Response:
    """The window has no address of its own: opening it anew leads to the page behind it."""
    return ask.go("/settings/basic")


def _read(ask: Ask) -> Typed:
    say, sent, organisation = ask.language.say, ask.form, ask.me.organisation
    errors: dict[str, str] = {}
    name, language, time_zone = sent.get("name", "").strip(), sent.get("language", ""), sent.get("time_zone", "")
    if problem := name_problem(ask.language, name):
        errors["name"] = problem
    if language not in CODES:
        errors["language"] = say("Choose one of the languages.")
    if time_zone not in known_zones():
        errors["time_zone"] = say("Choose one of the time zones.")
    on = sent.get("require_two_factor") == "on"
    typed_from = sent.get("required_from", "").strip()[:_LONGEST_DATE]
    from_ = None
    if on and typed_from:
        zone_name = organisation.time_zone if "time_zone" in errors else time_zone
        from_, problem = _read_from(ask, typed_from, zone_name)
        if problem:
            errors["required_from"] = problem
    return Typed(name, language, time_zone, Wish(on, from_), typed_from, errors)


def _read_from(ask: Ask, typed: str, zone_name: str) -> tuple[datetime | None, str]:
    """The date, or what is wrong with it. The one that stands, left as it was shown, is not read anew."""
    standing = ask.me.organisation.policy.requirement.from_
    if typed == typed_date(standing, ask.me.organisation.time_zone):
        return standing, ""
    from_ = read_date(typed, zone_name)
    if from_ is None:
        return None, ask.language.say(
            "We could not read the date. Write it like this: %(example)s", example="01.12.2026"
        )
    if from_ <= ask.visitor.now:
        return None, sentences.refusal(ask.language, Refusal.DATE_PASSED)
    if from_ - ask.visitor.now > FURTHEST:
        return None, ask.language.say("The date is more than ten years ahead. Check the year.")
    return from_, ""


def _standing(organisation: Organisation, now: datetime, wish: Wish | None = None) -> Typed:
    """The form as it is when nothing has been typed, or with a wish that was sent before."""
    requirement = organisation.policy.requirement
    if wish is None:
        from_ = None if requirement.bites(now) else requirement.from_
        wish = Wish(requirement.stands(), from_)
    typed_from = typed_date(wish.from_, organisation.time_zone)
    return Typed(organisation.name, organisation.language, organisation.time_zone, wish, typed_from)


def _notice(ask: Ask) -> dict[str, str] | None:
    requirement = ask.me.organisation.policy.requirement
    if ask.query.get("said") == "on" and requirement.from_ is not None and not requirement.bites(ask.visitor.now):
        moment = dates.moment(requirement.from_, ask.language, ask.me.organisation.time_zone)
        text = ask.language.say("Two-factor authentication will be required from %(moment)s.", moment=moment)
        return {"kind": "ok", "text": text}
    return notice(ask)


def _refused(ask: Ask, refusal: Refusal, typed: Typed | None = None) -> Response:
    """Nothing was changed, and why."""
    status = 403 if refusal in _FORBIDDEN else 409
    return _page(ask, status, typed, errors={"form": sentences.refusal(ask.language, refusal)})


def _window(
    ask: Ask,
    status: int,
    proposal: Proposal,
    typed: Typed | None = None,
    *,
    errors: dict[str, str] | None = None,
    notice: dict[str, str] | None = None,
) -> Response:
    """The page with the window that asks for the confirmation."""
    wish, refusal = proposal.wish, proposal.refusal
    shown = {
        "change": _SAID.get(proposal.change, "move"),
        "from_": wish.from_,
        "preview": _preview(ask, proposal),
        "token": proposal.token,
        "problem": sentences.refusal(ask.language, refusal) if refusal else None,
    }
    proof = proof_view(ask, proposal.stale)
    return _page(ask, status, typed, wish=wish, errors=errors, confirm=shown, proof=proof, notice=notice)


def _preview(ask: Ask, proposal: Proposal) -> dict[str, object]:
    preview, me = proposal.preview, ask.me.person.id
    pages = min(max(1, -(-preview.missing // _NAMES_ON_A_PAGE)), _MOST_NAME_PAGES)
    wanted = ask.form.get("names_page", "")
    page = min(int(wanted), pages) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 1
    page = max(page, 1)
    with ask.services.store.reading() as unit:
        names = unit.members.missing_names(
            ask.me.organisation.id, limit=_NAMES_ON_A_PAGE, offset=(page - 1) * _NAMES_ON_A_PAGE
        )
    return {
        "missing": preview.missing,
        "has": preview.has,
        "sso": preview.sso,
        "includes_me": preview.includes_me,
        "names": [{"name": name, "is_me": person_id == me} for person_id, name in names],
        "page": page,
        "pages": pages,
        "are_all_named": preview.missing <= pages * _NAMES_ON_A_PAGE,
    }


def _page(
    ask: Ask,
    status: int,
    typed: Typed | None,
    *,
    wish: Wish | None = None,
    errors: dict[str, str] | None = None,
    **context: object,
) -> Response:
    """The page, with the organisation as it now stands."""
    with ask.services.store.reading() as unit:
        organisation = unit.organisations.find(ask.me.organisation.id) or ask.me.organisation
        counts = unit.members.counts(organisation.id) if may(ask.me.role, Right.SEE_MEMBERS) else None
        governors = unit.members.global_administrators(organisation.id)
        adoption = adoption_view(counts) if counts else None
        requirement = requirement_view(unit, organisation, ask.visitor.now, adoption)
    typed = typed or _standing(organisation, ask.visitor.now, wish)
    return ask.page(
        "settings_basic.html",
        status,
        nav="settings",
        organisation={
            "name": organisation.name,
            "slug": organisation.slug,
            "initial": organisation.name[:1].upper(),
        },
        time_zone=organisation.time_zone,
        form=_fields(typed),
        time_zones=_zones(typed.time_zone, organisation.time_zone),
        errors=_placed(errors or {}, str(requirement["state"])),
        editable=may(ask.me.role, Right.CHANGE_SETTINGS),
        requirement=requirement,
        global_administrators=[member.name or member.email for member in governors],
        **{"confirm": None, "proof": None, **context},
    )


def _fields(typed: Typed) -> dict[str, object]:
    return {
        "name": typed.name,
        "language": typed.language,
        "time_zone": typed.time_zone,
        "require_two_factor": typed.wish.on,
        "required_from": typed.required_from,
    }


def _placed(errors: dict[str, str], state: str) -> dict[str, str]:
    """An error of the date stands above the form where the page shows no field for it."""
    if "required_from" not in errors or state in {"off", "dated", "withdrawn_dated"}:
        return errors
    return {"form": errors["required_from"], **errors}


def _saved_notice(ask: Ask, typed: Typed) -> dict[str, str] | None:
    """Said beside the window when something has been saved already."""
    before = ask.me.organisation
    if (typed.name, typed.language, typed.time_zone) == (before.name, before.language, before.time_zone):
        return None
    text = ask.language.say("Name, language and time zone are saved. The requirement waits for your confirmation.")
    return {"kind": "ok", "text": text}


def _zones(*current: str) -> list[str]:
    extra = [name for name in dict.fromkeys(current) if name not in _NEAR_ZONES and name in known_zones()]
    return [*extra, *_NEAR_ZONES]


_SEE = with_right(Right.SEE_SETTINGS, of_organisation=True)
_CHANGE = with_right(Right.CHANGE_REQUIREMENT, of_organisation=True)

PAGES = (
    Page("/settings/basic", _SEE, get=show, post=submit),
    Page("/settings/basic/confirm", _CHANGE, get=to_settings, post=confirm, hashes=True),
)
