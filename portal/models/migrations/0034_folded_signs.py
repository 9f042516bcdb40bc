"""Names are found whichever apostrophe or dash they were written with."""

from tortoise.migrations.migration import Migration as TortoiseMigration

from portal.models.ground.dialect import Sql

SAME = {"''": "’‘ʼ", '"': "“”", "-": "‐‑–—−"}  # as portal/models/ground/person.py folds them


def _folded(column: str) -> str:
    for plain, signs in SAME.items():
        for sign in signs:
            column = f"replace({column}, '{sign}', '{plain}')"
    return column


TABLES = f"""
update client set search = {_folded("search")}, sorting = {_folded("sorting")};
update contact set search = {_folded("search")}
"""


class Migration(TortoiseMigration):
    dependencies = [("models", "0033_declared_types")]  # noqa: RUF012
    operations = [Sql(TABLES)]  # noqa: RUF012
