"""The pages, in the order of a visit: signing in, then the account, then what administrators and the vendor see."""

from totrinn.web.pages import choose, enrol, health, home, login, members, settings, setup, two_factor
from totrinn.web.routing import Page

PAGES: tuple[Page, ...] = (
    *login.PAGES,
    *two_factor.PAGES,
    *choose.PAGES,
    *enrol.PAGES,
    *setup.PAGES,
    *home.PAGES,
    *settings.PAGES,
    *members.PAGES,
    *health.PAGES,
)
