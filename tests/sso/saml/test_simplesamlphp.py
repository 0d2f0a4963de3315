"""Against a real identity provider: SimpleSAMLphp, in the forms that its settings allow."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from tests.providers.saml_simplesamlphp import (
    RSA_SHA1,
    RSA_SHA512,
    Browser,
    Person,
    SimpleSamlPhp,
    running_simplesamlphp,
)
from tests.sso.saml.provider import challenge, our_key
from tests.sso.saml.trying import OURS
from totrinn.app.identity_providers import Challenge, Ended, Identity, Party, Rejected, SamlSettings
from totrinn.sso.saml_refusals import SamlCheck, SamlRefusal

TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
OUR_LOGOUT = "https://totrinn.example/sso/logout/slo"
KARI = Person("kari", "kari@idp.example", groups=("staff", "admins"))


@pytest.fixture(scope="module")
def idp() -> Iterator[SimpleSamlPhp]:
    """A provider at which Kari can sign in."""
    with running_simplesamlphp((KARI,)) as provider:
        yield provider


def _settings(idp: SimpleSamlPhp) -> SamlSettings:
    read = OURS.read_metadata(idp.metadata())
    assert isinstance(read, SamlSettings)
    return read


def _party(idp: SimpleSamlPhp, name: str, *, allows_cbc: bool = False, allows_unasked: bool = False) -> Party:
    settings = dataclasses.replace(_settings(idp), allows_cbc=allows_cbc, allows_idp_initiated=allows_unasked)
    return Party(name, 1, settings, key=our_key())


def _now() -> datetime:
    return datetime.now(UTC)


def _asked(**changes: object) -> Challenge:
    return challenge(started_at=_now(), **changes)


def _answer(party: Party, asked: Challenge, browser: Browser) -> Identity | Rejected:
    address = OURS.begin(party, asked, login_hint="")
    assert isinstance(address, str)
    answer = browser.sign_in(address, "kari")
    assert answer.get("RelayState") == asked.state
    result = OURS.finish(party, asked, answer, _now())
    assert not isinstance(result, Rejected) or result.code
    return result


def _signed_in(idp: SimpleSamlPhp, name: str, *, allows_cbc: bool = False, **answers: object) -> Identity | Rejected:
    party = _party(idp, name, allows_cbc=allows_cbc)
    idp.trust(OURS.describe(party)[1], **answers)  # type: ignore[arg-type]  # the names are the fixture's
    with Browser() as browser:
        return _answer(party, _asked(), browser)


@pytest.mark.row("R79")
@pytest.mark.parametrize("response", [True, False])
@pytest.mark.parametrize("assertion", [True, False])
@pytest.mark.parametrize("encrypts", [True, False])
def test_what_it_signs_is_read(idp: SimpleSamlPhp, response: bool, assertion: bool, encrypts: bool) -> None:
    """Response, assertion, or both, in the clear or encrypted; with neither, it is refused."""
    result = _signed_in(
        idp,
        f"form-{response}-{assertion}-{encrypts}",
        allows_cbc=encrypts,
        signs_response=response,
        signs_assertion=assertion,
        encrypts=encrypts,
    )
    if not (response or assertion):
        expected = SamlRefusal.DECRYPTION_FAILED if encrypts else SamlRefusal.UNSIGNED
        assert isinstance(result, Rejected)
        assert result.code == expected
        return
    assert isinstance(result, Identity), result
    assert (result.subject, result.email, result.name) == ("kari", "kari@idp.example", "Kari Nordmann")
    assert result.groups == ("staff", "admins")
    assert result.session
    assert result.ends_at is not None
    assert {
        SamlCheck.RESPONSE_SIGNATURE: response,
        SamlCheck.ASSERTION_SIGNATURE: assertion,
        SamlCheck.DECRYPTION: encrypts,
    } == {
        check: check in result.checks
        for check in (SamlCheck.RESPONSE_SIGNATURE, SamlCheck.ASSERTION_SIGNATURE, SamlCheck.DECRYPTION)
    }


@pytest.mark.row("R79")
def test_its_cbc_is_refused_unless_agreed(idp: SimpleSamlPhp) -> None:
    """It encrypts with AES-128-CBC, which a connection must allow."""
    result = _signed_in(idp, "cbc", encrypts=True)
    assert isinstance(result, Rejected)
    assert (result.code, "aes128-cbc" in result.detail) == (SamlRefusal.ENCRYPTION_REFUSED, True)


@pytest.mark.row("R79")
def test_its_sha_1_is_refused_and_its_sha_512_accepted(idp: SimpleSamlPhp) -> None:
    """The signature's algorithm is checked, whoever signs."""
    weak = _signed_in(idp, "sha1", algorithm=RSA_SHA1)
    assert isinstance(weak, Rejected)
    assert weak.code == SamlRefusal.WEAK_ALGORITHM
    assert isinstance(_signed_in(idp, "sha512", algorithm=RSA_SHA512), Identity)


