"""Standard-setting records and model versions, append-only like the rest of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _sealed(table: str) -> list[SchemaItem]:
    """The salt, the batch and the key that every row with a commitment has."""
    return [
        sa.Column("salt", TEXT, nullable=True),
        sa.Column("batch", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    ]


def upgrade() -> None:
    op.create_table(
        "standard_setting",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("skill", TEXT, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("judges", sa.Integer(), nullable=False),
        sa.Column("record", TEXT, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("standard_setting"),
    )
    op.create_table(
        "model_version",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("rubric_hash", TEXT, nullable=False),
        sa.Column("fitted_at", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("coefficients", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("card", TEXT, nullable=False),
        sa.Column("claims", TEXT, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        *_sealed("model_version"),
        sa.UniqueConstraint("hash", name=op.f("uq_model_version_hash")),
    )


def downgrade() -> None:
    raise NotImplementedError("a ledger is never taken back; restore a copy instead")
