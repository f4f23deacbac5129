"""Rows of which a time is over go by portions: uploads wait for nobody who writes long."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from upload_guard.storage.database import Database

_AT_ONCE = 500


def purge_by_portions(database: Database, of: InstrumentedAttribute[int], which: ColumnElement[bool]) -> int:
    """Delete the rows of a table, by its primary key `of`, for which `which` is so; how many.

    Raises `StorageFailed`, and then what went before stays deleted.
    """
    removed = 0
    while True:
        with database.session() as session:
            ids = session.scalars(select(of).where(which).limit(_AT_ONCE)).all()
            if ids:
                session.execute(delete(of.class_).where(of.in_(ids)))
        removed += len(ids)
        if len(ids) < _AT_ONCE:
            return removed
