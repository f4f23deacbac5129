"""The retro-match."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "passed_uploads",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("upload_id", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_passed_uploads_at", "passed_uploads", ["at"])
    op.create_index("ix_passed_uploads_upload_id", "passed_uploads", ["upload_id"])
    op.create_table(
        "upload_places",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("upload_id", sa.String(32), nullable=False),
        sa.Column("place", sa.String(1024), nullable=False),
        sa.Column("told_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("site", "upload_id", "place"),
    )
    op.create_index("ix_upload_places_told_at", "upload_places", ["told_at"])
    op.create_table(
        "retro_passes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("generation", sa.Text, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("done_at", sa.DateTime),
        sa.Column("last_id", sa.Integer, nullable=False, server_default="0"),
        sa.Column("uploads", sa.Integer, nullable=False, server_default="0"),
        sa.Column("matches", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "retro_matches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("passed_id", sa.Integer, nullable=False),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("found_at", sa.DateTime, nullable=False),
        sa.Column("told_at", sa.DateTime),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("passed_id", "case_number"),
    )
    op.create_index("ix_retro_matches_case_number", "retro_matches", ["case_number"])
    op.create_index("ix_retro_matches_next_at", "retro_matches", ["next_at"])


def downgrade() -> None:
    for name in ("retro_matches", "retro_passes", "upload_places", "passed_uploads"):
        op.drop_table(name)
