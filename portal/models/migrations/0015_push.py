"""Devices that show a notice while no page is open, and for which kinds each person wants that."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table push_device (
    id uuid not null primary key,
    staff_id uuid references staff_member (id),
    account_id uuid references portal_account (id),
    endpoint_hash varchar(64) not null unique,
    subscription_sealed bytea not null,
    added_at timestamptz not null,
    number integer,
    due_at timestamptz,
    leased_until timestamptz,
    tries integer not null default 0,
    sent_at timestamptz,
    check ((staff_id is null) <> (account_id is null)),
    check (due_at is null or number is not null)
);
create index push_device_of_staff on push_device (staff_id) where staff_id is not null;
create index push_device_of_account on push_device (account_id) where account_id is not null;
create index push_device_due on push_device (due_at) where due_at is not null;
alter table notice_choice add column push boolean not null default true
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0014_notice_choices")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
