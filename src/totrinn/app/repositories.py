"""What is kept, subject by subject: what use cases may ask of each, and what it guarantees.

Rules that hold for all of them stand in `ports`; the contract suite in `tests/storage` tests them on each database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from totrinn.app import records as r
from totrinn.core.enforcement import Preview
from totrinn.core.enrolment import Pending
from totrinn.core.policy import Proof, Requirement
from totrinn.core.roles import Role
from totrinn.core.signin import State
from totrinn.core.throttle import Counter


class People(Protocol):
    """Persons, by id or by canonical address."""

    def find(self, person_id: str) -> r.Person | None:
        """The person with this id."""

    def find_by_email(self, email: str) -> r.Person | None:
        """The person with this canonical address."""

    def add(self, person: r.Person) -> bool:
        """Adds the person; False when the address is taken (decided by the unique constraint, not by a look before)."""

    def lock(self, person_id: str) -> None:
        """Makes other writers of this person's factors wait until this transaction ends."""

    def standing(self, person_id: str, organisation_id: str | None) -> r.Standing | None:
        """The person and their place in the organisation, as they are now; None for an unknown person."""

    def set_password(self, person_id: str, password_hash: str, now: datetime) -> None:
        """Stores the hash and raises the version."""

    def rehash(self, person_id: str, *, old_hash: str, new_hash: str) -> None:
        """Replaces the hash of the *same* password (stronger parameters) if it is still `old_hash`; no new version."""

    def mark_must_enrol(self, person_id: str) -> None:
        """Leaves the mark of a reset and raises the version."""

    def clear_must_enrol(self, person_id: str) -> None:
        """Takes the mark away."""

    def set_language(self, person_id: str, language: str) -> None:
        """The person's own setting."""

    def set_name(self, person_id: str, name: str) -> None:
        """The person's name."""

    def set_active(self, person_id: str, *, is_active: bool) -> None:
        """Disables or enables the person and raises the version."""


class Organisations(Protocol):
    """Organisations, by id or slug."""

    def find(self, organisation_id: str) -> r.Organisation | None:
        """The organisation with this id."""

    def find_by_slug(self, slug: str) -> r.Organisation | None:
        """The organisation with this slug."""

    def add(self, organisation: r.Organisation) -> bool:
        """Adds the organisation; False when the slug is taken."""

    def save_settings(self, organisation_id: str, *, name: str, language: str, time_zone: str) -> None:
        """Name, language and time zone."""

    def set_available(self, organisation_id: str, since: datetime | None, by: str | None) -> None:
        """Makes the feature available (`since`) or withdraws it (None). Raises the policy's revision."""

    def take_requirement(
        self, organisation_id: str, requirement: Requirement, *, by: str | None, expected_revision: int
    ) -> bool:
        """Sets the requirement and raises the revision, if the revision is still the expected one; else False."""

    def summaries(self, *, query: str, filter_: str, limit: int, offset: int) -> tuple[r.OrganisationSummary, ...]:
        """Customer organisations by name, for the vendor. `filter_`: all, available, unavailable, required."""

    def count(self, *, query: str = "", filter_: str = "all") -> int:
        """How many customer organisations match."""

    def totals(self) -> r.MemberCounts:
        """Members of all customer organisations by state."""


class Members(Protocol):
    """Memberships. Everything is reached by (organisation, person)."""

    def add(
        self,
        membership_id: str,
        organisation_id: str,
        person_id: str,
        role: Role,
        *,
        now: datetime,
        accepted_at: datetime | None,
    ) -> bool:
        """Adds a membership; False when there is one already."""

    def of_person(self, person_id: str) -> tuple[r.Membership, ...]:
        """Memberships of a person, invitations too; the last used first. Where they are inactive, they have none."""

    def is_elsewhere(self, person_id: str, organisation_id: str) -> bool:
        """Whether they have accepted membership of any other organisation; inactive ones count, as they may return."""

    def find(self, organisation_id: str, person_id: str) -> r.Member | None:
        """One member."""

    def page(
        self,
        organisation_id: str,
        *,
        query: str,
        filter_: str,
        limit: int,
        after: str | None = None,
        before: str | None = None,
    ) -> r.MemberPage:
        """Members by name, or by the words of the query. `filter_`: all, missing, has, sso.

        `after`: what a page says is `later`; `before`: what it says is `earlier`. What means nothing here is the
        beginning. A search may end before the limit and go on all the same: it looks at so many, and no more.
        """

    def listed(self, organisation_id: str) -> int:
        """How many members there are, with the invited and the disabled."""

    def preview(self, organisation_id: str, me: str) -> Preview:
        """Whom the requirement hits, with a fingerprint of exactly the people who lack a factor."""

    def missing_names(self, organisation_id: str, *, limit: int, offset: int) -> tuple[tuple[str, str], ...]:
        """(person id, name) of those who lack a factor, by name."""

    def counts(self, organisation_id: str) -> r.MemberCounts:
        """Members by state."""

    def global_administrators(self, organisation_id: str) -> tuple[r.Member, ...]:
        """The accepted, active global administrators; in the vendor's own organisation its staff."""

    def set_role(self, organisation_id: str, person_id: str, role: Role) -> None:
        """Changes the role."""

    def accept(self, organisation_id: str, person_id: str, now: datetime) -> bool:
        """Accepts an invitation; False when there is none."""

    def remove(self, organisation_id: str, person_id: str) -> bool:
        """Removes a membership or invitation; False when there is none."""

    def used(self, organisation_id: str, person_id: str, now: datetime) -> None:
        """Remembers the last sign-in to this organisation."""

    def lock(self, organisation_id: str) -> None:
        """Makes other writers of this organisation's roles wait until this transaction ends."""


