"""Where the files of cases lie on their sites."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "placed_files",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("locator", sa.String(2048), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("noted_at", sa.DateTime, nullable=False),
        sa.Column("noted_by", sa.String(64), nullable=False),
        sa.Column("leftover", sa.JSON, nullable=False),
        sa.Column("removed_at", sa.DateTime),
        sa.Column("removed_by", sa.String(64), nullable=False, server_default=""),
        sa.Column("restored_at", sa.DateTime),
        sa.Column("restored_by", sa.String(64), nullable=False, server_default=""),
        sa.Column("fault", sa.String(255), nullable=False, server_default=""),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("retry_at", sa.DateTime),
        sa.UniqueConstraint("case_number", "locator"),
    )
    op.create_index("ix_placed_files_case_number", "placed_files", ["case_number"])
    op.create_index("ix_placed_files_state", "placed_files", ["state"])


def downgrade() -> None:
    op.drop_table("placed_files")
