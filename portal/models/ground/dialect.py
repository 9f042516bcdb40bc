"""An operation that runs one SQL text on either database."""

import re

from tortoise.migrations.operations import TortoiseOperation
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State

_SQLITE = {
    "uuid": "char(36)",
    "timestamptz": "timestamp",
    "bytea": "blob",
    "jsonb": "json",
    "boolean": "int",
    "bigserial primary key": "integer primary key autoincrement",
}
_WORDS = re.compile(r"\b(" + "|".join(sorted(_SQLITE, key=len, reverse=True)) + r")\b")


def for_sqlite(text: str) -> str:
    return _WORDS.sub(lambda match: _SQLITE[match[1]], text)


class Sql(TortoiseOperation):
    """Statements for both databases, then those for one of them. Not reversible: restore a backup instead."""

    reversible = False

    def __init__(self, both: str = "", *, postgres: str = "", sqlite: str = "") -> None:
        self.both, self.postgres, self.sqlite = both, postgres, sqlite

    def describe(self) -> str:
        return "Run SQL"

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        assert state_editor is not None
        postgres = state_editor.client.capabilities.dialect == "postgres"
        both = self.both if postgres else for_sqlite(self.both)
        own = self.postgres if postgres else self.sqlite
        for statement in both.split(";\n") + own.split("\n--;\n"):
            if statement.strip():
                # The schema editor would split a trigger at its semicolons.
                await state_editor.client.execute_query(statement.strip())
