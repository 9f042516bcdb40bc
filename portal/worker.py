"""The worker: turns due Moments into facts, tells of unread messages, delivers letters, and forgets what has been
kept long enough."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog

from portal.demo import alive
from portal.facts import ComingOfAge, ContactsChanged, OfficeTurned
from portal.logs import where
from portal.mail.delivery import deliver
from portal.mail.mailbox import read_returned
from portal.mail.outbox import tell_ended
from portal.mail.reset_requests import grant_requests
from portal.mail.unread_letters import tell_of_unread
from portal.models.access.invitation import end_lapsed_invitations
from portal.models.access.link_session import forget_old_link_sessions
from portal.models.access.minors import grow_up_unnoticed, tell_of_age
from portal.models.access.reset_request import forget_old_requests
from portal.models.ground.fact import forget_old
from portal.models.ground.idempotency import forget_old_keys
from portal.models.ground.moment import Moment
from portal.models.ground.outbox import forget_old_letters
from portal.models.ground.stuck_work import (
    LOOPS,
    MESSAGES,
    MOMENTS,
    attempt,
    each,
    forget_unstuck,
    set_aside,
    went_well,
)
from portal.models.ground.stuck_work import TIDYING as TIDYING_UP
from portal.models.ground.throttle import forget_old_tries
from portal.models.messages.draft import forget_old_drafts
from portal.models.messages.message_notices import AT_ONCE, conversations_to_tell, tell_of_messages
from portal.models.notices.notice import forget_old_notices
from portal.models.practice.hours import plan_turns
from portal.models.staff.session import forget_old_sessions
from portal.realtime.bus import Bus
from portal.settings import settings
from portal.web.pushing import deliver_pushes

log = structlog.get_logger()

TIDY_EVERY = 600.0
SAY_EVERY = 15.0  # that a loop fails as a whole: staff hear of it after a minute
TIDYING: tuple[Callable[[], Awaitable[None]], ...] = (
    plan_turns,
    forget_old,
    forget_old_keys,
    forget_old_drafts,
    forget_old_sessions,
    forget_old_tries,
    forget_old_letters,
    forget_old_notices,
    forget_old_link_sessions,
    forget_old_requests,
    forget_unstuck,
)


async def work(bus: Bus) -> None:
    """Go on for ever. Several may run at once: each moment is struck, and each letter sent, by one of them."""
    every = settings().tick
    async with asyncio.TaskGroup() as loops:
        # Apart from each other: a mail server that is slow to answer holds up no moment.
        for act in (strike, tell_unread, deliver, tell_of_unread, deliver_pushes, grant_requests, read_returned):
            loops.create_task(_again(every, act, bus))
        loops.create_task(_again(TIDY_EVERY, tidy, bus))
        if settings().alive:
            loops.create_task(alive.live(bus, settings().alive))


async def _again(pause: float, act: Callable[[Bus], Awaitable[Any]], bus: Bus) -> None:
    """Do it for ever. The act itself sets aside an item that fails; where it fails as a whole, that is said too."""
    failed, noted = True, -SAY_EVERY  # before this process, perhaps
    while True:
        try:
            await act(bus)
            if failed:
                await went_well(LOOPS, act.__name__, bus.hint)
            failed = False
        except Exception as reason:
            failed = True
            log.warning("the worker will try again", loop=act.__name__, reason=where(reason))
            if time.monotonic() - noted >= SAY_EVERY:
                noted = time.monotonic()
                with suppress(Exception):  # the database is away: then that is all there is to say
                    await set_aside(LOOPS, act.__name__, reason, bus.hint)
        await asyncio.sleep(pause)


async def strike(bus: Bus) -> None:
    """Announce the moments that are due now."""
    await each(MOMENTS, await Moment.due(), _strike, bus.hint)


async def _strike(moments: list[UUID]) -> None:
    facts = await Moment.strike(moments)
    if any(isinstance(fact, OfficeTurned) for fact in facts):
        await plan_turns()
    for client in {fact.client for fact in facts if isinstance(fact, ComingOfAge)}:
        await _tell_of_age(client)
    for client in {fact.client for fact in facts if isinstance(fact, ContactsChanged)}:
        await end_lapsed_invitations(client)


async def _tell_of_age(client: UUID) -> None:
    """Send notices, and a letter to those whose access has ended by it: their pages tell them nothing any more."""
    for account, name in await tell_of_age(client):
        await tell_ended(account, client, name)


async def tell_unread(bus: Bus) -> None:
    """Give a notice to everybody who has not read the messages just written."""
    waiting = await conversations_to_tell()
    while waiting:
        await each(MESSAGES, waiting, tell_of_messages, bus.hint)
        waiting = await conversations_to_tell() if len(waiting) == AT_ONCE else []


async def tidy(bus: Bus) -> None:
    """Forget everything that has been kept long enough, and do the work that nobody else does. One that fails holds up
    no other."""
    for act in TIDYING:
        await attempt(TIDYING_UP, act.__name__, act, bus.hint)
    await grow_up_unnoticed(bus.hint)
