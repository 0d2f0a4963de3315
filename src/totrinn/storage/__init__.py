"""Everything that is kept, in SQLite or PostgreSQL, by one and the same code."""

from totrinn.storage.database import Database
from totrinn.storage.engine import UnusableDatabase
from totrinn.storage.migrating import DatabaseNotMigrated, DatabaseTooNew
from totrinn.storage.steady import SteadyClock

__all__ = ["Database", "DatabaseNotMigrated", "DatabaseTooNew", "SteadyClock", "UnusableDatabase"]
