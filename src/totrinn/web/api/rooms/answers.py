"""What several endpoints answer alike."""

from collections.abc import Iterator, Mapping

from msgspec import to_builtins

from totrinn.app.own_factors import StaleProof
from totrinn.app.records import MemberCounts
from totrinn.web.api.endpoints import Call, Problem
from totrinn.web.api.faults import MOST_TOLD, Fault, told
from totrinn.web.api.problems import Code
from totrinn.web.api.shapes import Adoption


def adoption(counts: MemberCounts) -> Adoption:
    """The numbers."""
    return Adoption(counts.missing, counts.has, counts.sso, counts.total)


def proof(stale: StaleProof) -> dict[str, bool]:
    """What must be proven again."""
    return {"code": stale.needs_code, "sso": stale.by_sso}


def stale_problem(stale: StaleProof) -> Problem:
    """Everything that the person has must be proven again first."""
    return Problem(Code.FRESH_PROOF, {"proof": proof(stale)})


def wrong(pointer: str, title: str) -> Problem:
    """A value that has the right shape, and cannot be taken all the same."""
    return Problem(Code.WRONG_SHAPE, {"errors": [told(pointer, Fault.UNACCEPTABLE, title)]})


def wrongs(problems: Mapping[str, str]) -> Problem:
    """The same of several places."""
    errors = [told(pointer, Fault.UNACCEPTABLE, said) for pointer, said in problems.items()]
    return Problem(Code.WRONG_SHAPE, {"errors": errors})


def unprintable(call: Call, *, besides: str = "") -> Problem | None:
    """The refusal of a body in which some text cannot be shown; `besides`: one that need not be."""
    said = call.ask.language.say("This contains a character that cannot be shown.")
    sent = {name: value for name, value in to_builtins(call.body).items() if name != besides}
    errors = [told(pointer, Fault.UNACCEPTABLE, said) for pointer, text in _texts("", sent) if not text.isprintable()]
    return Problem(Code.WRONG_SHAPE, {"errors": errors[:MOST_TOLD]}) if errors else None


def _texts(at: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(f"{at}/{name}", item)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _texts(f"{at}/{number}", item)


def expected_revision(call: Call) -> int | Problem:
    """The revision that `If-Match` names: what is stored as a whole is changed by whoever has read it as it is."""
    given = call.ask.headers.getlist("if-match")
    if not given:
        return Problem(Code.NO_REVISION)
    named = given[0].removeprefix('"').removesuffix('"')
    if len(given) > 1 or not (named.isascii() and named.isdigit() and len(named) < 10):
        return Problem(Code.CHANGED_MEANWHILE)
    return int(named)


def plain(text: str) -> str:
    """The text with single spaces, as forms read it."""
    return " ".join(text.split())
