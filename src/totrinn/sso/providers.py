"""Both protocols behind one port. What speaks them is loaded when the first connection is used: a start needs none."""

import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from totrinn.app.identity_providers import (
    Challenge,
    DomainRecords,
    Ended,
    Identity,
    IdentityProviders,
    OidcSettings,
    Party,
    Rejected,
    SamlSettings,
    Unavailable,
)
from totrinn.app.observing import NOBODY, Observer

if TYPE_CHECKING:
    from totrinn.fetching.exchange import Fetcher
    from totrinn.sso.oidc import OidcRelyingParty
    from totrinn.sso.saml import SamlServiceProvider

_LARGEST_METADATA = 2 * 1024 * 1024


class Providers(IdentityProviders):
    """Implements `IdentityProviders`, for any number of threads."""

    def __init__(self, base_url: str, *, allow_private: bool, observer: Observer = NOBODY) -> None:
        self._base_url = base_url
        self._allow_private = allow_private
        self._observer = observer
        # What is bounded and remembered is so for the whole process: there is one of each, whoever comes first.
        self._making = threading.RLock()

    @property
    def _fetcher(self) -> "Fetcher":
        with self._making:
            return self._only_fetcher

    @property
    def _oidc(self) -> "OidcRelyingParty":
        with self._making:
            return self._only_oidc

    @property
    def _saml(self) -> "SamlServiceProvider":
        with self._making:
            return self._only_saml

    @cached_property
    def _only_fetcher(self) -> "Fetcher":
        from totrinn.fetching.connections import Bounds
        from totrinn.fetching.exchange import Fetcher

        # Organisations of one great provider share its host, and people wait for it in the same minute of the morning.
        bounds = Bounds(at_once=64, at_once_per_host=32)
        return Fetcher(allow_private=self._allow_private, bounds=bounds, observer=self._observer)

    @cached_property
    def _only_oidc(self) -> "OidcRelyingParty":
        from totrinn.sso.oidc import OidcRelyingParty

        return OidcRelyingParty(self._fetcher, self._base_url)

    @cached_property
    def _only_saml(self) -> "SamlServiceProvider":
        from totrinn.sso.saml import SamlServiceProvider

        return SamlServiceProvider(self._base_url)

    def begin(self, party: Party, challenge: Challenge, *, login_hint: str) -> str | Rejected | Unavailable:
        """The address to which the browser is sent to prove who it is."""
        return self._side(party).begin(party, challenge, login_hint=login_hint)

    def finish(
        self, party: Party, challenge: Challenge | None, answer: Mapping[str, str], now: datetime
    ) -> Identity | Rejected | Unavailable:
        """Who the answer says it is."""
        return self._side(party).finish(party, challenge, answer, now)

    def read_logout(
        self, party: Party, answer: Mapping[str, str], raw_query: str, now: datetime
    ) -> Ended | Rejected | Unavailable:
        """What a logout token or a signed `LogoutRequest` ends."""
        if isinstance(party.settings, OidcSettings):
            return self._oidc.read_logout(party, answer, now)
        return self._saml.read_logout(party, answer, raw_query, now)

    def describe(self, party: Party) -> tuple[str, bytes]:
        """(content type, document) that tells the provider about us."""
        return self._side(party).describe(party)

    def new_key(self) -> bytes:
        """A fresh RSA key: PKCS #8, DER."""
        from totrinn.sso.keys import new_key

        return new_key()

    def read_metadata(self, text: bytes, *, entity_id: str = "") -> SamlSettings | Rejected:
        """The settings in a SAML provider's metadata."""
        return self._saml.read_metadata(text, entity_id=entity_id)

    def fetch_metadata(self, address: str, *, entity_id: str = "") -> SamlSettings | Rejected | Unavailable:
        """The same, fetched from its address."""
        fetched = self._fetcher.get(address, limit=_LARGEST_METADATA)
        if isinstance(fetched, Unavailable):
            return fetched
        return self.read_metadata(fetched.body, entity_id=entity_id)

    def check_settings(self, party: Party) -> Rejected | Unavailable | None:
        """Whether the provider can be reached and offers what we need; of SAML the metadata has said it already."""
        return self._oidc.check_settings(party) if isinstance(party.settings, OidcSettings) else None

    def _side(self, party: Party) -> "OidcRelyingParty | SamlServiceProvider":
        return self._oidc if isinstance(party.settings, OidcSettings) else self._saml


class Records(DomainRecords):
    """Implements `DomainRecords` by the machine's own resolvers."""

    def texts(self, domain: str) -> tuple[str, ...] | Unavailable:
        """The TXT records of a domain."""
        from totrinn.sso.domain_records import DnsRecords

        return DnsRecords().texts(domain)
