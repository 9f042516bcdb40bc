"""What each person has chosen for each kind of notice."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table notice_choice (
    person_id uuid not null,
    kind varchar(60) not null,
    shown boolean not null,
    primary key (person_id, kind)
)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0013_notes")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
