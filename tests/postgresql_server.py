"""A PostgreSQL server for tests: Debian's binaries, data in a folder of its own, a free port on the loopback."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from psycopg import sql

_UNSAFE_BUT_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_PATIENCE_SECONDS = 30


class NoPostgresql(Exception):
    """No PostgreSQL is installed here."""


class PostgresqlServer:
    """A context manager: started on entering, stopped on leaving; nothing of it is left behind."""

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self.binaries = binaries
        self._durable = durable
        self._folder = Path(tempfile.mkdtemp(prefix="totrinn-postgresql-"))
        self.data = self._folder / "data"
        """The folder of its data; before the start it may be another one that the system user owns."""
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @classmethod
    def find(cls, *, durable: bool = False) -> "PostgresqlServer":
        """The newest that is installed; a durable one survives being killed. Raises `NoPostgresql`."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
        if found:
            return cls(found[-1].parent, durable=durable)
        on_path = shutil.which("postgres")
        if on_path is None:
            raise NoPostgresql("no /usr/lib/postgresql/*/bin/postgres, and no postgres on the PATH")
        return cls(Path(on_path).resolve().parent, durable=durable)

    def __enter__(self) -> "PostgresqlServer":
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        words = ("-U", "totrinn", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        self._run("initdb", "-D", str(self.data), *words)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_PATIENCE_SECONDS)
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Starts the server on its data, and waits until it answers."""
        settings = (
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self._folder}",
            "max_connections=200",
            "shared_buffers=64MB",
            *(() if self._durable else _UNSAFE_BUT_FAST),
        )
        options = [word for setting in settings for word in ("-c", setting)]
        with (self._folder / "server.log").open("ab") as log:
            command = [str(self.binaries / "postgres"), "-D", str(self.data), "-p", str(self._port), *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._as_ordinary_user())
        self._wait()

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://totrinn@127.0.0.1:{self._port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """Makes a database like the template, and returns its name."""
        name = f"test_{secrets.token_hex(8)}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        return name

    def drop_database(self, name: str) -> None:
        """Drops it, whoever is still connected."""
        self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stops the server in the middle of whatever it does: at once, or (`SIGINT`) after saying so to everybody."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE_SECONDS)

    def start_again(self) -> None:
        """Starts the server if it has ended."""
        if self._process is None or self._process.poll() is not None:
            self.start()

    def follow(self) -> None:
        """Starts a stopped server as one that only follows another, and takes no changes, until it is promoted."""
        (self.data / "standby.signal").touch()
        if os.geteuid() == 0:
            shutil.chown(self.data / "standby.signal", "postgres", "postgres")
        self.start()

    def promote(self) -> None:
        """Has a server that follows take changes again."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")

    def kill(self) -> None:
        """Kills the server; its other processes notice, and end."""
        if self._process is not None:
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text(encoding="ascii")
            self._process.kill()
            self._process.wait(_PATIENCE_SECONDS)
            give_up_at = time.monotonic() + _PATIENCE_SECONDS
            while any(Path(f"/proc/{pid}").exists() for pid in children.split()) and time.monotonic() < give_up_at:
                time.sleep(0.01)

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))

    def _wait(self) -> None:
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > give_up_at or (self._process is not None and self._process.poll() is not None):
                    raise RuntimeError((self._folder / "server.log").read_text()) from None
                time.sleep(0.05)
            else:
                return

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._as_ordinary_user())
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")

    def _as_ordinary_user(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root."""
        settings: dict[str, Any] = {"cwd": self._folder}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            settings |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        return settings


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
