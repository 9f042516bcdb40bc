"""The contact network on or off, for the practice and for one client; and links that their holder confirms first."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

COLUMNS = """
alter table practice add column contact_network boolean not null default true;
alter table practice add column confirm_links boolean not null default false;
alter table client add column contact_network boolean not null default true;
alter table invitation add column account_id uuid references portal_account (id);
create index invitation_by_account on invitation (account_id)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0019_minors")]  # noqa: RUF012
    operations = [Sql(COLUMNS)]  # noqa: RUF012
