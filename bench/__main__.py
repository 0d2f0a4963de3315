"""Measures, prints tables, and keeps all figures in `bench/results.json`."""

import argparse
import dataclasses
import json
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from bench import budgets, printing
from bench.runs import SignIn, run_floor, run_starts, run_totrinn
from bench.servers import Start

_RESULTS = Path(__file__).with_name("results.json")
_PARTS = ("signin", "check", "start", "floor")


def main() -> None:
    """Runs what was asked for."""
    signal.signal(signal.SIGTERM, _stop)
    asked = _asked()
    totrinn = floor = None
    starts: list[Start] = []
    if "start" in asked.only:
        starts = run_starts()
        printing.starts(starts)
    with_load = "check" in asked.only
    if "signin" in asked.only or with_load:
        runs = 1 if "signin" not in asked.only else asked.runs
        # By turns, so that both meet the same noise.
        pairs = [
            (
                run_totrinn(asked.users, with_load=with_load),
                run_floor(asked.users, with_load=with_load) if "floor" in asked.only else None,
            )
            for _ in range(runs)
        ]
        totrinn = _best([pair[0] for pair in pairs])
        floor = _best([pair[1] for pair in pairs if pair[1] is not None])
        printing.sign_in(totrinn, floor)
    table = budgets.rows(totrinn, floor, starts)
    printing.budgets(table)
    _keep(totrinn, floor, starts, table)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--users", type=int, default=150, metavar="N", help="how many sign in, once each")
    parser.add_argument(
        "--runs", type=int, default=3, metavar="N", help="whole runs; the one with the least CPU counts"
    )
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=_PARTS, help="measure only this")
    return parser.parse_args()


def _best(runs: list[SignIn]) -> SignIn | None:
    """The run with the least CPU; of the pages under load, the best of all runs."""
    if not runs:
        return None
    least = min(runs, key=lambda run: run.beyond)
    loads = {page: min((run.loads[page] for run in runs), key=lambda load: load.cpu) for page in least.loads}
    return dataclasses.replace(least, loads=loads)


def _keep(totrinn: SignIn | None, floor: SignIn | None, starts: list[Start], table: list[budgets.Row]) -> None:
    kept = {
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "load_average": os.getloadavg()[0],
        "totrinn": dataclasses.asdict(totrinn) | {"beyond": totrinn.beyond} if totrinn else None,
        "floor": dataclasses.asdict(floor) | {"beyond": floor.beyond} if floor else None,
        "starts": [dataclasses.asdict(start) for start in starts],
        "budgets": [dataclasses.asdict(row) | {"verdict": row.verdict, "ratio": row.ratio} for row in table],
    }
    _RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _stop(_number: int, _frame: object) -> NoReturn:
    """Every server is stopped on the way out."""
    raise SystemExit(143)


if __name__ == "__main__":
    main()
