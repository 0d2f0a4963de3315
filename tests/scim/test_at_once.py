"""What a directory sends at the same moment happens once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scim.directory import Directory
from totrinn.core.roles import Role


@pytest.mark.row("R88")
def test_of_many_at_once_one_is_made(on_either: Directory) -> None:
    """The same name eight times at the same moment, in any letter case: one 201, all others `uniqueness`."""
    with ThreadPoolExecutor(8) as pool:
        names = ["kari@fjordly.no", "KARI@fjordly.no"] * 4
        answers = list(pool.map(lambda name: on_either.http.post("/Users", json={"userName": name}), names))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    assert {answer.json()["scimType"] for answer in answers if answer.status_code == 409} == {"uniqueness"}
    assert len(on_either.find('userName eq "kari@fjordly.no"')) == 1
    with ThreadPoolExecutor(4) as pool:
        groups = list(pool.map(lambda _: on_either.http.post("/Groups", json={"displayName": "Drivers"}), range(4)))
    assert sorted(answer.status_code for answer in groups) == [201, 409, 409, 409]


@pytest.mark.row("R88")
def test_two_cannot_both_be_the_last_to_go(on_either: Directory) -> None:
    """Of two global administrators who are made inactive at the same moment, one stays."""
    house = on_either.house
    for name in ("kari", "ola"):
        house.person(f"{name}@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    ids = [each["id"] for each in on_either.http.get("/Users").json()["Resources"]]
    off = {"op": "replace", "path": "active", "value": False}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda id_: on_either.patch(f"/Users/{id_}", off), ids))
    assert sorted(answer.status_code for answer in answers) == [200, 403]
