"""The same for SAML: each code as the cause, then what to do."""


def _(message: str) -> str:
    """Marks a message for translation; it is translated when it is said."""
    return message


SAML_CAUSES = {
    "saml_answer_missing": _("The answer has no SAML message. Let the provider answer by HTTP POST to our address."),
    "saml_parameter_repeated": _(
        "A parameter of the message came twice. Try again; if it goes on, somebody interferes."
    ),
    "saml_too_large": _("The message is too large. Send fewer attributes or groups."),
    "saml_bad_encoding": _("The message is not encoded as SAML demands. Ask whoever runs the provider."),
    "saml_not_utf8": _("The message is not in UTF-8. Have the provider send UTF-8."),
    "saml_doctype": _("The message has a document type declaration, which we never accept. Remove it at the provider."),
    "saml_hidden_markup": _("The message has comments or the like, by which values can be forged. Remove them."),
    "saml_not_xml": _("The message is no well-formed XML. If you pasted it, paste all of it."),
    "saml_too_complex": _("The message has too many parts. Send fewer attributes or groups."),
    "saml_other_message": _(
        "This is another message than the one that belongs here. Check the addresses at the provider."
    ),
    "saml_unexpected_form": _(
        "Something in the message stands where SAML has nothing of the kind. The detail names it."
    ),
    "saml_duplicate_id": _("Two parts of the message have the same identifier. Ask whoever runs the provider."),
    "saml_misplaced_signature": _(
        "There is a signature where none belongs. Sign the response or the assertion, no more."
    ),
    "saml_several_assertions": _("The message holds more than one assertion. Have the provider send one."),
    "saml_assertion_missing": _("The message holds no assertion. Check the application at the provider."),
    "saml_encrypted_part": _("A single part is encrypted. Encrypt the whole assertion, or nothing."),
    "saml_unsigned": _("Nothing is signed. Have the provider sign the assertion."),
    "saml_signature_form": _("The signature does not cover its whole part. Ask whoever runs the provider."),
    "saml_weak_algorithm": _("The signature is of a weak kind. Choose RSA or ECDSA with SHA-256."),
    "saml_signature_wrong": _(
        "The signature fits none of the certificates that stand here. If there is a new one, read the metadata anew."
    ),
    "saml_certificate_unusable": _(
        "A certificate cannot be used: it is unreadable or its key too weak. Read the metadata anew."
    ),
    "saml_key_missing": _(
        "The assertion is encrypted, and this connection has no key. Turn encryption off, or ask support."
    ),
    "saml_encryption_refused": _("The assertion is encrypted in a way that we do not accept. Choose AES-GCM."),
    "saml_decryption_failed": _("The assertion cannot be decrypted. Have the provider read our metadata anew."),
    "saml_version": _("The message is not SAML 2.0. Choose SAML 2.0 at the provider."),
    "saml_declined": _(
        "The provider did not sign the person in; the detail is its status. Look in the provider’s own log."
    ),
    "saml_destination_wrong": _("The message is addressed to another place. Copy our reply address exactly."),
    "saml_request_mismatch": _("The answer belongs to another sign-in. Start again in one window."),
    "saml_not_asked_for": _("Nobody here asked for the answer. Start from the sign-in address, or allow it below."),
    "saml_answers_a_request": _("The answer belongs to a sign-in of another browser. Start again."),
    "saml_issuer_wrong": _("The message is from another provider. Check the entity ID, or read its metadata anew."),
    "saml_not_bearer": _("The assertion is not confirmed by the bearer method. Choose it at the provider."),
    "saml_recipient_wrong": _("The assertion is meant for another address. Copy our reply address exactly."),
    "saml_time_malformed": _("A time in the message is missing or unreadable. Ask whoever runs the provider."),
    "saml_too_early": _("The message is not valid yet. Check the clocks here and at the provider."),
    "saml_too_late": _("The message is no longer valid. Try again; if it goes on, check the clocks."),
    "saml_conditions_missing": _("The assertion has no conditions. Ask whoever runs the provider."),
    "saml_unknown_condition": _("The assertion has a condition that we do not know. Remove it at the provider."),
    "saml_audience_wrong": _("The assertion is meant for another service. Copy our entity ID exactly."),
    "saml_authentication_missing": _("The assertion does not say how the person signed in. Have the provider say so."),
    "saml_authenticated_later": _("The person is said to have signed in in the future. Check the clocks."),
    "saml_not_fresh": _("A new sign-in was demanded, and an earlier one counted. Have the provider honour ForceAuthn."),
    "saml_session_over": _("The person’s session at the provider has ended already. Sign in there again."),
    "saml_name_id_missing": _("The message names nobody. Have the provider send a Name ID."),
    "saml_name_id_malformed": _("The Name ID is empty, too long or not plain. Choose a lasting identifier."),
    "saml_name_id_transient": _(
        "The Name ID is another one each time. Choose the persistent format, or the email address."
    ),
    "saml_attribute_repeated": _(
        "An attribute is there twice; the detail names it. Send it once, with all its values."
    ),
    "saml_no_provider": _("This metadata describes no identity provider. Paste the provider’s own, not ours."),
    "saml_several_providers": _("This metadata describes several providers. Type the entity ID of yours."),
    "saml_no_redirect": _("No address for sign-in requests is known (HTTP-Redirect). Read the provider’s metadata."),
    "saml_no_certificate": _("The metadata has no signing certificate. Have the provider publish it."),
    "saml_unforeseen": _("Something failed that was not foreseen. Ask support, with the time and the code."),
}

SAML_CHECKS = {
    "saml_size": _("The message is plain and of a fair size"),
    "saml_form": _("The message is built as SAML 2.0 has it"),
    "saml_response_signature": _("The provider has signed the response"),
    "saml_decryption": _("The assertion was encrypted for us"),
    "saml_assertion_signature": _("The provider has signed the assertion"),
    "saml_destination": _("The response is addressed to us"),
    "saml_issuer": _("The message comes from this provider"),
    "saml_status": _("The provider speaks of success"),
    "saml_request": _("It answers this sign-in"),
    "saml_confirmation": _("The assertion may be brought here, and now"),
    "saml_conditions": _("The assertion is valid now"),
    "saml_audience": _("The assertion is meant for us"),
    "saml_authentication": _("The provider says how and when the person signed in"),
    "saml_subject": _("The person has a lasting name"),
    "saml_attributes": _("No attribute is ambiguous"),
}
