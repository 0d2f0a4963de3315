"""We are the OpenID Provider of the vendor's applications: how tokens, keys and answers are written and signed."""

from totrinn.oidc_provider.openid import JoseOpenId

__all__ = ["JoseOpenId"]
