"""What the terms of a contact rest on, and what was noted about one record, found by that record."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

COLUMNS = """
alter table contact_link add column basis_sealed bytea;
create index audit_by_record on audit (record_id) where record_id is not null
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0023_reading")]  # noqa: RUF012
    operations = [Sql(COLUMNS)]  # noqa: RUF012
