"""Scans of what a site has already, and what is known of its files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_COUNTS = ("clean", "unread", "unchecked", "listed", "noted", "excused", "gone", "kept")


def upgrade() -> None:
    _scans()
    _chunks()
    _files()


def _scans() -> None:
    op.create_table(
        "scans",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("root", sa.String(2048), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("acting", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("started_by", sa.String(64), nullable=False),
        sa.Column("ended_at", sa.DateTime),
        sa.Column("seconds", sa.Double, nullable=False, server_default="0"),
        sa.Column("cursor", sa.String(2048), nullable=False, server_default=""),
        sa.Column("links", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lists", sa.JSON, nullable=False),
    )
    op.create_index("ix_scans_state", "scans", ["state"])


def _chunks() -> None:
    op.create_table(
        "scan_chunks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("scan_id", sa.Integer, sa.ForeignKey("scans.id"), nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("items", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("claimed_by", sa.String(128), nullable=False, server_default=""),
        sa.Column("lease_until", sa.DateTime),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        *(sa.Column(name, sa.Integer, nullable=False, server_default="0") for name in _COUNTS),
        sa.Column("generation", sa.String(128), nullable=False, server_default=""),
    )
    op.create_index("ix_scan_chunks_of_scan", "scan_chunks", ["scan_id", "state", "id"])


def _files() -> None:
    op.create_table(
        "scanned_files",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("scan_id", sa.Integer, sa.ForeignKey("scans.id"), nullable=False),
        sa.Column("chunk_id", sa.Integer, sa.ForeignKey("scan_chunks.id")),
        sa.Column("locator", sa.String(2048), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("found", sa.String(16), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(255), nullable=False),
        sa.Column("matches", sa.JSON, nullable=False),
        sa.Column("case_number", sa.String(32), nullable=False, server_default=""),
        sa.Column("fault", sa.String(255), nullable=False, server_default=""),
        sa.Column("found_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("scan_id", "locator"),
    )
    op.create_index("ix_scanned_files_scan_id", "scanned_files", ["scan_id"])
    op.create_index("ix_scanned_files_chunk_id", "scanned_files", ["chunk_id"])
    op.create_table(
        "seen_files",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("looked", sa.String(32), nullable=False),
        sa.Column("generation", sa.String(128), nullable=False),
        sa.Column("seen_at", sa.DateTime, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_seen_files_seen_at", "seen_files", ["seen_at"])


def downgrade() -> None:
    for table in ("seen_files", "scanned_files", "scan_chunks", "scans"):
        op.drop_table(table)
