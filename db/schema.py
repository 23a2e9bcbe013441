"""Bringing a database to the present schema with Alembic, from empty or from any earlier revision.

The scripts are read from inside the installed package; no file outside it is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select

from db.tables import audit_head
from db.transaction import GENESIS

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["configuration", "migrate", "start_chain"]


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for these scripts on this connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Upgrade to the newest revision and, in an empty ledger, start the chain. Does nothing the second time."""
    from alembic import command

    command.upgrade(configuration(connection), "head")
    start_chain(connection)


def start_chain(connection: Connection) -> None:
    """Give an empty ledger the head its chain grows from."""
    if connection.execute(select(audit_head.c.id)).first() is None:
        connection.execute(insert(audit_head).values(id=1, seq=0, hash=GENESIS))
