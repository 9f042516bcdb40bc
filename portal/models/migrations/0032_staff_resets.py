"""A new password by a link for staff too: a reset is an account's or a member of staff's."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

POSTGRES = """
alter table reset alter column account_id drop not null
--;
alter table reset add column staff_id uuid references staff_member (id)
--;
alter table reset add constraint reset_of_one check ((account_id is null) <> (staff_id is null))
--;
create index reset_by_staff on reset (staff_id)
"""

# SQLite takes no "not null" back: the column is made anew beside the old one.
SQLITE = """
drop index reset_by_account
--;
alter table reset rename column account_id to former_account
--;
alter table reset add column account_id char(36) references portal_account (id)
--;
update reset set account_id = former_account
--;
alter table reset drop column former_account
--;
alter table reset add column staff_id char(36) references staff_member (id)
    check ((account_id is null) <> (staff_id is null))
--;
create index reset_by_account on reset (account_id, made_at)
--;
create index reset_by_staff on reset (staff_id)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0031_notices_about")]  # noqa: RUF012
    operations = [Sql(postgres=POSTGRES, sqlite=SQLITE)]  # noqa: RUF012
