"""The audit log: who, for whom, what, with which result. Rows are only added; the database refuses the rest."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from portal import clock
from portal.models.fact import write
from portal.models.record import seal, uuid7


class Audit(Model):
    id = fields.UUIDField(primary_key=True, default=uuid7)
    at = fields.DatetimeField()
    side = fields.CharField(max_length=8)
    actor_id = fields.UUIDField(null=True)
    client_id = fields.UUIDField(null=True)
    action = fields.CharField(max_length=60)
    record_id = fields.UUIDField(null=True)
    result = fields.CharField(max_length=16)
    details_sealed = fields.BinaryField(null=True)

    class Meta:
        table = "audit"


async def note(
    action: str,
    *,
    side: str = "nobody",
    actor: UUID | None = None,
    client: UUID | None = None,
    record: UUID | None = None,
    result: str = "done",
    **details: Any,
) -> None:
    """Write one row. `result` is done or refused; details are encrypted."""
    id = uuid7()
    await write(
        "insert into audit (id, at, side, actor_id, client_id, action, record_id, result, details_sealed) "
        "values (:id, :at, :side, :actor, :client, :action, :record, :result, :details)",
        id=id,
        at=clock.now(),
        side=side,
        actor=actor,
        client=client,
        action=action,
        record=record,
        result=result,
        details=seal(Audit, "details_sealed", id, json.dumps(details, default=str)) if details else None,
    )
