"""A SAML answer, from the text that a browser brought to the person whom it names (SAML Profiles §4.1.4).

Nothing of an answer is believed before its signature has been verified, and then only what the signature covers: each
step hands the next one the tree that the verifier returned, never the one that came in. The order of the steps is the
order of the codes in `SamlCheck`.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime

from totrinn.app.identity_providers import Challenge, Identity, SamlSettings
from totrinn.fetching.showing import shown_claims
from totrinn.sso.keys import load_key
from totrinn.sso.saml_form import check_form, check_identifiers, check_signatures, check_single
from totrinn.sso.saml_limits import decode
from totrinn.sso.saml_refusals import Refused, SamlCheck, SamlRefusal
from totrinn.sso.saml_status import check_status
from totrinn.sso.saml_subject import attributes_of, email_of, groups_of, name_id_of, name_of, session_of
from totrinn.sso.saml_times import SKEW, check_begun, check_not_over, read_time, with_skew
from totrinn.sso.xml_encryption import Encrypted, decrypted, read_encrypted
from totrinn.sso.xml_names import Element, children, ds, local, saml, samlp, text_of
from totrinn.sso.xml_parsing import parse
from totrinn.sso.xml_signature import verified

BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_SHOWN = 120
_CONTEXT_LENGTH = 255
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,255}")


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer is held against."""

    settings: SamlSettings
    key: bytes = field(repr=False)
    entity_id: str
    """Ours: the audience."""
    consumer: str
    """Our assertion consumer service: destination and recipient."""
    challenge: Challenge | None
    now: datetime


@dataclass(frozen=True, slots=True)
class _Authentication:
    at: datetime
    context: str
    session: str
    ends_at: datetime | None


