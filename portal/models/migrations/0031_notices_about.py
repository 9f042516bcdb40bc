"""Unread notices by what they are about: when that is so no more, they are found without a look at all of them."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = "create index notice_about on notice (record_id) where read_at is null"


class Migration(TortoiseMigration):
    dependencies = [("models", "0027_somebody_manages")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
