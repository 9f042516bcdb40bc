"""The bus: it carries hints about who should look again between the workers; the only file that knows broadcaster.

A hint names audience keys and nothing else. It may be lost: the follower looks every second anyway. A whisper
is something of a moment, such as who is writing, in ids too; it is never sent twice, and may be lost for good.
So nobody ever waits for the bus, and a Redis that is slow, frozen or gone costs a request nothing.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, suppress
from typing import Any, Self

import structlog
from broadcaster import Broadcast, BroadcastBackend, Event
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

log = structlog.get_logger()

HINTS = "portal:hints"
WHISPERS = "portal:whispers"
ANYONE = "*"  # heard in place of keys that are not known any more: look regardless

MOST_KEYS = 10_000  # kept of what is not sent yet, and of what nobody has asked for yet
MOST_WHISPERS = 500  # not sent, or not asked for; beyond that the newest are dropped
MOST_EVENTS = 100  # that have come in and that broadcaster has not taken yet
BATCH = 1_000  # keys in one PUBLISH: some 50 kB
LONGEST = 1_000_000  # characters of a payload that is worth decoding

# In seconds.
GIVE_UP = 0.1  # on a PUBLISH
REACH = 1.0  # to connect and be let in
TRY_AGAIN = 0.5  # to publish, after two failures in a row
QUIET = 0.4  # without a word from Redis before it is asked for one
SILENCES = 3  # such times in a row before the line counts as dead
RECONNECT_FIRST, RECONNECT_LAST = 0.1, 1.0
BEGIN_AGAIN = 0.1  # a task that has ended: one that can't start must not spin
END = 0.5  # for all tasks, told to, to be gone


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
        self._work = Work(lost)
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
        said, self._whispered = self._whispered, []
        return said

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
        try:
            said = json.loads(payload) if len(payload) <= LONGEST else None
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, list):
            self.lost["garbled"] += 1
            return
        ids = [one for one in said if isinstance(one, list) and all(isinstance(part, str) for part in one)]
        self._whispered = [*self._whispered, *ids][:MOST_WHISPERS]
        if self._whispered:
            self._gossip.set()

    def _take_in(self, payload: str) -> None:
        try:
            keys = json.loads(payload) if len(payload) <= LONGEST else None
        except (ValueError, RecursionError):
            keys = None
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            self.lost["garbled"] += 1
            return
        self._heard.update(keys)
        if len(self._heard) > MOST_KEYS:
            self._heard = {ANYONE}
        if self._heard:
            self._news.set()

    async def _mind_listener(self) -> None:
        """Give broadcaster, which doesn't look after it, a new listener when its own has ended."""
        while True:
            await asyncio.wait([self._broadcast._listener_task])
            self.lost["restarts"] += 1
            await self._broadcast.connect()