class Factors(Protocol):
    """Authenticators and recovery codes of persons."""

    def of_person(self, person_id: str) -> tuple[r.Authenticator, ...]:
        """All authenticators; every one of them is confirmed."""

    def add(self, authenticator: r.Authenticator) -> None:
        """Adds a confirmed authenticator."""

    def take_step(self, authenticator_id: str, step: int, now: datetime) -> bool:
        """Takes a time step, once: `UPDATE … WHERE last_step < :step`. False when it, or a later one, was taken."""

    def spend_step(self, authenticator_id: str, step: int, *, forget_before: int) -> None:
        """Remembers that a later step has been named to somebody, and must not be accepted."""

    def remove(self, authenticator_id: str, person_id: str) -> bool:
        """Removes one authenticator of this person."""

    def remove_all(self, person_id: str) -> int:
        """Removes all authenticators and recovery codes; how many authenticators there were."""

    def replace_recovery_codes(self, person_id: str, digests: Sequence[bytes]) -> None:
        """Removes all recovery codes of the person and adds these."""

    def take_recovery_code(self, person_id: str, digest: bytes) -> bool:
        """Takes a recovery code, once (`DELETE … RETURNING`)."""

    def recovery_codes_left(self, person_id: str) -> int:
        """How many are left."""


class Signins(Protocol):
    """Unfinished sign-ins, under the digest of their cookie."""

    def add(self, digest: bytes, signin: r.Signin) -> None:
        """Adds one."""

    def find(self, digest: bytes) -> r.OpenSignin | None:
        """The sign-in with its standing, read afresh; expired ones are found too (the caller judges)."""

    def move(
        self,
        signin_id: str,
        digest: bytes,
        *,
        expected_state: State,
        state: State,
        proof: Proof,
        amr: tuple[str, ...],
        organisation_id: str | None,
    ) -> bool:
        """Moves to another state under a new cookie, if it still is in the expected state."""

    def set_pending(self, signin_id: str, pending: Pending | None, state: State) -> None:
        """Stores or forgets the pending secret, with the state that goes with it."""

    def set_next(self, signin_id: str, next_: str) -> None:
        """Where the person goes on to when they have signed in."""

    def take(self, signin_id: str) -> bool:
        """Ends the sign-in; False when it has ended already."""

    def end_of_person(self, person_id: str, *, organisation_id: str | None = None) -> int:
        """Ends a person's unfinished sign-ins (only those to `organisation_id`, if given)."""

    def end_of_provider(self, identity_id: str | None, names: Sequence[str], connection_id: str) -> int:
        """Ends those that a provider means, as `Sessions.of_provider` finds sessions."""