def test_a_transient_name_is_refused(idp: SimpleSamlPhp) -> None:
    """It names nobody twice."""
    result = _signed_in(idp, "transient", name_id_format=TRANSIENT)
    assert isinstance(result, Rejected)
    assert result.code == SamlRefusal.NAME_ID_TRANSIENT


@pytest.mark.row("R80")
def test_an_answer_is_for_one_request_of_one_connection_at_one_time(idp: SimpleSamlPhp) -> None:
    """Brought to another browser's request, to another connection, or later, the same answer is refused."""
    party, other = _party(idp, "mine"), _party(idp, "theirs")
    idp.trust(OURS.describe(party)[1])
    asked = _asked()
    with Browser() as browser:
        address = OURS.begin(party, asked, login_hint="")
        assert isinstance(address, str)
        answer = browser.sign_in(address, "kari")
    codes = [
        result.code if isinstance(result, Rejected) else "admitted"
        for result in (
            OURS.finish(party, asked, answer, _now()),
            OURS.finish(party, _asked(request_id="_other"), answer, _now()),
            OURS.finish(party, None, answer, _now()),
            OURS.finish(other, asked, answer, _now()),
            OURS.finish(party, asked, answer, _now() + timedelta(minutes=10)),
            OURS.finish(party, asked, answer, _now() - timedelta(minutes=10)),
        )
    ]
    assert codes == [
        "admitted",
        SamlRefusal.REQUEST_MISMATCH,
        SamlRefusal.NOT_ASKED_FOR,
        SamlRefusal.DESTINATION_WRONG,
        SamlRefusal.TOO_LATE,
        SamlRefusal.TOO_EARLY,
    ]


@pytest.mark.row("R81")
def test_what_it_starts_itself_passes_only_where_agreed(idp: SimpleSamlPhp) -> None:
    """An unsolicited answer is accepted by a connection that allows it, and refused by others."""
    party = _party(idp, "unasked", allows_unasked=True)
    document = OURS.describe(party)[1]
    idp.trust(document)
    with Browser() as browser:
        entity = document.decode().partition('entityID="')[2].partition('"')[0]
        answer = browser.sign_in(f"{idp.address}/saml2/idp/SSOService.php?spentityid={entity}", "kari")
    assert isinstance(OURS.finish(party, None, answer, _now()), Identity)
    refused = OURS.finish(_party(idp, "unasked"), None, answer, _now())
    asked_for = OURS.finish(party, _asked(), answer, _now())
    assert isinstance(refused, Rejected)
    assert isinstance(asked_for, Rejected)
    assert (refused.code, asked_for.code) == (SamlRefusal.NOT_ASKED_FOR, SamlRefusal.REQUEST_MISMATCH)


@pytest.mark.row("R85")
def test_whoever_must_prove_themselves_anew_is_asked_anew(idp: SimpleSamlPhp) -> None:
    """`ForceAuthn` brings the form again; without it, the provider remembers, and so does its answer."""
    party = _party(idp, "fresh")
    idp.trust(OURS.describe(party)[1])
    with Browser() as browser:
        assert isinstance(_answer(party, _asked(), browser), Identity)
        for asked, is_asked_anew in ((_asked(), False), (_asked(is_fresh=True), True)):
            page = browser.get(str(OURS.begin(party, asked, login_hint="")))
            assert ('name="password"' in page.text) == is_asked_anew
            assert isinstance(_answer(party, asked, browser), Identity)
        stale = dataclasses.replace(_asked(), is_fresh=True, started_at=_now() + timedelta(minutes=2))
        address = OURS.begin(party, dataclasses.replace(stale, is_fresh=False), login_hint="")
        assert isinstance(address, str)
        result = OURS.finish(party, stale, browser.sign_in(address, "kari"), _now())
    assert isinstance(result, Rejected)
    assert result.code == SamlRefusal.NOT_FRESH


