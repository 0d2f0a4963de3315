"""Running commands: in this process, where only the outcome matters, or as programs of their own."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from totrinn.cli import run

PASSWORD = "en ganske lang setning"
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)

    def link(self, kind: str) -> str:
        """The path of the one-time link that it printed."""
        found = re.search(rf"http://localhost:\d+(/{kind}/\S+)", self.out)
        assert found, self.out
        return found[1]


def environment(**settings: str) -> dict[str, str]:
    """The environment of this process with these settings of ours and no others."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TOTRINN_")} | settings


def command(*words: str, typed: str | bytes = "", **settings: str) -> Outcome:
    """Runs a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    given = typed.encode() if isinstance(typed, str) else typed
    stdin = io.TextIOWrapper(io.BytesIO(given), encoding="utf-8")
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "stdin", stdin),
        mock.patch.dict(os.environ, environment(**settings), clear=True),
    ):
        status = run(words)
    return Outcome(status, out.getvalue(), err.getvalue())


def program(*words: str, folder: Path | None = None, seconds: int = SECONDS, **settings: str) -> Outcome:
    """Runs a command as a program of its own, and waits for its end."""
    done = subprocess.run(
        [sys.executable, "-m", "totrinn", *words],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        cwd=folder,
        env=environment(**settings),
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def programs_at_once(count: int, *words: str, **settings: str) -> list[Outcome]:
    """Runs the same command as so many programs, begun at the same time."""
    command_line = [sys.executable, "-m", "totrinn", *words]
    pipe, given = subprocess.PIPE, environment(**settings)
    started = [subprocess.Popen(command_line, stdout=pipe, stderr=pipe, text=True, env=given) for _ in range(count)]
    said = [process.communicate(timeout=SECONDS * count) for process in started]
    return [Outcome(process.returncode, *texts) for process, texts in zip(started, said, strict=True)]
