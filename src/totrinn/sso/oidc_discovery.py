"""What a provider says of itself (OpenID Connect Discovery), and its keys: fetched, checked, remembered for a while.

Both are remembered under the connection and the revision of its settings. Halfway through their time one caller renews
them while the others go on with what there is, so that neither a crowd nor a short outage of the provider is felt.
A failure is remembered, too, for a moment: whoever knows a connection's address can make us ask, but not as often as
they like.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from totrinn.app.identity_providers import OidcSettings, Party, Unavailable
from totrinn.fetching.exchange import Fetched, Fetcher
from totrinn.fetching.failures import Failure
from totrinn.sso.oidc_json import mismatch, read_object, shown
from totrinn.sso.oidc_keys import ALGORITHMS, ProviderKey, choose_key, read_keys
from totrinn.sso.oidc_refusals import OidcRefusal, Refused, Unreached, require

WELL_KNOWN = "/.well-known/openid-configuration"
METADATA_SECONDS = 3600.0
KEYS_SECONDS = 600.0
KEYS_PAUSE = 60.0
"""Between two fetches of a key set that unknown keys cause."""
FAILURE_PAUSE = 10.0
"""After a failure, until the provider is asked again for whoever may be a stranger."""
DOCUMENT_LIMIT = 256 * 1024

_REMEMBERED = 1024

Value = TypeVar("Value")
Name = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Metadata:
    """The members of a discovery document that we read."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    """Empty when there is none."""
    algorithms: frozenset[str]
    """By which ID tokens may be signed: those announced that we accept."""
    names_itself: bool
    """The answer that the browser brings carries `iss` (RFC 9207)."""
    response_types: tuple[str, ...]
    authentications: tuple[str, ...]
    pkce_methods: tuple[str, ...] | None
    """None when the document does not say."""


def read_metadata(document: bytes, expected_issuer: str, fetcher: Fetcher) -> Metadata:
    """The metadata in a discovery document of the expected issuer; raises `Refused` or `Unreached`."""
    members = read_object(document)
    if members is None:
        raise Refused(OidcRefusal.DOCUMENT_MALFORMED, WELL_KNOWN)
    issuer = _text(members, "issuer")
    require(issuer == expected_issuer, OidcRefusal.METADATA_ISSUER, mismatch(expected_issuer, issuer))
    announced = _texts(members, "id_token_signing_alg_values_supported")
    pkce = "code_challenge_methods_supported"
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_endpoint(members, "authorization_endpoint", fetcher),
        token_endpoint=_endpoint(members, "token_endpoint", fetcher),
        jwks_uri=_endpoint(members, "jwks_uri", fetcher),
        userinfo_endpoint=_endpoint(members, "userinfo_endpoint", fetcher) if "userinfo_endpoint" in members else "",
        algorithms=frozenset(announced) & ALGORITHMS.keys(),
        names_itself=_truth(members, "authorization_response_iss_parameter_supported"),
        response_types=_texts(members, "response_types_supported"),
        authentications=_texts(members, "token_endpoint_auth_methods_supported", ("client_secret_basic",)),
        pkce_methods=_texts(members, pkce) if pkce in members else None,
    )


def check_suitable(metadata: Metadata, settings: OidcSettings) -> None:
    """Refuses a provider that does not offer what we need."""
    require("code" in metadata.response_types, OidcRefusal.UNSUITABLE, "response_types_supported: code")
    require(
        metadata.pkce_methods is None or "S256" in metadata.pkce_methods,
        OidcRefusal.UNSUITABLE,
        "code_challenge_methods_supported: S256",
    )
    require(
        settings.authentication in metadata.authentications,
        OidcRefusal.UNSUITABLE,
        f"token_endpoint_auth_methods_supported: {settings.authentication}",
    )
    require(bool(metadata.algorithms), OidcRefusal.NO_COMMON_ALGORITHM, ", ".join(sorted(ALGORITHMS)))


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value or len(value) > 2048:
        raise Refused(OidcRefusal.DOCUMENT_MALFORMED, f"{WELL_KNOWN}: {name}")
    return value


def _texts(members: dict[str, Any], name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    values = members.get(name, default)
    if not isinstance(values, list | tuple) or len(values) > 100 or not all(isinstance(each, str) for each in values):
        raise Refused(OidcRefusal.DOCUMENT_MALFORMED, f"{WELL_KNOWN}: {name}")
    return tuple(values)


def _truth(members: dict[str, Any], name: str) -> bool:
    value = members.get(name, False)
    require(isinstance(value, bool), OidcRefusal.DOCUMENT_MALFORMED, f"{WELL_KNOWN}: {name}")
    return bool(value)


def _endpoint(members: dict[str, Any], name: str, fetcher: Fetcher) -> str:
    address = _text(members, name)
    refused = fetcher.refuses(address)
    if refused is not None:
        raise Unreached(Unavailable(refused.code, f"{name}: {refused.detail}"))
    return address


# Remembering --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Entry(Generic[Value]):
    value: Value
    fetched_at: float
    tried_at: float
    is_renewing: bool = False


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a fetch came to; kept apart from the exception, which would keep all that was at work then."""

    cause: OidcRefusal | Unavailable
    detail: str
    failed_at: float

    def again(self) -> Refused | Unreached:
        """The failure as it was, to be raised."""
        return Unreached(self.cause) if isinstance(self.cause, Unavailable) else Refused(self.cause, self.detail)


