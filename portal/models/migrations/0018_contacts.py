"""Contacts: what a court or the practice keeps from one, each from a time on, and names as the search box compares
them."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

COLUMNS = """
alter table contact_link add column pay_only_from timestamptz;
alter table contact_link add column no_contact_from timestamptz;
alter table contact_link add column no_records_from timestamptz;
alter table contact_link add column no_scheduling_from timestamptz;
alter table contact add column search varchar(260) not null default '';
update contact set search = lower(name)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0017_finding")]  # noqa: RUF012
    operations = [Sql(COLUMNS)]  # noqa: RUF012
