"""`/vendor/applications`: the vendor's staff register applications, change them, switch them, renew their secrets.

A secret stands on the answer to the form that made it, and nowhere else.
"""

from starlette.responses import Response

from totrinn.app.applications import registering
from totrinn.app.applications.records import TAKES_SECRET, Agreement, Application
from totrinn.app.applications.registering import ApplicationObstacle, Registered, Registrar
from totrinn.app.applications.setting_up import told_of
from totrinn.app.own_factors import StaleProof
from totrinn.core.roles import Right
from totrinn.web.application_forms import fields_of, read_agreement, typed_fields, words_of
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import with_right
from totrinn.web.notices import notice
from totrinn.web.proof_again import proof_view, prove_again, stale_proof
from totrinn.web.routing import Page

HOME = "/vendor/applications"


def show_all(ask: Ask) -> Response:
    """The applications, by name."""
    with ask.services.store.reading() as unit:
        found = unit.applications.all()
    return ask.page("vendor_applications.html", nav="applications", notice=notice(ask), applications=found)


def show_new(ask: Ask) -> Response:
    """The form of a new application."""
    return _new_page(ask, 200)


def create(ask: Ask) -> Response:
    """Registers an application, and shows its secret this once."""
    agreement, errors = read_agreement(ask.language, ask.form)
    if not errors and _is_named(ask, agreement.name):
        # A form that is sent twice must not register two.
        errors = {"name": ask.language.say("There is an application with this name already.")}
    if errors:
        return _new_page(ask, 422, **errors)
    unproven = prove_again(ask)
    if unproven is not None:
        return _new_page(ask, unproven.status, **unproven.errors)
    outcome = registering.register(ask.services, _staff(ask), agreement)
    if not isinstance(outcome, Registered):
        status, errors = _problem(ask, outcome)
        return _new_page(ask, status, **errors)
    if outcome.secret is None:
        return ask.go(f"{HOME}/{outcome.application.id}?said=application-added")
    return _page(ask, 200, outcome.application, secret=outcome.secret)


def show(ask: Ask) -> Response:
    """One application."""
    return _page(ask, 200, _application(ask))


def save(ask: Ask) -> Response:
    """Stores the form, if nobody else has changed the application since it was shown."""
    application = _application(ask)
    agreement, errors = read_agreement(ask.language, ask.form)
    if errors:
        return _page(ask, 422, application, **errors)
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, application, **unproven.errors)
    typed = ask.form.get("revision", "")
    revision = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    outcome = registering.change(ask.services, _staff(ask), application.id, agreement, expected_revision=revision)
    return _after(ask, outcome, "saved")


def renew_secret(ask: Ask) -> Response:
    """Makes a new secret, and shows it this once."""
    application = _application(ask)
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, application, **unproven.errors)
    return _after(ask, registering.renew_secret(ask.services, _staff(ask), application.id), "saved")


def switch_on(ask: Ask) -> Response:
    """Lets people sign in to it."""
    return _switched(ask, is_enabled=True)


def switch_off(ask: Ask) -> Response:
    """Lets nobody sign in to it any more."""
    return _switched(ask, is_enabled=False)


def remove(ask: Ask) -> Response:
    """Deletes it with all that it was given."""
    application = _application(ask)
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, application, **unproven.errors)
    outcome = registering.remove(ask.services, _staff(ask), application.id)
    if isinstance(outcome, StaleProof):
        return _page(ask, 422, application, **_stale(ask))
    return ask.go(f"{HOME}?said=application-removed")


def to_application(ask: Ask) -> Response:
    """The forms have no pages of their own."""
    return ask.go(f"{HOME}/{_application(ask).id}")


