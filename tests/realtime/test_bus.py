"""Workers hear each other's hints, and neither a broken nor a frozen Redis holds anyone up."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from redis.asyncio import Redis as Client

from portal.realtime.bus import BATCH, HINTS, MOST_KEYS, Bus, BusClosed
from portal.realtime.redis_backend import MOST_EVENTS, RedisBackend
from tests.faults.telling import becomes
from tests.pages import in_time
from tests.servers import Redis

Connected = Callable[[str], Awaitable[Bus]]
TIMES = "one", "another", "a third"  # what is promised in so many seconds is asked three times


@contextlib.contextmanager
def timed(delays: dict[str, float], name: str) -> Iterator[None]:
    """Note under this name how many seconds it takes."""
    began = time.monotonic()
    yield
    delays[name] = time.monotonic() - began


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A server of the test's own: it will be stopped and frozen, and a channel is for all."""
    with Redis() as server:
        yield server


@pytest.fixture
async def connected() -> AsyncIterator[Connected]:
    buses = []

    async def connect(url: str) -> Bus:
        bus = Bus.make(url)
        buses.append(bus)
        await bus.connect()
        return bus

    yield connect
    for bus in buses:
        await bus.close()


async def hears(bus: Bus, *wanted: str, within: float = 8) -> set[str]:
    """All that the bus hears until each wanted key is among it."""
    heard: set[str] = set()
    async with asyncio.timeout(within):
        while not heard.issuperset(wanted):
            heard |= await bus.heard()
    return heard


async def publish(redis: Redis, *payloads: str | bytes) -> None:
    async with Client.from_url(redis.url()) as client:
        for payload in payloads:
            await client.publish(HINTS, payload)


async def test_workers_hear_each_other_and_themselves(redis: Redis, connected: Connected) -> None:
    one, other = await connected(redis.url()), await connected(redis.url())
    assert one.well and other.well

    one.hint(["client:noa", "staff:miriam"])
    other.hint(["client:eli"])

    for bus in (one, other):
        assert await hears(bus, "client:noa", "staff:miriam", "client:eli") == {
            "client:noa",
            "staff:miriam",
            "client:eli",
        }


async def test_every_key_arrives(redis: Redis, connected: Connected) -> None:
    one, other = await connected(redis.url()), await connected(redis.url())
    keys = {f"client:{number}" for number in range(5_000)}

    for key in keys:
        one.hint([key])

    assert await hears(other, *keys) == keys


async def test_hints_of_one_moment_are_one_message(redis: Redis, connected: Connected) -> None:
    bus = await connected(redis.url())
    async with Client.from_url(redis.url()) as client, client.pubsub() as listener:
        await listener.subscribe(HINTS)
        assert (await listener.get_message(timeout=2))["type"] == "subscribe"

        bus.hint(["client:noa"])
        bus.hint(["client:eli"])
        bus.hint(["client:noa"])

        message = await listener.get_message(timeout=2)
        assert json.loads(message["data"]) == ["client:noa", "client:eli"]


async def test_a_bus_without_redis_works_within_the_process(connected: Connected) -> None:
    bus = await connected("")
    assert bus.well

    bus.hint(["client:noa"])
    bus.hint(["client:eli"])

    assert await bus.heard() == {"client:noa", "client:eli"}


async def test_after_a_restart_of_redis_workers_hear_again(redis: Redis, connected: Connected) -> None:
    one, other = await connected(redis.url()), await connected(redis.url())

    redis.stop()
    await becomes(lambda: not one.well and not other.well)
    one.hint(["client:sam"])
    redis.start()
    one.hint(["client:noa"])

    # What was published before the other listened again is lost, so it is told to look regardless.
    assert "*" in await hears(other, "*")
    await becomes(lambda: one.well and other.well)
    one.hint(["client:eli"])
    await hears(other, "client:eli")


async def test_when_its_connection_is_cut_a_worker_hears_again(redis: Redis, connected: Connected) -> None:
    one, other = await connected(redis.url()), await connected(redis.url())

    assert redis.kill_pubsub() == 2
    await hears(one, "*")
    await hears(other, "*")
    one.hint(["client:noa"])

    assert await hears(other, "client:noa") == {"client:noa"}


