"""Cases by all their digests; uploads that had passed whose bytes are waited for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_cases_md5", "cases", ["md5"])
    op.create_index("ix_cases_sha1", "cases", ["sha1"])
    op.add_column("retro_matches", sa.Column("seek_at", sa.DateTime))
    op.create_index("ix_retro_matches_seek_at", "retro_matches", ["seek_at"])


def downgrade() -> None:
    op.drop_index("ix_retro_matches_seek_at", "retro_matches")
    op.drop_column("retro_matches", "seek_at")
    op.drop_index("ix_cases_sha1", "cases")
    op.drop_index("ix_cases_md5", "cases")
