"""Messages that answer others, are changed and withdrawn, and are known to have been seen."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
alter table message add column reply_to_id uuid references message (id);
alter table message add column edited_at timestamptz;
alter table message add column withdrawn_at timestamptz;
create index message_replies on message (reply_to_id) where reply_to_id is not null;
create table message_version (
    id uuid not null primary key,
    message_id uuid not null references message (id),
    body_sealed bytea not null,
    from_at timestamptz not null,
    until_at timestamptz not null,
    check (until_at >= from_at)
);
create index message_version_by_message on message_version (message_id, until_at);
create table reading_step (
    conversation_id uuid not null references conversation (id),
    reader_id uuid not null,
    number integer not null check (number >= 0),
    at timestamptz not null,
    primary key (conversation_id, reader_id, number)
);
insert into reading_step (conversation_id, reader_id, number, at)
    select conversation_id, reader_id, number, at from reading;
alter table practice add column edit_minutes integer not null default 15
    check (edit_minutes between 0 and 1440)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0007_discretion")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
