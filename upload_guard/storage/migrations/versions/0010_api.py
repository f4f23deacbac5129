"""Checks that are polled for, and what sites told of late matches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "check_tickets",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("due_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.Column("answer", sa.JSON),
        sa.Column("fault", sa.String(64)),
    )
    op.create_index("ix_check_tickets_site", "check_tickets", ["site"])
    op.create_index("ix_check_tickets_expires_at", "check_tickets", ["expires_at"])
    op.create_table(
        "late_outcomes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("told_at", sa.DateTime, nullable=False),
        sa.Column("told_by", sa.String(64), nullable=False),
        sa.UniqueConstraint("case_number", "outcome"),
    )


def downgrade() -> None:
    for table in ("late_outcomes", "check_tickets"):
        op.drop_table(table)
