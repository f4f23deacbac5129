"""Alembic's entry: runs the migrations on the connection that `storage.database` hands over."""

from alembic import context

from upload_guard.storage import (  # noqa: F401 - whose tables are of the same schema
    api_tables,
    customer_tables,
    glimpse_tables,
    group_tables,
    key_tables,
    list_task_tables,
    notice_tables,
    opinion_tables,
    outbox_tables,
    people_tables,
    placement_tables,
    private_tables,
    public_tables,
    report_tables,
    retro_tables,
    scan_tables,
    service_tables,
    signal_tables,
    statement_tables,
    statistics_tables,
    sync_tables,
    vault_tables,
)
from upload_guard.storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
