"""A conversation keeps who has read its newest message; what each has read is no longer looked for by reader."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

INDEX = "drop index reading_by_reader"
POSTGRES = """
alter table conversation add column read_by uuid[] not null default '{}'
--;
update conversation set read_by = array(
    select d.reader_id from reading d where d.conversation_id = conversation.id and d.number = conversation.last_number)
"""
SQLITE = """
alter table conversation add column read_by json not null default '[]'
--;
update conversation set read_by = (select json_group_array(d.reader_id) from reading d
    where d.conversation_id = conversation.id and d.number = conversation.last_number)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0021_basis")]  # noqa: RUF012
    operations = [Sql(INDEX, postgres=POSTGRES, sqlite=SQLITE)]  # noqa: RUF012
