"""Hits of the customers of a check service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer_hits",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("asked_at", sa.DateTime, nullable=False),
        sa.Column("last_asked_at", sa.DateTime, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("followed_at", sa.DateTime),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("outcome_at", sa.DateTime),
        sa.Column("told_at", sa.DateTime),
        sa.Column("told_by", sa.String(64), nullable=False),
    )
    op.create_index("ix_customer_hits_site", "customer_hits", ["site", "asked_at"])
    op.create_index("ix_customer_hits_open", "customer_hits", ["followed_at", "asked_at"])
    op.create_index("ix_customer_hits_asked_at", "customer_hits", ["asked_at"])
    op.create_table(
        "customer_hit_digests",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column(
            "hit_id", sa.String(32), sa.ForeignKey("customer_hits.id", ondelete="CASCADE"), nullable=False
        ),
    )
    op.create_index("ix_customer_hit_digests_hit_id", "customer_hit_digests", ["hit_id"])


def downgrade() -> None:
    op.drop_table("customer_hit_digests")
    op.drop_table("customer_hits")
