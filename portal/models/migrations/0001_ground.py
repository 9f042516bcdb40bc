"""The ground: practice, people, accounts, conversations, facts, and what keeps them honest."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table era (
    one integer not null primary key check (one = 1),
    value varchar(32) not null
);
create table practice (
    id uuid not null primary key,
    name varchar(120) not null,
    phone varchar(40) not null,
    address varchar(200) not null,
    hours varchar(200) not null,
    zone varchar(60) not null,
    language varchar(8) not null,
    crisis jsonb not null,
    made_at timestamptz not null
);
create table location (
    id uuid not null primary key,
    name varchar(120) not null,
    address varchar(200) not null,
    phone varchar(40) not null
);
create table staff_member (
    id uuid not null primary key,
    name varchar(120) not null,
    email varchar(254) not null,
    email_key varchar(254) not null unique,
    role varchar(40) not null check (role in ('organisation_administrator', 'clinical_administrator',
        'supervisor', 'therapist', 'intern', 'scheduler', 'biller')),
    granted jsonb not null,
    denied jsonb not null,
    supervisor_id uuid references staff_member (id),
    subscribed boolean not null,
    password_hash varchar(255) not null,
    language varchar(8) not null,
    theme varchar(8) not null check (theme in ('', 'light', 'dark')),
    added_at timestamptz not null,
    ended_at timestamptz,
    check (supervisor_id is null or supervisor_id <> id)
);
create table staff_permission (
    staff_id uuid not null references staff_member (id),
    permission varchar(40) not null,
    primary key (staff_id, permission)
);
create table client (
    id uuid not null primary key,
    first_name varchar(60) not null check (first_name <> ''),
    last_name varchar(60) not null check (last_name <> ''),
    search varchar(260) not null,
    sorting varchar(130) not null,
    email varchar(254),
    email_key varchar(254),
    date_of_birth_sealed bytea,
    phone_sealed bytea,
    address_sealed bytea,
    colour varchar(12) not null check (colour in ('heather', 'marsh', 'brick', 'harbour', 'rose', 'slate')),
    added_at timestamptz not null,
    archived_at timestamptz,
    check ((email is null) = (email_key is null))
);
create index client_by_name on client (sorting, id);
create index client_by_email on client (email_key);
create table contact (
    id uuid not null primary key,
    name varchar(120) not null,
    email varchar(254),
    email_key varchar(254),
    phone_sealed bytea,
    address_sealed bytea,
    client_id uuid references client (id)
);
create table contact_link (
    id uuid not null primary key,
    client_id uuid not null references client (id),
    contact_id uuid not null references contact (id),
    relationship varchar(40) not null,
    guardian boolean not null,
    may_forms boolean not null,
    may_appointments boolean not null,
    may_messages boolean not null,
    may_documents boolean not null,
    may_billing boolean not null,
    from_at timestamptz not null,
    until_at timestamptz,
    unique (client_id, contact_id),
    check (until_at is null or until_at >= from_at)
);
create index contact_link_by_contact on contact_link (contact_id);
create table portal_account (
    id uuid not null primary key,
    name varchar(120) not null,
    email varchar(254) not null,
    email_key varchar(254) not null unique,
    password_hash varchar(255) not null,
    client_id uuid references client (id),
    contact_id uuid references contact (id),
    language varchar(8) not null,
    theme varchar(8) not null check (theme in ('', 'light', 'dark')),
    added_at timestamptz not null,
    check (client_id is null or contact_id is null)
);
create table access (
    id uuid not null primary key,
    account_id uuid not null references portal_account (id),
    client_id uuid not null references client (id),
    contact_link_id uuid references contact_link (id),
    from_at timestamptz not null,
    until_at timestamptz,
    granted_by uuid references staff_member (id),
    ended_by uuid references staff_member (id),
    check (until_at is null or until_at >= from_at)
);
create unique index access_once on access (account_id, client_id) where until_at is null;
create index access_by_client on access (client_id);
create index access_by_account on access (account_id);
create table care_team (
    id uuid not null primary key,
    client_id uuid not null references client (id),
    staff_id uuid not null references staff_member (id),
    lead boolean not null,
    from_at timestamptz not null,
    until_at timestamptz,
    check (until_at is null or until_at >= from_at)
);
create unique index care_team_once on care_team (client_id, staff_id) where until_at is null;
create index care_team_by_staff on care_team (staff_id);
create table session (
    id uuid not null primary key,
    token_hash varchar(64) not null unique,
    side varchar(8) not null check (side in ('staff', 'client')),
    staff_id uuid references staff_member (id),
    account_id uuid references portal_account (id),
    started_at timestamptz not null,
    seen_at timestamptz not null,
    idle_until timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    address_sealed bytea,
    agent_sealed bytea,
    check ((side = 'staff') = (staff_id is not null)),
    check ((side = 'client') = (account_id is not null))
);
create table device (
    token_hash varchar(64) not null,
    side varchar(8) not null check (side in ('staff', 'client')),
    holder_id uuid not null,
    seen_at timestamptz not null,
    primary key (token_hash, holder_id)
);
create table throttle (
    key varchar(120) not null primary key,
    count integer not null,
    until_at timestamptz not null
);
create table conversation (
    id uuid not null primary key,
    client_id uuid not null references client (id),
    audience varchar(16) not null check (audience in ('clinical', 'administrative', 'billing')),
    confidential boolean not null,
    last_number integer not null check (last_number >= 0),
    last_at timestamptz,
    last_side varchar(8) check (last_side in ('staff', 'client')),
    started_at timestamptz not null
);
create index conversation_by_client on conversation (client_id);
create index conversation_newest on conversation (last_at);
create table participant (
    id uuid not null primary key,
    conversation_id uuid not null references conversation (id),
    client_id uuid references client (id),
    contact_id uuid references contact (id),
    check ((client_id is null) <> (contact_id is null)),
    unique (conversation_id, client_id),
    unique (conversation_id, contact_id)
);
create table message (
    id uuid not null primary key,
    conversation_id uuid not null references conversation (id),
    number integer not null check (number > 0),
    staff_id uuid references staff_member (id),
    account_id uuid references portal_account (id),
    body_sealed bytea not null,
    sent_at timestamptz not null,
    unique (conversation_id, number),
    check ((staff_id is null) <> (account_id is null))
);
create table reading (
    conversation_id uuid not null references conversation (id),
    reader_id uuid not null,
    number integer not null check (number >= 0),
    at timestamptz not null,
    primary key (conversation_id, reader_id)
);
create table moment (
    id uuid not null primary key,
    due_at timestamptz not null,
    kind varchar(60) not null,
    body jsonb not null,
    done_at timestamptz
);
create index moment_due on moment (due_at) where done_at is null;
create table notice (
    id uuid not null primary key,
    staff_id uuid references staff_member (id),
    account_id uuid references portal_account (id),
    number integer not null,
    kind varchar(60) not null,
    body jsonb not null,
    made_at timestamptz not null,
    read_at timestamptz,
    check ((staff_id is null) <> (account_id is null)),
    unique (staff_id, number),
    unique (account_id, number)
);
create table outbox (
    id uuid not null primary key,
    kind varchar(40) not null,
    payload_sealed bytea,
    due_at timestamptz not null,
    tries integer not null,
    leased_until timestamptz,
    done_at timestamptz,
    failed_at timestamptz,
    reason varchar(500)
);
create index outbox_due on outbox (due_at) where done_at is null and failed_at is null;
create table audit (
    id uuid not null primary key,
    at timestamptz not null,
    side varchar(8) not null,
    actor_id uuid,
    client_id uuid,
    action varchar(60) not null,
    record_id uuid,
    result varchar(16) not null check (result in ('done', 'refused')),
    details_sealed bytea
);
create index audit_by_client on audit (client_id, at);
create table idempotency (
    owner_id uuid not null,
    key uuid not null,
    request varchar(64) not null,
    result jsonb,
    at timestamptz not null,
    primary key (owner_id, key)
);
"""

