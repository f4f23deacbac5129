"""Notices that come in, and the addresses that they name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.String(32), nullable=False, unique=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("received_at", sa.DateTime, nullable=False),
        sa.Column("deadline", sa.DateTime, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("trusted", sa.Boolean, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("to_read", sa.Boolean, nullable=False),
        sa.Column("joined_to", sa.String(32), nullable=False, server_default=""),
        sa.Column("receipt_at", sa.DateTime),
        sa.Column("closed_at", sa.DateTime),
        sa.Column("answered_at", sa.DateTime),
    )
    for column in ("fingerprint", "received_at", "deadline", "state"):
        op.create_index(f"ix_notices_{column}", "notices", [column])
    op.create_table(
        "notice_addresses",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("notice_id", sa.Integer, sa.ForeignKey("notices.id"), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("url_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("locator", sa.String(2048), nullable=False, server_default=""),
        sa.Column("case_number", sa.String(32), nullable=False, server_default=""),
        sa.Column("derived", sa.Boolean, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_try", sa.DateTime, nullable=False),
        sa.Column("settled_at", sa.DateTime),
        sa.Column("settled_by", sa.String(64), nullable=False, server_default=""),
        sa.Column("fault", sa.String(255), nullable=False, server_default=""),
        sa.UniqueConstraint("notice_id", "url_sha256"),
    )
    for column in ("notice_id", "url_sha256", "state", "case_number"):
        op.create_index(f"ix_notice_addresses_{column}", "notice_addresses", [column])


def downgrade() -> None:
    op.drop_table("notice_addresses")
    op.drop_table("notices")
