"""What the gate said of versions, and the benign bank."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "list_gates",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("list_id", sa.Integer, sa.ForeignKey("hash_lists.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("aside", sa.Integer, nullable=False),
        sa.Column("aside_sha256", sa.LargeBinary(32)),
        sa.Column("approved_at", sa.DateTime),
        sa.Column("approved_by", sa.String(64)),
        sa.Column("because", sa.String(1024)),
        sa.UniqueConstraint("list_id", "number"),
    )
    op.create_table(
        "benign_files",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(1024), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("md5", sa.LargeBinary(16), nullable=False),
        sa.Column("sha1", sa.LargeBinary(20), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("pdq", sa.LargeBinary, nullable=False),
        sa.Column("phash", sa.LargeBinary, nullable=False),
        sa.Column("dhash", sa.LargeBinary, nullable=False),
        sa.Column("added_at", sa.DateTime, nullable=False),
        sa.Column("added_by", sa.String(64), nullable=False),
        sa.UniqueConstraint("sha256", "site"),
        # Numbers are never given out again, so that the newest one and the count name a state of the bank.
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("benign_files")
    op.drop_table("list_gates")