class AnswerReader:
    """Reads one answer; `passed` tells afterwards which checks it passed, also when it was refused."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self.passed: list[SamlCheck] = []

    def read(self, text: str) -> Identity:
        """The person; raises `Refused`."""
        root = parse(decode(text))
        self.passed.append(SamlCheck.SIZE)
        _check_shape(root, "Response")
        self.passed.append(SamlCheck.FORM)
        response = self._verified_response(root)
        assertion = self._verified_assertion(response)
        self._check_envelope(response, assertion)
        until = self._check_confirmation(assertion)
        self._check_conditions(assertion)
        return self._identity(assertion, until)

    # What is signed ------------------------------------------------------------------------------------------

    def _verified_response(self, root: Element) -> Element:
        if not children(root, ds("Signature")):
            return root
        response = verified(root, self._expected.settings.certificates)
        self.passed.append(SamlCheck.RESPONSE_SIGNATURE)
        return response

    def _verified_assertion(self, response: Element) -> Element:
        encrypted = children(response, saml("EncryptedAssertion"))
        plain = children(response, saml("Assertion"))
        if len(plain) + len(encrypted) > 1:
            raise Refused(SamlRefusal.SEVERAL_ASSERTIONS)
        if encrypted:
            return self._decrypted(encrypted[0])
        if plain:
            return self._signed(plain[0])
        check_status(response)
        raise Refused(SamlRefusal.ASSERTION_MISSING)

    def _signed(self, assertion: Element) -> Element:
        if children(assertion, ds("Signature")):
            assertion = verified(assertion, self._expected.settings.certificates)
            self.passed.append(SamlCheck.ASSERTION_SIGNATURE)
        elif not self._response_is_signed():
            raise Refused(SamlRefusal.UNSIGNED)
        return assertion

    def _response_is_signed(self) -> bool:
        return SamlCheck.RESPONSE_SIGNATURE in self.passed

    def _decrypted(self, element: Element) -> Element:
        if not self._expected.key:
            raise Refused(SamlRefusal.KEY_MISSING)
        encrypted = read_encrypted(element, allows_cbc=self._expected.settings.allows_cbc)
        # The text is bound to the provider by the response's signature, or by GCM to whoever encrypted it. Neither
        # holds for CBC: until a signature within is verified, every refusal is the same.
        if encrypted.is_cbc and not self._response_is_signed():
            return self._opened_uniformly(encrypted)
        return self._opened(encrypted)

    def _opened_uniformly(self, encrypted: Encrypted) -> Element:
        """One refusal for whatever goes wrong: any difference would tell about the text, byte by byte."""
        passed = list(self.passed)
        try:
            return self._opened(encrypted)
        except Exception:  # noqa: BLE001 - a failure that was not foreseen must not be told from the others either
            self.passed = passed
            raise Refused(SamlRefusal.DECRYPTION_FAILED) from None

    def _opened(self, encrypted: Encrypted) -> Element:
        root = parse(decrypted(encrypted, load_key(self._expected.key)))
        _check_shape(root, "Assertion")
        self.passed.append(SamlCheck.DECRYPTION)
        return self._signed(root)

    # What is said --------------------------------------------------------------------------------------------

    def _check_envelope(self, response: Element, assertion: Element) -> None:
        for message in (response, assertion):
            check_version(message)
            check_begun(read_time(message.get("IssueInstant"), "IssueInstant"), self._expected.now, "IssueInstant")
        self._check_destination(response)
        self.passed.append(SamlCheck.DESTINATION)
        self._check_request(response.get("InResponseTo"))
        for message in (response, assertion):
            check_issuer(message, self._expected.settings.entity_id)
        self.passed.append(SamlCheck.ISSUER)
        check_status(response)
        self.passed.append(SamlCheck.STATUS)

    def _check_destination(self, response: Element) -> None:
        destination = response.get("Destination")
        # SAML Bindings §3.5.5.2: it must be there when the message is signed.
        if destination is None and not self._response_is_signed():
            return
        if destination != self._expected.consumer:
            raise Refused(SamlRefusal.DESTINATION_WRONG, _shown(self._expected.consumer, destination))

    def _check_request(self, answers: str | None) -> None:
        challenge = self._expected.challenge
        if challenge is None and answers is not None:
            raise Refused(SamlRefusal.ANSWERS_A_REQUEST)
        if challenge is not None and answers != challenge.request_id:
            raise Refused(SamlRefusal.REQUEST_MISMATCH, "" if answers else "InResponseTo is missing")

    def _check_confirmation(self, assertion: Element) -> datetime:
        """Returns until when the assertion may be brought (SAML Profiles §4.1.4.2)."""
        data = _bearer_data(assertion)
        self._check_request(data.get("InResponseTo"))
        self.passed.append(SamlCheck.REQUEST)
        if data.get("Recipient") != self._expected.consumer:
            raise Refused(SamlRefusal.RECIPIENT_WRONG, _shown(self._expected.consumer, data.get("Recipient")))
        until = read_time(data.get("NotOnOrAfter"), "SubjectConfirmationData NotOnOrAfter")
        check_not_over(until, self._expected.now, "SubjectConfirmationData NotOnOrAfter")
        self.passed.append(SamlCheck.CONFIRMATION)
        return until

    def _check_conditions(self, assertion: Element) -> None:
        found = children(assertion, saml("Conditions"))
        if len(found) != 1:
            raise Refused(SamlRefusal.CONDITIONS_MISSING)
        conditions = found[0]
        if "NotBefore" in conditions.attrib:
            begins = read_time(conditions.get("NotBefore"), "Conditions NotBefore")
            check_begun(begins, self._expected.now, "Conditions NotBefore")
        ends = read_time(conditions.get("NotOnOrAfter"), "Conditions NotOnOrAfter")
        check_not_over(ends, self._expected.now, "Conditions NotOnOrAfter")
        self.passed.append(SamlCheck.CONDITIONS)
        self._check_audience(conditions)

    def _check_audience(self, conditions: Element) -> None:
        """Restrictions are joined by "and", the audiences of one by "or" (SAML Core §2.5.1.4)."""
        restrictions = children(conditions, saml("AudienceRestriction"))
        for restriction in restrictions:
            audiences = [text_of(audience) for audience in children(restriction, saml("Audience"))]
            if self._expected.entity_id not in audiences:
                raise Refused(SamlRefusal.AUDIENCE_WRONG, _shown(self._expected.entity_id, " ".join(audiences)))
        if not restrictions:
            raise Refused(SamlRefusal.AUDIENCE_WRONG, _shown(self._expected.entity_id, None))
        self.passed.append(SamlCheck.AUDIENCE)

    def _authentication(self, assertion: Element) -> _Authentication:
        statements = children(assertion, saml("AuthnStatement"))
        if len(statements) != 1:
            raise Refused(SamlRefusal.AUTHENTICATION_MISSING, f"{len(statements)} statements")
        statement, now = statements[0], self._expected.now
        at = read_time(statement.get("AuthnInstant"), "AuthnInstant")
        if now + SKEW < at:
            raise Refused(SamlRefusal.AUTHENTICATED_LATER)
        challenge = self._expected.challenge
        if challenge is not None and challenge.is_fresh and at < challenge.started_at - SKEW:
            raise Refused(SamlRefusal.NOT_FRESH, f"AuthnInstant {at:%Y-%m-%d %H:%M:%S}Z")
        ends_at = None
        if "SessionNotOnOrAfter" in statement.attrib:
            ends_at = read_time(statement.get("SessionNotOnOrAfter"), "SessionNotOnOrAfter")
            if now - SKEW >= ends_at:
                raise Refused(SamlRefusal.SESSION_OVER)
        session = session_of(statement.get("SessionIndex") or "")
        self.passed.append(SamlCheck.AUTHENTICATION)
        return _Authentication(at, _context_of(statement), session, ends_at)

    def _identity(self, assertion: Element, until: datetime) -> Identity:
        settings = self._expected.settings
        authentication = self._authentication(assertion)
        name_id = name_id_of(children(assertion, saml("Subject"))[0], settings.entity_id)
        self.passed.append(SamlCheck.SUBJECT)
        attributes = attributes_of(assertion)
        self.passed.append(SamlCheck.ATTRIBUTES)
        email = email_of(attributes, name_id, settings)
        return Identity(
            subject=name_id.subject,
            email=email,
            # The organisation's own provider vouches for it; whether it may for this domain, the caller decides.
            email_verified=email is not None,
            name=name_of(attributes, settings),
            groups=groups_of(attributes, settings),
            amr=(),
            acr=authentication.context,
            authenticated_at=authentication.at,
            session=authentication.session,
            ends_at=authentication.ends_at,
            token_id=identifier_of(assertion),
            token_expires_at=with_skew(until),
            claims=shown_claims(
                (
                    ("NameID", name_id.value),
                    ("NameID Format", name_id.format),
                    ("AuthnContextClassRef", authentication.context),
                    *((name, value) for name, values in attributes.items() for value in values),
                )
            ),
            checks=tuple(self.passed),
        )


def identifier_of(message: Element) -> str:
    """By which a message is known to have come before; every message must have one (SAML Core §1.3.4)."""
    identifier = message.get("ID") or ""
    if not _IDENTIFIER.fullmatch(identifier):
        raise Refused(SamlRefusal.UNEXPECTED_FORM, f"{local(message)} without an ID")
    return identifier


def check_version(message: Element) -> None:
    """SAML 2.0."""
    if message.get("Version") != "2.0":
        raise Refused(SamlRefusal.VERSION, local(message))


def check_issuer(message: Element, expected_issuer: str) -> None:
    """The message names the provider as the one who issued it."""
    issuers = [text_of(issuer) for issuer in children(message, saml("Issuer"))]
    if issuers != [expected_issuer]:
        raise Refused(SamlRefusal.ISSUER_WRONG, f"{local(message)}: {_shown(expected_issuer, ' '.join(issuers))}")


def _check_shape(root: Element, name: str) -> None:
    if root.tag not in (samlp(name), saml(name)):
        raise Refused(SamlRefusal.OTHER_MESSAGE, local(root))
    check_form(root)
    check_identifiers(root)
    check_signatures(root)
    check_single(root)


def _bearer_data(assertion: Element) -> Element:
    subjects = children(assertion, saml("Subject"))
    if len(subjects) != 1:
        raise Refused(SamlRefusal.NAME_ID_MISSING)
    confirmations = children(subjects[0], saml("SubjectConfirmation"))
    bearer = [confirmation for confirmation in confirmations if confirmation.get("Method") == BEARER]
    data = [child for confirmation in bearer for child in children(confirmation, saml("SubjectConfirmationData"))]
    if len(bearer) != 1 or len(data) != 1:
        raise Refused(SamlRefusal.NOT_BEARER, f"{len(bearer)} of {len(confirmations)} confirmations")
    return data[0]


def _context_of(statement: Element) -> str:
    found = [
        text_of(reference).strip()
        for context in children(statement, saml("AuthnContext"))
        for reference in children(context, saml("AuthnContextClassRef"))
    ]
    # A longer one is nobody's name of a context: it counts as none, and proves nothing.
    return found[0] if len(found) == 1 and len(found[0]) <= _CONTEXT_LENGTH else ""


def _shown(expected: str, came: str | None) -> str:
    return f"expected {expected[:_SHOWN]}, came {(came or 'nothing')[:_SHOWN]}"
