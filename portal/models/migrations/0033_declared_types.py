"""On SQLite the two ages are declared as numbers: as `int` they were declared as truth, and values are read by that."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

AGES = "\n--;\n".join(
    f"""alter table practice add column new_age integer not null default {default}
--;
update practice set new_age = {age}
--;
alter table practice drop column {age}
--;
alter table practice rename column new_age to {age}"""
    for age, default in (("own_account_age", 14), ("majority_age", 18))
)


class Migration(TortoiseMigration):
    dependencies = [("models", "0032_staff_resets")]  # noqa: RUF012
    operations = [Sql(sqlite=AGES)]  # noqa: RUF012
