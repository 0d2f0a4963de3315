"""Tokens that must be refused, each for its own reason.

A forgery is made from a good token by one change. It is signed by the provider's own key unless the signature is what
was changed: so nothing but the check that it is meant for can refuse it.
"""

import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.sso.oidc.issuer import (
    CLIENT,
    ISSUER,
    SECOND,
    encode,
    header,
    id_claims,
    key,
    kid,
    public,
    signature,
    signed,
)
from totrinn.sso.oidc_refusals import OidcRefusal as No

Make = Callable[[str], object]
"""Makes a forgery for an algorithm."""


@dataclass(frozen=True)
class Forgery:
    """A token, and why it must be refused."""

    name: str
    refusal: No
    make: Make


def _signed(*, head: dict[str, Any] | None = None, claims: dict[str, Any] | None = None) -> Make:
    """Changed, and signed by the provider."""
    return lambda alg: signed(header(alg, **(head or {})), id_claims(alg, **(claims or {})), alg)


def _claims(refusal: No, **cases: dict[str, Any]) -> Iterator[Forgery]:
    """One change of the claims each."""
    for name, changes in cases.items():
        yield Forgery(name, refusal, _signed(claims=changes))


def _header(refusal: No, **cases: dict[str, Any]) -> Iterator[Forgery]:
    """One change of the header each."""
    for name, changes in cases.items():
        yield Forgery(name, refusal, _signed(head=changes))


def _types(refusal: No, claim: str, *values: object) -> Iterator[Forgery]:
    """Values of a claim that are none."""
    for number, value in enumerate(values):
        yield from _claims(refusal, **{f"{claim}_{number}": {claim: value}})


# Algorithms and keys ------------------------------------------------------------------------------------------


def _unsigned(name: str) -> Make:
    return lambda alg: f"{encode(header(alg, alg=name))}.{encode(id_claims(alg))}."


def _unsigned_with_something(alg: str) -> str:
    return f"{encode(header(alg, alg='none'))}.{encode(id_claims(alg))}.{encode(b'x')}"


def _secrets(alg: str) -> dict[str, bytes]:
    """Public texts that a confused verifier may take for a shared secret."""
    raw: Any = key(alg).public_key
    return {
        "pem": raw.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": raw.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": json.dumps(public(alg)).encode(),
        "jwks": json.dumps({"keys": [public(alg)]}).encode(),
        "member": str(public(alg).get("n") or public(alg)["x"]).encode(),
        "client": CLIENT.encode(),
    }


def _hmac(name: str, secret: str) -> Make:
    def make(alg: str) -> str:
        text = f"{encode(header(alg, alg=name))}.{encode(id_claims(alg))}"
        return f"{text}.{encode(hmac.digest(_secrets(alg)[secret], text.encode(), f'sha{name[2:]}'))}"

    return make


def _by_another_algorithm(name: str) -> Make:
    """By an algorithm that we accept and the provider has not announced."""
    return lambda alg: signed(
        header(alg, alg=name), id_claims(alg), name, key(name if name.startswith("ES") else "RS256")
    )


ALGORITHMS = (
    *(Forgery(f"none_{name}", No.ALGORITHM, _unsigned(name)) for name in ("none", "nOnE", "NONE", "None", "")),
    Forgery("none_with_signature", No.ALGORITHM, _unsigned_with_something),
    *(Forgery(f"hs256_{secret}", No.ALGORITHM, _hmac("HS256", secret)) for secret in _secrets("RS256")),
    Forgery("hs384", No.ALGORITHM, _hmac("HS384", "pem")),
    Forgery("hs512", No.ALGORITHM, _hmac("HS512", "jwks")),
    *(
        Forgery(f"unannounced_{name}", No.ALGORITHM, _by_another_algorithm(name))
        for name in ("PS256", "RS384", "RS512", "ES384")
    ),
    Forgery("unknown", No.ALGORITHM, lambda alg: signed(header(alg, alg="XS256"), id_claims(alg), alg)),
    *_header(
        No.ALGORITHM,
        alg_list={"alg": ["RS256"]},
        alg_missing={"alg": ...},
        alg_null={"alg": None},
        alg_number={"alg": 256},
        alg_dict={"alg": {"RS256": 1}},
    ),
)


def _evil(alg: str) -> Any:
    return key(f"{alg} of somebody else")


def _evil_key(**changes: Callable[[str], object]) -> Make:
    """Signed by another key, which the header offers."""

    def make(alg: str) -> str:
        offered = {name: offer(alg) for name, offer in changes.items()}
        return signed(header(alg, **offered), id_claims(alg), alg, _evil(alg))

    return make


def _cut(end: int) -> Make:
    return lambda alg: signed(header(alg), id_claims(alg), alg)[:end]