class Memory(Generic[Value]):
    """Values that are fetched, remembered for some seconds, and renewed after half of them; for many threads.

    After a fetch that failed nobody fetches for `FAILURE_PAUSE`, but whoever wants it anew: they get what there is, or
    the same failure.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._entries: OrderedDict[Name, _Entry[Value]] = OrderedDict()
        self._failures: OrderedDict[Name, _Failure] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Name, fetch: Callable[[], Value]) -> Value:
        """The value, fetched if need be; whatever `fetch` raises comes through only when there is nothing to go on."""
        with self._lock:
            entry, failure = self._fresh(name), self._recent_failure(name)
            if entry is not None and (failure is not None or not self._is_due(entry)):
                return entry.value
            if failure is not None:
                raise failure.again()
            if entry is not None:
                entry.is_renewing = True
        try:
            return self._keep(name, fetch())
        except (Refused, Unreached) as error:
            self._note(name, error)
            if entry is None:
                raise
            return entry.value
        finally:
            if entry is not None:
                entry.is_renewing = False

    def renew(self, name: Name, fetch: Callable[[], Value]) -> Value:
        """The value, fetched anew."""
        return self._keep(name, fetch())

    def renew_after(self, pause: float, name: Name, fetch: Callable[[], Value]) -> Value | None:
        """The value, fetched anew; None when that was tried less than `pause` seconds ago, with success or without."""
        with self._lock:
            entry = self._entries.get(name)
            if entry is not None:
                if self._clock() - entry.tried_at < pause:
                    return None
                entry.tried_at = self._clock()
        return self._keep(name, fetch())

    def _recent_failure(self, name: Name) -> _Failure | None:
        failure = self._failures.get(name)
        return failure if failure is not None and self._clock() - failure.failed_at < FAILURE_PAUSE else None

    def _note(self, name: Name, error: Refused | Unreached) -> None:
        """Remembers a failure; not that there was no place, as then nobody was asked."""
        cause = error.unavailable if isinstance(error, Unreached) else error.refusal
        if isinstance(cause, Unavailable) and cause.code == Failure.BUSY:
            return
        detail = error.detail if isinstance(error, Refused) else ""
        with self._lock:
            self._failures[name] = _Failure(cause, detail, self._clock())
            self._failures.move_to_end(name)
            _forget_oldest(self._failures)

    def _fresh(self, name: Name) -> _Entry[Value] | None:
        entry = self._entries.get(name)
        if entry is None or self._clock() - entry.fetched_at >= self._seconds:
            return None
        self._entries.move_to_end(name)
        return entry

    def _is_due(self, entry: _Entry[Value]) -> bool:
        return not entry.is_renewing and self._clock() - entry.fetched_at >= self._seconds / 2

    def _keep(self, name: Name, value: Value) -> Value:
        with self._lock:
            self._entries[name] = _Entry(value, self._clock(), self._clock())
            self._entries.move_to_end(name)
            self._failures.pop(name, None)
            _forget_oldest(self._entries)
        return value


def _forget_oldest(remembered: OrderedDict[Name, Any]) -> None:
    while len(remembered) > _REMEMBERED:
        remembered.popitem(last=False)


class Providers:
    """What is known of all providers."""

    def __init__(self, fetcher: Fetcher, clock: Callable[[], float]) -> None:
        self._fetcher = fetcher
        self._metadata: Memory[Metadata] = Memory(METADATA_SECONDS, clock)
        self._keys: Memory[tuple[ProviderKey, ...]] = Memory(KEYS_SECONDS, clock)

    def metadata(self, party: Party) -> Metadata:
        """The provider's metadata, at most an hour old."""
        return self._metadata.get(_name(party), lambda: self._fetch_metadata(party))

    def key(self, party: Party, kid: str | None, algorithm: str) -> ProviderKey:
        """The key that fits; the set is at most ten minutes old, and fetched anew for a key that it does not have."""
        jwks_uri = self.metadata(party).jwks_uri
        known = self._keys.get(_name(party), lambda: self._fetch_keys(jwks_uri))
        found = choose_key(known, kid, algorithm)
        if found is None:
            renewed = self._keys.renew_after(KEYS_PAUSE, _name(party), lambda: self._fetch_keys(jwks_uri))
            found = choose_key(renewed or (), kid, algorithm)
        if found is None:
            raise Refused(OidcRefusal.NO_MATCHING_KEY, f"{algorithm}, kid {shown(kid)}")
        return found

    def examine(self, party: Party) -> None:
        """Fetches everything anew, and refuses a provider that does not offer what we need."""
        metadata = self._metadata.renew(_name(party), lambda: self._fetch_metadata(party))
        check_suitable(metadata, settings_of(party))
        keys = self._keys.renew(_name(party), lambda: self._fetch_keys(metadata.jwks_uri))
        kinds = {ALGORITHMS[algorithm] for algorithm in metadata.algorithms}
        require(any(key.kind in kinds for key in keys), OidcRefusal.NO_USABLE_KEY, metadata.jwks_uri)

    def _fetch_metadata(self, party: Party) -> Metadata:
        issuer = settings_of(party).issuer
        return read_metadata(self._fetch(issuer.rstrip("/") + WELL_KNOWN), issuer, self._fetcher)

    def _fetch_keys(self, address: str) -> tuple[ProviderKey, ...]:
        return read_keys(self._fetch(address))

    def _fetch(self, address: str) -> bytes:
        fetched = self._fetcher.get(address, limit=DOCUMENT_LIMIT)
        if isinstance(fetched, Fetched):
            return fetched.body
        raise Unreached(fetched)


def settings_of(party: Party) -> OidcSettings:
    """What is agreed with an OpenID provider; raises `TypeError` for a connection of another kind."""
    if not isinstance(party.settings, OidcSettings):
        raise TypeError("the connection does not speak OpenID Connect")
    return party.settings


def _name(party: Party) -> Name:
    return party.connection_id, party.revision
