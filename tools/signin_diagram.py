"""Draws the sign-in machine into docs/architecture.md, from the one table in `totrinn.core.signin`.

write   puts diagram and table between their marks (what is done without a word, too)
check   fails when they are not what the code says
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from totrinn.core.signin import TRANSITIONS, State

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "architecture.md"
BEGIN: Final = "<!-- written by tools/signin_diagram.py: begin -->\n"
END: Final = "<!-- written by tools/signin_diagram.py: end -->\n"


def diagram() -> str:
    """The moves between states as a Mermaid diagram; what leaves a state as it is stands in the table only."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for (state, act, verdict), after in TRANSITIONS.items():
        if state is not after:
            arrows.setdefault((state, after), []).append(f"{act.value} / {verdict.__name__}")
    lines = ["stateDiagram-v2", f"    [*] --> {State.NOTHING_PROVEN.value}"]
    lines += [
        f"    {state.value} --> {after.value}: {'<br/>'.join(labels)}" for (state, after), labels in arrows.items()
    ]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def table() -> str:
    """Every entry of the transition table, in its order."""
    rows = [
        f"| `{state.value}` | `{act.value}` | `{verdict.__name__}` | `{after.value}` |"
        for (state, act, verdict), after in TRANSITIONS.items()
    ]
    return "| state | what happened | verdict | state after |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def drawn(page: str) -> str:
    """The page with both put in anew. Raises `ValueError` when the marks are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has lost its marks")
    return f"{before}{BEGIN}\n{diagram()}\n{table()}\n{END}{after}"


def main() -> int:
    """Runs one command; its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", choices=["write", "check"], default="write")
    command = parser.parse_args().command
    page = PAGE.read_text(encoding="utf-8")
    fresh = drawn(page)
    if command == "write":
        PAGE.write_text(fresh, encoding="utf-8")
    elif fresh != page:
        print("docs/architecture.md is out of date: make update-docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
