"""The pages, in the order of a visit: signing in, then the account, then what administrators and the vendor see.

What applications speak to stands in `web/oauth2`.
"""

from totrinn.web import oauth2
from totrinn.web.pages import (
    account,
    api_tokens,
    choose,
    enrol,
    face,
    gate,
    health,
    home,
    log,
    login,
    members,
    own_factors,
    probe,
    scim_settings,
    settings,
    setup,
    sso,
    sso_connections,
    sso_settings,
    two_factor,
    vendor,
    vendor_applications,
    webhooks,
)
from totrinn.web.routing import Page
from totrinn.web.scim import endpoints as scim

PAGES: tuple[Page, ...] = (
    *login.PAGES,
    *sso.PAGES,
    *two_factor.PAGES,
    *choose.PAGES,
    *enrol.PAGES,
    *setup.PAGES,
    *home.PAGES,
    *settings.PAGES,
    *face.PAGES,
    *sso_settings.PAGES,
    *sso_connections.PAGES,
    *api_tokens.PAGES,
    *members.PAGES,
    *account.PAGES,
    *own_factors.PAGES,
    *log.PAGES,
    *vendor.PAGES,
    *oauth2.PAGES,
    *vendor_applications.PAGES,
    *scim.PAGES,
    *scim_settings.PAGES,
    *webhooks.PAGES,
    *gate.PAGES,
    *health.PAGES,
    *probe.PAGES,
)
