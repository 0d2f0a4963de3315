"""The budgets, and what the best of the peers was measured at; which figure of a run stands against which."""

from dataclasses import dataclass

from bench.runs import SignIn
from bench.servers import Start


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. No figure: not measured in this run."""

    what: str
    unit: str
    budget: float
    figure: float | None
    floor: float | None = None
    peer: str = ""

    @property
    def verdict(self) -> str:
        """Whether the budget is kept."""
        if self.figure is None:
            return "not measured"
        if self.figure <= self.budget:
            return "kept"
        return f"over by {self.figure / self.budget - 1:.0%}"

    @property
    def ratio(self) -> float | None:
        """The figure, as a multiple of the floor's."""
        return self.figure / self.floor if self.figure is not None and self.floor else None


def rows(totrinn: SignIn | None, floor: SignIn | None, starts: list[Start], floor_starts: list[Start]) -> list[Row]:
    """The table, from whatever has been measured."""
    return [
        Row(
            "full sign-in beyond one hash, CPU",
            "ms",
            5,
            totrinn.beyond if totrinn else None,
            floor.beyond if floor else None,
            "better-auth 18.1",
        ),
        Row(
            "start to first answer",
            "s",
            0.6,
            min((start.wall for start in starts), default=None),
            min((start.wall for start in floor_starts), default=None),
            "allauth 0.37",
        ),
        Row(
            "memory when idle (PSS)",
            "MiB",
            90,
            totrinn.idle.pss if totrinn else None,
            floor.idle.pss if floor else None,
            "allauth 71",
        ),
        Row(
            "memory at peak (RSS)",
            "MiB",
            130,
            totrinn.busy.peak if totrinn else None,
            floor.busy.peak if floor else None,
            "allauth 113",
        ),
    ]