async def test_a_frozen_redis_is_noticed_and_holds_nobody_up(redis: Redis, connected: Connected) -> None:
    bus = await connected(redis.url())
    redis.freeze()

    delays: dict[str, float] = {}
    for name in TIMES:
        with timed(delays, name):
            for number in range(1_000):
                bus.hint([f"client:{number}"])
    in_time(delays, 0.1)
    await becomes(lambda: not bus.well)
    bus.hint(["client:noa"])

    redis.thaw()
    # What went out before it listened again it can't have heard, so it is told to look regardless.
    await hears(bus, "*")
    await becomes(lambda: bus.well)
    bus.hint(["client:eli"])
    await hears(bus, "client:eli")


async def test_a_call_to_a_frozen_redis_is_given_up_soon(redis: Redis) -> None:
    backends = {name: RedisBackend(redis.url(), {HINTS}, Bus.make("").lost) for name in TIMES}
    for backend in backends.values():
        await backend.publish(HINTS, "[]")
    redis.freeze()

    delays: dict[str, float] = {}
    for name, backend in backends.items():
        with timed(delays, name), pytest.raises(TimeoutError):
            await backend.publish(HINTS, "[]")
    in_time(delays, 0.3)
    for backend in backends.values():
        await backend.disconnect()


async def test_what_could_not_be_sent_is_sent_later(redis: Redis, connected: Connected) -> None:
    bus = await connected(redis.url())
    assert redis.command("ACL SETUSER default -publish") == "+OK"
    keys = {f"client:{number}" for number in range(2 * BATCH)}

    bus.hint(keys)
    await becomes(lambda: not bus.well)
    assert redis.command("ACL SETUSER default +publish") == "+OK"

    assert await hears(bus, *keys) == keys
    assert bus.well


async def test_a_frozen_redis_is_noticed_when_nothing_is_sent(redis: Redis, connected: Connected) -> None:
    buses = {name: await connected(redis.url()) for name in TIMES}
    delays: dict[str, float] = {}

    async def notices(name: str) -> None:
        with timed(delays, name):
            await becomes(lambda: not buses[name].well)

    redis.freeze()
    await asyncio.gather(*map(notices, buses))
    in_time(delays, 2.5)
    redis.thaw()
    for bus in buses.values():
        assert await hears(bus, "*") == {"*"}
        assert bus.well


@pytest.mark.parametrize("known", [False, True], ids=["not noticed yet", "noticed"])
async def test_a_bus_closes_at_once_with_redis_frozen(redis: Redis, known: bool) -> None:
    before = asyncio.all_tasks()
    buses = {name: Bus.make(redis.url()) for name in TIMES}
    for bus in buses.values():
        await bus.connect()
    redis.freeze()
    delays: dict[str, float] = {}
    for bus in buses.values():
        bus.hint(["client:noa"])
    if known:
        await becomes(lambda: not any(bus.well for bus in buses.values()))

    for name, bus in buses.items():
        with timed(delays, name):
            await bus.close()

    in_time(delays, 1)
    assert not any(bus.well for bus in buses.values())
    assert asyncio.all_tasks() == before


async def test_a_worker_starts_at_once_without_redis_and_hears_when_it_comes(
    redis: Redis, connected: Connected
) -> None:
    redis.stop()
    delays: dict[str, float] = {}
    for name in TIMES:
        with timed(delays, name):
            bus = await connected(redis.url())
        assert not bus.well
    in_time(delays, 0.5)
    bus.hint(["client:noa"])

    redis.start()

    await becomes(lambda: bus.well)
    bus.hint(["client:eli"])
    await hears(bus, "client:eli")


async def test_a_worker_starts_while_redis_is_frozen(redis: Redis, connected: Connected) -> None:
    redis.freeze()
    delays: dict[str, float] = {}
    for name in TIMES:
        with timed(delays, name):
            bus = await connected(redis.url())
        assert not bus.well
    in_time(delays, 1)

    redis.thaw()

    await becomes(lambda: bus.well)


