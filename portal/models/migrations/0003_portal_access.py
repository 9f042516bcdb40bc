"""Getting in: invitations, resets, the half-session between a link and an account, the practice's own words."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table invitation (
    id uuid not null primary key,
    client_id uuid not null references client (id),
    contact_link_id uuid references contact_link (id),
    email varchar(254) not null,
    email_key varchar(254) not null,
    token_hash varchar(64) not null unique,
    language varchar(8) not null,
    sent_by uuid not null references staff_member (id),
    sent_at timestamptz not null,
    expires_at timestamptz not null,
    letter_id uuid references outbox (id),
    opened_at timestamptz,
    verified_at timestamptz,
    tries integer not null check (tries >= 0),
    locked_at timestamptz,
    unlocked_by uuid references staff_member (id),
    unlocked_at timestamptz,
    used_at timestamptz,
    ended_at timestamptz,
    ended_why varchar(16) check (ended_why in ('replaced', 'withdrawn', 'address')),
    check (expires_at > sent_at),
    check ((ended_at is null) = (ended_why is null))
);
create index invitation_by_client on invitation (client_id, sent_at);
create table reset (
    id uuid not null primary key,
    account_id uuid not null references portal_account (id),
    token_hash varchar(64) not null unique,
    by_staff uuid references staff_member (id),
    made_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    ended_at timestamptz,
    check (expires_at > made_at)
);
create index reset_by_account on reset (account_id, made_at);
create table half_session (
    id uuid not null primary key,
    token_hash varchar(64) not null unique,
    invitation_id uuid references invitation (id),
    reset_id uuid references reset (id),
    expires_at timestamptz not null,
    verified_at timestamptz,
    check ((invitation_id is null) <> (reset_id is null))
);
create table first_run (
    one integer not null primary key check (one = 1),
    code_hash varchar(64) not null
);
alter table portal_account add column password_set_at timestamptz;
alter table portal_account add column last_seen_at timestamptz;
alter table practice add column portal_on boolean not null default true;
alter table practice add column welcome jsonb
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0002_letters")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
