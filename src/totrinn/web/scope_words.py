"""What each scope of an API token is for, in words."""

from totrinn.core.api_tokens import Scope
from totrinn.web.languages import Language


def scope_words(language: Language, scope: Scope) -> str:
    """What a token with this scope may do."""
    say = language.say
    words = {
        Scope.ORGANISATION_READ: say("Read the settings, the requirement and the connections"),
        Scope.SETTINGS_WRITE: say("Change name, language and time zone"),
        Scope.REQUIREMENT_STRENGTHEN: say("Turn the requirement on, or move it to an earlier date"),
        Scope.MEMBERS_READ: say("See the users"),
        Scope.MEMBERS_MANAGE: say("See the users, remove them and end their sessions; no administrators"),
        Scope.LOG_READ: say("Read the log"),
        Scope.SCIM: say("Keep members and groups by SCIM, as your directory tells them; no roles"),
        Scope.ORGANISATIONS_READ: say("See the organisations"),
        Scope.ORGANISATIONS_MANAGE: say("Create organisations and make the feature available"),
        Scope.APPLICATIONS_READ: say("See the applications"),
    }
    return words[scope]
