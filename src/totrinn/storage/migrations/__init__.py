"""The history of the tables, run by `totrinn.storage.migrating`."""