class RedisBackend(BroadcastBackend):
    """Broadcaster's way to Redis, which heals by itself and is bounded in time and room.

    It knows its channels from the start. One line listens to them all; when it was cut, every listener hears "*" as
    soon as it is back, because hints were missed meanwhile.
    """

    def __init__(self, url: str, channels: Iterable[str], lost: Counter[str]) -> None:
        self.well = False
        self._lost = lost
        self._channels = frozenset(channels)
        self._work = Work(lost)
        self._first_try_done = asyncio.Event()
        self._missed_some = False  # since the line was first up, or should have been
        self._inbound: asyncio.Queue[Event] = asyncio.Queue()
        # Each has a pool of its own, and neither retries: redis-py's own tries take far too long.
        self._listening = self._client(url)
        self._publishing = self._client(url)
        self._can_publish = False

    @staticmethod
    def _client(url: str) -> Redis:
        return Redis.from_url(
            url, socket_timeout=REACH, socket_connect_timeout=REACH, retry=Retry(NoBackoff(), 0, supported_errors=())
        )

    async def connect(self) -> None:
        """Return when the first try is over, however it ended: half a second at the most."""
        if not self._work.begun:
            self._work.begin(self._hold_line)
        with suppress(TimeoutError):
            async with asyncio.timeout(REACH / 2):
                await self._first_try_done.wait()

    async def disconnect(self) -> None:
        await self._work.end()
        self.well = False
        for client in (self._listening, self._publishing):
            with suppress(Exception):
                async with asyncio.timeout(GIVE_UP):
                    await client.aclose()

    async def subscribe(self, group: str) -> None:
        if group not in self._channels:
            raise ValueError(f"{group!r} is not among the bus's channels: name it in Bus.make.")

    async def unsubscribe(self, group: str) -> None:
        """Do nothing: the channels are constant, and the line listens to them until it is closed."""

    async def publish(self, channel: str, message: str) -> None:
        """Publish to Redis. Raises what redis-py raises, or TimeoutError after a tenth of a second."""
        can_publish, self._can_publish = self._can_publish, False
        if not can_publish:
            # The limit is for a call, not for a handshake with a host that may be far away.
            async with asyncio.timeout(REACH):
                await self._publishing.ping()
        async with asyncio.timeout(GIVE_UP):
            await self._publishing.publish(channel, message)
        self._can_publish = True

    async def next_published(self) -> Event:
        return await self._inbound.get()

    async def _hold_line(self) -> None:
        wait = RECONNECT_FIRST
        while True:
            try:
                await self._listen()
            except Exception as error:
                if self.well:
                    wait = RECONNECT_FIRST
                if self.well or not self._missed_some:
                    log.warning("bus.cannot_hear", error=type(error).__name__)
            finally:
                self.well = False
                self._missed_some = True
                self._first_try_done.set()
            # Not all workers at the same moment.
            await asyncio.sleep(wait * random.uniform(0.5, 1))
            wait = min(wait * 2, RECONNECT_LAST)

    async def _listen(self) -> None:
        """Listen on one connection, and raise when that ends or says nothing any more."""
        pubsub = self._listening.pubsub()
        try:
            async with asyncio.timeout(REACH):
                await pubsub.subscribe(*self._channels)
            waiting_for, silences = set(self._channels), 0
            while True:
                event = await pubsub.get_message(timeout=QUIET)
                if event is None:
                    # A frozen host, or a network that swallows everything, is seen only by asking.
                    silences += 1
                    if silences > SILENCES:
                        raise TimeoutError("Redis does not answer.")
                    async with asyncio.timeout(QUIET):
                        await pubsub.ping()
                    continue
                silences = 0
                if event["type"] == "message":
                    self._put(event["channel"], event["data"])
                elif event["type"] == "subscribe":
                    waiting_for.discard(event["channel"].decode())
                    if not waiting_for and not self.well:
                        self._say_well()
                # Let broadcaster take it before the next: with bytes at hand nothing else yields.
                await asyncio.sleep(0)
        finally:
            with suppress(Exception):
                async with asyncio.timeout(GIVE_UP):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]

    def _say_well(self) -> None:
        self.well = True
        self._first_try_done.set()
        if self._missed_some:
            log.info("bus.hears_again")
            self._say_look_regardless()

    def _put(self, channel: bytes, payload: bytes) -> None:
        try:
            event = Event(channel.decode(), payload.decode())
        except UnicodeDecodeError:
            self._lost["garbled"] += 1
            return
        if self._inbound.qsize() >= MOST_EVENTS:
            self._lost["unread"] += self._inbound.qsize() + 1
            while not self._inbound.empty():
                self._inbound.get_nowait()
            self._say_look_regardless()
        else:
            self._inbound.put_nowait(event)

    def _say_look_regardless(self) -> None:
        for channel in self._channels:
            self._inbound.put_nowait(Event(channel, json.dumps([ANYONE])))


class Work:
    """Tasks that run until they are told to end; one that ends by itself is begun again."""

    def __init__(self, lost: Counter[str]) -> None:
        self._lost = lost
        self._tasks: dict[Callable[[], Coroutine[Any, Any, None]], asyncio.Task[None]] = {}
        self._ending = False

    @property
    def begun(self) -> bool:
        return bool(self._tasks)

    @property
    def whole(self) -> bool:
        return self.begun and not any(task.done() for task in self._tasks.values())

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._ending:
            return
        task = asyncio.create_task(work(), name=f"bus {work.__name__}")
        task.add_done_callback(lambda task: self._ended(work, task))
        self._tasks[work] = task

    async def end(self) -> None:
        self._ending = True
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=END)

    def _ended(self, work: Callable[[], Coroutine[Any, Any, None]], task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if self._ending:
            return
        self._lost["restarts"] += 1
        log.error("bus.task_ended", task=task.get_name(), exc_info=error)
        asyncio.get_running_loop().call_later(BEGIN_AGAIN, self.begin, work)
