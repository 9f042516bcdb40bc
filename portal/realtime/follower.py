"""The follower: it reads the facts this worker has not seen, and gives them to the hub.

It looks when a hint names someone who has a page here, and every second regardless. A lost hint costs that second.
"""

import asyncio
import contextlib

import structlog

from portal.logs import where
from portal.models.ground.fact import Bookmark, bookmark, since
from portal.realtime.bus import Bus
from portal.realtime.hub import Hub
from portal.settings import settings

log = structlog.get_logger()

EVERY = 1.0  # seconds between looks without a hint, or a heartbeat's where those come sooner
PATIENCE = 2.0  # seconds of failing before the pages are sent to another worker


class Follower:
    def __init__(self, bus: Bus, hub: Hub) -> None:
        self.bus, self.hub = bus, hub
        self.seen: Bookmark | None = None
        self.looked_at = asyncio.get_running_loop().time()
        self.looks = 0
        self._hinted = asyncio.Event()

    @property
    def delay(self) -> float:
        """Return the seconds since the last good look."""
        return asyncio.get_running_loop().time() - self.looked_at

    async def run(self) -> None:
        """Look, again and again. Never ends by itself."""
        listening = asyncio.create_task(self._listen())
        next_tick = 0.0
        clock = asyncio.get_running_loop().time
        every = min(EVERY, settings().heartbeat)
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    # Not wait_for: until Python 3.12 it can swallow the cancellation that ends this worker.
                    async with asyncio.timeout(max(0.0, next_tick - clock())):
                        await self._hinted.wait()
                # Cleared before looking: a hint that comes meanwhile is for the next look.
                self._hinted.clear()
                ticked = clock() >= next_tick
                if ticked:
                    next_tick = clock() + every
                try:
                    await self.look()
                    if ticked:
                        await self.hub.tick()
                except Exception as reason:
                    log.warning("the follower could not look", reason=where(reason))
                    if self.delay > PATIENCE and self.hub.pages:
                        await self.hub.close_all()
                    await asyncio.sleep(0.25)
        finally:
            listening.cancel()

    async def look(self) -> None:
        """Read everything new in one query and dispatch it."""
        if self.seen is None:
            self.seen = self.hub.latest = await bookmark()
        news = await since(self.seen)
        await self.hub.dispatch(news)
        self.seen = news.bookmark
        self.looked_at = asyncio.get_running_loop().time()
        self.looks += 1

    async def _listen(self) -> None:
        while True:
            try:
                if self.hub.concerns(await self.bus.heard()):
                    self._hinted.set()
            except Exception:
                log.warning("the bus could not be heard", exc_info=True)
                await asyncio.sleep(0.2)
