"""Moments: times at which something becomes true by itself. The worker turns each into its fact."""

import datetime as dt
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from portal import clock
from portal.facts import Fact
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.record import uuid7
from portal.models.ground.stuck_work import MOMENTS, not_set_aside


class Moment(Model):
    id = fields.UUIDField(primary_key=True, default=uuid7)
    due_at = fields.DatetimeField()
    kind = fields.CharField(max_length=60)
    body: Any = fields.JSONField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "moment"

    @classmethod
    async def plan(cls, when: dt.datetime, fact: Fact) -> None:
        """Have this fact announced at that time."""
        await cls.create(due_at=when, kind=type(fact).__name__, body=fact.body())

    @classmethod
    async def due(cls, most: int = 100) -> list[UUID]:
        """Return the moments that are due now, the longest overdue first."""
        return await sql.column(
            "select o.id from moment o where o.done_at is null and o.due_at <= :now "
            f"and {not_set_aside(MOMENTS, 'o.id')} order by o.due_at limit {int(most)}",
            now=clock.now(),
        )

    @classmethod
    async def strike(cls, ids: list[UUID]) -> list[Fact]:
        """Announce these moments, inside the caller's unit of work, and return the facts.

        Two workers may try at once: the update hands each moment to one of them.
        """
        struck = await sql.rows(
            "update moment set done_at = :now where id = any(:ids) and done_at is null returning kind, body, due_at",
            now=clock.now(),
            ids=ids,
        )
        facts = [Fact.from_body(row["kind"], row["body"]) for row in sorted(struck, key=lambda row: row["due_at"])]
        known = [fact for fact in facts if fact is not None]
        for fact in known:
            await announce(fact)
        return known
