"""The clock of the attacked server, for attacks that take hours."""

from datetime import UTC, datetime, timedelta

import pyotp


class Clock:
    """What the server takes for the present, moved by hand; real time goes on beneath."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self, _: object = UTC) -> datetime:
        """The time as the server reads it."""
        return datetime.now(UTC) + self.ahead

    def pass_by(self, **span: float) -> None:
        """Lets time go by; back, when it is negative."""
        self.ahead += timedelta(**span)

    def code(self, app: pyotp.TOTP, steps: int = 0) -> str:
        """The code that the app shows at that time."""
        return app.at(int(self.now().timestamp()), counter_offset=steps)
