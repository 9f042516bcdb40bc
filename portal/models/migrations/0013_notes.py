"""Notes: what staff write to each other in a conversation, each under the message that was its last."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table note (
    id uuid not null primary key,
    conversation_id uuid not null references conversation (id),
    number integer not null check (number > 0),
    staff_id uuid not null references staff_member (id),
    handed_to uuid references staff_member (id),
    body_sealed bytea not null,
    written_at timestamptz not null
);
create index note_by_message on note (conversation_id, number)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0012_availability")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
