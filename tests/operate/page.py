"""A page of docs/operate as its tests read it: machines, and one after the other what an operator writes and types."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

OPERATE = Path(__file__).resolve().parents[2] / "docs" / "operate"
DEFAULT_HOST = "login"

_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_MACHINE = re.compile(r"^\| `([^|]+)` \| `([0-9.]+)` \|", re.MULTILINE)
_COMMANDS, _OUTPUT = "sh", "text"


class Unreadable(ValueError):
    """The page shows something of which it is not clear whether it is a command, a file or an output."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that a page names: its names, the first of which the fences use, and its address."""

    names: tuple[str, ...]
    address: str


@dataclass(frozen=True, slots=True)
class Typed:
    """Commands that are typed on each of these machines, and what the page says they print, if it says so."""

    section: str
    line: int
    told: str
    """What the page says between the block before and this one."""
    hosts: tuple[str, ...]
    script: str
    printed: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it is written on machines."""

    section: str
    line: int
    told: str
    hosts: tuple[str, ...]
    path: str
    content: str


Step = Typed | Written


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the operator's manual."""

    name: str
    machines: tuple[Machine, ...]
    steps: tuple[Step, ...]

    @property
    def sections(self) -> tuple[str, ...]:
        """The headings below which something is written or typed, in their order."""
        return tuple(dict.fromkeys(step.section for step in self.steps))

    def file(self, path: str) -> str:
        """What the page writes there."""
        return next(step.content for step in self.steps if isinstance(step, Written) and step.path == path)

    @property
    def commands(self) -> tuple[Typed, ...]:
        """What is typed."""
        return tuple(step for step in self.steps if isinstance(step, Typed))


def read(name: str) -> Page:
    """The page of this name. Raises `Unreadable`."""
    return parse(name, (OPERATE / name).read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Page:
    """The page with this text. Raises `Unreadable`."""
    prose = _FENCE.sub("", text)
    machines = tuple(
        Machine(tuple(re.findall(r"[\w.-]+", names)), address) for names, address in _MACHINE.findall(prose)
    )
    steps: list[Step] = []
    end_of_last = 0
    for fence in _FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 1
        words, content = fence[1].split(), fence[2]
        if words == [_OUTPUT]:
            steps.append(_with_output(name, line, steps, content))
        else:
            told = text[end_of_last : fence.start()]
            steps.append(_step(name, (_section(text, fence.start()), line, told), words, content))
        end_of_last = fence.end()
    return Page(name, machines, tuple(steps))


def is_as_shown(shown: str, printed: str) -> bool:
    """Whether an output is what the page shows, with anything in place of `…`: in a line, or, alone, any lines."""
    return _are_as_shown(_lines(shown), _lines(printed))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def _are_as_shown(shown: list[str], printed: list[str]) -> bool:
    if not shown:
        return not printed
    if shown[0] == "…":
        return any(_are_as_shown(shown[1:], printed[skipped:]) for skipped in range(len(printed) + 1))
    line = re.escape(shown[0]).replace("…", ".*")
    return bool(printed) and bool(re.fullmatch(line, printed[0])) and _are_as_shown(shown[1:], printed[1:])


def _section(text: str, position: int) -> str:
    headings = [found[1] for found in _HEADING.finditer(_without_fences(text)) if found.start() < position]
    return headings[-1] if headings else ""


def _without_fences(text: str) -> str:
    """The text with every fence blanked out, so that positions stay as they are."""
    return _FENCE.sub(lambda fence: " " * len(fence[0]), text)


def _step(name: str, where: tuple[str, int, str], words: list[str], content: str) -> Step:
    paths = [word for word in words[1:] if word.startswith("/")]
    hosts = tuple(word for word in words[1:] if not word.startswith("/")) or (DEFAULT_HOST,)
    if len(paths) == 1:
        return Written(*where, hosts, paths[0], content)
    if words[:1] == [_COMMANDS] and not paths:
        return Typed(*where, hosts, content)
    raise Unreadable(f"{name}:{where[1]}: ```{' '.join(words)} is no command, file or output")


def _with_output(name: str, line: int, steps: list[Step], content: str) -> Step:
    last = steps.pop() if steps else None
    if not isinstance(last, Typed) or last.printed is not None:
        raise Unreadable(f"{name}:{line}: an output stands after the commands that print it")
    return replace(last, printed=content)