def _switched(ask: Ask, *, is_enabled: bool) -> Response:
    application = _application(ask)
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, application, **unproven.errors)
    outcome = registering.switch(ask.services, _staff(ask), application.id, is_enabled=is_enabled)
    if isinstance(outcome, StaleProof):
        return _page(ask, 422, application, **_stale(ask))
    return ask.go(f"{HOME}/{application.id}?said=application-{'on' if is_enabled else 'off'}")


def _after(ask: Ask, outcome: Registered | StaleProof | ApplicationObstacle, said: str) -> Response:
    """The page again: with the secret that was made, with what stands in the way, or with what was done."""
    if not isinstance(outcome, Registered):
        status, errors = _problem(ask, outcome)
        return _page(ask, status, _application(ask), **errors)
    if outcome.secret is not None:
        return _page(ask, 200, outcome.application, secret=outcome.secret)
    return ask.go(f"{HOME}/{outcome.application.id}?said={said}")


def _problem(ask: Ask, outcome: StaleProof | ApplicationObstacle) -> tuple[int, dict[str, str]]:
    if isinstance(outcome, StaleProof):
        return 422, _stale(ask)
    conflicts = (ApplicationObstacle.SOMEONE_ELSE, ApplicationObstacle.HOST_TAKEN, ApplicationObstacle.NO_SECRET)
    return 409 if outcome in conflicts else 422, words_of(ask.language, outcome)


def _stale(ask: Ask) -> dict[str, str]:
    return {"password": ask.language.say("Type your password.")}


def _staff(ask: Ask) -> Registrar:
    return registering.by_staff(ask.visitor, ask.me)


def _application(ask: Ask) -> Application:
    with ask.services.store.reading() as unit:
        return registering.known(unit, ask.params["id"])


def _is_named(ask: Ask, name: str) -> bool:
    with ask.services.store.reading() as unit:
        return any(each.name.casefold() == name.casefold() for each in unit.applications.all())


def _proof(ask: Ask) -> dict[str, object] | None:
    """What has to be proven again; nothing right after it has been."""
    return None if Cookie.SESSION in ask.cookies_to_set else proof_view(ask, stale_proof(ask))


def _new_page(ask: Ask, status: int, **errors: str) -> Response:
    return ask.page(
        "vendor_application_new.html",
        status,
        nav="applications",
        form=typed_fields(ask.form) if ask.method == "POST" else fields_of(Agreement("")),
        proof=_proof(ask),
        errors=errors,
    )


def _page(ask: Ask, status: int, application: Application, *, secret: str | None = None, **errors: str) -> Response:
    sent = ask.path.rpartition("/")[2] if ask.method == "POST" else ""
    is_form = sent == application.id
    keeps = is_form and bool(errors) and status != 409
    agreed = application.agreement
    return ask.page(
        "vendor_application.html",
        status,
        nav="applications",
        notice=notice(ask),
        application=application,
        told=told_of(application, ask.settings.base_url),
        secret=secret,
        has_secret=agreed.authentication in TAKES_SECRET and bool(agreed.redirect_uris),
        form=typed_fields(ask.form) if keeps else fields_of(agreed),
        revision=ask.form.get("revision", "")[:10] if keeps else application.revision,
        sent="save" if is_form else sent,
        proof=_proof(ask),
        errors=errors,
    )


_RUN = with_right(Right.RUN_APPLICATIONS, of_organisation=True)
_ONE = f"{HOME}/{{id}}"

PAGES = (
    Page(HOME, _RUN, get=show_all),
    Page(f"{HOME}/new", _RUN, get=show_new, post=create, hashes=True),
    Page(_ONE, _RUN, get=show, post=save, hashes=True),
    Page(f"{_ONE}/secret", _RUN, get=to_application, post=renew_secret, hashes=True),
    Page(f"{_ONE}/on", _RUN, get=to_application, post=switch_on, hashes=True),
    Page(f"{_ONE}/off", _RUN, get=to_application, post=switch_off, hashes=True),
    Page(f"{_ONE}/remove", _RUN, get=to_application, post=remove, hashes=True),
)
