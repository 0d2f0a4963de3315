"""Every code that a sign-in through SSO can end with is said in words, in every language."""

import pytest

from totrinn.app.sso_people import NobodyReason
from totrinn.fetching.failures import Failure
from totrinn.sso.oidc_refusals import OidcCheck, OidcRefusal
from totrinn.sso.saml_refusals import SamlCheck, SamlRefusal
from totrinn.web.languages import CODES, language
from totrinn.web.sso_codes import CAUSES, CHECKS, cause, check

OTHERS = {"replayed", "dns_timed_out", "dns_failed"}
REFUSALS = {code.value for each in (OidcRefusal, SamlRefusal, Failure, NobodyReason) for code in each} | OTHERS
PASSED = {code.value for each in (OidcCheck, SamlCheck) for code in each}


@pytest.mark.row("R69", "R92")
def test_every_code_has_words_and_no_word_is_without_a_code() -> None:
    """Whoever adds a cause says it, and whoever removes one takes its words along."""
    assert set(CAUSES) == REFUSALS
    assert set(CHECKS) == PASSED


@pytest.mark.parametrize("code", [code for code in CODES if code != "en"])
def test_every_code_is_said_in_every_language(code: str) -> None:
    """Not in English."""
    spoken, english = language(code), language("en")
    for each in sorted(REFUSALS):
        assert cause(spoken, each) != cause(english, each), each
    for each in sorted(PASSED):
        assert check(spoken, each) != check(english, each), each


def test_a_code_of_a_later_version_breaks_nothing() -> None:
    """It stands beside the sentence anyhow."""
    assert cause(language("en"), "of_tomorrow").startswith("It failed for a reason")
    assert check(language("en"), "of_tomorrow") == "of_tomorrow"
