"""Whether somebody works remotely, with the span of employment. Older rows say nothing of it and keep their commitments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("employment", sa.Column("remote", sa.SmallInteger(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a ledger is never taken back; restore a copy instead")
