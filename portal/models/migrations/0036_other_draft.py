"""Words of a draft that another device had kept are set aside until their writer has chosen."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql


class Migration(TortoiseMigration):
    dependencies = [("models", "0035_last_said")]  # noqa: RUF012
    operations = [Sql("alter table draft add column other_sealed bytea")]  # noqa: RUF012
