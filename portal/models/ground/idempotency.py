"""Keys that make a repeated request harmless: the first result again, never the act twice."""

import datetime as dt
import json
from typing import Any
from uuid import UUID

from portal import clock, crypto
from portal.models.ground import sql
from portal.models.ground.fact import write

KEPT = dt.timedelta(hours=48)


class AnotherRequest(Exception):
    """A key that was used for a request with another content."""


async def claim(owner: UUID, key: UUID, content: str) -> dict[str, Any] | None:
    """Take a key inside this transaction. None: it is new, go on, and `settle` what the request comes to, or `free` the
    key. A dictionary: what the first request came to. Raises AnotherRequest when the same key came with another
    content. Of the content only a keyed mark is kept: a plain hash would let anybody who has the database guess in a
    moment what was sent, a date of birth say.

    A second request waits here for the first one's transaction, so it sees either its result or a free key.
    """
    request = crypto.ring().mark("request", f"{owner}/{key}/{content}")
    if await sql.insert_once("idempotency", owner_id=owner, key=key, request=request, result="{}", at=clock.now()):
        return None
    first = await sql.row(
        "select request, result from idempotency where owner_id = :owner and key = :key", owner=owner, key=key
    )
    # Nothing is kept of what was sent before there were marks.
    if first is None or first["request"] not in (request, ""):
        raise AnotherRequest
    before: dict[str, Any] = first["result"]
    return before


async def settle(owner: UUID, key: UUID, result: dict[str, Any]) -> None:
    """Keep what the request came to, at the end of the unit of work."""
    await write(
        "update idempotency set result = :result where owner_id = :owner and key = :key",
        owner=owner,
        key=key,
        result=json.dumps(result),
    )


async def free(owner: UUID, key: UUID) -> None:
    """Let a key be used again, for a request that came to nothing."""
    await sql.rows("delete from idempotency where owner_id = :owner and key = :key", owner=owner, key=key)


async def forget_old_keys() -> None:
    await sql.rows("delete from idempotency where at < :before", before=clock.now() - KEPT)
