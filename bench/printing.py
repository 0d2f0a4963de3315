"""The figures as Markdown tables."""

from collections.abc import Sequence

from bench.budgets import Row
from bench.measuring import Cost, Load
from bench.runs import SignIn
from bench.servers import Memory, Start


def starts(totrinn: Sequence[Start], floor: Sequence[Start]) -> None:
    """From the start of the program to its first answer."""
    _table(f"Start to first answer, best of {len(totrinn)}", "Totrinn", "floor", "ratio")
    wall, floor_wall = (min(start.wall for start in each) for each in (totrinn, floor))
    cpu, floor_cpu = (min(start.cpu for start in each) for each in (totrinn, floor))
    _line("seconds", f"{wall:.3f}", f"{floor_wall:.3f}", f"{wall / floor_wall:.1f}")
    _line("seconds of CPU", f"{cpu:.3f}", f"{floor_cpu:.3f}", f"{cpu / floor_cpu:.1f}")


def sign_in(totrinn: SignIn | None, floor: SignIn | None) -> None:
    """Each step beside the floor's."""
    if totrinn is None:
        return
    _table("CPU of a sign-in (ms)", "Totrinn", "floor", "ratio", "wait (ms)")
    for name, cost in totrinn.steps.items():
        _cost(name, cost, floor.steps[name] if floor else None)
    _line("one hash", f"{totrinn.hash:.2f}", _number(floor.hash if floor else None))
    _line("beyond the hash", f"{totrinn.beyond:.2f}", _number(floor.beyond if floor else None), _ratio(totrinn, floor))
    print(f"\nBeyond the hash in every run: {', '.join(f'{beyond:.2f}' for beyond in totrinn.runs)} ms.")
    _table("CPU of other pages (ms)", "Totrinn", "floor", "ratio", "wait (ms)")
    for name, cost in totrinn.extra.items():
        _cost(name, cost, floor.steps["first page"] if floor else None)
    _loads(totrinn.loads, floor.loads["/"] if floor and floor.loads else None)
    _table("Memory (MiB)", "PSS idle", "RSS idle", "PSS busy", "RSS at peak")
    _memory("Totrinn", totrinn.idle, totrinn.busy)
    if floor:
        _memory("floor", floor.idle, floor.busy)
    print()


def budgets(rows: Sequence[Row]) -> None:
    """Each budget and whether it is kept."""
    _table("Budget", "at most", "this run", "floor", "ratio", "best peer", "verdict")
    for row in rows:
        figure, floor = _number(row.figure), _number(row.floor)
        ratio = "" if row.ratio is None else f"{row.ratio:.1f}"
        _line(f"{row.what} ({row.unit})", f"{row.budget:g}", figure, floor, ratio, row.peer, row.verdict)


def _cost(name: str, cost: Cost, floor: Cost | None) -> None:
    ratio = f"{cost.cpu / floor.cpu:.1f}" if floor else ""
    _line(name, f"{cost.cpu:.2f}", _number(floor.cpu if floor else None), ratio, f"{cost.wait:.1f}")


def _loads(loads: dict[str, Load], floor: Load | None) -> None:
    if not loads:
        print()
        return
    _table("A page with a live session, under load", "CPU (µs)", "99 % wait at most (ms)", "a second", "ratio")
    for page, load in loads.items():
        ratio = f"{load.cpu / floor.cpu:.1f}" if floor else ""
        _line(f"`{page}`", f"{load.cpu:.0f}", f"{load.p99:.1f}", f"{load.per_second:.0f}", ratio)
    if floor:
        _line("floor", f"{floor.cpu:.0f}", f"{floor.p99:.1f}", f"{floor.per_second:.0f}", "1.0")


def _memory(name: str, idle: Memory, busy: Memory) -> None:
    _line(name, f"{idle.pss:.0f}", f"{idle.rss:.0f}", f"{busy.pss:.0f}", f"{busy.peak:.0f}")


def _ratio(totrinn: SignIn, floor: SignIn | None) -> str:
    return f"{totrinn.beyond / floor.beyond:.1f}" if floor else ""


def _table(*heads: str) -> None:
    print()
    _line(*heads)
    _line(*("---" for _ in heads))


def _line(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
