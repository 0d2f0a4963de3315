"""What a use case cannot go on with. Expected outcomes (a wrong code, a lost race) are return values, not these."""

from totrinn.core.policy import Verdict
from totrinn.core.roles import Right


class TotrinnError(Exception):
    """Never raised itself. Every subclass carries a stable `code`."""

    code = "error"


class SealBroken(TotrinnError):
    """A sealed value cannot be opened: wrong key, wrong context, or changed bytes."""

    code = "seal_broken"


class NotAdmitted(TotrinnError):
    """The session that wants to act is no longer admitted; nothing was changed."""

    code = "not_admitted"

    def __init__(self, verdict: Verdict | None = None) -> None:
        super().__init__(str(verdict))
        self.verdict = verdict


class NotAllowed(TotrinnError):
    """The session is admitted, but its role does not carry the right; nothing was changed."""

    code = "not_allowed"

    def __init__(self, right: Right | None = None) -> None:
        super().__init__(str(right))
        self.right = right


class OwnCredentialsNeeded(TotrinnError):
    """What belongs to the person alone does not change from a session that an organisation's SSO opened (rule 12)."""

    code = "own_credentials_needed"


class NotFound(TotrinnError):
    """There is no such thing in this organisation; a foreign id is as unknown as a random one (R46)."""

    code = "not_found"


class StoreUnavailable(TotrinnError):
    """The database is gone, full, locked or too busy; nothing was changed, and trying again later may help."""

    code = "store_unavailable"


class StoreCollided(StoreUnavailable):
    """Of transactions that waited for each other the database ended this one; nothing of it was done."""

    code = "store_collided"