@pytest.mark.row("R85")
def test_a_context_is_what_it_says_not_what_we_asked_for(idp: SimpleSamlPhp) -> None:
    """It disregards the context in our request, and says truly which one it has: whoever needs one must look."""
    party = _party(idp, "context")
    idp.trust(OURS.describe(party)[1])
    asked = _asked(context=("https://refeds.org/profile/mfa",))
    with Browser() as browser:
        result = _answer(party, asked, browser)
    assert isinstance(result, Identity), result
    assert result.acr == "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"


@pytest.mark.row("R87")
def test_a_logout_that_it_starts_ends_the_session_and_is_answered(idp: SimpleSamlPhp) -> None:
    """Its signed request names the person and the session, and our signed answer counts as success there."""
    party = _party(idp, "logout")
    idp.trust(OURS.describe(party)[1])
    with Browser() as browser:
        identity = _answer(party, _asked(), browser)
        assert isinstance(identity, Identity)
        browser.follow_redirects = False
        back = f"{idp.address}/logout.php"
        asked = _until(browser, f"{idp.address}/saml2/idp/SingleLogoutService.php?ReturnTo={back}", OUR_LOGOUT)
        ended = OURS.read_logout(party, {"SAMLRequest": "…"}, urlsplit(asked).query, _now())
        assert isinstance(ended, Ended), ended
        assert (ended.subject, ended.sessions) == (identity.subject, (identity.session,))
        assert _until(browser, ended.reply_to, back) == back
    log = (idp.place / "log" / "simplesamlphp.log").read_text()
    assert "Logged out of 'saml:https://totrinn.example/sso/logout/metadata'" in log
    assert "Error" not in log


def _until(browser: Browser, address: str, wanted: str) -> str:
    """Follows redirects from an address to the first one that begins as wanted."""
    for _ in range(10):
        address = browser.get(address).headers["location"]
        if address.startswith(wanted):
            return address
    raise AssertionError(address)


def test_its_keys_roll_over_without_an_interruption() -> None:
    """Metadata with both certificates is enough before and after; the old one alone is not."""
    with running_simplesamlphp((KARI,)) as idp:
        before = _party(idp, "roll")
        idp.announce_new_key()
        both = _party(idp, "roll")
        idp.trust(OURS.describe(both)[1])
        with Browser() as browser:
            assert isinstance(_answer(both, _asked(), browser), Identity)
            assert isinstance(_answer(before, _asked(), browser), Identity)
            idp.roll_over()
            assert isinstance(_answer(both, _asked(), browser), Identity)
            late = _answer(before, _asked(), browser)
    assert isinstance(before.settings, SamlSettings)
    assert isinstance(both.settings, SamlSettings)
    assert (len(before.settings.certificates), len(both.settings.certificates)) == (1, 2)
    assert isinstance(late, Rejected)
    assert late.code == SamlRefusal.SIGNATURE_WRONG


def test_it_refuses_a_request_that_we_have_not_signed(idp: SimpleSamlPhp) -> None:
    """Our signature is verified by the provider, and one letter of the request breaks it."""
    party = _party(idp, "request")
    idp.trust(OURS.describe(party)[1])
    keyless = dataclasses.replace(party, key=b"")
    with Browser() as browser:
        right = str(OURS.begin(party, _asked(), login_hint=""))
        for address, complaint in (
            (str(OURS.begin(keyless, _asked(), login_hint="")), "no signature found"),
            (right.replace("RelayState=", "RelayState=x"), "Unable to validate signature"),
        ):
            page = browser.get(address)
            assert complaint in page.text
            assert "SAMLResponse" not in page.text
        assert 'name="password"' in browser.get(right).text
