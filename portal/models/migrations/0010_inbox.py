"""The inbox: who is on a conversation, whether it is done, when it stirs again."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
alter table conversation add column stirs_at timestamptz;
alter table conversation add column assigned_to uuid references staff_member (id);
alter table conversation add column done_at timestamptz;
alter table conversation add column done_by uuid references staff_member (id);
alter table conversation add column snoozed_by uuid references staff_member (id);
update conversation set stirs_at = last_at;
drop index conversation_newest;
create index conversation_stirs on conversation (stirs_at, id) where done_at is null
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0009_drafts")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
