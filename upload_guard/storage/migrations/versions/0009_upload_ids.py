"""The upload that a case is of, so that a second attempt to have it checked finds the case of the first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("upload_id", sa.String(32)))
    op.create_index("ix_cases_upload", "cases", ["upload_id", "site", "sha256"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_cases_upload", "cases")
    op.drop_column("cases", "upload_id")
