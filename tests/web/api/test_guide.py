"""What `docs/applications/api.md` tells programmers to type works as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attacks.house import OPERATOR, House, running_house
from tests.docs.reading import DOCS
from totrinn.app.operating import create_organisation
from totrinn.core.roles import Role

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_THEIRS = "https://login.example.no"


def _typed(house: House, folder: Path) -> subprocess.CompletedProcess[str]:
    """All of it, in one shell, against a server of our own."""
    blocks = _BLOCK.findall((DOCS / "applications" / "api.md").read_text(encoding="utf-8"))
    typed = "shopt -s expand_aliases\nset -euo pipefail\n" + "".join(blocks)
    assert _THEIRS in typed
    script = folder / "typed.sh"
    script.write_text(typed.replace(_THEIRS, house.address), encoding="utf-8")
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": programs, "TOTRINN_DATA": str(folder), "HOME": str(folder)}
    return subprocess.run(
        ["bash", str(script)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.row("R42")
def test_the_guide_can_be_followed_to_its_end(tmp_path: Path) -> None:
    """From the first token to a requirement with a date, and to a refusal that says why."""
    with running_house(tmp_path) as house:
        create_organisation(house.services, house.visitor(), OPERATOR, name="Vendor", slug="vendor", is_vendor=True)
        house.organisation("fjordly")
        house.person("kari@fjordly.test", "fjordly", Role.GLOBAL_ADMINISTRATOR)
        done = _typed(house, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert '"missing":1' in done.stdout
        assert "kari@fjordly.test" in done.stdout
        assert '"state":"dated"' in done.stdout
        assert '"code": "not_found"' in done.stdout
        with house.database.reading() as unit:
            organisation = unit.organisations.find_by_slug("fjordly")
        assert organisation is not None
        assert organisation.policy.requirement.stands()
