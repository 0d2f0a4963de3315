"""Sealing the log, and finding out whether anybody has tampered with it (R92).

Events are sealed in batches, which form one chain for each organisation and one for the events of none. A seal is a
keyed digest of its batch's events and of the seal before it; whoever can write to the database, but does not have the
installation's keys, can therefore neither change, remove, add nor rearrange what is sealed, nor make the chain anew.
The number and seal of each chain's last batch, and the number of all batches, are kept signed, so that the end of a
chain cannot be cut off either.

What cannot be found: what is done to an event before it is sealed (some seconds after it was written, while a sealer
runs); a forged event that is added with the present time and sealed like any other; and that the whole database was put
back to an earlier state of itself, log and signed heads together. Against the last, write `Verification.summary` down
elsewhere and compare: it never goes back.
"""

import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter

from totrinn.app.errors import TotrinnError
from totrinn.app.ports import Services, Unit, Vault
from totrinn.app.records import LoggedEvent, Seal

SETTLED_AFTER = timedelta(seconds=2)
"""An event is sealed when it is this old: those of transactions that were begun before it have mostly come by then."""
EVENTS_PER_TRANSACTION = 250
EVENTS_PER_BATCH = 250
LATEST_COMER = timedelta(minutes=10)
"""How much older than the seal before it an event may be: no transaction takes so long, no two clocks differ so."""

_SUMMARY = "log summary"
_HEAD = "log head "
_FORMER = "log sealed by former keys "
_NO_HEAD = (0, "")


class SealingFailed(TotrinnError):
    """The log could not be sealed because it, or what is kept of its seals, is not as the last sealing left it."""

    code = "sealing_failed"


