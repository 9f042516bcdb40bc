"""When the practice can be written to: office hours, days that differ, the automatic reply, the crisis notice, and what
each client may write."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table special_day (
    id uuid not null primary key,
    day varchar(36) not null unique,
    label varchar(80) not null,
    spans jsonb not null
);
create table automatic_reply (
    conversation_id uuid not null references conversation (id),
    closed_at timestamptz not null,
    primary key (conversation_id, closed_at)
);
alter table practice add column week jsonb;
alter table practice add column crisis_words jsonb;
alter table practice add column reply_words jsonb;
alter table practice add column reply_by uuid references staff_member (id);
alter table conversation add column answered_at timestamptz;
update conversation set answered_at = (select min(m.sent_at) from message m
    where m.conversation_id = conversation.id and m.staff_id is not null);
alter table message add column automatic boolean not null default false;
alter table client add column messaging varchar(8) not null default 'on' check (messaging in ('on', 'reply', 'off'))
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0011_templates")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
