"""`/settings/sso/new` and `/settings/sso/{connection}`: a connection is begun, set up, tried, switched on and removed.

Another organisation's connection is as unknown here as one that does not exist (R46). A secret is never shown again.
"""

from starlette.responses import Response

from totrinn.app import connecting
from totrinn.app.connecting import ConnectionObstacle, Draft, own_connection
from totrinn.app.errors import NotFound
from totrinn.app.identity_providers import ProviderKind, Rejected, SamlSettings, Unavailable
from totrinn.app.own_factors import StaleProof
from totrinn.app.sso_attempts import Away
from totrinn.app.sso_records import Connection
from totrinn.core.roles import Right
from totrinn.web.ask import Ask
from totrinn.web.demands import with_right
from totrinn.web.notices import notice
from totrinn.web.proof_again import prove_again
from totrinn.web.routing import Page
from totrinn.web.sso_asking import HOME, own_organisation, proof_asked_for, sent_form, stale_in_form, stale_words
from totrinn.web.sso_codes import cause
from totrinn.web.sso_drafts import merged_metadata
from totrinn.web.sso_forms import LONGEST_NAME, Reading, fields_of, read_connection, read_name, typed_fields
from totrinn.web.sso_ready import first_settings, is_complete, of_kind, ready_made, recognised
from totrinn.web.sso_views import connection_row, metadata_view, our_addresses, test_view

_LARGEST_METADATA_FORM = 3 * 1024 * 1024
_LONGEST_ADDRESS = 1000


def show_new(ask: Ask) -> Response:
    """The kinds of provider to choose from."""
    return _new_page(ask, 200)


def create(ask: Ask) -> Response:
    """Begins a connection, switched off; its page then has the addresses that the provider needs."""
    kind = _kind(ask.form.get("kind", ""))
    ready = ready_made(ask.form.get("provider", ""), kind)
    reading = Reading(ask.language, ask.form)
    name = read_name(reading, ready.label if ready else "")
    if ready is None:
        reading.errors["provider"] = ask.language.say("Choose one of these.")
    if ready is None or reading.errors:
        return _new_page(ask, 422, **reading.errors)
    unproven = prove_again(ask)
    if unproven is not None:
        return _new_page(ask, unproven.status, **unproven.errors)
    settings, rules = first_settings(ready, kind)
    made = connecting.add_connection(ask.services, ask.visitor, ask.me, Draft(name, settings, rules))
    if isinstance(made, StaleProof):
        return _new_page(ask, 422, **stale_in_form(ask, made))
    if isinstance(made, ConnectionObstacle):
        raise NotFound
    return ask.go(f"{HOME}/{made.id}?guide={ready.key}")


def show(ask: Ask) -> Response:
    """One connection."""
    return _page(ask, 200)


def save(ask: Ask) -> Response:
    """Stores the form, if nobody else has changed the connection since it was shown."""
    connection = _connection(ask)
    draft, errors = read_connection(
        ask.language, connection, ask.form, allow_private=ask.settings.allow_private_addresses
    )
    if errors:
        return _page(ask, 422, **errors)
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    return _changed(ask, connection, draft)


def read_metadata(ask: Ask) -> Response:
    """Takes entity, addresses and certificates from the provider's metadata, pasted or at an address."""
    connection = _connection(ask)
    standing = connection.settings
    if not isinstance(standing, SamlSettings):
        raise NotFound
    if proof_asked_for(ask) is not None:
        return _page(ask, 422, form=stale_words(ask))
    found = _found_metadata(ask)
    if isinstance(found, SamlSettings):
        merged = merged_metadata(ask.language, standing, found, beside=ask.form.get("beside") == "on")
        found = {"metadata": merged} if isinstance(merged, str) else merged
    if isinstance(found, SamlSettings):
        return _changed(ask, connection, Draft(connection.name, found, connection.rules), said="metadata")
    return _page(ask, 422, **found)


