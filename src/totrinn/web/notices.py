"""One sentence on top of the next page: what was just done. The address carries a code, never the text."""

from totrinn.web.ask import Ask


def notice(ask: Ask) -> dict[str, str] | None:
    """The notice that `?said=` names; an unknown code says nothing."""
    said = ask.query.get("said")
    if said is None:
        return None
    say = ask.language.say
    notices = {
        "out": ("ok", say("You are signed out.")),
        "late": ("warn", say("The sign-in took more than ten minutes, or was ended elsewhere. Sign in again.")),
        "over": ("warn", say("You have been signed out, after a while or from elsewhere. Sign in again.")),
        "ended": ("warn", say("The sign-in has ended. Sign in again.")),
        "saved": ("ok", say("The changes are saved.")),
        "unchanged": ("plain", say("Nothing was changed.")),
        "on": ("ok", say("Two-factor authentication is now required.")),
        "off": ("ok", say("Two-factor authentication is no longer required.")),
        "moved": ("ok", say("The date of the requirement has been changed.")),
        "role": ("ok", say("The role has been changed.")),
        "sessions": ("ok", say("The sessions have been ended.")),
        "removed": ("ok", say("The user has been removed from the organisation.")),
        "reset": ("ok", say("Two-factor authentication has been reset. The user sets it up anew at the next sign-in.")),
        "password": ("ok", say("The password has been changed, and all other sessions have been ended.")),
        "factor-removed": (
            "ok",
            say("The authenticator app has been removed. From now on your password alone gets you in."),
        ),
        "left": ("ok", say("You have left the organisation.")),
        "accepted": ("ok", say("You are now a member.")),
        "welcome": ("ok", say("The account is ready. Sign in with your new password.")),
        "chosen": ("ok", say("The password is chosen. Sign in with it.")),
        "available": ("ok", say("The feature is now available to the organisation.")),
        "withdrawn": ("ok", say("The feature has been withdrawn. What the organisation requires, it still requires.")),
        "created": ("ok", say("The organisation has been created.")),
        "token-ended": ("ok", say("The token has been ended.")),
        "language": ("ok", say("The language has been changed.")),
    }
    found = notices.get(said) or _about_sso(ask).get(said) or _about_applications(ask).get(said)
    return {"kind": found[0], "text": found[1]} if found else None


def _about_sso(ask: Ask) -> dict[str, tuple[str, str]]:
    say = ask.language.say
    return {
        "unlinked": ("ok", say("The link to the sign-in service has been ended.")),
        "domain-added": ("ok", say("The domain stands on the list. Publish the record to prove that it is yours.")),
        "domain-proven": ("ok", say("The domain is proven.")),
        "domain-removed": ("ok", say("The domain has been removed.")),
        "passwords-closed": ("ok", say("Password sign-in is closed for those who use SSO.")),
        "passwords-open": ("ok", say("Password sign-in is open again.")),
        "metadata": ("ok", say("The metadata has been read. Compare what it says with your provider, and test it.")),
        "connection-on": ("ok", say("The connection is on.")),
        "connection-off": ("ok", say("The connection is off. Nobody signs in by it.")),
        "webhook-tried": ("ok", say("A message is on its way. What comes back is shown here.")),
        "webhook-removed": ("ok", say("The receiver has been removed.")),
        "connection-removed": ("ok", say("The connection has been removed.")),
    }


def _about_applications(ask: Ask) -> dict[str, tuple[str, str]]:
    say = ask.language.say
    return {
        "application-added": ("ok", say("The application has been registered.")),
        "application-on": ("ok", say("The application is on.")),
        "application-off": ("ok", say("The application is off. Nobody can sign in to it.")),
        "application-removed": ("ok", say("The application has been removed.")),
    }
