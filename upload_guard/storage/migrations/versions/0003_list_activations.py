"""Every activation of a list's version, and counts per category."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "list_activations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("list_id", sa.Integer, sa.ForeignKey("hash_lists.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("activated_at", sa.DateTime, nullable=False),
        sa.Column("activated_by", sa.String(64), nullable=False),
    )
    op.create_index("ix_list_activations_list_id", "list_activations", ["list_id"])
    # Of each version only the last one was known.
    op.execute(
        "INSERT INTO list_activations (list_id, number, way, activated_at, activated_by) "
        "SELECT list_id, number, 'manual', activated_at, COALESCE(activated_by, 'unknown') "
        "FROM list_versions WHERE activated_at IS NOT NULL ORDER BY activated_at"
    )
    with op.batch_alter_table("list_versions") as versions:
        # Of versions imported before, it stands in their files only.
        versions.add_column(sa.Column("categories", sa.JSON, nullable=False, server_default="{}"))
        versions.drop_column("activated_at")
        versions.drop_column("activated_by")


def downgrade() -> None:
    with op.batch_alter_table("list_versions") as versions:
        versions.add_column(sa.Column("activated_at", sa.DateTime))
        versions.add_column(sa.Column("activated_by", sa.String(64)))
        versions.drop_column("categories")
    last = (
        "FROM list_activations AS a WHERE a.list_id = list_versions.list_id "
        "AND a.number = list_versions.number ORDER BY a.id DESC LIMIT 1"
    )
    op.execute(
        f"UPDATE list_versions SET activated_at = (SELECT a.activated_at {last}), "  # noqa: S608
        f"activated_by = (SELECT a.activated_by {last})"
    )
    op.drop_table("list_activations")
