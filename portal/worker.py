"""The worker: turns due Moments into facts, and forgets what has been kept long enough."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from portal.models.fact import forget_old, unit
from portal.models.idempotency import forget_old_keys
from portal.models.moment import Moment
from portal.models.session import forget_old_sessions
from portal.models.signing_in import forget_old_tries
from portal.realtime.bus import Bus

log = structlog.get_logger()

EVERY = 0.5  # seconds between looks for due moments
TIDY_EVERY = 600.0
TIDYING: tuple[Callable[[], Awaitable[None]], ...] = (
    forget_old,
    forget_old_keys,
    forget_old_sessions,
    forget_old_tries,
)


async def work(bus: Bus) -> None:
    """Go on for ever. Several may run at once: each moment is struck by one of them."""
    clock = asyncio.get_running_loop().time
    tidied_at = clock()
    while True:
        try:
            await strike(bus)
            if clock() - tidied_at > TIDY_EVERY:
                tidied_at = clock()
                for tidy in TIDYING:
                    await tidy()
        except Exception as reason:
            log.warning("the worker will try again", reason=f"{type(reason).__name__}: {str(reason)[:160]}")
        await asyncio.sleep(EVERY)


async def strike(bus: Bus) -> int:
    """Announce what is due now."""
    async with unit() as said:
        struck = await Moment.strike()
    if said.facts:
        bus.hint(said.keys)
    return struck
