"""What one person has read, and which charts are put away, are found by themselves: an inbox asks so of all at once."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

INDEXES = """
create index reading_by_reader on reading (reader_id);
create index client_archived on client (id) where archived_at is not null
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0020_network")]  # noqa: RUF012
    operations = [Sql(INDEXES)]  # noqa: RUF012
