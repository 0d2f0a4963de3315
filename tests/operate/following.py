"""Following a page as an operator does: every file is written, every command typed, every output looked at."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from tests.operate import authority
from tests.operate.hosts import Network
from tests.operate.page import Machine, Page, Step, Typed, Written, is_as_shown, read
from tests.operate.people import Browser, ByHttps, PastTheProxy

PERSON = Machine(("person",), "198.51.100.7")
STRANGER = Machine(("stranger",), "198.51.100.66")


class NotAsWritten(AssertionError):
    """A command printed something else than the page says."""


class Place:
    """Machines with an authority and people, on which pages are followed."""

    def __init__(self, network: Network, machines: tuple[Machine, ...], certificate: str) -> None:
        self.network = network
        self._certificate = certificate
        self._addresses = {name: machine.address for machine in machines for name in machine.names}
        self._done: set[tuple[str, int]] = set()
        self._browsers: list[Browser] = []

    def follow(self, page: Page, *sections: str, on: str | None = None) -> str:
        """Does what these sections say, or the whole page; on another machine, if need be. Returns what was printed."""
        steps = [step for step in page.steps if not sections or step.section in sections]
        steps = [replace(step, hosts=(on,)) if on else step for step in steps]
        assert set(sections) <= set(page.sections), f"{page.name} has no such section: {sections}"
        printed = ""
        for step in steps:
            printed += self._take(page, step)
            self._done.add((page.name, step.line))
        return printed

    def all_done(self, page: Page) -> None:
        """Nothing that the page shows was left out."""
        left = [step.line for step in page.steps if not self.has_done(page, step)]
        assert left == [], f"{page.name}: never run: lines {left}"

    def has_done(self, page: Page, step: Step) -> bool:
        """Whether this was written or typed."""
        return (page.name, step.line) in self._done

    def browser(self, at: Machine = PERSON, to: str = "login.example.org", **headers: str) -> Browser:
        """A new browser on somebody's machine."""
        coming = ByHttps(self.network[at.names[0]], self._addresses[to], self._certificate)
        self._browsers.append(Browser(coming, **headers))
        return self._browsers[-1]

    def browser_beside(self, host: str) -> Browser:
        """A new browser on the machine that serves, past the proxy."""
        self._browsers.append(Browser(PastTheProxy(self.network[host])))
        return self._browsers[-1]

    def let_in_by_ssh(self, *hosts: str) -> None:
        """Root of any of these machines reaches the others, as the pages say that operators do."""
        key = self.network[hosts[0]].run(
            "mkdir -p -m 700 /root/.ssh; ssh-keygen -q -t ed25519 -N '' -f /tmp/key; cat /tmp/key"
        )
        for host in hosts:
            machine = self.network[host]
            machine.run("mkdir -p -m 700 /root/.ssh /run/sshd")
            machine.write("/root/.ssh/id_ed25519", key)
            machine.write("/root/.ssh/config", "StrictHostKeyChecking accept-new\n")
            machine.run(
                "cd /root/.ssh; chmod 600 *; ssh-keygen -y -f id_ed25519 > authorized_keys; ssh-keygen -A >/dev/null;"
                "/usr/sbin/sshd"
            )

    def close(self) -> None:
        """Closes every browser."""
        for browser in self._browsers:
            browser.http.close()

    def _take(self, page: Page, step: Step) -> str:
        if isinstance(step, Written):
            for host in step.hosts:
                self.network[host].write(step.path, step.content)
                if step.path.endswith((".service", ".timer")):
                    self._verify(page, step, host)
            return ""
        printed = ""
        for host in step.hosts:
            printed += (once := self.network[host].run(step.script))
            compare(page, step, once)
        return printed

    def _verify(self, page: Page, step: Written, host: str) -> None:
        """A real systemd reads the unit; it warns of what it does not know, and ends with success."""
        if warned := self.network[host].run(f"systemd-analyze --man=no verify {step.path}"):
            raise NotAsWritten(f"{page.name}:{step.line}: {warned}")


def compare(page: Page, step: Typed, printed: str) -> None:
    """Raises `NotAsWritten` if the page shows another output."""
    if step.printed is not None and not is_as_shown(step.printed, printed):
        raise NotAsWritten(f"{page.name}:{step.line}: the page shows\n{step.printed}\nand this was printed:\n{printed}")


@contextmanager
def place(*names: str) -> Iterator[Place]:
    """The machines that these pages name, and those of the world around them."""
    named = {machine for name in names for machine in read(name).machines}
    machines = (*sorted(named, key=lambda machine: machine.names), PERSON, STRANGER)
    with Network((authority.AUTHORITY, *machines)) as network:
        certificate = authority.found(network["authority"])
        for machine in machines:
            authority.trust(network[machine.names[0]], certificate)
        with closing(Place(network, machines, certificate)) as made:
            yield made
