"""The stable codes of sign-ins through SSO in words: the cause, then what to do; for whoever sets a connection up.

Codes are known here by their text, as pages know nothing of the protocols. A test holds that each code has its words.
"""

from totrinn.web.languages import Language
from totrinn.web.sso_saml_codes import SAML_CAUSES, SAML_CHECKS


def _(message: str) -> str:
    """Marks a message for translation; it is translated when it is said."""
    return message


OIDC_CAUSES = {
    "document_malformed": _("A document of the provider cannot be read. Check the issuer address."),
    "metadata_issuer": _(
        "The provider calls itself something else. Copy the issuer exactly as it stands in its discovery document."
    ),
    "provider_unsuitable": _(
        "The provider does not offer what we need: code flow, PKCE (S256) and the chosen client authentication."
        " Choose another authentication, or ask whoever runs the provider."
    ),
    "no_common_algorithm": _(
        "The provider signs by no algorithm that we accept. Have it sign ID tokens with RS256, ES256 or stronger."
    ),
    "no_usable_key": _(
        "The provider publishes no key that we can use. Have it publish an RSA key of 2048 bits or an EC key."
    ),
    "secret_missing": _("There is no client secret. Type the one that the provider has given you."),
    "not_asked_for": _("Nobody here began this sign-in. Start from the sign-in page."),
    "state_mismatch": _("The answer belongs to another sign-in. Start again in one window."),
    "response_issuer": _("The answer names another issuer. Check that it is the right provider and tenant."),
    "access_denied": _("The provider said no, or the person cancelled. Check that they may use the application there."),
    "provider_error": _("The provider could not do what was asked. Look up its error code, shown as the detail."),
    "no_code": _("The answer carries no code. Let the application use the authorization code flow."),
    "client_refused": _(
        "The provider does not know us. Check client ID and client secret, or that our key set is registered there."
    ),
    "code_refused": _("The provider does not redeem the code. Check that our redirect address is registered exactly."),
    "no_id_token": _("The answer has no ID token. The scope “openid” must be among the scopes."),
    "token_malformed": _("What came is no signed token that we can read. Have the provider send a signed JWT."),
    "token_of_other_kind": _("The token is meant for something else than a sign-in. Check the application’s type."),
    "algorithm_not_allowed": _("The token is signed by an algorithm that we do not accept. Choose RS256 or ES256."),
    "extension_not_understood": _("The token demands an extension that we do not know. Turn it off at the provider."),
    "no_matching_key": _("No single key of the provider fits the token. Try again when it has published its new key."),
    "signature_invalid": _(
        "The signature is not the provider’s. Check the issuer; if it is right, somebody interferes."
    ),
    "claim_malformed": _("A claim is missing or of the wrong kind; the detail names it. Mend it at the provider."),
    "issuer_mismatch": _("The token is another provider’s. Check the issuer, and the tenant in it."),
    "audience_mismatch": _("The token is meant for another application. Check the client ID."),
    "token_expired": _("The token has expired. Try again; if it goes on, check the clocks."),
    "token_not_yet_valid": _("The token comes from the future. Check the clocks here and at the provider."),
    "token_too_old": _("The token was made long before it came. Try again; if it goes on, check the clocks."),
    "token_lasts_too_long": _("The token would be valid for too long. Shorten the life of ID tokens at the provider."),
    "nonce_mismatch": _("The token was not made for this sign-in. Start again in one window."),
    "access_token_mismatch": _("ID token and access token do not belong together. Ask whoever runs the provider."),
    "subject_malformed": _("The claim “sub” is missing or not plain. Have the provider send a lasting identifier."),
    "authentication_not_fresh": _(
        "A new sign-in was demanded, and the provider let an earlier one count. Have it honour “prompt=login”."
    ),
    "userinfo_subject": _("The userinfo endpoint speaks of somebody else. Ask whoever runs the provider."),
    "logout_event_missing": _("The message says nothing of a logout. Check what is sent to the logout address."),
    "unreadable": _("The answer could not be read. Ask support, with the time and the code."),
}

FETCHING_CAUSES = {
    "malformed_address": _("This is no address that can be fetched. Type the whole address, beginning with https://."),
    "not_https": _("The address is not encrypted. Use one that begins with https://."),
    "not_allowed_address": _("The address is in a private network. Ask support if that is where your provider stands."),
    "unknown_host": _(
        "The name of the server cannot be found on the internet. Check the address for typing errors."
        " Ask support if your provider stands in a private network."
    ),
    "unreachable": _("The server does not answer. Check that it runs and can be reached from the internet."),
    "tls_failed": _("The server’s certificate is not valid for its name. Renew it, with its whole chain."),
    "timed_out": _("The server took too long. Try again in a while."),
    "not_http": _("What came is not HTTP. Check the address and its port."),
    "redirected": _("The server sends us on to another address. Type that address."),
    "bad_status": _("The server answered with an error; the detail is its status. Check the address."),
    "too_large": _("The answer is too large. Check the address."),
    "dns_timed_out": _("The records of the domain could not be looked up in time. Try again in a while."),
    "dns_failed": _(
        "The records of the domain could not be looked up. Check its name servers, or try again in a while."
    ),
    "busy": _("Too many wait for this server already. Try again in a while."),
}

OUR_CAUSES = {
    "replayed": _("This answer has been used already. Start again from the sign-in page."),
    "no_email": _("The provider said no email address. Have it share the address."),
    "email_unverified": _(
        "The provider does not say that the address is verified. Have it say so, or let its addresses count as such."
    ),
    "foreign_domain": _("The address is not of a domain that you have proven. Add the domain, or invite the person."),
    "not_yet_a_member": _("There is an account with this address, but not here. Invite it first."),
    "linked_to_another": _(
        "The address belongs to a user who is linked to somebody else. End the old link under Users."
    ),
    "inactive": _("The user’s account is disabled. Enable it first."),
    "not_created": _("There is no such user, and first sign-ins make none. Add the user, or let first sign-ins do it."),
}

CAUSES: dict[str, str] = {**OIDC_CAUSES, **FETCHING_CAUSES, **OUR_CAUSES, **SAML_CAUSES}

CHECKS: dict[str, str] = {
    "state": _("The answer belongs to this sign-in"),
    "response_issuer": _("The answer names the right issuer"),
    "code": _("The answer carries a code"),
    "tokens": _("The provider knows us, and redeemed the code"),
    "algorithm": _("The token is signed by a strong algorithm"),
    "key": _("The key is one that the provider publishes"),
    "signature": _("The signature is the provider’s"),
    "kind": _("The token is of the right kind"),
    "issuer": _("The token is this provider’s"),
    "audience": _("The token is meant for us"),
    "times": _("The token is valid now"),
    "nonce": _("The token was made for this sign-in"),
    "access_token": _("ID token and access token belong together"),
    "subject": _("The person has a lasting identifier"),
    "claims": _("The claims can be read"),
    "freshness": _("The new sign-in that was demanded has taken place"),
    "userinfo": _("The userinfo endpoint speaks of the same person"),
    "logout_event": _("The message is a logout"),
    **SAML_CHECKS,
}


def cause(language: Language, code: str) -> str:
    """Why it came to nothing, and what to do. A code of a later version is only shown as such."""
    known = CAUSES.get(code)
    return language.say(known) if known else language.say("It failed for a reason that this version has no words for.")


def check(language: Language, code: str) -> str:
    """A check that was passed; one of a later version by its code."""
    known = CHECKS.get(code)
    return language.say(known) if known else code
