"""The SAML 2.0 half of `IdentityProviders`: we are the service provider (SAML Profiles §4.1 and §4.4).

Requests go by HTTP-Redirect, answers come by HTTP-POST, logout both ways by HTTP-Redirect. Every connection has names
of its own for us, so that an answer made for one can never be brought to another. Artifacts, SOAP, and NameIDs or
attributes that are encrypted by themselves are not spoken.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from totrinn.app.identity_providers import Challenge, Ended, Identity, Party, Rejected, SamlSettings
from totrinn.fetching.showing import shown_detail
from totrinn.sso.saml_answers import AnswerReader, Expected
from totrinn.sso.saml_description import CONTENT_TYPE, description
from totrinn.sso.saml_logout import ExpectedLogout, read_logout_request
from totrinn.sso.saml_metadata import settings_in
from totrinn.sso.saml_redirect import address_with, is_address
from totrinn.sso.saml_refusals import Refused, SamlRefusal
from totrinn.sso.saml_requests import authn_request

_T = TypeVar("_T")


class SamlServiceProvider:
    """Speaks with SAML identity providers. Raises for nothing that a provider or a browser sends; keeps no state."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def begin(self, party: Party, challenge: Challenge, *, login_hint: str) -> str | Rejected:  # noqa: ARG002 - SAML has no hint
        """The address at the provider with our request, signed when the connection has a key."""
        settings = _saml(party)
        if not is_address(settings.sso_url):
            return Rejected(SamlRefusal.NO_REDIRECT)
        request = authn_request(
            challenge,
            entity_id=self._entity_id(party),
            consumer=self._consumer(party),
            destination=settings.sso_url,
        )
        return _guarded(
            lambda: address_with(settings.sso_url, "SAMLRequest", request, relay_state=challenge.state, key=party.key)
        )

    def finish(
        self, party: Party, challenge: Challenge | None, answer: Mapping[str, str], now: datetime
    ) -> Identity | Rejected:
        """Whom the answer names, if every check passes. One that was not asked for passes only where that is agreed."""
        settings = _saml(party)
        if challenge is None and not settings.allows_idp_initiated:
            return Rejected(SamlRefusal.NOT_ASKED_FOR)
        if "SAMLResponse" not in answer:
            return Rejected(SamlRefusal.ANSWER_MISSING)
        reader = AnswerReader(
            Expected(
                settings=settings,
                key=party.key,
                entity_id=self._entity_id(party),
                consumer=self._consumer(party),
                challenge=challenge,
                now=now,
            )
        )
        outcome = _guarded(lambda: reader.read(answer["SAMLResponse"]))
        if isinstance(outcome, Rejected):
            return Rejected(outcome.code, outcome.detail, tuple(reader.passed))
        return outcome

    def read_logout(self, party: Party, answer: Mapping[str, str], raw_query: str, now: datetime) -> Ended | Rejected:
        """What a signed `LogoutRequest` ends; it counts as the query has it, whatever became of it in `answer`."""
        if "SAMLRequest" not in answer and "SAMLResponse" not in answer:
            return Rejected(SamlRefusal.ANSWER_MISSING)
        expected = ExpectedLogout(
            settings=_saml(party),
            key=party.key,
            entity_id=self._entity_id(party),
            destination=self._logout(party),
            now=now,
        )
        return _guarded(lambda: read_logout_request(expected, raw_query))

    def describe(self, party: Party) -> tuple[str, bytes]:
        """Our metadata for this connection."""
        document = description(
            _saml(party),
            party.key,
            entity_id=self._entity_id(party),
            consumer=self._consumer(party),
            logout=self._logout(party),
        )
        return CONTENT_TYPE, document

    def read_metadata(self, text: bytes, entity_id: str = "") -> SamlSettings | Rejected:
        """The settings in a provider's metadata; `entity_id` chooses one of several."""
        return _guarded(lambda: settings_in(text, entity_id))

    def _entity_id(self, party: Party) -> str:
        return f"{self._base_url}/sso/{party.connection_id}/metadata"

    def _consumer(self, party: Party) -> str:
        return f"{self._base_url}/sso/{party.connection_id}/acs"

    def _logout(self, party: Party) -> str:
        return f"{self._base_url}/sso/{party.connection_id}/slo"


def _saml(party: Party) -> SamlSettings:
    if not isinstance(party.settings, SamlSettings):
        raise TypeError("the connection does not speak SAML")
    return party.settings


def _guarded(read: Callable[[], _T]) -> _T | Rejected:
    """The one place where a refusal becomes a value; what nobody has foreseen is a refusal, too."""
    try:
        return read()
    except Refused as refused:
        return Rejected(refused.code, shown_detail(refused.detail))
    except Exception as unforeseen:  # noqa: BLE001 - whatever a library makes of a message, it is not accepted
        return Rejected(SamlRefusal.UNFORESEEN, type(unforeseen).__name__)
