"""The team of a client is found by the client, whenever it ended: who is on each of many conversations asks so."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

INDEX = "create index care_team_by_client on care_team (client_id)"


class Migration(TortoiseMigration):
    dependencies = [("models", "0016_leave")]  # noqa: RUF012
    operations = [Sql(INDEX)]  # noqa: RUF012
