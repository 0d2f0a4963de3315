"""What the use cases need of OpenID Connect: the signatures and the forms that its specifications prescribe."""

from typing import Protocol


class OpenId(Protocol):
    """Tokens and keys as OpenID Connect and JOSE write them."""

    def is_key_set(self, text: str) -> bool:
        """Whether it is a JWK set (RFC 7517 §5) of public keys only, at least one, and all of them strong."""
