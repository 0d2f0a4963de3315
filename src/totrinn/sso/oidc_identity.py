"""Who somebody is, from the claims of an ID token and of the userinfo endpoint."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from totrinn.app.identity_providers import Challenge, Identity, OidcSettings
from totrinn.fetching.showing import shown_claims
from totrinn.sso.oidc_claims import SKEW, subject_of
from totrinn.sso.oidc_json import text_of, texts_of, time_of
from totrinn.sso.oidc_refusals import Examination, OidcCheck, OidcRefusal, require
from totrinn.sso.oidc_tokens import SignedToken

_HIDDEN = {"nonce", "at_hash", "c_hash", "s_hash", "access_token", "id_token", "refresh_token"}
_LONGEST_EMAIL = 254
_ENTRA_HOSTS = {"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"}


@dataclass(frozen=True, slots=True)
class Proof:
    """How and when the provider says that the person proved themselves."""

    amr: tuple[str, ...]
    acr: str
    authenticated_at: datetime | None
    session: str


def read_proof(claims: Mapping[str, Any]) -> Proof:
    """The claims about the authentication, each of its type or missing."""
    at = datetime.fromtimestamp(time_of(claims, "auth_time"), UTC) if "auth_time" in claims else None
    return Proof(texts_of(claims, "amr"), text_of(claims, "acr", default=""), at, text_of(claims, "sid", default=""))


def check_freshness(proof: Proof, challenge: Challenge, now: datetime, examination: Examination) -> None:
    """The authentication lies not in the future, and not before a challenge that demanded a new one."""
    at = proof.authenticated_at
    if at is not None:
        require(at <= now + SKEW, OidcRefusal.NOT_YET, f"auth_time {at:%Y-%m-%dT%H:%M:%SZ}")
    if challenge.is_fresh and at is not None:
        require(at >= challenge.started_at - SKEW, OidcRefusal.NOT_FRESH, f"auth_time {at:%Y-%m-%dT%H:%M:%SZ}")
        examination.passes(OidcCheck.FRESHNESS)


def has_email(claims: Mapping[str, Any]) -> bool:
    """Whether there is an address, or something in its place that will be refused."""
    return claims.get("email") not in (None, "")


def identify(
    settings: OidcSettings, token: SignedToken, userinfo: Mapping[str, Any], proof: Proof, expires_at: datetime
) -> Identity:
    """The identity; the address, and whether it is verified, come from the same document."""
    claims = token.claims
    addressed = claims if has_email(claims) else userinfo
    email = text_of(addressed, "email", longest=_LONGEST_EMAIL) if has_email(addressed) else ""
    return Identity(
        subject=subject_of(claims),
        email=email or None,
        email_verified=bool(email) and _is_verified(settings, addressed),
        name=_name(claims) or _name(userinfo),
        groups=_groups(claims, settings.groups_claim) or _groups(userinfo, settings.groups_claim),
        amr=proof.amr,
        acr=proof.acr,
        authenticated_at=proof.authenticated_at,
        session=proof.session,
        ends_at=None,
        token_id=token.digest,
        token_expires_at=expires_at + SKEW,
        claims=shown_claims(_told_claims(claims, userinfo)),
    )


def _is_verified(settings: OidcSettings, claims: Mapping[str, Any]) -> bool:
    """Only the word `true` counts. A missing one counts where that is agreed; what is there is believed."""
    verified = claims.get("email_verified")
    if "email_verified" in claims:
        require(isinstance(verified, bool), OidcRefusal.CLAIM, "email_verified")
        return verified is True
    if urlsplit(settings.issuer).hostname in _ENTRA_HOSTS and _is_true(claims.get("xms_edov")):
        return True
    return settings.trusts_email


def _is_true(value: object) -> bool:
    """Entra ID writes `xms_edov` ("e-mail domain owner verified") in several ways."""
    return value is True or value == "1" or (type(value) is int and value == 1)


def _groups(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts, or a single text."""
    if isinstance(claims.get(name), str):
        return (text_of(claims, name),)
    return texts_of(claims, name)


def _name(claims: Mapping[str, Any]) -> str:
    """For show only, so that one of a strange form is left out."""
    parts = [claims.get("name")] if claims.get("name") else [claims.get("given_name"), claims.get("family_name")]
    name = " ".join(part.strip() for part in parts if isinstance(part, str))
    return name[:200] if name.isprintable() else ""


def _told_claims(claims: Mapping[str, Any], userinfo: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """All claims but those that are tokens or are derived from one."""
    for name, value in {**userinfo, **claims}.items():
        if name not in _HIDDEN:
            yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
