"""A logout token ends sessions only if the provider made it for that, for us, and just now."""

from typing import Any

import pytest

from tests.sso.oidc.issuer import (
    ALGORITHMS,
    CLIENT,
    ISSUER,
    NOW,
    PARTY,
    SECOND,
    canned,
    encode,
    header,
    id_claims,
    id_token,
    key,
    relying_party,
    signed,
)
from totrinn.app.identity_providers import Ended, Rejected, Unavailable
from totrinn.sso.oidc_claims import LOGOUT_EVENT, SKEW
from totrinn.sso.oidc_refusals import OidcRefusal as No

pytestmark = pytest.mark.row("R87")

OURS = canned()
US = relying_party(OURS)


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good logout token, with changes; `...` leaves one out."""
    members = {
        "iss": ISSUER,
        "aud": CLIENT,
        "iat": SECOND,
        "exp": SECOND + 120,
        "jti": "one",
        "sub": "subject",
        "sid": "session",
        "events": {LOGOUT_EVENT: {}},
        **changes,
    }
    return {name: value for name, value in members.items() if value is not ...}


def token(algorithm: str = "RS256", typ: object = "logout+jwt", **changes: Any) -> str:
    """A good logout token, with changes."""
    return signed(header(algorithm, typ=typ), claims(**changes), algorithm)


def read(text: str) -> Ended | Rejected | Unavailable:
    """What we make of it."""
    return US.read_logout(PARTY, {"logout_token": text}, NOW)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("typ", ["logout+jwt", "JWT", "application/logout+jwt"])
def test_a_good_token_ends_the_session_that_it_names(algorithm: str, typ: str) -> None:
    """By subject and session, once."""
    ended = read(token(algorithm, typ))
    assert isinstance(ended, Ended)
    assert (ended.subject, ended.sessions, ended.reply_to) == ("subject", ("session",), "")
    assert (ended.token_expires_at - NOW - SKEW).total_seconds() == 120


def test_a_subject_alone_means_all_its_sessions() -> None:
    """And a session alone names nobody."""
    by_subject, by_session = read(token(sid=...)), read(token(sub=...))
    assert isinstance(by_subject, Ended)
    assert isinstance(by_session, Ended)
    assert (by_subject.subject, by_subject.sessions) == ("subject", ())
    assert (by_session.subject, by_session.sessions) == ("", ("session",))


def test_a_token_is_known_again_by_its_name() -> None:
    """The same `jti` in another token is the same token; another `jti` is another."""
    names = [
        each.token_id
        for each in map(read, (token(), token(iat=SECOND - 1), token(jti="two")))
        if isinstance(each, Ended)
    ]
    assert len(names) == 3
    assert names[0] == names[1] != names[2]


FORGED: dict[str, tuple[No, str]] = {
    "nonce": (No.OTHER_KIND, token(nonce="n")),
    "nonce_null": (No.OTHER_KIND, token(nonce=None)),
    "id_token": (No.OTHER_KIND, id_token()),
    "id_token_as_logout": (No.OTHER_KIND, signed(header(typ="logout+jwt"), id_claims(), "RS256")),
    "id_token_without_nonce": (No.LOGOUT_EVENT, id_token(nonce=..., exp=SECOND + 120)),
    "typ_missing": (No.OTHER_KIND, token(typ=...)),
    "typ_access": (No.OTHER_KIND, token(typ="at+jwt")),
    "typ_list": (No.OTHER_KIND, token(typ=["logout+jwt"])),
    "events_missing": (No.LOGOUT_EVENT, token(events=...)),
    "events_other": (No.LOGOUT_EVENT, token(events={"http://schemas.example/other": {}})),
    "events_list": (No.LOGOUT_EVENT, token(events=[LOGOUT_EVENT])),
    "events_text": (No.LOGOUT_EVENT, token(events=LOGOUT_EVENT)),
    "event_is_text": (No.LOGOUT_EVENT, token(events={LOGOUT_EVENT: ""})),
    "event_is_null": (No.LOGOUT_EVENT, token(events={LOGOUT_EVENT: None})),
    "nobody": (No.SUBJECT, token(sub=..., sid=...)),
    "sub_empty": (No.SUBJECT, token(sub="", sid=...)),
    "sub_list": (No.SUBJECT, token(sub=["subject"])),
    "sub_null": (No.SUBJECT, token(sub=None)),
    "sid_list": (No.CLAIM, token(sid=["session"])),
    "sid_null": (No.CLAIM, token(sid=None)),
    "jti_missing": (No.CLAIM, token(jti=...)),
    "jti_empty": (No.CLAIM, token(jti="")),
    "jti_number": (No.CLAIM, token(jti=1)),
    "aud_other": (No.AUDIENCE, token(aud="other")),
    "aud_missing": (No.AUDIENCE, token(aud=...)),
    "iss_other": (No.ISSUER, token(iss="https://evil.example")),
    "iss_missing": (No.ISSUER, token(iss=...)),
    "old": (No.TOO_OLD, token(iat=SECOND - 181)),
    "future": (No.NOT_YET, token(iat=SECOND + 61)),
    "expired": (No.EXPIRED, token(iat=SECOND - 100, exp=SECOND - 60)),
    "exp_missing": (No.CLAIM, token(exp=...)),
    "iat_missing": (No.CLAIM, token(iat=...)),
    "lasting": (No.TOO_LASTING, token(exp=SECOND + 10**9)),
    "unsigned": (No.ALGORITHM, f"{encode(header(alg='none', typ='logout+jwt'))}.{encode(claims())}."),
    "evil_key": (No.SIGNATURE, signed(header(typ="logout+jwt"), claims(), "RS256", key("RS256 of somebody else"))),
    "no_token": (No.TOKEN_MALFORMED, ""),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_ends_nothing(name: str) -> None:
    """Each is refused for its own reason."""
    refusal, text = FORGED[name]
    result = read(text)
    assert isinstance(result, Rejected)
    assert result.code == refusal


def test_no_token_at_all_ends_nothing() -> None:
    """A request without the parameter."""
    result = US.read_logout(PARTY, {"id_token": token()}, NOW)
    assert isinstance(result, Rejected)
    assert result.code == No.TOKEN_MALFORMED
