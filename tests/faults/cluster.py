"""PostgreSQL with synchronous standbys under Patroni, and etcd, which says who leads: all of it on the loopback."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

from tests.faults.product import free_port
from tests.postgresql_server import PostgresqlServer

_PATIENCE_SECONDS = 120
_TTL_SECONDS = 10
_NAME = "totrinn"


class Node:
    """One Patroni and its PostgreSQL."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.port, self.rest_port = free_port(), free_port()
        self.data = folder / name
        self.config = folder / f"{name}.json"
        self.process: subprocess.Popen[bytes] | None = None

    def settings(self, etcd_port: int, binaries: Path, *, strict: bool) -> dict[str, Any]:
        """What Patroni is told. YAML holds JSON."""
        here = "127.0.0.1"
        return {
            "scope": _NAME,
            "name": self.name,
            "restapi": {"listen": f"{here}:{self.rest_port}", "connect_address": f"{here}:{self.rest_port}"},
            "etcd3": {"host": f"{here}:{etcd_port}"},
            "bootstrap": {
                "dcs": {
                    "ttl": _TTL_SECONDS,
                    "loop_wait": 2,
                    "retry_timeout": 3,
                    "synchronous_mode": True,
                    "synchronous_mode_strict": strict,
                    "postgresql": {"parameters": {"max_connections": 100, "shared_buffers": "32MB"}},
                },
                "initdb": [{"encoding": "UTF8"}, "no-locale", {"auth": "trust"}],
                "pg_hba": [f"host all all {here}/32 trust", f"host replication all {here}/32 trust"],
            },
            "postgresql": {
                "listen": f"{here}:{self.port}",
                "connect_address": f"{here}:{self.port}",
                "data_dir": str(self.data),
                "bin_dir": str(binaries),
                "authentication": {"superuser": {"username": _NAME}, "replication": {"username": "replicator"}},
                "parameters": {"unix_socket_directories": str(self.data.parent)},
            },
        }

    def says(self, path: str) -> int:
        """The status of Patroni's answer; 0 without one."""
        with contextlib.suppress(OSError):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.rest_port}{path}", timeout=5) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                error.close()
                return int(error.code)
        return 0

    def kill(self) -> None:
        """The whole node is gone at once: Patroni, and every process of PostgreSQL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(OSError, ValueError, IndexError):
            os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


class Cluster:
    """A context manager: everything is started on entering, and gone on leaving."""

    def __init__(self, nodes: int, *, strict: bool) -> None:
        self._binaries = PostgresqlServer.find().binaries
        self._strict = strict
        self._folder = Path(tempfile.mkdtemp(prefix="totrinn-cluster-"))
        self._nodes = [Node(self._folder, f"node{number}") for number in range(nodes)]
        self._etcd: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Cluster":
        shutil.chown(self._folder, "postgres", "postgres")
        try:
            etcd_port = self._start_etcd()
            for node in self._nodes:
                node.config.write_text(json.dumps(node.settings(etcd_port, self._binaries, strict=self._strict)))
                node.process = self._start("patroni", str(node.config))
            self._wait()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    @property
    def url(self) -> str:
        """The address that names every node, and means the one that takes changes."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self._nodes)
        return f"postgresql://{_NAME}@{hosts}/postgres?target_session_attrs=read-write"

    def kill_primary(self) -> None:
        """The node that leads is gone at once."""
        next(node for node in self._nodes if node.says("/primary") == 200).kill()

    def _start_etcd(self) -> int:
        port, peers = free_port(), free_port()
        own, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
        words = ["--data-dir", str(self._folder / "etcd"), "--listen-client-urls", own, "--advertise-client-urls", own]
        words += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        self._etcd = self._start("etcd", *words, "--initial-cluster", f"default={peer}")
        return port

    def _start(self, *command: str) -> "subprocess.Popen[bytes]":
        user = pwd.getpwnam("postgres")
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=user.pw_uid,
                group=user.pw_gid,
                extra_groups=[],
                env={"PATH": os.environ["PATH"], "HOME": str(self._folder)},
            )

    def _wait(self) -> None:
        """Until one leads, all others follow, and one of them is told of everything before it is acknowledged."""
        last = time.monotonic() + _PATIENCE_SECONDS
        while not self._is_safe():
            if time.monotonic() > last:
                raise RuntimeError((self._folder / "log").read_text(errors="replace")[-4000:])
            time.sleep(0.2)

    def _is_safe(self) -> bool:
        if sorted(node.says("/primary") for node in self._nodes)[:1] == [0]:
            return False
        connect = partial(psycopg.connect, self.url, autocommit=True, connect_timeout=3)
        with contextlib.suppress(psycopg.Error), connect() as connection:
            count = "SELECT count(*) FILTER (WHERE sync_state = 'sync'), count(*) FROM pg_stat_replication"
            return connection.execute(count).fetchone() == (1, len(self._nodes) - 1)
        return False

    def _end(self) -> None:
        for node in self._nodes:
            node.kill()
        if self._etcd is not None:
            self._etcd.kill()
            self._etcd.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
