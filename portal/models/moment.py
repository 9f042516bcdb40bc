"""Moments: times at which something becomes true by itself. The worker turns each into its fact."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tortoise import fields
from tortoise.models import Model

from portal import clock
from portal.facts import Fact
from portal.models import sql
from portal.models.fact import announce
from portal.models.record import uuid7


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
    async def strike(cls, limit: int = 100) -> int:
        """Announce what is due, inside the caller's unit of work, and say how many there were.

        Two workers may try at once: the update hands each moment to one of them.
        """
        due = await sql.rows(
            "update moment set done_at = :now where id in (select id from moment "
            f"where done_at is null and due_at <= :now order by due_at limit {int(limit)}) "
            "and done_at is null returning kind, body",
            now=clock.now(),
        )
        for row in due:
            fact = Fact.from_body(row["kind"], sql.parsed(row["body"]))
            if fact is not None:
                await announce(fact)
        return len(due)
