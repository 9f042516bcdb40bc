"""Discretion: that an account wants its pages to look like nothing in particular."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = "alter table portal_account add column discreet boolean not null default false"


class Migration(TortoiseMigration):
    dependencies = [("models", "0006_bursts")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