def _other_payload(alg: str) -> str:
    head, _, mark = signed(header(alg), id_claims(alg), alg).split(".")
    return f"{head}.{encode(id_claims(alg, sub='admin'))}.{mark}"


def _other_header(alg: str) -> str:
    _, payload, mark = signed(header(alg), id_claims(alg), alg).split(".")
    return f"{encode(header(alg, more=1))}.{payload}.{mark}"


def _signature(mark: bytes) -> Make:
    return lambda alg: f"{encode(header(alg))}.{encode(id_claims(alg))}.{encode(mark)}"


SIGNATURES = (
    Forgery("evil_key", No.SIGNATURE, _evil_key()),
    Forgery("evil_jwk", No.SIGNATURE, _evil_key(jwk=lambda alg: _evil(alg).as_dict(private=False))),
    Forgery("evil_jku", No.SIGNATURE, _evil_key(jku=lambda alg: "https://evil.example/jwks")),
    Forgery("evil_x5u", No.SIGNATURE, _evil_key(x5u=lambda alg: "https://evil.example/cert")),
    Forgery("evil_x5c", No.SIGNATURE, _evil_key(x5c=lambda alg: ["MIIB"])),
    Forgery("no_signature", No.SIGNATURE, lambda alg: f"{encode(header(alg))}.{encode(id_claims(alg))}."),
    Forgery("other_payload", No.SIGNATURE, _other_payload),
    Forgery("other_header", No.SIGNATURE, _other_header),
    *(
        Forgery(f"signature_{name}", No.SIGNATURE, _signature(mark))
        for name, mark in {"zeros": bytes(64), "zeros_long": bytes(256), "short": b"x", "long": b"x" * 1000}.items()
    ),
    Forgery("signature_of_last_sign", No.SIGNATURE, lambda alg: signed(header(alg), id_claims(alg), alg)[:-2] + "AA"),
    *_header(
        No.NO_MATCHING_KEY,
        kid_other={"kid": "other"},
        kid_empty={"kid": ""},
        kid_path={"kid": "../../dev/null"},
        kid_sql={"kid": "' OR 1=1 --"},
        kid_list={"kid": ["key-RS256", "key-ES256"]},
        kid_number={"kid": 1},
        kid_dict={"kid": {}},
    ),
    Forgery(
        "kid_of_another_type",
        No.NO_MATCHING_KEY,
        lambda alg: signed(header(alg, kid=kid("ES256" if alg == "RS256" else "RS256")), id_claims(alg), alg),
    ),
    *_header(
        No.EXTENSION,
        crit_unknown={"crit": ["exp"], "exp": 1},
        crit_empty={"crit": []},
        crit_text={"crit": "b64"},
        crit_b64={"crit": ["b64"], "b64": True},
        b64_false={"b64": False},
    ),
)


# Form ---------------------------------------------------------------------------------------------------------


def _raw(head: str | bytes | None = None, payload: str | bytes | None = None) -> Make:
    """With header or payload as they are given, signed."""

    def make(alg: str) -> str:
        first = encode(header(alg)) if head is None else encode(head.encode() if isinstance(head, str) else head)
        if payload is None:
            second = encode(id_claims(alg))
        else:
            second = encode(payload.encode() if isinstance(payload, str) else payload)
        return f"{first}.{second}.{signature(f'{first}.{second}', alg, key(alg))}"

    return make


def _with_member(member: str) -> Make:
    """A payload with one more member before its end."""
    return lambda alg: _raw(payload=json.dumps(id_claims(alg))[:-1] + member + "}")(alg)


def _with_header_member(member: str) -> Make:
    return lambda alg: _raw(head=json.dumps(header(alg))[:-1] + member + "}")(alg)


def _changed(change: Callable[[str], object]) -> Make:
    return lambda alg: change(signed(header(alg), id_claims(alg), alg))


FORMS = (
    *(
        Forgery(name, No.TOKEN_MALFORMED, make)
        for name, make in {
            "two_parts": _changed(lambda token: token.rpartition(".")[0]),
            "five_parts": _changed(lambda token: token + ".a.b"),
            "four_parts": _changed(lambda token: token + ".a"),
            "space": _changed(lambda token: token + " "),
            "newline": _changed(lambda token: token + "\n"),
            "padding": _changed(lambda token: token + "=="),
            "plus": _changed(lambda token: token[:-2] + "+/"),
            "not_ascii": _changed(lambda token: token[:-1] + "é"),
            "json_form": _changed(lambda token: json.dumps(dict(zip("abc", token.split("."), strict=True)))),
            "no_base64": _changed(lambda token: "A" + token),
            "empty": lambda alg: "",
            "huge": _changed(lambda token: token + "A" * 2_000_000),
            "payload_no_json": _raw(payload="sub=admin"),
            "payload_list": _raw(payload="[]"),
            "payload_text": _raw(payload='"sub"'),
            "payload_empty": _raw(payload="{"),
            "payload_latin1": _raw(payload='{"sub":"é"}'.encode("latin-1")),
            "payload_deep": _raw(payload='{"a":' + "[" * 40_000 + "]" * 40_000 + "}"),
            "payload_surrogate": _with_member(r',"name":"\ud800"'),
            "twice_sub": _with_member(',"sub":"admin"'),
            "twice_nested": _with_member(',"address":{"a":1,"a":2}'),
            "twice_escaped": _with_member(r',"s\u0075b":"admin"'),
            "nan": _with_member(',"auth_time":NaN'),
            "infinity": _with_member(',"auth_time":Infinity'),
            "digits": _with_member(',"auth_time":' + "9" * 5000),
            "header_twice": _with_header_member(',"alg":"none"'),
            "header_list": _raw(head="[]"),
            "header_no_json": _raw(head="alg"),
        }.items()
    ),
)


