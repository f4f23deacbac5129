"""What strangers do on the public pages; statements of reasons, what delays one, and appeals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was decided lately is looked for every few seconds.
    op.create_index("ix_decisions_made_at", "decisions", ["made_at"])
    op.create_table(
        "public_visits",
        sa.Column("who", sa.LargeBinary(32), primary_key=True),
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
    )
    op.create_index("ix_public_visits_since", "public_visits", ["since"])
    op.create_table(
        "statements",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("decision_id", sa.Integer, nullable=False, unique=True),
        sa.Column("decided_at", sa.DateTime, nullable=False),
        sa.Column("due_at", sa.DateTime, nullable=False),
        sa.Column("told_at", sa.DateTime),
        sa.Column("appeal_until", sa.DateTime, nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_statements_case_number", "statements", ["case_number"])
    op.create_index("ix_statements_told_at", "statements", ["told_at"])
    op.create_table(
        "statement_delays",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("until", sa.DateTime, nullable=False),
        sa.Column("because", sa.String(1024), nullable=False),
        sa.Column("placed_at", sa.DateTime, nullable=False),
        sa.Column("placed_by", sa.String(64), nullable=False),
        sa.Column("lifted_at", sa.DateTime),
        sa.Column("lifted_by", sa.String(64), nullable=False, server_default=""),
    )
    op.create_index("ix_statement_delays_case_number", "statement_delays", ["case_number"])
    op.create_table(
        "appeals",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("statement_id", sa.Integer, sa.ForeignKey("statements.id"), nullable=False, unique=True),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("settled_at", sa.DateTime),
        sa.Column("settled_by", sa.String(64), nullable=False, server_default=""),
        sa.Column("answer", sa.String(2000), nullable=False, server_default=""),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_appeals_case_number", "appeals", ["case_number"])
    op.create_index("ix_appeals_state", "appeals", ["state"])


def downgrade() -> None:
    for table in ("appeals", "statement_delays", "statements", "public_visits"):
        op.drop_table(table)
    op.drop_index("ix_decisions_made_at", "decisions")
