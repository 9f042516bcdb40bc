"""Texts kept for messages: the practice's, and each person's own."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table message_template (
    id uuid not null primary key,
    staff_id uuid references staff_member (id),
    name_sealed bytea not null,
    body_sealed bytea not null,
    changed_at timestamptz not null
);
create index message_template_of on message_template (staff_id)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0010_inbox")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
