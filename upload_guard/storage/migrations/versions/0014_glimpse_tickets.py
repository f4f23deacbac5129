"""Blurred pictures on their way to a browser."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "glimpse_tickets",
        sa.Column("name", sa.LargeBinary(32), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_glimpse_tickets_expires_at", "glimpse_tickets", ["expires_at"])


def downgrade() -> None:
    op.drop_table("glimpse_tickets")
