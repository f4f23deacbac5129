"""What strangers do on the public pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "public_visits",
        sa.Column("who", sa.LargeBinary(32), primary_key=True),
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
    )
    op.create_index("ix_public_visits_since", "public_visits", ["since"])


def downgrade() -> None:
    op.drop_table("public_visits")
