"""Broadcaster's way to Redis, in place of its own, which dies silently at the first connection that is cut."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

import structlog
from broadcaster import BroadcastBackend, Event
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from portal.realtime.steady_tasks import SteadyTasks

log = structlog.get_logger()

ANYONE = "*"  # heard in place of keys that are not known any more: look regardless
MOST_EVENTS = 100  # that have come in and that broadcaster has not taken yet

# In seconds.
GIVE_UP = 0.1  # on a PUBLISH
REACH = 1.0  # to connect and be let in
QUIET = 0.4  # without a word from Redis before it is asked for one
SILENCES = 3  # such times in a row before the line counts as dead
RECONNECT_FIRST, RECONNECT_LAST = 0.1, 1.0


class RedisBackend(BroadcastBackend):
    """Broadcaster's way to Redis, which heals by itself and is bounded in time and room.

    It knows its channels from the start. One line listens to them all; when it was cut, every listener hears "*" as
    soon as it is back, because hints were missed meanwhile.
    """

    def __init__(self, url: str, channels: Iterable[str], lost: Counter[str]) -> None:
        self.well = False
        self._lost = lost
        self._channels = frozenset(channels)
        self._work = SteadyTasks(lost)
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
