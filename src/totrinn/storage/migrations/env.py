"""Run by Alembic for each migration, on the connection and within the transaction that it was handed."""

from alembic import context

from totrinn.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite, too, can take back what a failed migration did: the transaction is begun by us, not by its driver.
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
