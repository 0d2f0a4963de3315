"""An application asks that its person be signed out here, too (OpenID Connect RP-Initiated Logout 1.0).

Anybody can send a browser to that address. So the session ends at once only if the application shows an ID token of
this very session; else the person is asked. Where the browser goes on to must have been agreed with the application.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from totrinn.app.applications.addresses import extended
from totrinn.app.ports import Services, Unit


@dataclass(frozen=True, slots=True)
class Leaving:
    """What follows when the person has been signed out, and whether they must be asked first."""

    address: str
    """Where to go on to; empty where nothing was agreed."""
    is_of_session: bool
    """The application has shown that it means the session of this browser."""
    application: str
    """The application's name; empty where none is known."""


def leave(services: Services, session: str | None, parameters: Mapping[str, str]) -> Leaving:
    """What the application asks for, in the browser that holds this session cookie, if any."""
    with services.store.reading() as unit:
        hint = _hint(services, unit, parameters.get("id_token_hint", ""))
        client_id = str(hint.get("aud", "")) or parameters.get("client_id", "")
        application = unit.applications.find(client_id) if client_id else None
        if application is None or parameters.get("client_id", client_id) != client_id:
            return Leaving("", is_of_session=False, application="")
        wanted = parameters.get("post_logout_redirect_uri", "")
        is_agreed = application.is_enabled and wanted in application.agreement.logout_uris
        address = extended(wanted, {"state": parameters.get("state", "")}) if is_agreed else ""
        grant = unit.grants.find(str(hint.get("sid", "")))
        live = unit.sessions.find(services.digest(session)) if session else None
    means_it = grant is not None and live is not None and grant.session_id == live.session.id
    return Leaving(address, is_of_session=means_it and bool(hint), application=application.name)


def _hint(services: Services, unit: Unit, token: str) -> dict[str, object]:
    """What an ID token of ours says, however old it is; empty where it is none."""
    if not token:
        return {}
    return services.openid.claims_of_ours(token, [key.public for key in unit.signing_keys.all()]) or {}
