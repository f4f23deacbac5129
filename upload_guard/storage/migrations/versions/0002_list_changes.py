"""Single hashes added to lists and retracted from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "list_changes",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("list_id", sa.Integer, sa.ForeignKey("hash_lists.id"), nullable=False),
        sa.Column("signal_type", sa.String(16), nullable=False),
        sa.Column("value", sa.LargeBinary(32), nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("entry_number", sa.Integer),
        sa.Column("category", sa.String(64)),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
    )
    op.create_index("ix_list_changes_list_id", "list_changes", ["list_id"])
    counter = op.create_table(
        "list_change_counter",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.bulk_insert(counter, [{"id": 1, "last": 0}])


def downgrade() -> None:
    op.drop_table("list_change_counter")
    op.drop_table("list_changes")
