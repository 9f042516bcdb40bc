"""A conversation keeps which words stand last, and to whom nothing in it is new: what was withdrawn counts nowhere."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

LAST_SAID = """
alter table conversation add column last_said integer not null default 0;
update conversation set last_said = coalesce((select max(m.number) from message m
    where m.conversation_id = conversation.id and m.withdrawn_at is null and not m.automatic), 0);
update conversation set last_side = (select case when m.staff_id is null then 'client' else 'staff' end from message m
    where m.conversation_id = conversation.id and m.number = conversation.last_said)
"""
UP_TO_DATE = """select {} from reading d where d.conversation_id = conversation.id
    and not exists (select 1 from message m where m.conversation_id = conversation.id and m.number > d.number
    and m.withdrawn_at is null and not m.automatic and coalesce(m.account_id, m.staff_id) <> d.reader_id)"""
POSTGRES = f"update conversation set read_by = array({UP_TO_DATE.format('d.reader_id')})"
SQLITE = f"update conversation set read_by = ({UP_TO_DATE.format('json_group_array(d.reader_id)')})"


class Migration(TortoiseMigration):
    dependencies = [("models", "0034_folded_signs")]  # noqa: RUF012
    operations = [Sql(LAST_SAID, postgres=POSTGRES, sqlite=SQLITE)]  # noqa: RUF012
