"""What tells the place of a vault from an empty one, such as the folder that a disk leaves behind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vault_marks",
        sa.Column("place", sa.String(1024), primary_key=True),
        sa.Column("mark", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("vault_marks")
