"""`doctor`: looks over an installation, and says for each thing that is not as it should be what mends it."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from totrinn.cli.examining_machine import clock, disk, files
from totrinn.cli.examining_nodes import backups, connections, nodes
from totrinn.cli.examining_proxy import front_door
from totrinn.cli.findings import Finding, Level, place_of
from totrinn.cli.options import as_json, print_json, settings_of, where
from totrinn.config import (
    Settings,
    WrongSetting,
    is_loopback,
    is_private,
    plain_http_beyond_loopback,
    unknown_variables,
)

if TYPE_CHECKING:
    from totrinn.crypto import KeyVault
    from totrinn.storage import Database

UNSEALED_TOO_LONG = timedelta(minutes=10)


@click.command()
@where
@as_json
@click.pass_context
def doctor(context: click.Context, data: Path | None, database: str | None, as_json: bool) -> None:
    """Look over an installation: settings, files, keys, tables, clock, nodes, backup, mail, log, and its front door.

    Exit status 1 if anything is bad. Run it as the user that serves, with the same settings.
    """
    findings = list(examine(data, database))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            _print(finding)
    if any(finding.level is Level.BAD for finding in findings):
        context.exit(1)


def examine(data: Path | None, database: str | None) -> Iterator[Finding]:
    """Everything that is looked at, in the order in which one thing needs another."""
    for name in unknown_variables(os.environ):
        yield Finding(Level.NOTE, "settings", f"{name} is no setting, and has no effect", f"unset {name}")
    try:
        settings = settings_of(data, database)
    except WrongSetting as error:
        yield Finding(Level.BAD, "settings", str(error))
        return
    yield from _base_address(settings)
    yield from _support(settings)
    yield from _metrics(settings)
    keys = _keys(settings)
    yield from keys.findings
    yield from disk(settings)
    yield from _database(settings, keys.vault)


def _print(finding: Finding) -> None:
    sign = {Level.OK: "✓", Level.NOTE: "·", Level.BAD: "✗"}[finding.level]
    click.echo(f"{sign} {finding.about}: {finding.text}")
    if finding.mend:
        click.echo(f"    {finding.mend}")


def _base_address(settings: Settings) -> Iterator[Finding]:
    address = settings.base_url
    if plain_http_beyond_loopback(address):
        text = f"{address} would send passwords over the network in the clear; `serve` refuses it"
        yield Finding(Level.BAD, "base address", text, f"TOTRINN_BASE_URL={address.replace('http:', 'https:', 1)}")
        return
    if not address.startswith("https:"):
        text = f"{address} can be reached from this machine only"
        yield Finding(Level.NOTE, "base address", text, "TOTRINN_BASE_URL=https://… (a proxy in front ends the TLS)")
    elif not settings.trusted_proxies:
        text = "people come by https, so through a proxy, and all of them seem to come from its address"
        yield Finding(Level.NOTE, "base address", text, "TOTRINN_TRUSTED_PROXIES=… (the proxy's address)")
    else:
        yield Finding(Level.OK, "base address", address)
    if not is_loopback(settings.host) and not address.startswith("https:"):
        text = f"serving on {settings.host} answers the whole network, without TLS"
        yield Finding(Level.NOTE, "base address", text, "TOTRINN_HOST=127.0.0.1")


def _support(settings: Settings) -> Iterator[Finding]:
    if not settings.support:
        text = "pages that tell people to ask support show no address"
        yield Finding(Level.NOTE, "support", text, "TOTRINN_SUPPORT=… (an e-mail address or an https link)")


def _metrics(settings: Settings) -> Iterator[Finding]:
    if settings.metrics is not None and not is_private(settings.metrics[0]):
        text = "whoever reaches TOTRINN_METRICS reads the metrics, and it is not on a private network"
        yield Finding(Level.NOTE, "metrics", text, f"TOTRINN_METRICS=127.0.0.1:{settings.metrics[1]}")


@dataclass(frozen=True, slots=True)
class _Keys:
    findings: tuple[Finding, ...]
    vault: "KeyVault | None"


def _keys(settings: Settings) -> _Keys:
    from totrinn.app.errors import TotrinnError
    from totrinn.bootstrap import open_vault

    open_to_others = tuple(files(settings))
    try:
        vault = open_vault(settings)
    except (TotrinnError, WrongSetting) as error:
        if any("open to others" in finding.text for finding in open_to_others):
            return _Keys(open_to_others, None)
        mend = "put the keys back from a backup; without them nobody's second factor works"
        return _Keys((*open_to_others, Finding(Level.BAD, "keys", str(error), mend)), None)
    return _Keys(open_to_others or (Finding(Level.OK, "keys", "there, and readable by their owner only"),), vault)


def _database(settings: Settings, vault: "KeyVault | None") -> Iterator[Finding]:
    from totrinn.app.errors import TotrinnError
    from totrinn.bootstrap import NOTHING_IN_TABLES, NotInstalled, is_installed, open_database, refuse_moved
    from totrinn.storage import DatabaseNotMigrated, DatabaseTooNew

    try:
        with open_database(settings, must_exist=True) as database:
            database.check()
            if not is_installed(database):
                raise NotInstalled(NOTHING_IN_TABLES)
            refuse_moved(settings, database)
            yield Finding(Level.OK, "database", "the tables are those of this program")
            yield from clock(database, datetime.now(UTC))
            yield from connections(settings, database, datetime.now(UTC))
            yield from nodes(database, datetime.now(UTC))
            yield from backups(settings, database, datetime.now(UTC))
            yield from _staff(settings, database)
            yield from _mail(database)
            yield from _sso(settings, database)
            if vault is not None:
                yield from _log(settings, database, vault)
                yield from front_door(settings, vault, datetime.now(UTC))
    except DatabaseNotMigrated as error:
        yield Finding(Level.BAD, "database", str(error), f"totrinn {error.mend} {place_of(settings)}")
    except NotInstalled as error:
        yield Finding(Level.BAD, "database", str(error), f"totrinn init {place_of(settings)}")
    except DatabaseTooNew as error:
        yield Finding(Level.BAD, "database", str(error), "install the newer Totrinn here, too")
    except (TotrinnError, WrongSetting) as error:
        yield Finding(Level.BAD, "database", str(error))


def _staff(settings: Settings, database: "Database") -> Iterator[Finding]:
    from totrinn.bootstrap import has_staff

    if not has_staff(database):
        yield Finding(Level.NOTE, "vendor", "has no staff yet", f"totrinn setup-link {place_of(settings)}")


def _mail(database: "Database") -> Iterator[Finding]:
    with database.reading() as unit:
        waiting = unit.outbox.waiting()
    text = f"no mail server: nobody is told what happens to their account; mails that wait: {waiting}"
    yield Finding(Level.NOTE, "mail", text)


def _sso(settings: Settings, database: "Database") -> Iterator[Finding]:
    from totrinn.cli.examining_sso import observe

    for each in observe(settings, database, datetime.now(UTC)):
        yield Finding(Level.NOTE, "SSO", each.text, each.mend)


def _log(settings: Settings, database: "Database", vault: "KeyVault") -> Iterator[Finding]:
    """Whether the keys are the database's own, and the log is whole and sealed."""
    from totrinn.app.auditing import verify_log
    from totrinn.bootstrap import join
    from totrinn.crypto import KeysWrong

    now = datetime.now(UTC)
    try:
        services = join(settings, database, vault).services
    except KeysWrong as error:
        yield Finding(Level.BAD, "keys", str(error), "put the keys back from a backup")
        return
    found = verify_log(services)
    if not found.is_sound:
        text = f"somebody has tampered with it; things that are wrong: {len(found.findings)}"
        yield Finding(Level.BAD, "log", text, f"totrinn audit verify {place_of(settings)}")
        return
    with database.reading() as unit:
        waiting = unit.log.unsealed(before=now - UNSEALED_TOO_LONG, limit=1)
    if waiting:
        text = f"nothing has been sealed since {waiting[0].at:%Y-%m-%d %H:%M} UTC; a serving Totrinn seals every minute"
        yield Finding(Level.NOTE, "log", text, f"totrinn serve {place_of(settings)}")
    else:
        yield Finding(Level.OK, "log", f"whole: {found.events} sealed events")
