"""Opinions on files and entries, the flood breaker's counts, and what re-evaluating a case needs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exemptions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False, index=True),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("because", sa.String(1024), nullable=False),
        sa.Column("entries", sa.JSON, nullable=False),
        sa.Column("until", sa.DateTime),
        sa.Column("lifted_at", sa.DateTime),
        sa.Column("lifted_by", sa.String(64)),
    )
    op.create_table(
        "entry_disputes",
        sa.Column("id", sa.Integer, primary_key=True),
        *_entry(),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("proposed_at", sa.DateTime, nullable=False),
        sa.Column("proposed_by", sa.String(64), nullable=False),
        sa.Column("because", sa.String(1024), nullable=False),
        sa.Column("agreed_at", sa.DateTime),
        sa.Column("agreed_by", sa.String(64)),
        sa.Column("lifted_at", sa.DateTime),
        sa.Column("lifted_by", sa.String(64)),
    )
    op.create_index("entry_disputes_entry", "entry_disputes", _ENTRY)
    op.create_table(
        "breaker_trips",
        sa.Column("id", sa.Integer, primary_key=True),
        *_entry(),
        sa.Column("tripped_at", sa.DateTime, nullable=False),
        sa.Column("matched", sa.Integer, nullable=False),
        sa.Column("uploads", sa.Integer, nullable=False),
        sa.Column("sources", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("decided_at", sa.DateTime),
        sa.Column("decided_by", sa.String(64)),
        sa.Column("because", sa.String(1024)),
    )
    op.create_index("breaker_trips_entry", "breaker_trips", _ENTRY)
    counter = op.create_table(
        "opinion_counter",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.bulk_insert(counter, [{"id": 1, "last": 0}])
    op.create_table(
        "upload_counts",
        sa.Column("minute", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("uploads", sa.Integer, nullable=False),
    )
    op.create_table(
        "entry_hits",
        sa.Column("id", sa.Integer, primary_key=True),
        *_entry(),
        sa.Column("minute", sa.Integer, nullable=False, index=True),
        sa.Column("source", sa.LargeBinary(16), nullable=False),
        sa.Column("file", sa.LargeBinary(16), nullable=False),
        sa.Column("look", sa.LargeBinary(32), nullable=False),
        sa.Column("uploads", sa.Integer, nullable=False),
        sa.UniqueConstraint(*_ENTRY, "minute", "source", "file"),
    )
    with op.batch_alter_table("cases") as cases:
        cases.add_column(sa.Column("unscannable", sa.String(64), nullable=False, server_default=""))
        cases.add_column(sa.Column("unreadable", sa.String(64), nullable=False, server_default=""))
        cases.add_column(sa.Column("degraded", sa.JSON, nullable=False, server_default="[]"))
        cases.add_column(sa.Column("under", sa.String(64), nullable=False, server_default=""))
        cases.add_column(sa.Column("lowered", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False, index=True),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("because", sa.String(1024), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("decisions")
    with op.batch_alter_table("cases") as cases:
        for name in ("unscannable", "unreadable", "degraded", "under", "lowered"):
            cases.drop_column(name)
    for name in (
        "entry_hits",
        "upload_counts",
        "opinion_counter",
        "breaker_trips",
        "entry_disputes",
        "exemptions",
    ):
        op.drop_table(name)


_ENTRY = ["list_id", "signal_type", "value"]


def _entry() -> tuple[sa.Column[int], sa.Column[str], sa.Column[bytes]]:
    return (
        sa.Column("list_id", sa.Integer, sa.ForeignKey("hash_lists.id"), nullable=False),
        sa.Column("signal_type", sa.String(16), nullable=False),
        sa.Column("value", sa.LargeBinary(32), nullable=False),
    )
