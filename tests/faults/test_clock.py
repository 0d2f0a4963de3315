"""The machine's clock is set while the program runs: no code counts twice, nothing lives longer, and it is noticed."""

import http.client
import time
from pathlib import Path

import pytest

from tests.faults.people import STEP_SECONDS, Member
from tests.faults.rounds import Rounds, stage
from totrinn.readiness import CLOCK_IS_OFF

_LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), Path("libfaketimeMT.so.1"))
_HOUR = 3600.0
_PATIENCE_SECONDS = 60
_SET_BY = (-45, -3 * _HOUR, 45, 3 * _HOUR, 13 * _HOUR)


class SetClock:
    """The clock of a program that runs, from outside; the time since the machine was started goes on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, seconds: float) -> None:
        """So far ahead of the true time, from now on; behind it, if less than nothing."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+.0f}\n", encoding="ascii")
        new.rename(self._file)

    @property
    def environment(self) -> dict[str, str]:
        """What the program is started with."""
        return {
            "LD_PRELOAD": str(_LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }


def _wait_until_noticed(rounds: Rounds) -> None:
    """Until it says that it is not ready for its clock's sake; an answer holds for a second."""
    last = time.monotonic() + _PATIENCE_SECONDS
    while (said := _health(rounds)) != (503, f"{CLOCK_IS_OFF}\n"):
        assert time.monotonic() < last, f"the clock was set, and nobody noticed: {said}"
        time.sleep(0.1)


def _health(rounds: Rounds) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", rounds.product.port, timeout=30)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _types(rounds: Rounds, member: Member, step: int) -> int:
    """Signs in with the code of this step; the status of the answer to it."""
    browser = rounds.crowd.browser()
    try:
        assert browser.sign_in(member.email).headers["location"] == "/login/two-factor"
        return browser.submit("/login/two-factor", code=member.code_at(step)).status_code
    finally:
        browser.http.close()


@pytest.mark.row("R16")
@pytest.mark.row("R36")
@pytest.mark.row("R56")
def test_a_clock_that_is_set_revives_nothing_and_is_noticed(tmp_path: Path, folder: Path) -> None:
    """Back and forth, by 45 seconds and by hours: codes that were used stay used, sessions end rather than live on."""
    clock = SetClock(tmp_path / "clock")
    with stage(folder, 1, environment=clock.environment) as rounds:
        members = rounds.crowd.enrolled(len(_SET_BY))
        inside = members[0].browser
        assert inside is not None
        for seconds, member in zip(_SET_BY, members, strict=True):
            clock.set(seconds)
            used, now = member.last_typed, int(time.time() + seconds) // STEP_SECONDS
            _wait_until_noticed(rounds)
            for step in {used, min(used, now), min(used, now) - 1}:
                assert _types(rounds, member, step) == 422, (seconds, step)
        assert inside.get("/").status_code == 303
        clock.set(0)
        rounds.product.seconds_to_ready()
        assert inside.get("/").status_code == 303
        for member in members:
            assert _types(rounds, member, member.last_typed) == 422
