"""What is kept for sign-ins through SSO; the rules that hold for all that is kept stand in `ports`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from totrinn.app import sso_records as s
from totrinn.core.policy import ConnectionFacts


class Connections(Protocol):
    """Connections. Administrators reach them by (organisation, id); browsers that sign in know the id alone."""

    def find(self, connection_id: str) -> s.Connection | None:
        """The connection with this id."""

    def hold(self, connection_id: str) -> s.Connection | None:
        """The same; until this transaction ends, nobody removes it or ends its links. Taken before persons are held."""

    def of_organisation(self, organisation_id: str) -> tuple[s.Connection, ...]:
        """All of an organisation's, by name."""

    def linked(self, connection_id: str) -> int:
        """How many people are linked by it."""

    def add(self, connection: s.Connection) -> None:
        """Adds one."""

    def save(self, connection: s.Connection, *, expected_revision: int) -> bool:
        """Stores name, settings, rules and secret with the next revision, if the revision is still the expected one.

        The connection's own `revision`, `is_enabled` and `test` are not looked at.
        """

    def set_enabled(self, organisation_id: str, connection_id: str, *, is_enabled: bool) -> None:
        """Switches it on or off."""

    def set_test(self, connection_id: str, test: s.ConnectionTest) -> None:
        """Remembers what came back; the revision does not rise."""

    def remove(self, organisation_id: str, connection_id: str) -> bool:
        """Deletes it with its links and all that is under way; domains that led to it lead nowhere. False: none."""

    def end_sessions(self, connection_id: str) -> int:
        """Ends all sessions and unfinished sign-ins that came by it; how many sessions there were."""

    def forget_evidence(self, connection_id: str) -> None:
        """Takes the evidence of two factors from what came by it: the words that it was said in count no more."""

    def end_links(self, organisation_id: str, connection_id: str) -> None:
        """Ends all its links: whoever comes by it next is a stranger to it."""

    def count_use(self, connection_id: str, day: date, *, has_evidence: bool) -> None:
        """Counts one sign-in of that day."""

    def uses(self, organisation_id: str, since: date) -> tuple[s.SsoUse, ...]:
        """The sums of the days from then on, for each connection of the organisation that was used."""


class Domains(Protocol):
    """E-mail domains of organisations; several may claim, and prove, the same one."""

    def of_organisation(self, organisation_id: str) -> tuple[s.Domain, ...]:
        """All of an organisation's, by name."""

    def find(self, organisation_id: str, name: str) -> s.Domain | None:
        """One of an organisation's."""

    def add(self, domain: s.Domain) -> bool:
        """Adds one; False when the organisation has it already."""

    def prove(self, organisation_id: str, name: str, *, by: str, now: datetime) -> None:
        """Remembers that it is proven, and by what."""

    def lead_to(self, organisation_id: str, name: str, connection_id: str | None) -> None:
        """Its addresses are sent to this connection of the same organisation."""

    def remove(self, organisation_id: str, name: str) -> bool:
        """Removes it; False when there is none."""

    def ways(self, name: str) -> tuple[s.SsoWay, ...]:
        """Where addresses of this domain may sign in: proven, switched on, in active organisations; by their names."""


class SsoIdentities(Protocol):
    """Links between providers' subjects and persons."""

    def find(self, connection_id: str, subject: str) -> s.SsoIdentity | None:
        """The link of this subject."""

    def add(self, identity: s.SsoIdentity) -> bool:
        """Adds one; False when this subject is linked already (as the unique constraint says)."""

    def of_person(self, person_id: str, organisation_id: str | None = None) -> tuple[s.SsoIdentity, ...]:
        """The links of a person, in one organisation if it is named."""

    def remove_of_person(self, organisation_id: str, person_id: str) -> int:
        """Ends the person's links in this organisation; how many there were."""

    def used(self, identity_id: str, now: datetime) -> None:
        """Remembers the last sign-in."""

    def facts(self, identity_id: str, person_id: str) -> ConnectionFacts | None:
        """The connection of this link as it is now; None when the link, or the person in it, is another by now."""

    def with_password(
        self, organisation_id: str, *, limit: int, offset: int
    ) -> tuple[int, tuple[tuple[str, str], ...]]:
        """How many members are linked and have a password as well, and a page of their (person id, name) by name."""


class SsoAttempts(Protocol):
    """Tests that are at a provider, and answers that wait for their browser, under the digest of their `state`."""

    def add(self, digest: bytes, attempt: s.SsoAttempt) -> bool:
        """Adds one; False when there is one of this state."""

    def find(self, digest: bytes) -> s.SsoAttempt | None:
        """Looks at one without ending it; expired ones are found too."""

    def keep_answer(self, digest: bytes, answer: str, now: datetime) -> bool:
        """Keeps the answer with the attempt, if that is not over and has none yet."""

    def take(self, digest: bytes) -> s.SsoAttempt | None:
        """Takes it, once."""


class SpentTokens(Protocol):
    """Tokens of providers that were accepted, until they would not be any more."""

    def take(self, connection_id: str, token_id: str, expires_at: datetime) -> bool:
        """Takes a token, once, over all processes; False when it was taken before."""

    def has(self, connection_id: str, token_id: str) -> bool:
        """Whether it was taken."""


class Keepers(Protocol):
    """Where password sign-in is closed for those whom SSO governs: who keeps it all the same."""

    def close(self, organisation_id: str, person_ids: Sequence[str]) -> None:
        """Closes password sign-in; exactly these members keep it."""

    def open(self, organisation_id: str) -> None:
        """Opens it again for everybody."""

    def names(self, organisation_id: str) -> tuple[tuple[str, str], ...]:
        """(person id, name) of those who keep it, by name."""