def try_out(ask: Ask) -> Response:
    """Goes to the provider and back, to see what it says; nobody is signed in by it."""
    connection = _connection(ask)
    if not is_complete(connection.settings):
        return _page(ask, 422, form=_incomplete(ask, connection))
    outcome = connecting.try_out(ask.services, ask.visitor, ask.me, connection.id, browser=ask.visit)
    if isinstance(outcome, Away):
        return ask.go(outcome.address)
    if isinstance(outcome, StaleProof):
        return _page(ask, 422, form=stale_words(ask))
    return _page(ask, 422, form=_said(ask, outcome))


def switch_on(ask: Ask) -> Response:
    """Lets people in by it; only what has been tested, and passed."""
    connection = _connection(ask)
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    outcome = connecting.switch_on(ask.services, ask.visitor, ask.me, connection.id)
    if isinstance(outcome, StaleProof):
        return _page(ask, 422, form=stale_words(ask))
    if isinstance(outcome, ConnectionObstacle):
        return _page(ask, 409, form=ask.language.say("Test the connection as it is now first. Then turn it on."))
    return _back(ask, "connection-on")


def switch_off(ask: Ask) -> Response:
    """Nobody comes in by it any more."""
    connection = _connection(ask)
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    outcome = connecting.switch_off(ask.services, ask.visitor, ask.me, connection.id)
    return _page(ask, 422, form=stale_words(ask)) if isinstance(outcome, StaleProof) else _back(ask, "connection-off")


def remove(ask: Ask) -> Response:
    """Deletes it, with all links that were made by it."""
    connection = _connection(ask)
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    outcome = connecting.remove_connection(ask.services, ask.visitor, ask.me, connection.id)
    if isinstance(outcome, StaleProof):
        return _page(ask, 422, form=stale_words(ask))
    if isinstance(outcome, ConnectionObstacle):
        return _page(ask, 409, form=_closed(ask))
    return ask.go(f"{HOME}?said=connection-removed")


def _closed(ask: Ask) -> str:
    return ask.language.say(
        "Links between people and the sign-in service would end, and their passwords would count again. Open password"
        " sign-in first, under SSO."
    )


def to_connection(ask: Ask) -> Response:
    """The forms have no pages of their own."""
    return ask.go(f"{HOME}/{_connection(ask).id}")


def _found_metadata(ask: Ask) -> SamlSettings | dict[str, str]:
    """What was pasted, or stands at the address; or what is wrong with it."""
    text, address = ask.form.get("metadata", "").strip(), ask.form.get("metadata_url", "").strip()
    if bool(text) == bool(address):
        return {"metadata": ask.language.say("Paste the metadata or type its address, one of the two.")}
    entity_id, providers = ask.form.get("entity_id", "").strip(), ask.services.providers
    if text:
        read = providers.read_metadata(text.encode(), entity_id=entity_id)
        return read if isinstance(read, SamlSettings) else {"metadata": _said(ask, read)}
    fetched = providers.fetch_metadata(address[:_LONGEST_ADDRESS], entity_id=entity_id)
    return fetched if isinstance(fetched, SamlSettings) else {"metadata_url": _said(ask, fetched)}


def _back(ask: Ask, said: str) -> Response:
    guide = ask.form.get("guide", "")
    kept = f"&guide={guide}" if guide.isalpha() and guide.isascii() and len(guide) < 20 else ""
    return ask.go(f"{HOME}/{ask.params['connection']}?said={said}{kept}")


def _changed(ask: Ask, connection: Connection, draft: Draft, said: str = "saved") -> Response:
    typed = ask.form.get("revision", "")
    revision = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    outcome = connecting.change_connection(
        ask.services, ask.visitor, ask.me, connection.id, draft, expected_revision=revision
    )
    if isinstance(outcome, StaleProof):
        return _page(ask, 422, **stale_in_form(ask, outcome))
    if outcome is ConnectionObstacle.PASSWORDS_CLOSED:
        return _page(ask, 409, form=_closed(ask))
    if isinstance(outcome, ConnectionObstacle):
        say = ask.language.say
        text = say("Someone else has changed this in the meantime. This is how it is now; yours was not saved.")
        return _page(ask, 409, form=text)
    return _back(ask, said)


