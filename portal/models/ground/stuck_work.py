"""StuckWork work: an item of one of the worker's queues that fails each time is set aside, and the others go on.

async def grant(ids): ...  # in a unit of work; may raise
await each(WISHES, ids, grant, bus.hint)

It is tried again by itself, after a longer wait each time. After some tries staff are told, and `portal check` says it.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import structlog
from tortoise import fields

from portal import clock
from portal.facts import WorkStuck
from portal.logs import where
from portal.models.ground import sql
from portal.models.ground.fact import announce, unit
from portal.models.ground.record import Kind, Record, uuid7
from portal.models.ground.rules import colleague_with, staff_only
from portal.permissions import Permission

log = structlog.get_logger()

TOLD_AFTER = 5  # tries: about half a minute
LONGEST_WAIT = dt.timedelta(hours=6)
KEPT = dt.timedelta(days=2)  # after the last try: then it is nobody's task any more

# The queues, and what staff are told of them (regions/staff/stuck_work.py).
MOMENTS, MESSAGES, BURSTS, LETTERS = "moments", "messages", "bursts", "letters"
WISHES, RETURNED, COMING_OF_AGE, TIDYING = "wishes", "returned mail", "coming of age", "tidying"
LOOPS = "loops"  # one of the worker's loops itself
QUEUES = (MOMENTS, MESSAGES, BURSTS, LETTERS, WISHES, RETURNED, COMING_OF_AGE, TIDYING, LOOPS)


# What was tried often enough to be said, of a row named r.
IS_SAID = f"(r.tries >= {TOLD_AFTER} or r.passed_over)"


class StuckWork(Record):
    queue = fields.CharField(max_length=40)
    item = fields.CharField(max_length=80)  # its id, or what it is called
    tries = fields.IntField()
    passed_over = fields.BooleanField(default=False)  # nothing is there to be tried again
    reason = fields.CharField(max_length=200)  # where the code failed; nothing of what the item holds
    since = fields.DatetimeField()
    tried_at = fields.DatetimeField()
    due_at = fields.DatetimeField()  # not before

    class Meta:
        table = "stuck"

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show it to those who answer for the portal's settings."""
        return staff_only(kind, colleague_with(Permission.PORTAL_SETTINGS))


def not_set_aside(queue: str, id: str) -> str:
    """Ask in SQL whether this item is free of a wait for its next try. The text needs `:now`."""
    return (
        f"not exists (select 1 from stuck sa where sa.queue = '{queue}' and sa.item = cast({id} as text) "
        "and sa.due_at > :now)"
    )


async def each(
    queue: str, items: Sequence[UUID], act: Callable[[list[UUID]], Awaitable[Any]], hint: Callable[[set[str]], None]
) -> None:
    """Do these items of a queue together, in one unit of work; where that fails, each in one of its own. One that fails
    alone is set aside, and the others are done. Raises only where that can't be noted: the database is away."""
    if not items:
        return
    try:
        async with unit() as work:
            await act(list(items))
            await note_done(queue, [str(item) for item in items])
    except Exception as reason:
        if len(items) == 1:
            return await set_aside(queue, str(items[0]), reason, hint)
        for item in items:
            await each(queue, [item], act, hint)
    else:
        if work.facts:
            hint(work.keys)


async def attempt(queue: str, item: str, act: Callable[[], Awaitable[Any]], hint: Callable[[set[str]], None]) -> None:
    """Do one thing that has transactions of its own; where it fails that is noted, and what comes after it is done.
    Raises only where it can't be noted: the database is away."""
    try:
        await act()
    except Exception as reason:
        await set_aside(queue, item, reason, hint)
    else:
        await went_well(queue, item, hint)


async def went_well(queue: str, item: str, hint: Callable[[set[str]], None]) -> None:
    """Note that this was done, where it had failed before."""
    async with unit() as work:
        await note_done(queue, [item])
    if work.facts:
        hint(work.keys)


async def set_aside(
    queue: str, item: str, reason: BaseException, hint: Callable[[set[str]], None], *, passed_over: bool = False
) -> None:
    """Note in a unit of work of its own that this failed, or that it is `passed_over` and not tried again."""
    log.warning("set aside", queue=queue, item=item, reason=where(reason))
    async with unit() as work:
        await note_failed(queue, item, reason, passed_over=passed_over)
    if work.facts:
        hint(work.keys)


async def note_failed(queue: str, item: str, reason: BaseException, *, passed_over: bool = False) -> None:
    """Note in the caller's unit of work that this failed once more. An item that is passed over is reported at once,
    the others after some tries. The row does not hold the words of the reason: they may quote a name."""
    now = clock.now()
    failures = await sql.rows(
        "insert into stuck (id, queue, item, tries, passed_over, reason, since, tried_at, due_at) "
        "values (:id, :queue, :item, 1, :passed_over, :reason, :now, :now, :due) "
        "on conflict (queue, item) do update set tries = stuck.tries + 1, reason = excluded.reason, "
        "tried_at = excluded.tried_at returning id, tries",
        id=uuid7(),
        queue=queue,
        item=item,
        passed_over=passed_over,
        reason=where(reason),
        now=now,
        due=now + wait_after(1),
    )
    tries = failures[0]["tries"]
    if tries > 1:
        await sql.rows(
            "update stuck set due_at = :due where id = :id", due=now + wait_after(tries), id=failures[0]["id"]
        )
    if tries == (1 if passed_over else TOLD_AFTER):
        await announce(WorkStuck())


async def note_done(queue: str, items: list[str]) -> None:
    """Note in the caller's unit of work that these were done, where they had failed before."""
    gone = await sql.rows(
        "delete from stuck where queue = :queue and item = any(:items) returning tries, passed_over",
        queue=queue,
        items=items,
    )
    if any(row["tries"] >= TOLD_AFTER or row["passed_over"] for row in gone):
        await announce(WorkStuck())


def wait_after(tries: int) -> dt.timedelta:
    """Return how long an item waits after so many tries: 2, 4, 8, … seconds, six hours at most."""
    return min(dt.timedelta(seconds=2 ** min(tries, 20)), LONGEST_WAIT)


async def items_aside(queue: str) -> list[str]:
    """Return the items of a queue that failed and were not done since."""
    return await sql.column("select item from stuck where queue = :queue", queue=queue)


async def all_stuck() -> list[dict[str, Any]]:
    """Return the work that was tried often enough to be reported: queue, how many items, since when, and the newest
    reason."""
    return await sql.rows(
        "select r.queue, count(*) as items, min(r.since)::timestamptz as since, max(r.reason) as reason from stuck r "
        f"where {IS_SAID} group by r.queue order by r.queue"
    )


async def forget_unstuck() -> None:
    """Forget items that are no longer tried: they are gone, or were done in another way."""
    async with unit():
        gone = await sql.rows("delete from stuck where tried_at < :before returning id", before=clock.now() - KEPT)
        if gone:
            await announce(WorkStuck())
