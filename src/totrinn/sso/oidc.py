"""The relying party of OpenID Connect: authorization code flow with PKCE, and back-channel logout.

A sign-in is bound to one browser, one connection and one moment by `state`, `nonce` and the PKCE verifier. Nothing that
a provider or a browser sends raises: it ends in an `Identity`, in `Rejected` with the code of the check that failed, or
in `Unavailable`.
"""

import logging
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import urlencode

from totrinn.app.identity_providers import Challenge, Ended, Identity, Party, Rejected, Unavailable
from totrinn.fetching.exchange import Fetcher
from totrinn.fetching.showing import shown_detail
from totrinn.sso.oidc_answers import check_state, read_code
from totrinn.sso.oidc_claims import SKEW, Expected, check_id_token, check_logout_token, subject_of, token_name
from totrinn.sso.oidc_client import Tokens, check_secret, read_userinfo, redeem
from totrinn.sso.oidc_discovery import Metadata, Providers, settings_of
from totrinn.sso.oidc_identity import check_freshness, has_email, identify, read_proof
from totrinn.sso.oidc_json import text_of
from totrinn.sso.oidc_keys import own_key_set
from totrinn.sso.oidc_refusals import Examination, OidcCheck, OidcRefusal, Refused, Unreached, require
from totrinn.sso.oidc_tokens import SignedToken, open_token

KEY_SET_TYPE = "application/jwk-set+json"

_log = logging.getLogger("totrinn.sso")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _SignIn:
    """One sign-in that comes back."""

    party: Party
    challenge: Challenge
    metadata: Metadata
    now: datetime
    examination: Examination


