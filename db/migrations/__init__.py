"""The ledger's tables as Alembic revisions, run from code by `db.schema`; there is no alembic.ini."""
