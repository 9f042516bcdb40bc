"""The worker: turns due Moments into facts, tells of unread messages, delivers letters, and forgets what has been
kept long enough."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog

from portal.demo import alive
from portal.facts import ComingOfAge, OfficeTurned
from portal.mail.bursts import tell_of_unread
from portal.mail.delivery import deliver
from portal.mail.mailbox import read_returned
from portal.mail.outbox import tell_ended
from portal.mail.wishes import grant_wishes
from portal.models.draft import forget_old_drafts
from portal.models.fact import forget_old, unit
from portal.models.half_session import forget_old_half_sessions
from portal.models.hours import plan_turns
from portal.models.idempotency import forget_old_keys
from portal.models.minors import grow_up_unnoticed, tell_of_age
from portal.models.moment import Moment
from portal.models.notice import forget_old_notices
from portal.models.session import forget_old_sessions
from portal.models.telling import is_anyone_to_tell, tell_of_messages
from portal.models.throttle import forget_old_tries
from portal.models.waiting import forget_old_letters
from portal.pushing import deliver_pushes
from portal.realtime.bus import Bus
from portal.settings import settings

log = structlog.get_logger()

EVERY = 0.5  # seconds between looks for due moments, and for due letters
TIDY_EVERY = 600.0
TIDYING: tuple[Callable[[], Awaitable[None]], ...] = (
    plan_turns,
    grow_up_unnoticed,
    forget_old,
    forget_old_keys,
    forget_old_drafts,
    forget_old_sessions,
    forget_old_tries,
    forget_old_letters,
    forget_old_notices,
    forget_old_half_sessions,
)


async def work(bus: Bus) -> None:
    """Go on for ever. Several may run at once: each moment is struck, and each letter sent, by one of them."""
    async with asyncio.TaskGroup() as loops:
        # Apart from each other: a mail server that is slow to answer holds up no moment.
        loops.create_task(_again(EVERY, lambda: strike(bus)))
        loops.create_task(_again(EVERY, lambda: tell_unread(bus)))
        loops.create_task(_again(EVERY, lambda: deliver(bus)))
        loops.create_task(_again(EVERY, lambda: tell_of_unread(bus)))
        loops.create_task(_again(EVERY, lambda: deliver_pushes(bus)))
        loops.create_task(_again(EVERY, lambda: grant_wishes(bus)))
        loops.create_task(_again(EVERY, lambda: read_returned(bus)))
        loops.create_task(_again(TIDY_EVERY, _tidy))
        if settings().alive:
            loops.create_task(alive.live(bus, settings().alive))


async def _again(pause: float, act: Callable[[], Awaitable[Any]]) -> None:
    while True:
        try:
            await act()
        except Exception as reason:
            log.warning("the worker will try again", reason=f"{type(reason).__name__}: {str(reason)[:160]}")
        await asyncio.sleep(pause)


async def strike(bus: Bus) -> int:
    """Announce what is due now."""
    async with unit() as said:
        struck = await Moment.strike()
        if any(isinstance(fact, OfficeTurned) for fact in said.facts):
            await plan_turns()
        for client in {fact.client for fact in said.facts if isinstance(fact, ComingOfAge)}:
            await _tell_of_age(client)
    if said.facts:
        bus.hint(said.keys)
    return struck


async def _tell_of_age(client: UUID) -> None:
    """Notices, and a letter to those whose access has ended by it: their pages tell them nothing any more."""
    for account, name in await tell_of_age(client):
        await tell_ended(account, client, name)


async def tell_unread(bus: Bus) -> None:
    """A notice for each of those who have not read what was just written."""
    more = await is_anyone_to_tell()
    while more:
        async with unit() as said:
            more = await tell_of_messages()
        if said.facts:
            bus.hint(said.keys)


async def _tidy() -> None:
    for tidy in TIDYING:
        await tidy()
