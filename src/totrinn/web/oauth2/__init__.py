"""What the vendor's applications speak to: OpenID Connect and OAuth 2.0."""

from totrinn.web.oauth2 import answer, authorize, describe, logout, token, tokens
from totrinn.web.routing import Page

PAGES: tuple[Page, ...] = (
    *describe.PAGES,
    *authorize.PAGES,
    *answer.PAGES,
    *token.PAGES,
    *tokens.PAGES,
    *logout.PAGES,
)
