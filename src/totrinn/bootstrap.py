"""Here the layers are joined: storage, hashing and keys become the services of the use cases, and those an application.

An installation is opened only when its tables are those that this program knows and its keys are those that its secrets
were sealed with. There is no way to start without: a wrong or missing key never means "no second factor" (R90).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError, InterfaceError, ProgrammingError

from totrinn.app.errors import StoreUnavailable, TotrinnError
from totrinn.app.landing import Visitor
from totrinn.app.observing import NOBODY, Observer
from totrinn.app.operating import VENDOR_SLUG, create_organisation
from totrinn.app.ports import Services, Store
from totrinn.config import Settings, WrongSetting, support_link
from totrinn.core.events import Source
from totrinn.cores import share_of_cores
from totrinn.crypto import Argon2Passwords, KeyPlace, KeyVault, SystemRandomness, check_keys
from totrinn.oidc_provider import JoseOpenId
from totrinn.sso import Providers, Records
from totrinn.storage import Database, DatabaseNotMigrated, SteadyClock, UnusableDatabase
from totrinn.storage.holding import alone, with_others
from totrinn.storage.moving import MOVED

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from totrinn.web.routing import Page


_ADDRESS = "address that people use"
NOTHING_IN_TABLES = "the database has no installation in it: run `totrinn init` first"
_OUR_OWN_FAULT = (DataError, IntegrityError, ProgrammingError)


class NotInstalled(TotrinnError):
    """There is nothing here yet."""

    code = "not_installed"


class InstallationMoved(TotrinnError):
    """Everything has been carried over into another database; what is here is only what was there then."""

    code = "installation_moved"

    def __init__(self, folder: Path, address: str) -> None:
        super().__init__(
            f"the installation in {folder} was moved to {address}: serve it with --database. If it is to be used here"
            f" again, as it was then, run `totrinn move --from {folder} --undo`"
        )


@dataclass(frozen=True, slots=True)
class Installation:
    """An opened installation."""

    settings: Settings
    database: Database
    services: Services
    vault: KeyVault


@contextmanager
def open_installation(settings: Settings) -> Iterator[Installation]:
    """An installation that is ready for use.

    Raises `NotInstalled`, `DatabaseNotMigrated`, `DatabaseTooNew`, `StoreUnavailable`, `KeysMissing`, `KeysUnusable`,
    `KeysWrong`.
    """
    with open_database(settings, must_exist=True) as database:
        database.check()
        yield _join_installed(_with_address(settings, database), database)


@contextmanager
def serve_installation(settings: Settings, observer: Observer = NOBODY) -> Iterator[Installation]:
    """The same, for the server: it renews the tables of the embedded form itself, and of nothing else."""
    with open_database(settings, must_exist=True, observer=observer) as database:
        try:
            database.check()
        except DatabaseNotMigrated:
            if not settings.is_embedded:
                raise
            database.migrate()
        yield _join_installed(settings, database, observer)


@contextmanager
def create_installation(settings: Settings, visitor: Visitor, source: Source) -> Iterator[Installation]:
    """Makes what is missing: folder, tables, keys, the vendor's organisation. What is there stays as it is.

    Keys are made only for an installation that has never had any: lost keys are never silently replaced.
    """
    if settings.data is not None:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open_database(settings, must_exist=False) as database:
        database.migrate()
        refuse_moved(settings, database)
        installation = join(settings, database, _old_or_new_vault(settings, database))
        _ensure_vendor(installation, visitor, source)
        yield installation


def remember_address(installation: Installation) -> None:
    """Keeps the address that people use, for commands that print links and have not been told of it."""
    with installation.database.reading() as unit:
        known = unit.installation.read(_ADDRESS)
    if known != installation.settings.base_url:
        with installation.database.writing() as unit:
            unit.installation.write(_ADDRESS, installation.settings.base_url)


def _with_address(settings: Settings, database: Database) -> Settings:
    if settings.names_its_address:
        return settings
    with database.reading() as unit:
        known = unit.installation.read(_ADDRESS)
    return replace(settings, base_url=known) if known else settings


def has_staff(store: Store) -> bool:
    """Whether the vendor has any staff yet."""
    with store.reading() as unit:
        vendor = unit.organisations.find_by_slug(VENDOR_SLUG)
        return vendor is not None and unit.members.counts(vendor.id).total > 0


def application(
    installation: Installation,
    *,
    extra: "Sequence[Page]" = (),
    nobody_told: bool = True,
    is_ending: Callable[[], bool] = lambda: False,
) -> "ASGIApp":
    """The application that serves the installation's pages. While it `is_ending` it says that it is not ready."""
    from totrinn.readiness import Readiness
    from totrinn.web.application import create
    from totrinn.web.settings import IDENTITY_HEADERS, Support, WebSettings

    settings = installation.settings
    support = Support(settings.support, support_link(settings.support)) if settings.support else None
    web_settings = WebSettings(
        base_url=settings.base_url,
        application_name=settings.application_name,
        application_url=settings.application_url,
        vendor_name=settings.vendor_name,
        support=support,
        trusted_proxies=settings.trusted_proxies,
        allow_private_addresses=settings.allow_private_addresses,
        hashes_at_once=share_of_cores(settings.workers),
        nobody_told=nobody_told,
        gate_headers={**IDENTITY_HEADERS, **settings.gate_headers},
        gate_secret=settings.gate_secret,
    )
    opened = partial(open_database, settings, must_exist=True, steady=installation.database.steady)
    ready = Readiness(opened, installation.vault, is_ending)
    gate_reads = installation.database.gate_reads()
    return create(installation.services, web_settings, extra=extra, ready=ready, gate_reads=gate_reads)


