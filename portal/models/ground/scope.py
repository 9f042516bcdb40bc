"""Scopes: reading through a viewer, the only way routes and pushes reach a record."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from portal import clock
from portal.models.ground import sql
from portal.models.ground.record import Kind, Record

M = TypeVar("M", bound=Record)


@lru_cache
def _rule(model: type[Record], kind: Kind) -> str:
    return model.visible_to(kind, "r")


@lru_cache
def _lens(model: type[Record]) -> str:
    return model.seen_through("r").replace(":viewer", ":lens")


@lru_cache
def _columns(model: type[Record]) -> str:
    return ", ".join(f"r.{column}" for column in model._meta.fields_db_projection.values())


@dataclass(frozen=True)
class Scope(Generic[M]):
    """The rows of a model that one viewer may see now, narrowed step by step; through a `lens`, those of them that
    this staff member may see too.

    `r` names the model's own row in `where`, `join` and `order`. `chosen` are rows that were found already.
    """

    model: type[M]
    kind: Kind
    viewer: UUID
    client: UUID | None
    lens: UUID | None = None
    conditions: tuple[str, ...] = ()
    joins: str = ""
    ordered: str = ""
    values: tuple[tuple[str, Any], ...] = ()
    chosen: str = ""

    def where(self, condition: str, **values: Any) -> "Scope[M]":
        return dataclasses.replace(
            self, conditions=(*self.conditions, condition), values=(*self.values, *values.items())
        )

    def join(self, joins: str, **values: Any) -> "Scope[M]":
        return dataclasses.replace(self, joins=f"{self.joins} {joins}", values=(*self.values, *values.items()))

    def order(self, by: str) -> "Scope[M]":
        return dataclasses.replace(self, ordered=f" order by {by}")

    async def columns(self, columns: str, limit: int | None = None) -> list[dict[str, Any]]:
        """Return plain rows, for lists: no objects are made."""
        known = {"viewer": self.viewer, "client": self.client, "lens": self.lens, "now": clock.now()}
        return await sql.rows(self._query(columns, limit), **known | dict(self.values))

    def only(self, limit: int, *more: str) -> "Scope[M]":
        """Limit to the first rows of the order, found before anything else is asked: whatever a wide list says of each
        row is then said of those alone. Tables joined later can't take part in the choice. `more` are expressions
        worked out with the rows, once for each, and they stand in `r` like columns."""
        chosen = self._query(", ".join(("r.*", *more)), limit)
        return dataclasses.replace(self, chosen=f"({chosen})", conditions=(), joins="")

    def _query(self, columns: str, limit: int | None = None) -> str:
        """Return the text of that question."""
        own = [_rule(self.model, self.kind), *([_lens(self.model)] if self.lens else [])]
        conditions = " and ".join(f"({c})" for c in (*self.conditions, *([] if self.chosen else own)))
        return (
            f"select {columns} from {self.chosen or self.model._meta.db_table} r{self.joins}"
            f"{f' where {conditions}' if conditions else ''}"
            f"{self.ordered}{'' if limit is None else f' limit {int(limit)}'}"
        )

    async def all(self, limit: int | None = None) -> list[M]:
        return [self.model._init_from_db(**row) for row in await self.columns(_columns(self.model), limit)]

    async def first(self) -> M | None:
        rows = await self.all(limit=1)
        return rows[0] if rows else None

    async def find(self, id: UUID) -> M | None:
        return await self.where("r.id = :id", id=id).first()

    async def hold(self, id: UUID) -> M | None:
        """Return the row, read with a lock: as it is now, and so until the unit of work is over. It is locked first, so
        that whether it is seen is asked of what somebody else has just committed."""
        await self.model.lock(id)
        record = await self.find(id)
        if record is not None:
            record.was_locked()
        return record

    async def count(self) -> int:
        return int((await self.columns("count(*) as n"))[0]["n"])


Asked = tuple[UUID, UUID | None, UUID]  # a viewer, the client they are narrowed to, and a row


async def who_may_see(model: type[Record], kind: Kind, asks: Iterable[Asked]) -> set[Asked]:
    """Return those of these viewers who may see the row they ask for: one query for them all."""
    return await _those(model, _rule(model, kind), asks)


async def who_may_look(model: type[Record], asks: Iterable[Asked]) -> set[Asked]:
    """Return those of these staff who may look at the row that somebody else sees."""
    return await _those(model, model.seen_through("r"), asks)


async def _those(model: type[Record], rule: str, asks: Iterable[Asked]) -> set[Asked]:
    asked = list(asks)
    seen = await sql.rows(
        _crowd(model, rule, sql.table("v", id=_V, client=_C, record=_R)),
        viewers=[viewer for viewer, _, _ in asked],
        clients=[client or _NOBODY for _, client, _ in asked],
        records=[record for _, _, record in asked],
        now=clock.now(),
    )
    return {(row["viewer"], _somebody(row["client"]), row["id"]) for row in seen}


_V, _C, _R = ("viewers", "uuid"), ("clients", "uuid"), ("records", "uuid")
_NOBODY = UUID(int=0)


def _somebody(client: UUID) -> UUID | None:
    return None if client == _NOBODY else client


@lru_cache
def _crowd(model: type[Record], rule: str, asked: str) -> str:
    rule = rule.replace(":viewer", "v.id").replace(":client", "v.client")
    return (
        f"select v.id::uuid as viewer, v.client as client, r.id as id from {asked} "
        f"join {model._meta.db_table} r on r.id = v.record where {rule}"
    )
