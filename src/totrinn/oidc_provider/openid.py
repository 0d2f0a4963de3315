"""Implements `app.applications.openid.OpenId` on joserfc, which is loaded when it is first needed."""

import json

from totrinn.app.applications.openid import OpenId

_SMALLEST_RSA = 2048


class JoseOpenId(OpenId):
    """Tokens and keys as OpenID Connect and JOSE write them."""

    __slots__ = ()

    def is_key_set(self, text: str) -> bool:
        """Whether the text is a JWK set of public keys that an application may sign with, at least one."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            keys = KeySet.import_key_set(json.loads(text)).keys
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            return False
        return bool(keys) and all(not key.is_private and _is_strong(key) for key in keys)


def _is_strong(key: object) -> bool:
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    if isinstance(key, RSAKey):
        return bool(key.public_key.key_size >= _SMALLEST_RSA)
    return isinstance(key, (ECKey, OKPKey))