# Claims -------------------------------------------------------------------------------------------------------

_NOT_TIMES: tuple[object, ...] = ("1", True, [SECOND], {}, None, 1.5, -1, 10**18, 253370764800)
_NOT_FOR_US: tuple[object, ...] = (
    *("other", "", "totrin", "totrinn2", f"{CLIENT} other", ["other"], [], [[CLIENT]], [CLIENT, 1], [CLIENT, "other"]),
    *(1, {CLIENT: 1}, None, ...),
)

CLAIMS = (
    *_header(
        No.OTHER_KIND,
        typ_access_token={"typ": "at+jwt"},
        typ_logout={"typ": "logout+jwt"},
        typ_long={"typ": "application/logout+jwt"},
        typ_list={"typ": ["JWT"]},
        typ_null={"typ": None},
        typ_dpop={"typ": "dpop+jwt"},
    ),
    *_claims(
        No.OTHER_KIND,
        events={"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
        events_null={"events": None},
    ),
    *_types(No.ISSUER, "iss", "https://evil.example", f"{ISSUER}/", ISSUER.upper(), [ISSUER], {}, None, "", ...),
    *_types(No.AUDIENCE, "aud", *_NOT_FOR_US),
    *_types(No.AUDIENCE, "azp", "other", [CLIENT], None, "", 1),
    *_claims(No.AUDIENCE, azp_of_several={"aud": [CLIENT, "other"], "azp": "other"}),
    *_claims(
        No.EXPIRED, exp_past={"exp": SECOND - 61}, exp_before_iat={"exp": SECOND - 300}, exp_just={"exp": SECOND - 60}
    ),
    *_claims(
        No.NOT_YET,
        iat_future={"iat": SECOND + 61},
        nbf_future={"nbf": SECOND + 61},
        auth_time_future={"auth_time": SECOND + 61},
        auth_time_far_in_the_future={"auth_time": 253370764799},
    ),
    *_claims(No.TOO_OLD, iat_a_day_ago={"iat": SECOND - 86_400}, iat_just={"iat": SECOND - 661}, iat_zero={"iat": 0}),
    *_claims(No.TOO_LASTING, exp_ten_years={"exp": SECOND + 315_360_000}, exp_month={"exp": SECOND + 31 * 86_400 + 1}),
    *_types(No.CLAIM, "exp", *_NOT_TIMES, ...),
    *_types(No.CLAIM, "iat", *_NOT_TIMES, ...),
    *_types(No.CLAIM, "nbf", *_NOT_TIMES),
    *_types(No.CLAIM, "auth_time", *_NOT_TIMES),
    *_types(No.NONCE, "nonce", "other", "", None, [], ["nonce-0123456789abcdef"], 1, {}, "nonce-0123456789abcdeF", ...),
    *_types(No.ACCESS_TOKEN, "at_hash", "wrong", "", None, [], 1),
    *_types(No.SUBJECT, "sub", "", "a" * 256, "é", "a\n", "a\x00b", "\x7f", 1, True, [], ["subject"], {}, None, ...),
    *_types(No.CLAIM, "amr", "mfa", [1], {"mfa": 1}, ["mfa", ["otp"]], ["mfa\n"]),
    *_types(No.CLAIM, "acr", ["a"], 1, True, "a\x00", "a" * 256),
    *_types(No.CLAIM, "sid", ["a"], 1, {}, "a\n"),
    *_types(No.CLAIM, "email", ["kari@example.no"], 1, True, {}, "kari@example.no\nBcc: x@x.no", "a" * 255),
    *_types(No.CLAIM, "email_verified", "true", "false", 1, 0, None, [True], {}),
    *_types(No.CLAIM, "groups", 1, True, {"admin": 1}, [1], [["admin"]], ["a\n"], ["a"] * 1001),
)

FORGERIES = (*ALGORITHMS, *SIGNATURES, *FORMS, *CLAIMS)