# A fact carries the transaction that announced it, so that a reader can ask for those its snapshot
# has not seen, however late they commit. SQLite has one writer: there the id says the same.
FACT_POSTGRES = """
create table fact (
    id bigserial primary key,
    kind varchar(60) not null,
    at timestamptz not null,
    keys jsonb not null,
    body jsonb not null,
    xid xid8 not null default pg_current_xact_id()
)
--;
create index fact_by_transaction on fact (xid)
--;
create function audit_is_append_only() returns trigger language plpgsql as
    $$ begin raise exception 'audit rows are never changed or deleted'; end $$
--;
create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function audit_is_append_only()
"""
FACT_SQLITE = """
create table fact (
    id integer primary key autoincrement,
    kind varchar(60) not null,
    at timestamp not null,
    keys json not null,
    body json not null
)
--;
create trigger audit_no_update before update on audit
    begin select raise(abort, 'audit rows are never changed or deleted'); end;
--;
create trigger audit_no_delete before delete on audit
    begin select raise(abort, 'audit rows are never changed or deleted'); end;
"""


class Migration(TortoiseMigration):
    initial = True
    operations = [  # noqa: RUF012
        Sql(TABLES),
        Sql(postgres=FACT_POSTGRES, sqlite=FACT_SQLITE),
    ]
