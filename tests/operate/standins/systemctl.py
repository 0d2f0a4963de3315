"""Stands in for systemctl where no systemd runs: reads the unit files that are there, and starts, reloads and stops.

It does as much of a unit as the pages and Debian's own units of what they install need, and refuses what it does not
know of the things that change how a program runs. It starts nothing anew that ended by itself, and no timer
of its own runs out.
"""

import os
import pwd
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_FOLDERS = (Path("/etc/systemd/system"), Path("/lib/systemd/system"))
_STATE = Path("/run/standin")
_PATIENCE_SECONDS = 40
_SECONDS_TO_STOP = 20
_IGNORED = {
    "Restart", "RestartSec", "TimeoutStartSec", "TimeoutStopSec", "TimeoutSec", "LimitNOFILE", "LimitNPROC",
    "KillMode", "SuccessExitStatus", "SyslogIdentifier", "OOMScoreAdjust", "PermissionsStartOnly", "Group",
    "BindReadOnlyPaths", "ProtectKernelTunables", "ProtectControlGroups", "RestrictSUIDSGID", "LockPersonality",
    "ProtectKernelModules", "NotifyAccess", "RuntimeDirectoryMode", "RestartPreventExitStatus",
}  # fmt: skip
_READ = {
    "Type", "User", "Environment", "EnvironmentFile", "ExecStartPre", "ExecStart", "ExecReload", "ExecStop", "PIDFile",
    "KillSignal", "AmbientCapabilities", "NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp",
    "ReadWritePaths", "WorkingDirectory", "CapabilityBoundingSet", "UMask", "RuntimeDirectory", "WatchdogSec",
}  # fmt: skip


