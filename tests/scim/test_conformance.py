"""What an independent implementation of SCIM finds, when it tries everything that the service says it can."""

import uuid
from typing import Any

import httpx2
import pytest
import scim2_tester.filling
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.scim.directory import Directory


@pytest.fixture
def with_own_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tester makes up names; here they are addresses of the domain that the organisation has proven."""
    made_up = scim2_tester.filling.get_random_example_value

    def name(path: Any) -> Any:
        return f"{uuid.uuid4()}@fjordly.no" if str(path).endswith("userName") else made_up(path)

    monkeypatch.setattr(scim2_tester.filling, "get_random_example_value", name)


@pytest.mark.row("R88")
@pytest.mark.usefixtures("with_own_addresses")
def test_scim2_tester_finds_nothing_wrong(on_either: Directory) -> None:
    """It makes, reads, searches, replaces, changes and deletes what the schemas describe, attribute by attribute."""
    with httpx2.Client(base_url=on_either.http.base_url, headers=on_either.http.headers, timeout=60) as http:
        results = check_server(SyncSCIMClient(http))
    wrong = [(each.title, each.reason) for each in results if each.status not in (Status.SUCCESS, Status.SKIPPED)]
    assert wrong == [], "\n".join(f"{title}: {reason}" for title, reason in wrong)
    tried = {each.title for each in results if each.status is Status.SUCCESS}
    assert len(tried) > 15, tried
    assert len([each for each in results if each.status is Status.SUCCESS]) > 60