class OidcRelyingParty:
    """We, as OpenID providers know us."""

    def __init__(self, fetcher: Fetcher, base_url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells the age of what is remembered of providers, in seconds."""
        self._fetcher = fetcher
        self._base_url = base_url.rstrip("/")
        self._providers = Providers(fetcher, clock)

    def begin(self, party: Party, challenge: Challenge, *, login_hint: str) -> str | Rejected | Unavailable:
        """The address to which the browser is sent: an authorization request (OpenID Connect Core §3.1.2.1)."""
        return _examined(lambda _: self._request(party, challenge, login_hint))

    def finish(
        self, party: Party, challenge: Challenge | None, answer: Mapping[str, str], now: datetime
    ) -> Identity | Rejected | Unavailable:
        """Who the answer says it is, after every check has passed."""
        return _examined(lambda examination: self._finish(party, challenge, answer, now, examination))

    def read_logout(self, party: Party, answer: Mapping[str, str], now: datetime) -> Ended | Rejected | Unavailable:
        """What the logout token in `logout_token` ends (OpenID Connect Back-Channel Logout §2.6)."""
        return _examined(lambda examination: self._read_logout(party, answer, now, examination))

    def describe(self, party: Party) -> tuple[str, bytes]:
        """(content type, document): our public key for this connection."""
        return KEY_SET_TYPE, own_key_set(party.key)

    def check_settings(self, party: Party) -> Rejected | Unavailable | None:
        """Whether the provider can be reached and offers what we need; nothing that is remembered is believed."""
        return _examined(lambda _: self._check_settings(party))

    def _check_settings(self, party: Party) -> None:
        check_secret(party)
        self._providers.examine(party)

    def _redirect_uri(self, party: Party) -> str:
        return f"{self._base_url}/sso/{party.connection_id}/callback"

    def _request(self, party: Party, challenge: Challenge, login_hint: str) -> str:
        settings = settings_of(party)
        parameters = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": self._redirect_uri(party),
            "scope": " ".join(settings.scopes),
            "state": challenge.state,
            "nonce": challenge.nonce,
            "code_challenge": _code_challenge(challenge.verifier),
            "code_challenge_method": "S256",
        }
        parameters |= {"login_hint": login_hint} if login_hint else {}
        parameters |= {"prompt": "login", "max_age": "0"} if challenge.is_fresh else {}
        parameters |= {"acr_values": " ".join(challenge.context)} if challenge.context else {}
        endpoint = self._providers.metadata(party).authorization_endpoint
        return endpoint + ("&" if "?" in endpoint else "?") + urlencode(parameters)

    def _finish(
        self,
        party: Party,
        challenge: Challenge | None,
        answer: Mapping[str, str],
        now: datetime,
        examination: Examination,
    ) -> Identity:
        if challenge is None:
            raise Refused(OidcRefusal.NOT_ASKED_FOR)
        check_state(challenge, answer, examination)
        signin = _SignIn(party, challenge, self._providers.metadata(party), now, examination)
        code = read_code(answer, signin.metadata, examination)
        redirect_uri, verifier = self._redirect_uri(party), challenge.verifier
        tokens = redeem(self._fetcher, party, signin.metadata, code, verifier, redirect_uri, now)
        examination.passes(OidcCheck.TOKENS)
        return self._identity(signin, tokens)

    def _identity(self, signin: _SignIn, tokens: Tokens) -> Identity:
        examination, settings = signin.examination, settings_of(signin.party)
        token = self._open(tokens.id_token, signin.party, signin.metadata, examination)
        expires_at = check_id_token(
            token,
            Expected(signin.metadata.issuer, settings.client_id, signin.now),
            nonce=signin.challenge.nonce,
            access_token=tokens.access_token,
            examination=examination,
        )
        subject_of(token.claims)
        examination.passes(OidcCheck.SUBJECT)
        proof = read_proof(token.claims)
        check_freshness(proof, signin.challenge, signin.now, examination)
        userinfo = self._userinfo(signin, tokens, token)
        identity = identify(settings, token, userinfo, proof, expires_at)
        examination.passes(OidcCheck.CLAIMS)
        return replace(identity, checks=examination.passed)

    def _userinfo(self, signin: _SignIn, tokens: Tokens, token: SignedToken) -> Mapping[str, Any]:
        """What the userinfo endpoint adds, if the ID token has no address."""
        endpoint = signin.metadata.userinfo_endpoint
        if has_email(token.claims) or not endpoint or not tokens.access_token:
            return {}
        userinfo = read_userinfo(self._fetcher, endpoint, tokens.access_token, token.claims["sub"])
        signin.examination.passes(OidcCheck.USERINFO)
        return userinfo

    def _read_logout(self, party: Party, answer: Mapping[str, str], now: datetime, examination: Examination) -> Ended:
        metadata = self._providers.metadata(party)
        token = self._open(answer.get("logout_token"), party, metadata, examination)
        expected = Expected(metadata.issuer, settings_of(party).client_id, now)
        expires_at = check_logout_token(token, expected, examination)
        subject = subject_of(token.claims) if "sub" in token.claims else ""
        session = text_of(token.claims, "sid") if "sid" in token.claims else ""
        require(bool(subject or session), OidcRefusal.SUBJECT)
        examination.passes(OidcCheck.SUBJECT)
        name = sha256(token_name(token.claims).encode()).hexdigest()
        examination.passes(OidcCheck.CLAIMS)
        return Ended(subject, (session,) if session else (), name, expires_at + SKEW)

    def _open(self, token: object, party: Party, metadata: Metadata, examination: Examination) -> SignedToken:
        return open_token(
            token,
            expected_algorithms=metadata.algorithms,
            find_key=lambda kid, algorithm: self._providers.key(party, kid, algorithm),
            examination=examination,
        )


def _examined(examine: Callable[[Examination], _Result]) -> _Result | Rejected | Unavailable:
    """The result, or why there is none."""
    examination = Examination()
    try:
        return examine(examination)
    except Refused as refused:
        return Rejected(refused.refusal.value, shown_detail(refused.detail), examination.passed)
    except Unreached as unreached:
        return replace(unreached.unavailable, detail=shown_detail(unreached.unavailable.detail))
    except Exception:  # noqa: BLE001
        # A hole in the reading above must not become a hole in the door, nor a way to bring pages down.
        _log.exception("an OpenID provider's answer could not be read")
        return Rejected(OidcRefusal.UNREADABLE.value, "", examination.passed)


def _code_challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
