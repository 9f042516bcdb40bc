"""Mail that came back: the addresses it went to, and the mailbox in which it is told."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table bounce (
    id uuid not null primary key,
    email_key varchar(254) not null,
    letter_id uuid not null references outbox (id),
    status varchar(16) not null,
    reason varchar(300) not null,
    held boolean not null,
    at timestamptz not null,
    settled_at timestamptz,
    settled_by uuid references staff_member (id),
    check (settled_by is null or settled_at is not null)
);
create unique index bounce_once on bounce (email_key) where settled_at is null;
create table mailbox (
    id uuid not null primary key check (id = '00000000-0000-7000-8000-000000000001'),
    host varchar(200) not null,
    port integer not null check (port between 1 and 65535),
    username varchar(200) not null,
    password_sealed bytea not null,
    folder varchar(200) not null,
    address varchar(254) not null,
    validity bigint,
    last_uid bigint not null check (last_uid >= 0),
    looked_at timestamptz,
    trouble varchar(300),
    returned integer not null check (returned >= 0)
);
alter table outbox add column email_key varchar(254);
alter table outbox add column bounced_at timestamptz;
create index outbox_by_email on outbox (email_key);
create index contact_by_email on contact (email_key)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0003_portal_access")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