@contextmanager
def open_database(
    settings: Settings, *, must_exist: bool, observer: Observer = NOBODY, steady: SteadyClock | None = None
) -> Iterator[Database]:
    """The database alone, whatever its state.

    Raises `NotInstalled`, `WrongSetting`, `StoreUnavailable`, and `FolderInUse` while it is being moved.
    """
    if must_exist:
        _refuse_missing(settings)
    folder = _sqlite_file(settings).parent
    held = with_others(folder) if settings.is_embedded and folder.is_dir() else nullcontext()
    with held, _connected(settings, observer, steady) as database:
        yield database


@contextmanager
def open_alone(settings: Settings) -> Iterator[Database]:
    """An embedded database that nobody else has open, nor opens meanwhile. Raises `FolderInUse` besides."""
    _refuse_missing(settings)
    with alone(_sqlite_file(settings).parent), _connected(settings) as database:
        yield database


def join_to_move(settings: Settings, database: Database) -> Installation:
    """The installation that is to be moved: what is not fit to be served here is not carried elsewhere."""
    database.check()
    return _join_installed(settings, database)


def _refuse_missing(settings: Settings) -> None:
    if settings.is_embedded and not _sqlite_file(settings).is_file():
        raise NotInstalled(f"there is no installation in {_sqlite_file(settings).parent}: run `totrinn init` first")


def refuse_moved(settings: Settings, database: Database) -> None:
    """Raises `InstallationMoved` where everything has been carried over into another database."""
    with database.reading() as unit:
        address = unit.installation.read(MOVED)
    if address is not None and settings.is_embedded:
        raise InstallationMoved(_sqlite_file(settings).parent, address)


@contextmanager
def _connected(
    settings: Settings, observer: Observer = NOBODY, steady: SteadyClock | None = None
) -> Iterator[Database]:
    try:
        connections = settings.database_connections
        database = Database.open(settings.database, observer, connections=connections, steady=steady)
    except UnusableDatabase as error:
        raise WrongSetting(f"the database cannot be used: {error}") from None
    try:
        yield database
    except (StoreUnavailable, DatabaseError, InterfaceError) as error:
        if isinstance(error, _OUR_OWN_FAULT):
            raise
        what = f"{_sqlite_file(settings)} cannot be used" if settings.is_embedded else "the database does not answer"
        raise StoreUnavailable(f"{what}: {_said_by_database(error)}") from error
    finally:
        database.close()


def _said_by_database(error: BaseException) -> str:
    """What the database's own driver said, in one line; never a statement, nor what it was given."""
    while not isinstance(error, DBAPIError):
        if error.__cause__ is None:
            return "it is locked, full or too busy; nothing was changed"
        error = error.__cause__
    return str(error.orig).partition("\n")[0]


def _sqlite_file(settings: Settings) -> Path:
    return Path(settings.database.removeprefix("sqlite:///"))


def join(settings: Settings, database: Database, vault: KeyVault, observer: Observer = NOBODY) -> Installation:
    """The services of the use cases over this database and these keys. Raises `KeysWrong`."""
    check_keys(database, vault)
    return Installation(settings, database, services_of(settings, database, vault, observer), vault)


def services_of(settings: Settings, database: Database, vault: KeyVault, observer: Observer = NOBODY) -> Services:
    """The services of the use cases, whether or not the keys are the database's own."""
    return Services(
        store=database,
        passwords=Argon2Passwords(),
        vault=vault,
        random=SystemRandomness(),
        providers=Providers(settings.base_url, allow_private=settings.allow_private_addresses, observer=observer),
        domain_records=Records(),
        openid=JoseOpenId(),
        application_name=settings.application_name,
        vendor_name=settings.vendor_name,
        observer=observer,
    )


def _join_installed(settings: Settings, database: Database, observer: Observer = NOBODY) -> Installation:
    """Refuses a database that has tables and nothing in them: it would take whatever keys it is shown for its own."""
    if not is_installed(database):
        raise NotInstalled(NOTHING_IN_TABLES)
    refuse_moved(settings, database)
    return join(settings, database, open_vault(settings), observer)


def is_installed(database: Database) -> bool:
    """Whether `init` has been here: the vendor's organisation stands in the tables."""
    with database.reading() as unit:
        return unit.organisations.find_by_slug(VENDOR_SLUG) is not None


def key_place(settings: Settings) -> KeyPlace:
    """Where the keys are, or would be. Raises `WrongSetting`."""
    if settings.keys_text:
        return KeyPlace(None, settings.keys_text)
    return KeyPlace(settings.keys_file or settings.keys)


def open_vault(settings: Settings) -> KeyVault:
    """The keys alone. Raises `KeysMissing`, `KeysUnusable`, `WrongSetting`."""
    return KeyVault.at(key_place(settings))


def _old_or_new_vault(settings: Settings, database: Database) -> KeyVault:
    has_keys = bool(settings.keys_text or settings.keys_file) or (
        settings.keys.is_dir() and any(settings.keys.iterdir())
    )
    return open_vault(settings) if has_keys or is_installed(database) else KeyVault.create(settings.keys)


def _ensure_vendor(installation: Installation, visitor: Visitor, source: Source) -> None:
    """The vendor's own organisation: it always requires two-factor, and nobody can turn that off."""
    services = installation.services
    if is_installed(installation.database):
        return
    name = installation.settings.vendor_name
    # The slug being taken after all means that another `init` ran at the same time and was first: just as well.
    create_organisation(services, visitor, source, name=name, slug=VENDOR_SLUG, is_vendor=True)
