"""What is held: sealed objects, holds and deadlines, exports, and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _objects()
    _deadlines()
    _audit()
    # What earlier releases kept lies there as it came; the next start seals it.
    op.execute("INSERT INTO vault_objects (name, kept) SELECT DISTINCT vault_name, 'plain' FROM cases")
    op.bulk_insert(
        sa.table(
            "audit_head",
            sa.column("id", sa.Integer),
            sa.column("sequence", sa.Integer),
            sa.column("mac", sa.LargeBinary),
            sa.column("fault", sa.String),
        ),
        [{"id": 1, "sequence": 0, "mac": bytes(32), "fault": ""}],
    )


def _objects() -> None:
    op.create_table(
        "vault_objects",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("kept", sa.String(16), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary),
        sa.Column("master", sa.LargeBinary(4)),
        sa.Column("checked_at", sa.DateTime),
        sa.Column("fault", sa.String(255), nullable=False, server_default=""),
        sa.Column("shredded_at", sa.DateTime),
    )
    for column in ("kept", "master", "checked_at"):
        op.create_index(f"ix_vault_objects_{column}", "vault_objects", [column])


def _deadlines() -> None:
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("placed_at", sa.DateTime, nullable=False),
        sa.Column("placed_by", sa.String(64), nullable=False),
        sa.Column("because", sa.String(1024), nullable=False),
        sa.Column("lifted_at", sa.DateTime),
        sa.Column("lifted_by", sa.String(64)),
        sa.Column("lifted_because", sa.String(1024)),
    )
    op.create_table(
        "preservations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("report", sa.String(255), nullable=False),
        sa.Column("submitted_at", sa.DateTime, nullable=False),
        sa.Column("until", sa.DateTime, nullable=False),
    )
    op.create_table(
        "export_requests",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("recipient", sa.String(128), nullable=False),
        sa.Column("requested_at", sa.DateTime, nullable=False),
        sa.Column("requested_by", sa.String(64), nullable=False),
        sa.Column("because", sa.String(1024), nullable=False),
        sa.Column("given_at", sa.DateTime),
        sa.Column("given_by", sa.String(64)),
        sa.Column("sha256", sa.LargeBinary(32)),
    )
    for table in ("legal_holds", "preservations", "export_requests"):
        op.create_index(f"ix_{table}_case_number", table, ["case_number"])
    op.create_table(
        "boot_clocks",
        sa.Column("boot", sa.String(64), primary_key=True),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("least", sa.DateTime, nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "audit_log",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("previous", sa.LargeBinary(32), nullable=False),
        sa.Column("mac", sa.LargeBinary(32), nullable=False),
    )
    for column in ("act", "case_number"):
        op.create_index(f"ix_audit_log_{column}", "audit_log", [column])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary(32), nullable=False),
        sa.Column("fault", sa.String(255), nullable=False),
    )
    op.create_table(
        "sealed_secrets",
        sa.Column("purpose", sa.String(64), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    for table in (
        "sealed_secrets",
        "audit_head",
        "audit_log",
        "boot_clocks",
        "export_requests",
        "preservations",
        "legal_holds",
        "vault_objects",
    ):
        op.drop_table(table)
