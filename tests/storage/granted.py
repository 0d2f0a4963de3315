"""Examples of what applications are given."""

from datetime import timedelta

from tests.storage.examples import NOW, add_member, add_organisation, add_session, digest, new_id
from totrinn.app.applications.grant_records import Asked, Authorisation, Grant
from totrinn.app.applications.records import Agreement, Application
from totrinn.app.ports import Unit
from totrinn.app.records import Session
from totrinn.core.authorising import Acr

LATER = NOW + timedelta(minutes=1)
ASKED = Asked(
    "app",
    "https://app.example.no/cb",
    "c" * 43,
    ("openid",),
    state="æ\n\u202e\x00",
    nonce="n",
    levels=("a", "b"),
    max_age=0,
)


def add_application(
    unit: Unit, *, back_channel: str = "https://app.example.no/logout", events: str = ""
) -> Application:
    """A registered application."""
    agreement = Agreement(name="Timer", back_channel=back_channel, events=events)
    application = Application(new_id(), agreement, is_enabled=True, revision=1, created_at=NOW)
    unit.applications.add(application)
    return application


def add_grant(unit: Unit, application: Application) -> tuple[Grant, Session]:
    """A grant of a new session of a new person."""
    organisation = add_organisation(unit)
    person = add_member(unit, organisation.id)
    session = add_session(unit, person.id, organisation.id, new_id())
    grant = Grant(new_id(), application.id, session.id, person.id, organisation.id)
    assert unit.grants.ensure(grant, NOW) == (grant.id, True)
    return grant, session


def add_authorisation(unit: Unit, grant: Grant, code: str = "code") -> Authorisation:
    """What one answer gave."""
    made = Authorisation(
        id=new_id(),
        grant=grant,
        redirect_uri=ASKED.redirect_uri,
        challenge=ASKED.challenge,
        nonce="n\\x",
        scopes=("openid", "email"),
        auth_time=NOW,
        level=Acr.SSO,
        amr=("sso",),
        expires_at=LATER,
    )
    unit.authorisations.add(digest(code), made, NOW)
    return made
