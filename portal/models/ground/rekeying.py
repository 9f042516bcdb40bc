"""Rekeying: everything is sealed anew under the key that now writes, while the practice works.

Audit rows are never changed, so what they hold stays under the key it was written with: keep the old keys.
"""

from uuid import UUID

from tortoise.context import require_context
from tortoise.models import Model

from portal.crypto import Unreadable
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.ground.record import Sealed, seal, unseal

AT_ONCE = 200  # rows of one transaction


def sealed_columns() -> list[tuple[type[Model], str]]:
    """Return each model with each of its encrypted columns."""
    apps = require_context().apps
    assert apps is not None
    return [
        (model, value.column)
        for model in apps["models"].values()
        for value in vars(model).values()
        if isinstance(value, Sealed)
    ]


async def reseal() -> tuple[int, int]:
    """Seal every value anew; return how many were, and how many no key at hand opens, which stay as they are. A value
    that changes meanwhile keeps its change."""
    done = odd = 0
    for model, column in sealed_columns():
        table, after = model._meta.db_table, UUID(int=0)
        while True:
            async with unit():
                batch = await sql.rows(
                    f"select id, {column} as box from {table} where id > :after and {column} is not null "
                    f"order by id limit {AT_ONCE}",
                    after=after,
                )
                for row in batch:
                    try:
                        text = unseal(model, column, row["id"], row["box"])
                    except Unreadable:
                        odd += 1
                        continue
                    await sql.rows(
                        f"update {table} set {column} = :new where id = :id and {column} = :box",
                        new=seal(model, column, row["id"], text),
                        id=row["id"],
                        box=row["box"],
                    )
            if not batch:
                break
            done, after = done + len(batch), batch[-1]["id"]
    return done - odd, odd
