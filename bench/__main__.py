"""Measures, prints tables, and keeps all figures in `bench/results.json`."""

import argparse
import dataclasses
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from bench import budgets, printing
from bench.runs import Bench, SignIn
from bench.servers import NotServed, Start

_RESULTS = Path(__file__).with_name("results.json")
_PARTS = ("signin", "check", "start")


def main() -> None:
    """Runs what was asked for."""
    signal.signal(signal.SIGTERM, _stop)
    asked = _asked()
    if "check" in asked.only and shutil.which("wrk") is None:
        sys.exit("bench: wrk is missing. Install it (Debian: wrk), or measure without it: --only signin start")
    with _one_line(), TemporaryDirectory(prefix="totrinn-bench-") as name:
        bench = Bench(Path(name))
        # Always: what is compiled at a first start is no part of any figure.
        starts, floor_starts = bench.starts()
        printing.starts(starts, floor_starts)
        totrinn, floor = _sign_ins(bench, asked) if {"signin", "check"} & set(asked.only) else (None, None)
    printing.sign_in(totrinn, floor)
    table = budgets.rows(totrinn, floor, starts, floor_starts)
    printing.budgets(table)
    _keep(totrinn, floor, starts, table)


def _sign_ins(bench: Bench, asked: argparse.Namespace) -> tuple[SignIn | None, SignIn | None]:
    """The median run of each; they take turns, so that both meet the same noise."""
    totrinn, floor = [], []
    for number in range(asked.runs if "signin" in asked.only else 1):
        with_load = "check" in asked.only and number == 0
        totrinn.append(bench.run_totrinn(asked.users, with_load=with_load))
        floor.append(bench.run_floor(asked.users, with_load=with_load))
    return _median(totrinn), _median(floor)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--users", type=int, default=150, metavar="N", help="how many sign in, once each")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="whole runs, of which the median counts")
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=_PARTS, help="measure only this")
    return parser.parse_args()


def _median(runs: list[SignIn]) -> SignIn:
    """The run in the middle: the least would be the one that the noise of the hash flatters most."""
    in_order = sorted(runs, key=lambda run: run.beyond)
    median = in_order[len(runs) // 2]
    beyond = tuple(run.beyond for run in in_order)
    most = max((run.busy for run in runs), key=lambda memory: memory.peak)
    return dataclasses.replace(median, loads=runs[0].loads, busy=most, runs=beyond)


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


@contextmanager
def _one_line() -> Iterator[None]:
    """A server that does not run is said to, and is no fault of the measuring."""
    try:
        yield
    except NotServed as error:
        sys.exit(f"bench: {error}")


def _stop(_number: int, _frame: object) -> NoReturn:
    """Every server is stopped on the way out."""
    raise SystemExit(143)


if __name__ == "__main__":
    main()
