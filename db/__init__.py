"""The ledger: records, tables, migrations, store, audit chain."""