class Unit:
    """A unit file, with its drop-ins."""

    def __init__(self, name: str) -> None:
        self.name = name.removesuffix(".service")
        template, at, self.instance = self.name.partition("@")
        files = [folder / f"{template}{at}.service" for folder in _FOLDERS]
        found = next((file for file in files if file.is_file()), None)
        if found is None:
            sys.exit(f"Unit {name}.service not found.")
        self.settings: dict[str, list[str]] = {}
        self._prefix = template
        for file in (found, *sorted(Path(f"/etc/systemd/system/{template}{at}.service.d").glob("*.conf"))):
            self._read(file)

    def _read(self, file: Path) -> None:
        section = ""
        for line in file.read_text().replace("\\\n", " ").splitlines():
            if line.startswith("["):
                section = line.strip("[] ")
            elif section == "Service" and "=" in line and not line.startswith(("#", ";")):
                key, _, value = line.partition("=")
                if key not in _READ | _IGNORED:
                    sys.exit(f"{file}: {key}= is not known to what stands in for systemd here")
                if not value.strip():
                    self.settings[key] = []
                else:
                    self.settings.setdefault(key, []).append(self._expanded(value.strip()))

    def _expanded(self, text: str) -> str:
        known = {"i": self.instance, "I": self.instance.replace("-", "/"), "p": self._prefix, "H": os.uname().nodename}
        return re.sub("%([a-zA-Z])", lambda found: known[found[1]], text)

    def one(self, key: str, default: str = "") -> str:
        """The value of a setting that has one."""
        values = self.settings.get(key, [])
        return values[-1] if values else default

    def environment(self) -> dict[str, str]:
        """The variables of its programs."""
        found = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        for line in self.settings.get("Environment", []):
            found |= dict(word.split("=", 1) for word in shlex.split(line))
        for name in self.settings.get("EnvironmentFile", []):
            found |= _variables(Path(name.lstrip("-")), may_be_absent=name.startswith("-"))
        if user := self.one("User"):
            found |= {"HOME": pwd.getpwnam(user).pw_dir, "USER": user}
        return found

    @property
    def state(self) -> Path:
        """Where its process stands while it runs."""
        return _STATE / f"{self.name}.pid"

    @property
    def main_pid(self) -> int | None:
        """Its process, if it runs."""
        file = Path(self.one("PIDFile")) if self.one("PIDFile") else self.state
        try:
            pid = int(file.read_text().split()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        is_dead = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return None if is_dead else pid

    def command(self, line: str) -> list[str]:
        """The words of a line, with the programs before them that do what the unit asks for."""
        environment = self.environment() | {"MAINPID": str(self.main_pid or "")}
        words: list[str] = []
        for word in shlex.split(line.lstrip("-+!@")):
            if found := re.fullmatch(r"\$(\w+)", word):
                words += shlex.split(environment.get(found[1], ""))
            else:
                words.append(re.sub(r"\$\{?(\w+)\}?", lambda each: environment.get(each[1], ""), word))
        return words

    def confined(self, words: list[str]) -> list[str]:
        """The words, run as the unit's user, with what it may write and gain."""
        before: list[str] = []
        if self.one("ProtectSystem") == "strict" or self.one("PrivateTmp") in ("yes", "true"):
            before += ["unshare", "--mount", "--propagation", "private", "bash", "-euc", self._mounts(), "confined"]
        if user := self.one("User"):
            before += ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--init-groups"]
            if self.one("NoNewPrivileges") in ("yes", "true"):
                before.append("--no-new-privs")
            if self.settings.get("CapabilityBoundingSet") == []:
                before.append("--bounding-set=-all")
            for capability in self.one("AmbientCapabilities").lower().split():
                name = capability.removeprefix("cap_")
                before += [f"--inh-caps=+{name}", f"--ambient-caps=+{name}"]
        return [*before, *words]

    def _mounts(self) -> str:
        lines = []
        if self.one("PrivateTmp") in ("yes", "true"):
            lines.append("for folder in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $folder; done")
        if self.one("ProtectHome") in ("yes", "true"):
            lines.append("mount -t tmpfs -o mode=000 tmpfs /home")
        if self.one("ProtectSystem") == "strict":
            writable = self.one("ReadWritePaths").split()
            lines += [f"mount --bind {path} {path}" for path in writable]
            kept = "|".join(["/proc*", "/sys*", "/dev*", "/tmp", "/var/tmp", "/mnt", *writable])
            lines.append(
                "while read -r _ _ _ _ point _; do case $point in "
                f"{kept}) ;; *) [ ! -e $point ] || mount -o remount,bind,ro $point ;; esac; "
                "done < <(sort -u -k5,5 /proc/self/mountinfo)"
            )
        return "\n".join([*lines, 'exec "$@"'])


def start(unit: Unit, *, waits: bool = True) -> None:
    """Starts it and waits until it is ready, as far as its type says so."""
    if unit.main_pid is not None:
        return
    _STATE.mkdir(exist_ok=True)
    for line in unit.settings.get("ExecStartPre", []):
        _run(unit, line)
    (line,) = unit.settings["ExecStart"]
    kind = unit.one("Type", "simple")
    if kind in ("forking", "oneshot"):
        _run(unit, line)
        if kind == "forking" and _waited(lambda: unit.main_pid) is None:
            _failed(unit, "it does not run")
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        address = _STATE / f"{unit.name}.notify"
        address.unlink(missing_ok=True)
        told.bind(str(address))
        address.chmod(0o666)
        process = _spawn(unit, line, {"NOTIFY_SOCKET": str(address)} if kind == "notify" else {})
        unit.state.write_text(str(process.pid))
        if waits:
            _await_ready(unit, process, told if kind == "notify" else None)


def _spawn(unit: Unit, line: str, more: dict[str, str]) -> "subprocess.Popen[bytes]":
    with _log(unit).open("ab") as log:
        return subprocess.Popen(
            unit.confined(unit.command(line)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=unit.one("WorkingDirectory", "/"),
            umask=int(unit.one("UMask", "0022"), 8),
            env=unit.environment() | more,
            start_new_session=True,
        )


def _await_ready(unit: Unit, process: "subprocess.Popen[bytes]", told: socket.socket | None) -> None:
    """A simple unit is ready once it runs, one that notifies when it says so; a watched one has said that it lives."""
    if told is None:
        time.sleep(0.2)
        if process.poll() is not None:
            _failed(unit, f"it ended with {process.returncode}")
        return
    told.settimeout(0.2)
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        try:
            heard = told.recv(4096)
            if (b"READY=1" in heard and not unit.one("WatchdogSec")) or b"WATCHDOG=1" in heard:
                return
        except TimeoutError:
            if process.poll() is not None:
                _failed(unit, f"it ended with {process.returncode}")
    _failed(unit, "it does not become ready")


def stop(unit: Unit) -> None:
    """Stops it: as it says itself, else by signal, and by force if it does not end."""
    pid = unit.main_pid
    if pid is None:
        return
    for line in unit.settings.get("ExecStop", []):
        _run(unit, line)
    if unit.main_pid == pid:
        os.kill(pid, getattr(signal, unit.one("KillSignal", "SIGTERM")))
    if not _waited(lambda: unit.main_pid is None, _SECONDS_TO_STOP):
        os.kill(pid, signal.SIGKILL)


def reload(unit: Unit) -> None:
    """Has it read its settings anew."""
    if unit.main_pid is None or not unit.settings.get("ExecReload"):
        sys.exit(f"{unit.name}.service cannot be reloaded")
    for line in unit.settings["ExecReload"]:
        _run(unit, line)


def _run(unit: Unit, line: str) -> None:
    with _log(unit).open("ab") as log:
        done = subprocess.run(
            unit.confined(unit.command(line)), stdout=log, stderr=log, env=unit.environment(), check=False
        )
    if done.returncode and not line.startswith("-"):
        _failed(unit, f"{line} ended with {done.returncode}")


def _failed(unit: Unit, why: str) -> None:
    sys.stderr.write(_log(unit).read_text(errors="replace")[-4000:])
    sys.exit(f"Job for {unit.name}.service failed: {why}")


def _log(unit: Unit) -> Path:
    return Path(f"/var/log/standin-{unit.name}.log")


def _waited(met: Callable[[], object], seconds: float = _PATIENCE_SECONDS) -> object:
    give_up_at = time.monotonic() + seconds
    while not (found := met()) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return found or None


def _variables(file: Path, *, may_be_absent: bool) -> dict[str, str]:
    if may_be_absent and not file.exists():
        return {}
    lines = (line for line in file.read_text().splitlines() if line.strip() and not line.startswith(("#", ";")))
    return {name: "".join(shlex.split(value)) for name, _, value in (line.partition("=") for line in lines)}


def _units(name: str) -> list[str]:
    """Debian's `postgresql` stands for every cluster."""
    name = name.removesuffix(".service")
    if name != "postgresql":
        return [name]
    clusters = subprocess.run(["pg_lsclusters", "-h"], capture_output=True, text=True, check=True).stdout
    return [f"postgresql@{line.split()[0]}-{line.split()[1]}" for line in clusters.splitlines()]


def main(words: list[str]) -> None:
    """`systemctl VERB [--now] [NAME …]`."""
    verb, *names = [word for word in words if not word.startswith("-")]
    if verb == "daemon-reload":
        return
    timers = [name for name in names if name.endswith(".timer")]
    if missing := [name for name in timers if not (_FOLDERS[0] / name).is_file()]:
        sys.exit(f"Unit {missing[0]} not found.")
    names = [name for name in names if name not in timers]
    for name in (each for given in names for each in _units(given)):
        unit = Unit(name)
        if verb in ("stop", "restart") or (verb == "disable" and "--now" in words):
            stop(unit)
        if verb in ("start", "restart") or (verb == "enable" and "--now" in words):
            start(unit, waits="--no-block" not in words)
        elif verb in ("reload", "reload-or-restart"):
            reload(unit)
        elif verb in ("status", "is-active"):
            sys.stdout.write("active\n" if unit.main_pid else "inactive\n")
            if unit.main_pid is None:
                sys.exit(3)
        elif verb not in ("stop", "enable", "disable"):
            sys.exit(f"Unknown command verb {verb}")


if __name__ == "__main__":
    main(sys.argv[1:])
