"""What the gate keeps."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """Carries a session over to a protected host, once: from our own host, by the browser, within seconds."""

    host: str
    application_id: str
    start: bytes
    """The digest of the cookie that the browser was given on the protected host when it set out."""
    path: str
    """Where it wanted to go there: path and query."""
    session_id: str
    expires_at: datetime
