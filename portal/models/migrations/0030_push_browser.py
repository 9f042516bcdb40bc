"""Of each device that is told the browser it is, so that signing out there ends its pushes."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
alter table push_device add column browser_hash varchar(64);
create index push_device_of_browser on push_device (browser_hash) where browser_hash is not null
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0029_marks")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