class Fault(StrEnum):
    """What is wrong with a batch."""

    CHANGED = "changed"
    """An event, or the seal itself, is not what was sealed."""
    EVENTS_MISSING = "events_missing"
    EVENTS_ADDED = "events_added"
    BATCH_MISSING = "batch_missing"
    BACKDATED = "backdated"
    """An event that is much older than the seal before it: it was not there when it says that it happened."""
    HEAD_WRONG = "head_wrong"
    """What is kept of the chain's last batch is missing, not ours, or of an earlier time."""
    SUMMARY_WRONG = "summary_wrong"
    """There are more or fewer batches in all than were sealed: whole chains are missing, or were added."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where: the organisation (empty: none) and the number of the batch."""

    organisation_id: str
    batch: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class Verification:
    """What was read, and what was wrong with it."""

    batches: int
    events: int
    findings: tuple[Finding, ...]
    summary: str
    """The number of sealed batches and chains, signed: a later verification shows at least as many."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def seal_log(services: Services, now: datetime) -> int:
    """Seals every event that has settled, in several short transactions; how many events there were.

    Any number of nodes may do it at once: they take turns. Raises `SealingFailed` rather than seal over tampering.
    """
    total = 0
    while True:
        sealed = _seal_some(services, now)
        total += sealed
        if sealed < EVENTS_PER_TRANSACTION:
            return total


def sign_log_anew(services: Services) -> None:
    """Signs the ends of the chains, and the number of batches, with the active key; what is not ours stays as it is."""
    vault = services.vault
    with services.store.reading() as unit:
        purposes = [
            beginning + organisation_id
            for beginning in (_HEAD, _FORMER)
            for organisation_id in sorted(unit.installation.starting_with(beginning))
        ]
    for purpose in (_SUMMARY, *purposes):
        with services.store.writing() as unit:
            unit.installation.lock(_SUMMARY)
            value = vault.signed_value(unit.installation.read(purpose) or "", purpose)
            if value is not None:
                unit.installation.write(purpose, vault.sign(value, purpose))


def seal_log_anew(services: Services, unit: Unit) -> None:
    """Takes the log as it stands for true, since the keys that its seals were made with are lost.

    From here on it is as safe as before; what was done to it before can no longer be found.
    """
    batches = chains = 0
    for organisation_id in sorted({*unit.log.chains(), *unit.installation.starting_with(_HEAD)}):
        last = unit.log.last_seal(organisation_id)
        former = _former_digest(services.vault, unit, organisation_id)
        for purpose, digest in ((_FORMER, former), (_HEAD, last.digest if last else "")):
            number = last.number if last else 0
            purpose += organisation_id
            unit.installation.write(purpose, services.vault.sign(f"{number} {digest}", purpose))
        batches += last.number if last else 0
        chains += last is not None
    unit.installation.write(_SUMMARY, services.vault.sign(f"{batches} {chains}", _SUMMARY))


def _former_digest(vault: Vault, unit: Unit, organisation_id: str) -> str:
    so_far = ""
    seals, events = unit.log.seals(organisation_id), unit.log.sealed_events(organisation_id)
    for _, seal, batch in _side_by_side(seals, events):
        if seal is not None:
            so_far = _digest_of_former(vault, seal, so_far, batch)
    return so_far


def verify_log(services: Services) -> Verification:
    """Reads the whole log and checks every seal, in one consistent view."""
    findings: list[Finding] = []
    batches = events = chains = 0
    with services.store.reading() as unit:
        signed = unit.installation.read(_SUMMARY) or ""
        heads = unit.installation.starting_with(_HEAD)
        for organisation_id in sorted({*unit.log.chains(), *heads}):
            chain = _Chain(services.vault, organisation_id, findings)
            chain.check(unit, heads.get(organisation_id))
            batches += chain.batches
            events += chain.events
            chains += chain.batches > 0
    if _summary_of(services.vault, signed) != (batches, chains):
        findings.append(Finding("", 0, Fault.SUMMARY_WRONG))
    return Verification(batches, events, tuple(findings), signed)


def _seal_some(services: Services, now: datetime) -> int:
    vault = services.vault
    with services.store.writing() as unit:
        # Held until the end: sealers take turns, and the later one sees what the earlier one sealed.
        summary = _summary_of(vault, unit.installation.lock(_SUMMARY))
        if summary is None:
            raise SealingFailed("what is kept of the number of batches is not ours")
        batches, chains = summary
        events = unit.log.unsealed(before=now - SETTLED_AFTER, limit=EVENTS_PER_TRANSACTION)
        for organisation_id, group in groupby(sorted(events, key=_chain_of), key=_chain_of):
            last = _end_of_chain(unit, vault, organisation_id)
            chains += last is None
            for batch in _in_batches(group):
                last = _seal_batch(unit, vault, organisation_id, last, batch, now)
                batches += 1
        if events:
            unit.installation.write(_SUMMARY, vault.sign(f"{batches} {chains}", _SUMMARY))
    return len(events)


def _end_of_chain(unit: Unit, vault: Vault, organisation_id: str) -> Seal | None:
    """The last seal. Raises `SealingFailed` unless it is the one that was last sealed."""
    last = unit.log.last_seal(organisation_id)
    purpose = _HEAD + organisation_id
    head = _head_of(vault, purpose, unit.installation.read(purpose))
    if head != (_NO_HEAD if last is None else (last.number, last.digest)):
        raise SealingFailed(f"the chain of organisation {organisation_id or '-'} does not end where it was sealed")
    return last


def _seal_batch(
    unit: Unit,
    vault: Vault,
    organisation_id: str,
    last: Seal | None,
    events: Sequence[LoggedEvent],
    now: datetime,
) -> Seal:
    number, before = (1, "") if last is None else (last.number + 1, last.digest)
    seal = Seal(organisation_id, number, events[0].id, events[-1].id, len(events), "", now)
    seal = replace(seal, digest=_digest(vault, seal, before, events))
    if not unit.log.seal(seal, [event.id for event in events]):
        raise SealingFailed(f"batch {number} of organisation {organisation_id or '-'} is there already")
    purpose = _HEAD + organisation_id
    unit.installation.write(purpose, vault.sign(f"{number} {seal.digest}", purpose))
    return seal


class _Chain:
    """The check of one organisation's chain, from its first batch to its head."""

    def __init__(self, vault: Vault, organisation_id: str, findings: list[Finding]) -> None:
        self._vault = vault
        self._organisation_id = organisation_id
        self._findings = findings
        self._next = 1
        # What the seal before may have been: what stands there, and what should. Empty after a gap: then nobody knows.
        self._before: frozenset[str] = frozenset({""})
        self._earliest: datetime | None = None
        self._last: Seal | None = None
        # The last batch that was sealed by keys which are lost, and the digest of all up to it.
        self._former = _NO_HEAD
        self._so_far = ""
        self.batches = 0
        self.events = 0

    def check(self, unit: Unit, signed_head: str | None) -> None:
        """Reads the chain and adds what is wrong with it to the findings."""
        head = _head_of(self._vault, _HEAD + self._organisation_id, signed_head)
        former = _FORMER + self._organisation_id
        self._former = _head_of(self._vault, former, unit.installation.read(former)) or _NO_HEAD
        end = _NO_HEAD[0] if head is None else head[0]
        seals, events = unit.log.seals(self._organisation_id), unit.log.sealed_events(self._organisation_id)
        for number, seal, batch in _side_by_side(seals, events):
            if self._next < number and self._next <= end:
                self._miss(self._next, Fault.BATCH_MISSING)
            if seal is None:
                self._miss(number, Fault.BATCH_MISSING if number <= end else Fault.EVENTS_ADDED)
            else:
                self._check_batch(seal, batch)
            self._next = number + 1
        if self._next <= end:
            self._miss(self._next, Fault.BATCH_MISSING)
        elif head != (_NO_HEAD if self._last is None else (self._last.number, self._last.digest)):
            self._note(self._next - 1, Fault.HEAD_WRONG)

    def _check_batch(self, seal: Seal, events: Sequence[LoggedEvent]) -> None:
        self.batches += 1
        self.events += len(events)
        if seal.number <= self._former[0]:
            self._check_former(seal, events)
            return
        computed = {_digest(self._vault, seal, before, events) for before in self._before}
        if self._before and not any(hmac.compare_digest(seal.digest, each) for each in computed):
            self._note(seal.number, _difference(len(events), seal.count))
        if self._earliest is not None and any(event.at < self._earliest for event in events):
            self._note(seal.number, Fault.BACKDATED)
        self._before = frozenset({seal.digest, *computed})
        self._earliest = seal.sealed_at - LATEST_COMER
        self._last = seal

    def _check_former(self, seal: Seal, events: Sequence[LoggedEvent]) -> None:
        self._so_far = _digest_of_former(self._vault, seal, self._so_far, events)
        if seal.number == self._former[0] and not hmac.compare_digest(self._so_far, self._former[1]):
            self._note(seal.number, Fault.CHANGED)
        self._before = frozenset({seal.digest})
        self._earliest = seal.sealed_at - LATEST_COMER
        self._last = seal

    def _miss(self, number: int, fault: Fault) -> None:
        self._before = frozenset()
        self._note(number, fault)

    def _note(self, number: int, fault: Fault) -> None:
        self._findings.append(Finding(self._organisation_id, number, fault))


