"""`/settings/scim`: how the organisation's directory is connected, and what it has said."""

from starlette.responses import Response

from totrinn.core.api_tokens import Scope
from totrinn.core.roles import Right
from totrinn.web.ask import Ask
from totrinn.web.demands import with_right
from totrinn.web.routing import Page
from totrinn.web.scim.call import ROOT
from totrinn.web.sso_asking import own_organisation


def show(ask: Ask) -> Response:
    """Address, token, domains, and what came last."""
    organisation = own_organisation(ask)
    with ask.services.store.reading() as unit:
        domains = unit.domains.of_organisation(organisation.id)
        tokens = unit.api_tokens.of_organisation(organisation.id)
        last_change = unit.directory.last_change(organisation.id)
        groups = unit.groups.count(organisation.id)
    own = [live.token for live in tokens if Scope.SCIM in live.token.scopes]
    return ask.page(
        "settings_scim.html",
        nav="scim",
        address=f"{ask.settings.base_url}{ROOT}",
        domains=[domain.name for domain in domains if domain.proven_at is not None],
        tokens=[{"name": token.name, "ends_at": token.ends_at, "used_at": token.used_at} for token in own],
        last_change=last_change,
        groups=groups,
    )


PAGES = (Page("/settings/scim", with_right(Right.CHANGE_SSO), get=show),)
