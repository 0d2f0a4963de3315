"""Who takes part in a race: each is put in place directly, as far as the step that the race is about."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pyotp

from tests.races.nodes import Installed
from tests.web.house import House, Resident
from totrinn.app.landing import Visitor, new_signin
from totrinn.app.ports import Services
from totrinn.app.proving import recovery_digest, totp_context
from totrinn.app.records import LinkPurpose, OneTimeLink, Session
from totrinn.bootstrap import open_installation
from totrinn.config import read_settings
from totrinn.core.enrolment import Pending
from totrinn.core.policy import Method, Proof
from totrinn.core.roles import Role
from totrinn.core.signin import State

PASSWORD = "en ganske lang setning"
RECOVERY_CODE = "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that is not confirmed yet, and the cookie of the sign-in that it belongs to."""

    token: str
    base32: str

    def code(self) -> str:
        """The code that an app shows for it now."""
        return pyotp.TOTP(self.base32).at(datetime.now(UTC))


class Village:
    """A house, and people on their way into it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.house = House(services, services.passwords.hash(PASSWORD))
        self._count = 0

    def name(self) -> str:
        """A name that nobody has had before."""
        self._count += 1
        return f"name{self._count}"

    def person(self, slug: str, role: Role = Role.USER, *, factor: bool = True) -> Resident:
        """A new member."""
        return self.house.person(f"{self.name()}@{slug}.example", slug, role, factor=factor)

    def verifying(self, person: Resident, slug: str, browsers: int) -> list[str]:
        """The cookies of unfinished sign-ins of this person, who has proven the password in each of these browsers."""
        return self._signins(person, slug, State.VERIFYING, [None] * browsers)

    def enrolling(self, person: Resident, slug: str, browsers: int) -> list[Secret]:
        """The same, of one who must enrol and has been shown another secret in each."""
        at, context = datetime.now(UTC), totp_context(person.id)
        texts = [pyotp.random_base32() for _ in range(browsers)]
        sealed = [self.services.vault.seal(base64.b32decode(text), context) for text in texts]
        pendings = [Pending(each, at + timedelta(minutes=10)) for each in sealed]
        tokens = self._signins(person, slug, State.ENROLLING, pendings)
        return [Secret(token, text) for token, text in zip(tokens, texts, strict=True)]

    def session(self, person: Resident, slug: str) -> str:
        """The cookie of a live session, proven just now by password and, where there is one, by factor."""
        at, token = datetime.now(UTC), self.services.random.token()
        session = Session(
            id=self.services.random.id(at),
            person_id=person.id,
            organisation_id=self.house.stored(slug).id,
            person_version=1,
            proof=Proof(Method.PASSWORD, at, at if person.secret else None),
            amr=("pwd", "otp", "mfa") if person.secret else ("pwd",),
            pending=None,
            created_at=at,
            last_seen=at,
            browser="",
            address="",
        )
        with self.services.store.writing() as unit:
            unit.sessions.add(self.services.digest(token), session)
        return token

    def recovery_code(self, person: Resident) -> str:
        """Gives the person a recovery code."""
        digest = recovery_digest(self.services, person.id, RECOVERY_CODE.replace("-", ""))
        with self.services.store.writing() as unit:
            unit.factors.replace_recovery_codes(person.id, [digest, b"another".ljust(32, b".")])
        return RECOVERY_CODE

    def link(self, slug: str, purpose: LinkPurpose, person: Resident | None = None) -> str:
        """The token of a one-time link."""
        at, token = datetime.now(UTC), self.services.random.token()
        link = OneTimeLink(
            id=self.services.random.id(at),
            purpose=purpose,
            organisation_id=self.house.stored(slug).id,
            person_id=person.id if person else None,
            role=None if person else Role.GLOBAL_ADMINISTRATOR,
            created_at=at,
            expires_at=at + timedelta(hours=1),
        )
        with self.services.store.writing() as unit:
            unit.links.add(self.services.digest(token), link)
        return token

    def _signins(self, person: Resident, slug: str, state: State, pendings: Sequence[Pending | None]) -> list[str]:
        at, organisation_id = datetime.now(UTC), self.house.stored(slug).id
        visitor, proof = Visitor(now=at, address="", browser=""), Proof(Method.PASSWORD, at)
        tokens = [self.services.random.token() for _ in pendings]
        with self.services.store.writing() as unit:
            for token, pending in zip(tokens, pendings, strict=True):
                signin = new_signin(
                    self.services, visitor, person_id=person.id, person_version=1, proof=proof, next_=""
                )
                signin = replace(signin, state=state, pending=pending, organisation_id=organisation_id)
                unit.signins.add(self.services.digest(token), signin)
        return tokens


@contextmanager
def village(installed: Installed) -> Iterator[Village]:
    """The people of this installation, while the block lasts."""
    with open_installation(read_settings({}, data=installed.data, database=installed.url)) as installation:
        yield Village(installation.services)
