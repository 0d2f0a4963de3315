"""Whom an answer makes somebody: only what the provider said, by its own word, in the types that it must have."""

import json
from typing import Any

import pytest

from tests.sso.oidc.issuer import (
    ACCESS_TOKEN,
    ANSWER,
    CHALLENGE,
    ISSUER,
    NOW,
    SECOND,
    Canned,
    canned,
    header,
    id_claims,
    id_token,
    metadata,
    party,
    public,
    relying_party,
    signed,
    tokens,
)
from totrinn.app.identity_providers import Identity, Rejected, Unavailable
from totrinn.fetching.failures import Failure
from totrinn.sso.oidc_claims import SKEW
from totrinn.sso.oidc_refusals import OidcRefusal as No

ENTRA = "https://login.microsoftonline.com/0000-1111/v2.0"


def finish(fetcher: Canned, **settings: Any) -> Identity | Rejected | Unavailable:
    """A sign-in, with changes of the settings."""
    return relying_party(fetcher).finish(party(**settings), CHALLENGE, ANSWER, NOW)


def identity(settings: dict[str, Any] | None = None, **claims: Any) -> Identity:
    """Who an ID token with these changes says it is."""
    fetcher = canned()
    fetcher.redeemed = tokens(id_token(**claims))
    result = finish(fetcher, **(settings or {}))
    assert isinstance(result, Identity)
    return result


def with_userinfo(document: object, **claims: Any) -> Canned:
    """A provider whose ID token has no address, and whose userinfo endpoint says this."""
    text = document if isinstance(document, bytes | Unavailable) else json.dumps(document).encode()
    fetcher = canned(document=metadata(userinfo_endpoint=f"{ISSUER}/userinfo"), others={"userinfo": text})
    fetcher.redeemed = tokens(id_token(**{"email": ..., "email_verified": ..., **claims}))
    return fetcher


@pytest.mark.row("R78", "R85")
def test_an_identity_holds_what_the_token_says() -> None:
    """All of it, and nothing that was not said."""
    told = identity(
        name="Kari Nordmann",
        groups=["staff", "admin"],
        amr=["pwd", "otp", "mfa"],
        acr="urn:high",
        auth_time=SECOND - 5,
        sid="session",
    )
    assert (told.subject, told.email, told.email_verified) == ("subject", "kari@example.no", True)
    assert (told.name, told.groups) == ("Kari Nordmann", ("staff", "admin"))
    assert (told.amr, told.acr, told.session) == (("pwd", "otp", "mfa"), "urn:high", "session")
    assert told.authenticated_at is not None
    assert (NOW - told.authenticated_at).total_seconds() == 5
    assert (told.token_expires_at - NOW - SKEW).total_seconds() == 3600
    assert told.ends_at is None


@pytest.mark.row("R85")
def test_what_is_not_said_is_not_assumed() -> None:
    """No method, no level, no time: a sign-in of which nothing is known."""
    told = identity(email=..., email_verified=...)
    assert (told.email, told.email_verified, told.amr, told.acr) == (None, False, (), "")
    assert (told.authenticated_at, told.groups, told.name, told.session) == (None, (), "", "")


@pytest.mark.row("R78")
@pytest.mark.parametrize(
    ("is_verified", "settings", "claims"),
    [
        (True, {}, {"email_verified": True}),
        (False, {}, {"email_verified": False}),
        (False, {}, {"email_verified": ...}),
        (True, {"trusts_email": True}, {"email_verified": ...}),
        (False, {"trusts_email": True}, {"email_verified": False}),
        (False, {"trusts_email": True}, {"email_verified": True, "email": ""}),
        (False, {}, {"email_verified": ..., "xms_edov": True}),
    ],
)
def test_an_address_is_verified_only_if_the_provider_says_so(
    is_verified: bool, settings: dict[str, Any], claims: dict[str, Any]
) -> None:
    """A missing word counts only where that is agreed, and a `false` is always believed."""
    assert identity(settings, **claims).email_verified == is_verified


@pytest.mark.row("R78")
@pytest.mark.parametrize(
    ("is_verified", "claims"),
    [
        (True, {"xms_edov": True}),
        (True, {"xms_edov": 1}),
        (True, {"xms_edov": "1"}),
        (False, {"xms_edov": "true"}),
        (False, {"xms_edov": 2}),
        (False, {"xms_edov": [1]}),
        (False, {"xms_edov": False}),
        (False, {}),
        (False, {"xms_edov": True, "email_verified": False}),
    ],
)
def test_entra_id_has_a_word_of_its_own(is_verified: bool, claims: dict[str, Any]) -> None:
    """`xms_edov`: the domain of the address belongs to the tenant. No other issuer's use of it counts."""
    fetcher = canned(document=metadata(issuer=ENTRA, jwks_uri=f"{ISSUER}/jwks"))
    fetcher.documents[f"{ENTRA}/.well-known/openid-configuration"] = json.dumps(metadata(issuer=ENTRA)).encode()
    fetcher.redeemed = tokens(id_token(iss=ENTRA, **{"email_verified": ..., **claims}))
    result = finish(fetcher, issuer=ENTRA)
    assert isinstance(result, Identity)
    assert result.email_verified == is_verified


