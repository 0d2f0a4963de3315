"""What is kept of applications; the rules that hold for all that is kept stand in `ports`."""

from datetime import datetime
from typing import Protocol

from totrinn.app.applications.records import Application


class Applications(Protocol):
    """Applications, by `client_id` or by a host behind the gate."""

    def find(self, application_id: str) -> Application | None:
        """The application with this id, switched on or not."""

    def find_by_host(self, host: str) -> Application | None:
        """The application that the gate protects under this host name."""

    def all(self) -> tuple[Application, ...]:
        """All of them, by name."""

    def homes(self, *, limit: int) -> tuple[tuple[str, str], ...]:
        """(name, home) of those that are switched on and have a home, by name."""

    def taken_hosts(self, hosts: tuple[str, ...], *, besides: str) -> tuple[str, ...]:
        """Those of the hosts that another application than `besides` has."""

    def add(self, application: Application) -> None:
        """Adds one."""

    def save(self, application: Application, *, expected_revision: int) -> bool:
        """Stores what is agreed with the next revision, if the revision is still the expected one; else False."""

    def set_enabled(self, application_id: str, *, is_enabled: bool) -> None:
        """Switches it on or off."""

    def remove(self, application_id: str) -> bool:
        """Deletes it with all that it was given; False when there is none."""

    def add_secret(self, application_id: str, digest: bytes, now: datetime) -> None:
        """Adds a secret, by its digest."""

    def end_secrets(self, application_id: str, *, at: datetime) -> None:
        """Lets no secret that it has now live longer than this."""

    def has_secret(self, application_id: str, digest: bytes, now: datetime) -> bool:
        """Whether the application has this secret now."""
