"""Persons, their sessions and recovery codes, and log-ins that did not succeed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "persons",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("password", sa.String(255)),
        sa.Column("subject", sa.String(512), unique=True),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("disabled_at", sa.DateTime),
        sa.Column("password_at", sa.DateTime),
        sa.Column("logged_in_at", sa.DateTime),
        sa.Column("totp_since", sa.DateTime),
        sa.Column("totp_step", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("ix_recovery_codes_person_id", "recovery_codes", ["person_id"])
    op.create_table(
        "review_sessions",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("needs", sa.String(16), nullable=False),
        sa.Column("began_at", sa.DateTime, nullable=False),
        sa.Column("seen_at", sa.DateTime, nullable=False),
        sa.Column("ends_at", sa.DateTime, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
    )
    op.create_index("ix_review_sessions_person_id", "review_sessions", ["person_id"])
    op.create_index("ix_review_sessions_ends_at", "review_sessions", ["ends_at"])
    op.create_table(
        "log_in_attempts",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("until", sa.DateTime),
    )
    op.create_index("ix_log_in_attempts_since", "log_in_attempts", ["since"])
    op.create_table(
        "noted_refusals",
        sa.Column("name", sa.String(160), primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_noted_refusals_at", "noted_refusals", ["at"])


def downgrade() -> None:
    for table in ("noted_refusals", "log_in_attempts", "review_sessions", "recovery_codes", "persons"):
        op.drop_table(table)
