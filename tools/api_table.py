"""Writes the table of endpoints, scopes and codes into docs/applications/api.md, from what is served.

write   writes the page (what is done without a word, too)
check   fails when the page is not what the code says
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from totrinn.core.api_tokens import OF_VENDOR, OPENS, scopes_of
from totrinn.web.admission import Code as StepCode
from totrinn.web.api.faults import Fault
from totrinn.web.api.problems import SENTENCES, STATUS
from totrinn.web.api.rooms import ENDPOINTS
from totrinn.web.languages import language
from totrinn.web.scope_words import scope_words

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "applications" / "api.md"
STEPS: Final = {
    StepCode.SIGN_IN_REQUIRED: "There is no session, and no token.",
    StepCode.VERIFICATION_REQUIRED: "The sign-in waits for the second factor.",
    StepCode.CHOICE_REQUIRED: "The sign-in waits for an organisation to be chosen.",
    StepCode.ENROLMENT_REQUIRED: "The sign-in waits for a second factor to be set up.",
}
BEGIN: Final = "<!-- written by tools/api_table.py: begin -->\n"
END: Final = "<!-- written by tools/api_table.py: end -->"


def written(page: str) -> str:
    """The page with the tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + "\n".join(_lines()) + "\n\n" + END + after


def _lines() -> Iterator[str]:
    yield from ("## Endpoints", "", "| | | does | a token needs one of |", "|---|---|---|---|")
    for each in ENDPOINTS:
        scopes = " ".join(f"`{scope}`" for scope in each.scopes) or "for persons"
        yield f"| {each.method} | `{each.path}` | {each.says} | {scopes} |"
    yield from ("", "## Scopes", "", "| scope | of | opens |", "|---|---|---|")
    english = language("en")
    of_organisation = scopes_of(is_vendor=False)
    for scope in OPENS:
        owners = [
            name for name, has in (("organisation", scope in of_organisation), ("vendor", scope in OF_VENDOR)) if has
        ]
        yield f"| `{scope.value}` | {', '.join(owners)} | {scope_words(english, scope)} |"
    yield from ("", "## Codes", "", "| status | code | says |", "|---|---|---|")
    for step, says in STEPS.items():
        yield f"| 401 | `{step.value}` | {says} |"
    for code, status in sorted(STATUS.items(), key=lambda pair: pair[1]):
        yield f"| {status} | `{code.value}` | {SENTENCES[code]} |"
    faults = ", ".join(f"`{fault.value}`" for fault in Fault)
    yield from ("", f"Of `errors[]`, where there are any: {faults}.")


def main() -> None:
    """Writes, or checks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("write", "check"), nargs="?", default="write")
    page = PAGE.read_text(encoding="utf-8")
    now = written(page)
    if parser.parse_args().action == "write":
        PAGE.write_text(now, encoding="utf-8")
    elif now != page:
        sys.exit(f"{PAGE} is not what the code says: run tools/api_table.py")


if __name__ == "__main__":
    main()
