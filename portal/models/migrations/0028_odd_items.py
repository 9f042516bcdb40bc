"""What the worker could not do, and wishes for a new password in a row of their own: one for each address.

Wishes that lie in the outbox at this moment are let go: whoever made one in the last second makes it again.
"""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table stuck (
    id uuid not null primary key,
    queue varchar(40) not null,
    item varchar(80) not null,
    tries integer not null,
    passed_over boolean not null,
    reason varchar(200) not null,
    since timestamptz not null,
    tried_at timestamptz not null,
    due_at timestamptz not null,
    unique (queue, item)
);
create table wish (
    id uuid not null primary key,
    address_mark varchar(64) not null unique,
    network_mark varchar(64) not null,
    email_sealed bytea not null,
    made_at timestamptz not null
);
create index wish_by_network on wish (network_mark, made_at);
delete from outbox where kind = 'reset wish'
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0030_push_browser")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
