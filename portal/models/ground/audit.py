"""The audit log: who did what, for whom, with which result. Rows are only added; the database refuses the rest."""

import datetime as dt
import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from portal import clock
from portal.models.ground import sql
from portal.models.ground.fact import write
from portal.models.ground.record import UNREADABLE, opened, seal, uuid7
from portal.models.ground.throttle import Network, tally

EARLIER = 100  # of what was noted about one record, the newest


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


async def count_refusal(action: str, network: Network, **details: Any) -> None:
    """Count a refusal of somebody unknown, by network and hour. Somebody who asks without end would fill the log, so
    only the first is a row, and the tenth, the hundredth and so on, each with how many there were by then."""
    times = await tally("refused", f"{action}/{network.wide or network.near}", dt.timedelta(hours=1))
    if str(times).strip("0") == "1":
        await note(action, result="refused", times=times, **details)


async def noted_about(record: UUID, actions: Collection[str]) -> list[dict[str, Any]]:
    """Return the acts on one record, newest first: action, at, by (a name, or None), and details as they were noted;
    None where they can't be opened."""
    acts = await sql.rows(
        "select u.id, u.action, u.at, u.details_sealed, coalesce(s.name, a.name) as by from audit u "
        "left join staff_member s on s.id = u.actor_id left join portal_account a on a.id = u.actor_id "
        "where u.record_id = :record and u.result = 'done' and u.action = any(:actions) "
        f"order by u.at desc, u.id desc limit {EARLIER}",
        record=record,
        actions=list(actions),
    )
    return [row | {"details": _details(row["id"], row["details_sealed"])} for row in acts]


def _details(id: Any, box: bytes | None) -> dict[str, Any] | None:
    text = opened(Audit, "details_sealed", id, box) if box else "{}"
    details: dict[str, Any] | None = None if text == UNREADABLE else json.loads(text)
    return details