def _said(ask: Ask, failure: Rejected | Unavailable) -> str:
    """The cause in words, with what was expected and what came."""
    said = cause(ask.language, failure.code)
    return f"{said} ({failure.code}: {failure.detail})" if failure.detail else f"{said} ({failure.code})"


def _incomplete(ask: Ask, connection: Connection) -> str:
    if connection.kind is ProviderKind.SAML:
        return ask.language.say("Read the provider’s metadata first. Then the connection can be tested.")
    return ask.language.say("Fill in issuer and client ID, and save. Then the connection can be tested.")


def _connection(ask: Ask) -> Connection:
    own_organisation(ask)
    with ask.services.store.reading() as unit:
        return own_connection(unit, ask.me, ask.params["connection"])


def _kind(typed: str) -> ProviderKind:
    return ProviderKind.SAML if typed == ProviderKind.SAML else ProviderKind.OIDC


def _new_page(ask: Ask, status: int, **errors: str) -> Response:
    own_organisation(ask)
    kind = _kind(ask.form.get("kind", "") or ask.query.get("kind", ""))
    return ask.page(
        "settings_sso_new.html",
        status,
        nav="sso",
        kind=kind.value,
        providers=of_kind(kind),
        form={"provider": ask.form.get("provider", ""), "name": ask.form.get("name", "")[:LONGEST_NAME]},
        sent=sent_form(ask),
        proof=proof_asked_for(ask),
        errors=errors,
    )


def _page(ask: Ask, status: int, **errors: str) -> Response:
    connection = _connection(ask)
    settings = connection.settings
    is_saved_form = ask.method == "POST" and sent_form(ask) == connection.id
    keeps = is_saved_form and status != 409
    typed_revision = ask.form.get("revision", "")[:10] if status != 409 else ""
    guide = ask.form.get("guide", "") or ask.query.get("guide", "")
    return ask.page(
        "settings_sso_connection.html",
        status,
        nav="sso",
        notice=notice(ask),
        connection=connection_row(ask, connection),
        revision=typed_revision or connection.revision,
        form=typed_fields(connection, ask.form) if keeps else fields_of(connection),
        has_secret=connection.sealed_secret is not None,
        metadata=metadata_view(settings, ask.visitor.now) if isinstance(settings, SamlSettings) else None,
        metadata_form={name: ask.form.get(name, "")[:_LONGEST_ADDRESS] for name in ("metadata_url", "entity_id")},
        test=test_view(ask, connection),
        ours=our_addresses(ask, connection),
        guide=ready_made(guide, connection.kind) or recognised(settings),
        guides=of_kind(connection.kind),
        passwords_closed=ask.me.organisation.passwords_closed,
        sent="save" if is_saved_form else sent_form(ask),
        proof=proof_asked_for(ask),
        errors=errors,
    )


_CHANGE = with_right(Right.CHANGE_SSO, of_organisation=True)
_ONE = f"{HOME}/{{connection}}"

PAGES = (
    Page(f"{HOME}/new", _CHANGE, get=show_new, post=create, hashes=True),
    Page(_ONE, _CHANGE, get=show, post=save, hashes=True),
    Page(
        f"{_ONE}/metadata",
        _CHANGE,
        get=to_connection,
        post=read_metadata,
        calls_out=True,
        largest_body=_LARGEST_METADATA_FORM,
    ),
    Page(f"{_ONE}/test", _CHANGE, get=to_connection, post=try_out, calls_out=True),
    Page(f"{_ONE}/on", _CHANGE, get=to_connection, post=switch_on, hashes=True),
    Page(f"{_ONE}/off", _CHANGE, get=to_connection, post=switch_off, hashes=True),
    Page(f"{_ONE}/remove", _CHANGE, get=to_connection, post=remove, hashes=True),
)
