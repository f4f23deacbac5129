"""Reports going out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.String(32), nullable=False, unique=True),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("paper_format", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("drafted_at", sa.DateTime, nullable=False),
        sa.Column("drafted_by", sa.String(64), nullable=False),
        sa.Column("approved_at", sa.DateTime),
        sa.Column("approved_by", sa.String(64), nullable=False, server_default=""),
        sa.Column("sent_at", sa.DateTime),
        sa.Column("acknowledged_at", sa.DateTime),
        sa.Column("withdrawn_at", sa.DateTime),
        sa.Column("withdrawn_by", sa.String(64), nullable=False, server_default=""),
        sa.Column("because", sa.String(1024), nullable=False, server_default=""),
        sa.Column("reference", sa.String(255), nullable=False, server_default=""),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_at", sa.DateTime),
        sa.Column("fault", sa.Text, nullable=False, server_default=""),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("slot", sa.String(128), unique=True),
        sa.Column("claim", sa.String(32), nullable=False, server_default=""),
        sa.Column("claimed_until", sa.DateTime),
        sa.Column("withdraw_since", sa.DateTime),
    )
    op.create_index("ix_reports_case_number", "reports", ["case_number"])
    op.create_index("ix_reports_state", "reports", ["state"])
    op.create_table(
        "case_uploaders",
        sa.Column("case_number", sa.String(32), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("told_at", sa.DateTime, nullable=False),
        sa.Column("told_by", sa.String(64), nullable=False),
    )
    op.create_table(
        "case_classes",
        sa.Column("case_number", sa.String(32), primary_key=True),
        sa.Column("classification", sa.String(16), nullable=False),
        sa.Column("summary", sa.String(1024), nullable=False),
        sa.Column("chosen_at", sa.DateTime, nullable=False),
        sa.Column("chosen_by", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("case_classes")
    op.drop_table("case_uploaders")
    op.drop_table("reports")
