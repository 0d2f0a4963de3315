"""A directory as it speaks SCIM: what Entra and Okta send, and what comes back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2

from tests.attacks.house import OPERATOR, House
from totrinn.app.api_tokens import NewToken, WantedToken, make_token_by_operator
from totrinn.app.records import LoggedEvent, Member
from totrinn.core.api_tokens import Scope
from totrinn.web.scim.attributes import GROUP, USER
from totrinn.web.scim.patching import PATCH


@dataclass(frozen=True, slots=True)
class Directory:
    """The directory of one organisation, with its token."""

    house: House
    slug: str
    http: httpx2.Client

    def user(self, user_name: str, **more: Any) -> dict[str, Any]:
        """Adds somebody, who must not be there yet."""
        answer = self.http.post("/Users", json={"schemas": [USER], "userName": user_name, **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def group(self, name: str, *member_ids: str) -> dict[str, Any]:
        """Adds a group."""
        members = [{"value": each} for each in member_ids]
        answer = self.http.post("/Groups", json={"schemas": [GROUP], "displayName": name, "members": members})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> httpx2.Response:
        """Sends operations."""
        sent = {"schemas": [PATCH], "Operations": list(operations)}
        return self.http.patch(path, json=sent, headers=headers)

    def find(self, filter_: str, kind: str = "Users") -> list[dict[str, Any]]:
        """The resources that a filter fits."""
        answer = self.http.get(f"/{kind}", params={"filter": filter_})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["Resources"])

    def member(self, email: str) -> Member | None:
        """The place in the organisation of whoever has this address."""
        with self.house.database.reading() as unit:
            organisation, person = unit.organisations.find_by_slug(self.slug), unit.people.find_by_email(email)
            assert organisation is not None
            return unit.members.find(organisation.id, person.id) if person else None

    def events(self) -> list[LoggedEvent]:
        """The organisation's log, the newest first."""
        with self.house.database.reading() as unit:
            organisation = unit.organisations.find_by_slug(self.slug)
            assert organisation is not None
            return list(unit.log.of_organisation(organisation.id, kind="", before=None, limit=100))

    def kinds(self) -> list[str]:
        """What happened in the organisation, the newest first."""
        return [event.kind for event in self.events()]


def token(house: House, slug: str, *scopes: Scope, days: int = 30) -> str:
    """A token of the organisation."""
    wanted = WantedToken(f"of {slug} {' '.join(scopes)} {days}", frozenset(scopes), timedelta(days=days))
    made = make_token_by_operator(house.services, house.visitor(), OPERATOR, slug, wanted)
    assert isinstance(made, NewToken)
    return made.text


def client(house: House, token: str) -> httpx2.Client:
    """Whoever sends this token."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.Client(base_url=f"{house.address}/scim/v2", headers=headers, timeout=60)


@contextmanager
def connected(house: House, slug: str, domain: str) -> Iterator[Directory]:
    """An organisation that has proven a domain, and its directory."""
    house.organisation(slug)
    house.connection(slug, domain)
    with client(house, token(house, slug, Scope.SCIM)) as http:
        yield Directory(house, slug, http)
