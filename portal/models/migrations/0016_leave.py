"""Leave of a colleague, and who stands in meanwhile."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

TABLES = """
create table leave (
    id uuid not null primary key,
    staff_id uuid not null references staff_member (id),
    cover_id uuid not null references staff_member (id),
    from_at timestamptz not null,
    until_at timestamptz not null,
    planned_by uuid not null references staff_member (id),
    planned_at timestamptz not null,
    check (until_at >= from_at),
    check (cover_id <> staff_id)
);
create index leave_by_staff on leave (staff_id);
create index leave_by_cover on leave (cover_id)
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0015_push")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
