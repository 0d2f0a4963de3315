"""Webhooks in words: what each topic is about, and why an attempt came to nothing."""

from totrinn.app.webhooks.records import Outcome
from totrinn.core.topics import Topic
from totrinn.web.languages import Language


def topic_words(language: Language, topic: Topic) -> str:
    """What events of the topic tell of."""
    say = language.say
    return {
        Topic.SIGN_INS: say("Sign-ins and sessions"),
        Topic.ACCOUNTS: say("Passwords, second factors and links to SSO"),
        Topic.MEMBERS: say("Members, roles and groups"),
        Topic.REQUIREMENT: say("The two-factor requirement"),
        Topic.SETTINGS: say("Settings, connections, domains, tokens and webhooks"),
    }[topic]


def outcome_words(language: Language, outcome: Outcome) -> str:
    """What came of an attempt, and what to do when it was nothing good."""
    say = language.say
    if outcome.is_taken:
        return say("Taken, with status %(status)s.", status=outcome.status)
    if outcome.status is not None:
        return say("Refused with status %(status)s. Only 200 to 299 says that it was taken.", status=outcome.status)
    words = {
        "redirected": say("The address leads on to another one, which is not followed. Give that one."),
        "bad_status": say("The receiver failed. Look in its own log."),
        "not_https": say("Plain http is refused. Give an https address."),
        "unknown_host": say("There is no such host on the public internet. Check the name."),
        "not_allowed_address": say("The address is on a private network, which is not reached from here."),
        "timed_out": say("The receiver did not answer in time. It should answer first, and work afterwards."),
        "tls_failed": say("The receiver’s certificate is not valid. Renew it."),
        "too_large": say("The receiver answered with too much. A short answer will do."),
        "secret_unusable": say("The secret cannot be read any more. Make a new one."),
    }
    return words.get(outcome.code) or say("The receiver cannot be reached. Check the address.")
