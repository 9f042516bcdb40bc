"""Notices: what each is about, a number for each person's next one, and conversations of which to tell."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table notice_place (
    person_id uuid not null primary key,
    number integer not null check (number > 0)
);
alter table notice add column client_id uuid references client (id);
alter table notice add column record_id uuid;
alter table notice add column up_to integer check (up_to > 0);
create unique index notice_once_for_staff on notice (staff_id, kind, record_id) where read_at is null;
create unique index notice_once_for_account on notice (account_id, kind, record_id) where read_at is null;
alter table conversation add column tell_at timestamptz;
create index conversation_to_tell on conversation (tell_at) where tell_at is not null
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0004_returned_mail")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
