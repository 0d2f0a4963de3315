"""PgBouncer in transaction mode before a PostgreSQL server of the tests: Debian's program, a free port on loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from tests.postgresql_server import PostgresqlServer

_PATIENCE_SECONDS = 20
_SETTINGS = """
[databases]
* = host={host} port={port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
max_client_conn = 400
default_pool_size = 15
server_check_query =
"""


class NoPgbouncer(Exception):
    """PgBouncer is not installed here."""


class Pgbouncer:
    """A context manager: started on entering, stopped on leaving."""

    def __init__(self, server: PostgresqlServer) -> None:
        program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise NoPgbouncer("no pgbouncer on the PATH or in /usr/sbin")
        self._program = program
        self._server = urlsplit(server.url("postgres"))
        self._folder = Path(tempfile.mkdtemp(prefix="totrinn-pgbouncer-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Pgbouncer":
        where = {"host": self._server.hostname, "port": self._server.port}
        settings = _SETTINGS.format(**where, own_port=self._port, folder=self._folder)
        (self._folder / "users").write_text('"totrinn" ""\n')
        (self._folder / "pgbouncer.ini").write_text(settings)
        for path in (self._folder, *self._folder.iterdir()):
            if os.geteuid() == 0:
                shutil.chown(path, "postgres", "postgres")
        with (self._folder / "log").open("wb") as log:
            command = [self._program, str(self._folder / "pgbouncer.ini")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._as_ordinary_user())
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_PATIENCE_SECONDS)
        shutil.rmtree(self._folder)

    def url(self, database: str) -> str:
        """The address of one of the server's databases, behind it."""
        return f"postgresql://totrinn@127.0.0.1:{self._port}/{database}"

    def _wait(self) -> None:
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=2).close()
            except OSError:
                if time.monotonic() > give_up_at or (self._process is not None and self._process.poll() is not None):
                    raise RuntimeError((self._folder / "log").read_text()) from None
                time.sleep(0.05)
            else:
                return

    def _as_ordinary_user(self) -> dict[str, Any]:
        """It refuses to run as root."""
        if os.geteuid() != 0:
            return {}
        user = pwd.getpwnam("postgres")
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
