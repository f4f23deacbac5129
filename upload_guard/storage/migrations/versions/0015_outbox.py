"""Events, messages made of them, recipients that fail, and bytes given back to their sites."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("once", sa.String(160), unique=True),
        sa.Column("routed_at", sa.DateTime),
    )
    op.create_index("ix_outbox_events_routed_at", "outbox_events", ["routed_at"])
    op.create_table(
        "outbox_messages",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("claimed_by", sa.String(32)),
        sa.Column("claimed_until", sa.DateTime),
        sa.Column("settled_at", sa.DateTime),
        sa.Column("fault", sa.String(255), nullable=False),
    )
    op.create_index("ix_outbox_messages_waiting", "outbox_messages", ["kind", "state"])
    op.create_index("ix_outbox_messages_subject", "outbox_messages", ["subject"])
    op.create_table(
        "outbox_recipients",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", sa.DateTime, nullable=False),
        sa.Column("paused_until", sa.DateTime, nullable=False),
        sa.Column("fault", sa.String(255), nullable=False),
    )
    op.create_table(
        "handovers",
        sa.Column("case_number", sa.String(32), primary_key=True),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("claim", sa.String(32), nullable=False),
        sa.Column("claimed_until", sa.DateTime, nullable=False),
        sa.Column("given_at", sa.DateTime),
    )


def downgrade() -> None:
    for table in ("handovers", "outbox_recipients", "outbox_messages", "outbox_events"):
        op.drop_table(table)