@pytest.mark.parametrize(
    ("expected", "claims"),
    [
        (("a", "b"), {"groups": ["a", "b"]}),
        (("one",), {"groups": "one"}),
        ((), {"groups": []}),
        (("r",), {"groups": ["a"], "roles": ["r"]}),
    ],
)
def test_groups_come_from_the_agreed_claim(expected: tuple[str, ...], claims: dict[str, Any]) -> None:
    """A list, or one alone."""
    settings = {"groups_claim": "roles"} if "roles" in claims else {}
    assert identity(settings, **claims).groups == expected


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("Kari Nordmann", {"name": " Kari Nordmann "}),
        ("Kari Nordmann", {"given_name": "Kari", "family_name": "Nordmann"}),
        ("Kari", {"given_name": "Kari", "family_name": 1}),
        ("", {"name": ["Kari"]}),
        ("", {"name": "Kari\n\x00"}),
        ("K" * 200, {"name": "K" * 1000}),
    ],
)
def test_a_name_is_for_show(name: str, claims: dict[str, Any]) -> None:
    """So that a strange one is left out, and stops nobody."""
    assert identity(**claims).name == name


def test_whoever_tests_a_connection_sees_every_claim_but_no_token() -> None:
    """As short text, without signs that do something."""
    strange: dict[str, Any] = {"bad\n": "a\x1b[0m", "y" * 300: "z" * 1000}
    many: dict[str, Any] = {f"claim{number}": number for number in range(500)}
    shown = dict(identity(roles=[{"a": 1}], long="x" * 50_000, **strange).claims)
    assert shown["roles"] == '[{"a": 1}]'
    assert shown["long"] == "x" * 999 + "…"
    assert shown["y" * 199 + "…"] == "z" * 1000
    assert shown["bad\N{REPLACEMENT CHARACTER}"] == "a\N{REPLACEMENT CHARACTER}[0m"
    assert not {"nonce", "at_hash"} & shown.keys()
    assert len(identity(**many).claims) <= 100


# Userinfo -----------------------------------------------------------------------------------------------------

KARI = {"sub": "subject", "email": "kari@example.no", "email_verified": True}


@pytest.mark.row("R78", "R83")
def test_userinfo_fills_in_what_the_token_does_not_say() -> None:
    """It is asked with the access token, for the same person."""
    fetcher = with_userinfo(KARI | {"name": "Kari", "groups": ["staff"], "phone": "1"})
    result = finish(fetcher)
    assert isinstance(result, Identity)
    assert (result.email, result.email_verified) == ("kari@example.no", True)
    assert (result.name, result.groups) == ("Kari", ("staff",))
    assert ("phone", "1") in result.claims
    assert f"{ISSUER}/userinfo {ACCESS_TOKEN}" in fetcher.fetched
    assert "userinfo" in result.checks


@pytest.mark.row("R78")
def test_address_and_its_verification_come_from_one_document() -> None:
    """The token's `email_verified` says nothing of an address that the userinfo endpoint adds."""
    result = finish(with_userinfo({"sub": "subject", "email": "kari@example.no"}, email_verified=True))
    assert isinstance(result, Identity)
    assert (result.email, result.email_verified) == ("kari@example.no", False)


def test_userinfo_is_not_asked_for_what_is_known() -> None:
    """Nor without an access token, nor where there is none to ask."""
    fetcher = with_userinfo(KARI, email="kari@example.no")
    assert isinstance(finish(fetcher), Identity)
    assert not [address for address in fetcher.fetched if "userinfo" in address]
    fetcher = with_userinfo(KARI, at_hash=...)
    fetcher.redeemed = tokens(id_token(email=..., at_hash=...), access_token="")
    result = finish(fetcher)
    assert isinstance(result, Identity)
    assert result.email is None


@pytest.mark.row("R78", "R83")
@pytest.mark.parametrize(
    ("refusal", "document"),
    [
        (No.USERINFO_SUBJECT, KARI | {"sub": "other"}),
        (No.USERINFO_SUBJECT, {"email": "kari@example.no"}),
        (No.USERINFO_SUBJECT, KARI | {"sub": ["subject"]}),
        (No.DOCUMENT_MALFORMED, []),
        (No.DOCUMENT_MALFORMED, b"eyJhbGciOiJub25lIn0.e30."),
        (No.DOCUMENT_MALFORMED, b'{"sub":"subject","email":"a@a.no","email":"b@b.no"}'),
        (No.CLAIM, KARI | {"email": ["kari@example.no"]}),
        (No.CLAIM, KARI | {"email_verified": "true"}),
        (No.CLAIM, KARI | {"groups": {"a": 1}}),
    ],
)
def test_userinfo_is_believed_no_more_than_the_token(refusal: No, document: object) -> None:
    """Somebody else's, unreadable or of wrong types: each is refused."""
    result = finish(with_userinfo(document))
    assert isinstance(result, Rejected)
    assert result.code == refusal


def test_userinfo_that_cannot_be_fetched_is_a_failure_of_the_provider() -> None:
    """And nobody is signed in without the address that was to come from there."""
    hanging = Unavailable(Failure.TIMED_OUT)
    assert finish(with_userinfo(hanging)) == hanging


def test_an_access_token_that_cannot_stand_in_a_header_is_not_sent() -> None:
    """It could end the header and begin another."""
    fetcher = with_userinfo(KARI)
    fetcher.redeemed = tokens(id_token(email=..., at_hash=...), access_token="a\r\nHost: evil")
    result = finish(fetcher)
    assert isinstance(result, Rejected)
    assert result.code == No.DOCUMENT_MALFORMED


@pytest.mark.row("R83")
def test_a_connection_that_speaks_another_protocol_is_no_way_in() -> None:
    """Were one handed to us by mistake, nothing would be accepted."""
    fetcher = canned(keys=[public("RS256")])
    fetcher.redeemed = tokens(signed(header(), id_claims(), "RS256"))
    result = finish(fetcher, client_id="other")
    assert isinstance(result, Rejected)
    assert result.code == No.AUDIENCE
