"""Drafts, kept for their writers on every device."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table draft (
    id uuid not null primary key,
    conversation_id uuid not null references conversation (id),
    staff_id uuid references staff_member (id),
    account_id uuid references portal_account (id),
    body_sealed bytea not null,
    reply_to_id uuid references message (id),
    saved_at timestamptz not null,
    unique (conversation_id, staff_id),
    unique (conversation_id, account_id),
    check ((staff_id is null) <> (account_id is null))
)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0008_messages")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
