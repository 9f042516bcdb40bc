"""The ages that a practice sets for minors; and with each contact, until when was agreed, and when coming of age ends
it before."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

COLUMNS = """
alter table practice add column own_account_age int not null default 14;
alter table practice add column majority_age int not null default 18;
alter table contact_link add column agreed_until timestamptz;
alter table contact_link add column of_age_at timestamptz;
update contact_link set agreed_until = until_at;
alter table client add column of_age_settled timestamptz;
create index contact_link_by_age on contact_link (of_age_at)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0018_contacts")]  # noqa: RUF012
    operations = [Sql(COLUMNS)]  # noqa: RUF012
