"""Statistics, and what people ask for on the pages of lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upload_statistics",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("result", sa.String(16), primary_key=True),
        sa.Column("action", sa.String(16), primary_key=True),
        sa.Column("reason", sa.String(64), primary_key=True),
        sa.Column("uploads", sa.Integer, nullable=False),
    )
    op.create_table(
        "case_lists",
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("list_name", sa.String(64), primary_key=True),
    )
    op.create_index("ix_case_lists_list_name", "case_lists", ["list_name"])
    op.create_table(
        "list_tasks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("list_name", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("against", sa.Integer),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("asked_at", sa.DateTime, nullable=False),
        sa.Column("begun_at", sa.DateTime),
        sa.Column("ended_at", sa.DateTime),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("outcome", sa.JSON, nullable=False),
    )
    op.create_index("ix_list_tasks_list_name", "list_tasks", ["list_name"])
    op.create_index("ix_list_tasks_ended_at", "list_tasks", ["ended_at"])
    # What the statistics ask of other tables, by time.
    op.create_index("ix_cases_came", "cases", ["created_at", "site"])
    op.create_index("ix_cases_standing", "cases", ["state", "created_at"])
    op.create_index("ix_late_outcomes_told_at", "late_outcomes", ["told_at"])


def downgrade() -> None:
    op.drop_index("ix_late_outcomes_told_at", "late_outcomes")
    op.drop_index("ix_cases_standing", "cases")
    op.drop_index("ix_cases_came", "cases")
    for table in ("list_tasks", "case_lists", "upload_statistics"):
        op.drop_table(table)
