"""What several endpoints answer alike."""

from totrinn.app.own_factors import StaleProof
from totrinn.app.records import MemberCounts
from totrinn.web.api.endpoints import Problem
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
    return Problem(Code.WRONG_SHAPE, {"errors": [{"pointer": pointer, "detail": title}]})


def plain(text: str) -> str:
    """The text with single spaces, as forms read it."""
    return " ".join(text.split())
