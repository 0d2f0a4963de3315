"""Machines of our own on this one: each has its network, its processes, its name and its files, and nothing is kept.

A machine is a set of Linux namespaces. Its folders are overlays on those of this machine, so that installed programs,
and this project below `/opt`, are there and what is written goes into memory. Whatever runs on it ends with its
first process, and that with the test.
"""

import ctypes
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from tests.operate.page import Machine

_STANDINS = Path(__file__).resolve().parent / "standins"
PROJECT = Path(__file__).resolve().parents[2]
_NEW_NETWORK = 0x40000000
_SECONDS = 180
VERSIONS = ("0.1.0", "0.2.0")
"""What the pages call this version and the next one, laid beside it: this project, as if made there."""
_FOLDERS = ("etc", "home", "opt", "root", "srv", "tmp", "usr/local", "var")
_NEEDED = ("ip", "unshare", "nsenter", "setpriv", "runuser", "systemd-tmpfiles", "systemd-analyze", "mount")

_SET_UP = """
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /mnt
for version in {versions}; do
    mkdir -p /mnt/$version /mnt/upper/$version /mnt/side/$version
    mount -t overlay overlay -o lowerdir={project},upperdir=/mnt/upper/$version,workdir=/mnt/side/$version /mnt/$version
done
for folder in {folders}; do
    mkdir -p /mnt/upper/$folder /mnt/side/$folder
    chmod --reference=/$folder /mnt/upper/$folder
    mount -t overlay overlay -o lowerdir=/$folder,upperdir=/mnt/upper/$folder,workdir=/mnt/side/$folder /$folder
done
mount -t tmpfs -o mode=755 tmpfs /run
mount -t sysfs sysfs /sys
chmod 755 /root
for version in {versions}; do
    mkdir -p /opt/totrinn-$version
    mount --bind /mnt/$version /opt/totrinn-$version
    sed -i "1s|.*|#!/opt/totrinn-$version/.venv/bin/python|" /opt/totrinn-$version/.venv/bin/totrinn
    for file in /opt/totrinn-$version/.venv/lib/python3*/site-packages/_editable_impl_totrinn.pth; do
        echo /opt/totrinn-$version/src > $file
    done
done
ip link set lo up
"""
_STAY = "echo ready\nwhile read -r line; do :; done"


class NoMachines(Exception):
    """Machines of our own cannot be made here."""


class Failed(AssertionError):
    """A command on a machine failed; the message is what it printed."""


class Host:
    """One machine, while it runs."""

    def __init__(self, machine: Machine) -> None:
        self.name = machine.names[0]
        self.address = machine.address
        options = ["--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        script = (
            _SET_UP.format(folders=" ".join(_FOLDERS), project=PROJECT, versions=" ".join(VERSIONS))
            + f"hostname {self.name}\n"
            + _STAY
        )
        self._holder = subprocess.Popen(
            ["unshare", *options, "bash", "-euc", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "ready\n":
            raise NoMachines(self._holder.communicate()[1].strip())
        self.pid = int(Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text().split()[0])

    def stop(self) -> None:
        """Ends it, with everything that runs on it."""
        self._holder.kill()
        self._holder.communicate()

    def lose_power(self) -> None:
        """Everything that runs on it ends at once; what it wrote stays."""
        subprocess.run(self._enter("kill", "-9", "-1"), check=False)

    def run(self, script: str, *, seconds: float = _SECONDS, typed: str = "") -> str:
        """What the commands print, as root types them. Raises `Failed` at the first one that fails."""
        command = self._enter("timeout", str(seconds), "bash", "-eu", "-o", "pipefail", "-c", script)
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            input=typed,
            text=True,
            check=False,
            cwd="/",
            env=_environment(),
        )
        if done.returncode:
            raise Failed(f"{self.name}: {script.strip()}\n→ {done.returncode}\n{done.stdout}\n{self._told()}")
        return done.stdout

    def _told(self) -> str:
        """The end of what each service has written."""
        tail = self._enter("bash", "-c", "tail -n 15 /var/log/standin-*.log 2>/dev/null")
        return subprocess.run(tail, capture_output=True, text=True, check=False).stdout

    def write(self, path: str, content: str) -> None:
        """Writes a file."""
        self.run(f"cat > {shlex.quote(path)}", typed=content)

    def furnish(self, hosts_file: str) -> None:
        """Makes it what a fresh Debian is, with what stands in for systemd and apt."""
        self.write("/etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n{hosts_file}")
        lines = ["systemd-tmpfiles --create --prefix=/run 2>/dev/null || true"]
        lines += ["mkdir -p /run/lock"]
        for program in ("systemctl", "journalctl", "apt"):
            command = f'#!/bin/sh\nexec {sys.executable} -I {_STANDINS}/{program}.py "$@"\n'
            lines += [f"printf %s {shlex.quote(command)} > /usr/local/sbin/{program}"]
            lines += [f"chmod 755 /usr/local/sbin/{program}"]
        self.run("\n".join(lines))

    @contextmanager
    def network(self) -> Iterator[None]:
        """In this block, connections that this thread opens are opened on this machine."""
        with Path("/proc/thread-self/ns/net").open() as here, Path(f"/proc/{self.pid}/ns/net").open() as there:
            _set_network(there.fileno())
            try:
                yield
            finally:
                _set_network(here.fileno())

    def _enter(self, *command: str) -> list[str]:
        return ["nsenter", "--target", str(self.pid), "--net", "--mount", "--uts", "--ipc", "--pid", *command]


class Network:
    """A context manager: machines that reach each other, and nothing else, by name."""

    def __init__(self, machines: tuple[Machine, ...]) -> None:
        self._machines = machines
        self._hosts: dict[str, Host] = {}

    def __enter__(self) -> "Network":
        require_machines()
        try:
            switch = self._add(Machine(("switch",), ""))
            switch.run("ip link add bridge type bridge; ip link set bridge up")
            names = "".join(f"{machine.address} {' '.join(machine.names)}\n" for machine in self._machines)
            for number, machine in enumerate(self._machines):
                host = self._add(machine)
                _plug(host, switch, number)
                host.furnish(names)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for host in self._hosts.values():
            host.stop()

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def _add(self, machine: Machine) -> Host:
        host = Host(machine)
        self._hosts[host.name] = host
        return host


def require_machines() -> None:
    """Raises `NoMachines` unless this is root, on Linux, with the programs that this needs."""
    if os.geteuid() != 0:
        raise NoMachines("only root can make namespaces")
    missing = [program for program in _NEEDED if shutil.which(program) is None]
    if missing:
        raise NoMachines(f"not installed here: {', '.join(missing)}")


def _plug(host: Host, switch: Host, number: int) -> None:
    """A cable between machine and switch; every other address is on it."""
    cable = f"ip link add port{number} type veth peer name eth0 netns {host.pid}"
    subprocess.run(["nsenter", "--target", str(switch.pid), "--net", *cable.split()], check=True)
    switch.run(f"ip link set port{number} master bridge up")
    host.run(f"ip address add {host.address}/32 dev eth0; ip link set eth0 up; ip route add default dev eth0")


def _set_network(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "setns")


def _environment() -> dict[str, str]:
    """What a shell of root's has at first."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", "USER": "root", "PYTHONDONTWRITEBYTECODE": "1"}
