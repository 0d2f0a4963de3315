"""What must not stand in a log or in an error's report is in no representation."""

from tests.sso.oidc import issuer
from tests.sso.saml import provider
from totrinn.app.identity_providers import Party
from totrinn.sso.saml_answers import Expected
from totrinn.sso.saml_logout import ExpectedLogout


def test_a_challenge_does_not_show_what_it_is_known_by() -> None:
    """Neither `state` nor `nonce` nor the PKCE verifier."""
    challenge = issuer.CHALLENGE
    shown = repr(challenge)
    assert not any(secret in shown for secret in (challenge.state, challenge.nonce, challenge.verifier))
    assert challenge.request_id in shown


def test_no_key_is_shown() -> None:
    """Neither of a connection, nor of what an answer or a logout is held against."""
    party, moment = Party("c", 1, provider.settings(), secret="a-secret", key=b"a-key"), provider.NOW
    shown = repr(party)
    shown += repr(Expected(provider.settings(), party.key, "e", "c", issuer.CHALLENGE, moment))
    shown += repr(ExpectedLogout(provider.settings(), party.key, "e", "d", moment))
    assert "a-key" not in shown
    assert "a-secret" not in shown
