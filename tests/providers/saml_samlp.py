"""samlp, an identity provider on Node.js: started by a test on loopback, stopped by its own pid."""

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
from typing import Any

_ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent / "samlp"
_CACHE = _ROOT / ".cache" / "providers"
_STARTS_WITHIN = 20
_INSTALLS_WITHIN = 100


class ProviderMissing(Exception):
    """A program that the test needs is not installed."""


@contextmanager
def running_samlp(told: Mapping[str, Any]) -> Iterator[str]:
    """The base address of a provider that was told this; see `samlp/provider.js`."""
    line = json.dumps({**told, "modules": str(_installed() / "node_modules")})
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [_program("node"), str(_HERE / "provider.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        )
        try:
            assert process.stdin is not None
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            yield f"http://127.0.0.1:{_port(process, log)}"
        finally:
            process.kill()
            process.communicate()


def _port(process: "subprocess.Popen[str]", log: Any) -> int:
    """What the program says first, once it listens."""
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
        raise AssertionError(f"samlp did not start: {log.read()}")
    return int(json.loads(first)["port"])


def _installed() -> Path:
    """The folder with what the lock file names, installed once for all runs."""
    files = [_HERE / "package.json", _HERE / "package-lock.json"]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = _CACHE / f"samlp-{digest}"
    if folder.is_dir():
        return folder
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE, prefix="new-") as made:
        whole = Path(made) / "whole"
        whole.mkdir()
        for file in files:
            shutil.copy(file, whole)
        command = [_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=whole, capture_output=True, text=True, timeout=_INSTALLS_WITHIN, check=False)
        if done.returncode:
            raise ProviderMissing(f"npm could not install samlp: {done.stderr[-2000:]}")
        # Moved as a whole, so that no other run sees half of it; whoever comes second has lost nothing.
        try:
            whole.rename(folder)
        except OSError:
            assert folder.is_dir()
    return folder


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ProviderMissing(f"{name} is missing: samlp needs Node.js 20 or newer, and npm")
    return found