_Part = tuple[int, Seal | list[LoggedEvent]]


def _side_by_side(
    seals: Iterable[Seal], events: Iterable[tuple[int, LoggedEvent]]
) -> Iterator[tuple[int, Seal | None, list[LoggedEvent]]]:
    """(number, seal, events) of every batch that has either, by number."""
    of_seals: Iterator[_Part] = ((seal.number, seal) for seal in seals)
    of_events: Iterator[_Part] = (
        (number, [event for _, event in group]) for number, group in groupby(events, key=itemgetter(0))
    )
    for number, parts in groupby(merge(of_seals, of_events, key=itemgetter(0)), key=itemgetter(0)):
        seal: Seal | None = None
        batch: list[LoggedEvent] = []
        for _, part in parts:
            if isinstance(part, Seal):
                seal = part
            else:
                batch = part
        yield number, seal, batch


def _in_batches(events: Iterable[LoggedEvent]) -> Iterator[list[LoggedEvent]]:
    remaining = iter(events)
    while batch := list(islice(remaining, EVENTS_PER_BATCH)):
        yield batch


def _chain_of(event: LoggedEvent) -> str:
    return event.organisation_id or ""


def _difference(found: int, sealed: int) -> Fault:
    if found == sealed:
        return Fault.CHANGED
    return Fault.EVENTS_MISSING if found < sealed else Fault.EVENTS_ADDED


def _digest(vault: Vault, seal: Seal, before: str, events: Sequence[LoggedEvent]) -> str:
    """The keyed digest of a batch: of its seal, but for the digest, with the one before it, and of each event.

    Names are left out: they are looked up, and may change.
    """
    sealed_at = seal.sealed_at.isoformat()
    head = (before, seal.organisation_id, seal.number, seal.first_event, seal.last_event, seal.count, sealed_at)
    lines = [json.dumps(head), *(json.dumps(_words_of(event), sort_keys=True) for event in events)]
    return vault.digest("\n".join(lines), "log batch").hex()


def _digest_of_former(vault: Vault, seal: Seal, before: str, events: Sequence[LoggedEvent]) -> str:
    """The keyed digest of a batch whose own seal nobody can check any more, and of all before it."""
    return _digest(vault, seal, f"{before} {seal.digest}", events)


def _words_of(event: LoggedEvent) -> tuple[object, ...]:
    return (
        event.id,
        event.kind,
        event.at.isoformat(),
        event.actor,
        event.address,
        event.browser,
        event.organisation_id,
        event.person_id,
        event.detail,
    )


def _summary_of(vault: Vault, signed: str) -> tuple[int, int] | None:
    """(batches, chains); none of either before the first sealing; None when it is not ours."""
    if not signed:
        return 0, 0
    value = vault.signed_value(signed, _SUMMARY)
    if value is None:
        return None
    batches, _, chains = value.partition(" ")
    return int(batches), int(chains)


def _head_of(vault: Vault, purpose: str, signed: str | None) -> tuple[int, str] | None:
    """(number, digest) of the last batch that was sealed; `_NO_HEAD` before the first; None when it is not ours."""
    if signed is None:
        return _NO_HEAD
    value = vault.signed_value(signed, purpose)
    if value is None:
        return None
    number, _, digest = value.partition(" ")
    return int(number), digest
