"""Letters about messages that were not read: whom of which, and when each person wants them."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table burst (
    id uuid not null primary key,
    conversation_id uuid not null references conversation (id),
    reader_id uuid not null,
    side varchar(8) not null check (side in ('staff', 'client')),
    from_number integer not null check (from_number > 0),
    to_number integer check (to_number >= from_number),
    due_at timestamptz,
    letter_id uuid references outbox (id),
    check ((letter_id is null) = (to_number is null)),
    check ((letter_id is null) = (due_at is not null))
);
create unique index burst_waiting on burst (reader_id, conversation_id) where letter_id is null;
create index burst_due on burst (due_at) where letter_id is null;
create index burst_by_letter on burst (letter_id) where letter_id is not null;
create index burst_by_message on burst (conversation_id, to_number) where letter_id is not null;
create table mail_choice (
    person_id uuid not null primary key,
    often varchar(8) not null check (often in ('once', 'daily', 'never')),
    daily_at integer not null check (daily_at between 0 and 1439),
    quiet_from integer check (quiet_from between 0 and 1439),
    quiet_until integer check (quiet_until between 0 and 1439),
    check ((quiet_from is null) = (quiet_until is null) and quiet_from <> quiet_until)
);
alter table conversation add column mail_since timestamptz;
create index conversation_to_mail on conversation (mail_since) where mail_since is not null;
alter table practice add column mail_after integer not null default 5 check (mail_after between 1 and 240)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0005_notices")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