class Sessions(Protocol):
    """Sessions, under the digest of their cookie."""

    def add(self, digest: bytes, session: r.Session) -> None:
        """Adds one."""

    def find(self, digest: bytes) -> r.LiveSession | None:
        """The session with its standing, read afresh in one statement; expired ones are found too."""

    def find_by_id(self, session_id: str) -> r.LiveSession | None:
        """The same, by the session's id."""

    def seen(self, session_id: str, now: datetime, *, unless_since: datetime) -> None:
        """Remembers when it was last used; nothing is written if somebody has written that it was used since."""

    def renew(
        self,
        session_id: str,
        digest: bytes,
        *,
        new_id: str,
        proof: Proof,
        amr: tuple[str, ...],
        person_version: int,
        organisation_id: str,
    ) -> bool:
        """Gives the session a new id, cookie and proof; the old cookie is dead. False when it has ended."""

    def set_pending(self, session_id: str, pending: Pending | None) -> None:
        """Stores or forgets the pending secret of a voluntary enrolment."""

    def of_person(self, person_id: str) -> tuple[r.LiveSession, ...]:
        """All sessions of a person, the last used first."""

    def count(self, organisation_id: str, person_id: str) -> int:
        """How many sessions the person has in this organisation."""

    def take(self, session_id: str) -> bool:
        """Ends one; False when it has ended already."""

    def end_one(self, session_id: str, person_id: str) -> bool:
        """Ends one session of this person."""

    def end_of_person(self, person_id: str, *, keep: str | None = None, organisation_id: str | None = None) -> int:
        """Ends a person's sessions (only those in `organisation_id`, if given), save the one to keep."""

    def of_provider(
        self, identity_id: str | None, names: Sequence[str], connection_id: str
    ) -> tuple[r.LiveSession, ...]:
        """The sessions that a provider means: of this link, if one is named, and of its sessions `names`, if any are.

        Only sessions that came by this connection; with neither given, none.
        """


class Throttles(Protocol):
    """Counters of failures. A key is opaque; `lock` makes parallel attempts on one key wait for each other."""

    def read(self, key: str) -> Counter:
        """The counter; zero when there is none."""

    def lock(self, key: str) -> Counter:
        """The counter, held until this transaction ends."""

    def save(self, key: str, counter: Counter) -> None:
        """Stores the counter."""

    def clear(self, key: str) -> None:
        """Back to zero."""

    def add_address_failure(self, address: str, account: str, now: datetime) -> None:
        """Remembers that this network address failed at this account."""

    def address_failures(self, address: str, since: datetime) -> tuple[int, int, datetime | None]:
        """(failures, different accounts, the oldest) of a network address since then."""


class Devices(Protocol):
    """Browsers that have once fully signed in, per person."""

    def knows(self, digest: bytes, person_id: str) -> bool:
        """Whether this person has fully signed in with this browser."""

    def knows_any(self, digest: bytes) -> bool:
        """Whether anybody has: only then is the browser's cookie kept."""

    def remember(self, digest: bytes, person_id: str, now: datetime) -> None:
        """Remembers it."""


class Links(Protocol):
    """One-time links, under the digest of their token."""

    def add(self, digest: bytes, link: r.OneTimeLink) -> None:
        """Adds one; earlier ones of the same purpose, organisation and person are void."""

    def find(self, digest: bytes) -> r.OneTimeLink | None:
        """Looks at one without using it; expired ones are found too."""

    def take(self, digest: bytes) -> r.OneTimeLink | None:
        """Takes it, once."""

    def end_of_person(self, person_id: str) -> None:
        """Voids the person's links."""


class Confirmations(Protocol):
    """Confirmations of the requirement, under the digest of their token."""

    def add(self, digest: bytes, confirmation: r.StoredConfirmation) -> None:
        """Adds one; earlier ones of the same session are void."""

    def find(self, digest: bytes) -> r.StoredConfirmation | None:
        """Looks at one without using it."""

    def take(self, digest: bytes) -> r.StoredConfirmation | None:
        """Takes it, once."""


class Outbox(Protocol):
    """Mails that are to be sent, written in the transaction of what they tell."""

    def put(self, mail: r.Mail) -> None:
        """Adds a mail."""

    def newest(self, *, limit: int) -> tuple[r.Mail, ...]:
        """The newest mails."""

    def waiting(self) -> int:
        """How many have not been sent."""


class Installation(Protocol):
    """A few values of the installation as a whole, and its clock."""

    def clock(self) -> datetime | None:
        """The database's own clock; None where that is this machine's."""

    def read(self, key: str) -> str | None:
        """The value under this key."""

    def lock(self, key: str) -> str:
        """The value (empty when there was none), held until this transaction ends."""

    def write(self, key: str, value: str) -> None:
        """Stores the value."""

    def take_lease(self, key: str, holder: str, now: datetime, lasting: timedelta) -> bool:
        """Takes or prolongs the lease, unless somebody else's runs, by a server's own clock; whether it is theirs."""

    def give_up_lease(self, key: str, holder: str) -> None:
        """Ends the holder's lease, if it is theirs."""

    def starting_with(self, beginning: str) -> dict[str, str]:
        """The values of all keys that begin so, by what follows."""
