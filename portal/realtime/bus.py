"""The bus: it carries hints about who should look again between the workers; it and its way to Redis alone know
broadcaster.

A hint names audience keys and nothing else. It may be lost: the follower looks every second anyway. A whisper
is something of a moment, such as who is writing, in ids too; it is never sent twice, and may be lost for good.
So nobody ever waits for the bus, and a Redis that is slow, frozen or gone costs a request nothing.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from typing import Any, Self

import structlog
from broadcaster import Broadcast

from portal.realtime.redis_backend import ANYONE, GIVE_UP, RedisBackend
from portal.realtime.steady_tasks import SteadyTasks

log = structlog.get_logger()

HINTS = "portal:hints"
WHISPERS = "portal:whispers"

MOST_KEYS = 10_000  # kept of what is not sent yet, and of what nobody has asked for yet
MOST_WHISPERS = 500  # not sent, or not asked for; beyond that the newest are dropped
BATCH = 1_000  # keys in one PUBLISH: some 50 kB
LONGEST = 1_000_000  # characters of a payload that is worth decoding

# In seconds.
TRY_AGAIN = 0.5  # to publish, after two failures in a row


class BusClosed(Exception):
    """The end of the bus, raised to everybody who still listens when it is closed."""


class Bus:
    """The bus of one worker: connected in the lifespan before serving, closed at its end.

    `lost` counts what was dropped and why: `unsent` keys (the oldest of a queue that was full),
    `unread` events (they collapse to the key "*"), `garbled` payloads, and `restarts` of a task.
    All methods belong to the event loop's thread.
    """

    @classmethod
    def make(cls, redis_url: str) -> Self:
        """Return the bus at this address; without one, a bus within this process."""
        lost: Counter[str] = Counter()
        if not redis_url:
            return cls(Broadcast("memory://"), None, lost)
        backend = RedisBackend(redis_url, {HINTS, WHISPERS}, lost)
        return cls(Broadcast(backend=backend), backend, lost)

    def __init__(self, broadcast: Broadcast, redis: RedisBackend | None, lost: Counter[str]) -> None:
        self.lost = lost
        self._broadcast = broadcast
        self._redis = redis
        self._work = SteadyTasks(lost)
        self._subscription = AsyncExitStack()
        self._open = False
        self._failures = 0

        self._queued: dict[str, None] = {}  # a set that keeps its order
        self._unsent = asyncio.Event()
        self._sent = asyncio.Event()
        self._sent.set()

        self._heard: set[str] = set()
        self._news = asyncio.Event()

        self._unsaid: list[list[str]] = []
        self._to_say = asyncio.Event()
        self._whispered: list[list[str]] = []
        self._gossip = asyncio.Event()

    async def connect(self) -> None:
        """Subscribe and start to send; with Redis absent it goes on trying in the background."""
        await self._broadcast.connect()
        # Once and for all, here: broadcaster loses subscribers that come at the same moment.
        subscriber = await self._subscription.enter_async_context(self._broadcast.subscribe(HINTS))
        whispers = await self._subscription.enter_async_context(self._broadcast.subscribe(WHISPERS))

        async def listen() -> None:
            while True:
                self._take_in((await subscriber.get()).message)

        async def listen_closely() -> None:
            while True:
                self._take_in_whispers((await whispers.get()).message)

        self._open = True
        self._work.begin(self._mind_listener)
        self._work.begin(listen)
        self._work.begin(self._send)
        self._work.begin(listen_closely)
        self._work.begin(self._say)

    async def close(self) -> None:
        """Give what is queued a last moment to go out, then end every task and connection."""
        if not self._open:
            return
        if self.well:
            with suppress(TimeoutError):
                async with asyncio.timeout(GIVE_UP):
                    await self._sent.wait()
        self._open = False
        self._news.set()
        self._gossip.set()
        await self._work.end()
        await self._subscription.aclose()
        # What Broadcast.disconnect() does, except that it leaves its task behind.
        listener = self._broadcast._listener_task
        listener.cancel()
        await asyncio.wait([listener])
        await self._broadcast._backend.disconnect()

    def hint(self, keys: Iterable[str]) -> None:
        """Let every worker, this one too, look for what is new for these audience keys."""
        for key in keys:
            self._queued[key] = None
            if len(self._queued) > MOST_KEYS:
                del self._queued[next(iter(self._queued))]
                self.lost["unsent"] += 1
        if self._queued:
            self._unsent.set()
            self._sent.clear()

    async def heard(self) -> set[str]:
        """Wait for hints and return all keys since the last call; for one listener only."""
        await self._news.wait()
        if not self._open:
            raise BusClosed("The bus is closed.")
        self._news.clear()
        keys, self._heard = self._heard, set()
        return keys

    def whisper(self, ids: list[str]) -> None:
        """Let every worker, this one too, hear of something that counts for this moment only."""
        if len(self._unsaid) < MOST_WHISPERS:
            self._unsaid.append(ids)
            self._to_say.set()

    async def whispers(self) -> list[list[str]]:
        """Wait for whispers and return those since the last call; for one listener only."""
        await self._gossip.wait()
        if not self._open:
            raise BusClosed("The bus is closed.")
        self._gossip.clear()
        whispers, self._whispered = self._whispered, []
        return whispers

    @property
    def well(self) -> bool:
        """Tell whether hints arrive and go out; a Redis that freezes is noticed within two seconds."""
        return (
            self._open
            and self._failures < 2
            and self._work.whole
            and not self._broadcast._listener_task.done()
            and (self._redis is None or self._redis.well)
        )

    async def _send(self) -> None:
        """Publish the queue, and what is queued meanwhile in the next batch."""
        while True:
            await self._unsent.wait()
            batch = list(self._queued)[:BATCH]
            for key in batch:
                del self._queued[key]
            try:
                await self._broadcast.publish(HINTS, json.dumps(batch))
            except Exception as error:
                # Late is as good as new, and there is room: the keys wait for the next try.
                later, self._queued = self._queued, dict.fromkeys(batch)
                self.hint(later)
                self._failures += 1
                # The first failure may be this worker's own pause, or a connection cut long ago.
                if self._failures == 2:
                    log.warning("bus.cannot_send", error=type(error).__name__)
                if self._failures >= 2:
                    await asyncio.sleep(TRY_AGAIN)
            else:
                if self._failures >= 2:
                    log.info("bus.sends_again")
                self._failures = 0
                if not self._queued:
                    self._unsent.clear()
                    self._sent.set()

    async def _say(self) -> None:
        """Publish the whispers. One that can't go out now is old by the next try, so there is none."""
        while True:
            await self._to_say.wait()
            self._to_say.clear()
            batch, self._unsaid = self._unsaid, []
            with suppress(Exception):
                await self._broadcast.publish(WHISPERS, json.dumps(batch))

    def _take_in_whispers(self, payload: str) -> None:
        whispers = [one for one in self._list_in(payload) if _are_words(one)]
        self._whispered = [*self._whispered, *whispers][:MOST_WHISPERS]
        if self._whispered:
            self._gossip.set()

    def _take_in(self, payload: str) -> None:
        keys = self._list_in(payload)
        if not _are_words(keys):
            self.lost["garbled"] += 1
            return
        self._heard.update(keys)
        if len(self._heard) > MOST_KEYS:
            self._heard = {ANYONE}
        if self._heard:
            self._news.set()

    def _list_in(self, payload: str) -> list[Any]:
        """Return the list that was published; an empty one for anything else, which is counted."""
        with suppress(ValueError, RecursionError):
            parsed = json.loads(payload) if len(payload) <= LONGEST else None
            if isinstance(parsed, list):
                return parsed
        self.lost["garbled"] += 1
        return []

    async def _mind_listener(self) -> None:
        """Give broadcaster, which doesn't look after it, a new listener when its own has ended."""
        while True:
            await asyncio.wait([self._broadcast._listener_task])
            self.lost["restarts"] += 1
            await self._broadcast.connect()


def _are_words(parts: Any) -> bool:
    return isinstance(parts, list) and all(isinstance(part, str) for part in parts)
