"""The organisations' identity providers: we are the relying party of OpenID Connect, and the service provider of SAML.

Nothing here decides who may get in. What an answer says is checked against what was asked, and handed on as an
`Identity`, or refused with one stable code a cause.
"""

from totrinn.sso.providers import Providers, Records

__all__ = ["Providers", "Records"]
