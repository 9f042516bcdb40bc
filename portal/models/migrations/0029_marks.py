"""What is known again by a hash that could be guessed, is known by a mark that needs the key file."""

import json

from tortoise.migrations.migration import Migration as TortoiseMigration
from tortoise.migrations.operations import TortoiseOperation
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State

from portal import crypto
from portal.models.ground.dialect import Sql

# A request that is repeated across the upgrade must not be done twice: its key stays, for its 48 hours, and what it
# held is no longer compared.
FORGET = """
update idempotency set request = '';
delete from throttle;
delete from first_run
"""


class MarkDevices(TortoiseOperation):
    """Know the devices that are there by marks of their addresses."""

    reversible = False

    def describe(self) -> str:
        return "Mark devices"

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        assert state_editor is not None
        database = state_editor.client
        postgres = database.capabilities.dialect == "postgres"
        first, second = ("$1", "$2") if postgres else ("?", "?")
        for row in await database.execute_query_dict("select id, subscription_sealed as box from push_device"):
            place = f"push_device/subscription_sealed/{row['id']}"
            try:
                endpoint = json.loads(crypto.ring().open(bytes(row["box"]), place))["endpoint"]
                mark = crypto.ring().mark("endpoint", endpoint)
            except crypto.Unreadable:
                mark = f"unreadable {row['id']}"  # nothing can be sent there either
            id = row["id"] if postgres else str(row["id"])
            await database.execute_query(
                f"update push_device set endpoint_hash = {first} where id = {second}", [mark, id]
            )


class Migration(TortoiseMigration):
    dependencies = [("models", "0025_notice_letters")]  # noqa: RUF012
    operations = [Sql(FORGET), MarkDevices()]  # noqa: RUF012