async def test_what_is_no_hint_is_dropped(redis: Redis, connected: Connected) -> None:
    bus = await connected(redis.url())
    garbage: list[str | bytes] = [
        b"\xff\xfe",
        "",
        "not json",
        '{"client": "noa"}',
        "[1, 2]",
        "[" * 100_000,
        "1" * 10_000,
        json.dumps(["x" * 1_000_000]),
    ]

    await publish(redis, *garbage)
    bus.hint(["client:noa"])

    assert await hears(bus, "client:noa") == {"client:noa"}
    assert bus.lost["garbled"] == len(garbage)
    assert bus.well


@pytest.mark.parametrize("where", ["redis", "memory"])
async def test_a_burst_stays_bounded(redis: Redis, connected: Connected, where: str) -> None:
    bus = await connected(redis.url() if where == "redis" else "")

    bus.hint(f"client:{number}" for number in range(50_000))
    assert len(bus._queued) == MOST_KEYS
    assert bus.lost["unsent"] == 50_000 - MOST_KEYS

    heard = await hears(bus, "client:49999")
    assert heard == {f"client:{number}" for number in range(40_000, 50_000)}


async def test_a_task_that_has_ended_is_told(connected: Connected) -> None:
    bus = await connected("")
    for task in bus._work._tasks.values():
        task.cancel()
    await asyncio.wait(bus._work._tasks.values())
    assert not bus.well
    await becomes(lambda: bus.well)


async def test_a_listener_that_is_behind_is_told_to_look_regardless(connected: Connected) -> None:
    bus = await connected("")
    for number in range(2 * MOST_KEYS):
        bus.hint([f"client:{number}"])
        if number % 1_000 == 0:
            await bus._sent.wait()
    await becomes(lambda: "*" in bus._heard)
    assert len(bus._heard) <= MOST_KEYS


async def test_events_that_broadcaster_does_not_take_are_bounded(redis: Redis) -> None:
    backend = RedisBackend(redis.url(), {HINTS}, Bus.make("").lost)
    await backend.connect()
    try:
        await publish(redis, *(["[]"] * (MOST_EVENTS * 2 + 5)))
        await becomes(lambda: backend._lost["unread"] > MOST_EVENTS)
        assert backend._inbound.qsize() <= MOST_EVENTS
        assert (await backend.next_published()).message == '["*"]'
    finally:
        await backend.disconnect()


@pytest.mark.parametrize("where", ["redis", "memory"])
async def test_tasks_that_end_are_begun_again(redis: Redis, connected: Connected, where: str) -> None:
    bus = await connected(redis.url() if where == "redis" else "")
    works = [bus._work] + ([bus._redis._work] if bus._redis else [])
    for number, task in enumerate(
        [bus._broadcast._listener_task, *(task for work in works for task in work._tasks.values())]
    ):
        task.cancel()
        await asyncio.wait([task])
        restarts = number + 1
        await becomes(lambda restarts=restarts: bus.well and bus.lost["restarts"] == restarts)
        bus.hint([f"client:{number}"])
        await hears(bus, f"client:{number}")


async def test_a_closed_bus_leaves_nothing_behind(redis: Redis) -> None:
    before = asyncio.all_tasks()
    one, other = Bus.make(redis.url()), Bus.make(redis.url())
    await one.connect()
    await other.connect()
    listener = asyncio.create_task(one.heard())
    await asyncio.sleep(0)

    await one.close()
    await one.close()
    with pytest.raises(BusClosed):
        await listener
    one.hint(["client:noa"])
    await other.close()

    assert asyncio.all_tasks() == before
    assert "pubsub" not in redis.command("CLIENT LIST TYPE pubsub")


async def test_what_was_hinted_last_is_sent_before_closing(redis: Redis, connected: Connected) -> None:
    bus, leaving = await connected(redis.url()), Bus.make(redis.url())
    await leaving.connect()
    leaving.hint(["client:noa"])
    await leaving.close()
    await hears(bus, "client:noa")
