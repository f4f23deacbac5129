"""Repeats: cases of one picture, files that several cases share, entries that hold, and second persons."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_AT_ONCE = 500
_QUEUE = ["state", "group_id", "sha256", "created_at", "site", "list_name", "category", "result"]


def upgrade() -> None:
    op.create_table(
        "case_groups",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("look", sa.LargeBinary(32)),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "held_entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("list_name", sa.String(64), nullable=False),
        sa.Column("signal_type", sa.String(16), nullable=False),
        sa.Column("value", sa.LargeBinary(32), nullable=False),
        sa.UniqueConstraint("list_name", "signal_type", "value"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "case_entries",
        sa.Column("entry_id", sa.Integer, sa.ForeignKey("held_entries.id"), primary_key=True),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), primary_key=True, index=True),
    )
    op.add_column("cases", sa.Column("group_id", sa.Integer, nullable=False, server_default="0"))
    for name in ("list_name", "category"):
        op.add_column("cases", sa.Column(name, sa.String(64), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("confirm_by", sa.String(64)))
    op.add_column("decisions", sa.Column("made_on", sa.String(32)))
    op.add_column("vault_objects", sa.Column("sha256", sa.LargeBinary(32)))
    op.create_index("ix_cases_vault_name", "cases", ["vault_name"])
    op.create_index("ix_cases_queue", "cases", _QUEUE)
    op.create_index("ix_cases_file", "cases", ["sha256", "group_id", "state"])
    for name in ("state", "sha256"):
        op.drop_index(f"ix_cases_{name}", "cases")
    op.create_index("ix_decisions_made_on", "decisions", ["made_on"])
    op.create_index("ix_vault_objects_file", "vault_objects", ["sha256", "kept"])
    _fill()


def _fill() -> None:
    """What earlier releases held is grouped by digest alone: its looks are not gone through."""
    op.execute("INSERT INTO case_groups (id) SELECT MIN(id) FROM cases GROUP BY sha256")
    op.execute(
        "UPDATE cases SET group_id = (SELECT MIN(id) FROM cases AS one WHERE one.sha256 = cases.sha256)"
    )
    op.execute(
        "UPDATE vault_objects SET sha256 = "
        "(SELECT MIN(cases.sha256) FROM cases WHERE cases.vault_name = vault_objects.name)"
    )
    connection, last = op.get_bind(), 0
    some = sa.text("SELECT id, matches FROM cases WHERE id > :last ORDER BY id LIMIT :count")
    while rows := connection.execute(some, {"last": last, "count": _AT_ONCE}).all():
        last = rows[-1].id
        _describe(connection, ((row.id, json.loads(row.matches or "[]")) for row in rows))


def _describe(connection: sa.Connection, cases: Iterable[tuple[int, list[dict[str, Any]]]]) -> None:
    for case, matches in cases:
        strongest = matches[0] if matches else {}
        connection.execute(
            sa.text("UPDATE cases SET list_name = :list, category = :category WHERE id = :case"),
            {
                "case": case,
                "list": strongest.get("list_name", ""),
                "category": strongest.get("category", "unread"),
            },
        )
        named = {
            (one["list_name"], one["signal_type"], bytes.fromhex(one["value"]))
            for one in matches
            if one.get("value")
        }
        for name, kind, value in named:
            entry = {"list": name, "kind": kind, "value": value}
            connection.execute(
                sa.text(
                    "INSERT INTO held_entries (list_name, signal_type, value) VALUES (:list, :kind, :value) "
                    "ON CONFLICT DO NOTHING"
                ),
                entry,
            )
            connection.execute(
                sa.text(
                    "INSERT INTO case_entries (entry_id, case_id) SELECT id, :case FROM held_entries "
                    "WHERE list_name = :list AND signal_type = :kind AND value = :value"
                ),
                entry | {"case": case},
            )


def downgrade() -> None:
    op.drop_index("ix_vault_objects_file", "vault_objects")
    op.drop_index("ix_decisions_made_on", "decisions")
    for name in ("state", "sha256"):
        op.create_index(f"ix_cases_{name}", "cases", [name])
    for name in ("file", "queue", "vault_name"):
        op.drop_index(f"ix_cases_{name}", "cases")
    op.drop_column("vault_objects", "sha256")
    op.drop_column("decisions", "made_on")
    for name in ("confirm_by", "category", "list_name", "group_id"):
        op.drop_column("cases", name)
    for table in ("case_entries", "held_entries", "case_groups"):
        op.drop_table(table)
