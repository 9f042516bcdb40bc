"""Redis stops, freezes, cuts its lines or was never there: what is written arrives all the same, and in time."""

import asyncio
from contextlib import AsyncExitStack
from time import monotonic

import pytest

from tests.deployment import Deployment
from tests.faults.telling import LATE, Telling, becomes, hearing, up
from tests.pages import open_page
from tests.servers import Redis


async def bus_is(deployment: Deployment, state: str) -> None:
    async def is_so() -> bool:
        return all([(await up(deployment, worker))[1]["bus"] == state for worker in (0, 1)])

    await becomes(is_so)


@pytest.mark.parametrize(
    ("what", "seconds"), [("stopped", 1), ("stopped", 12), ("frozen", 2), ("cut", 1)], ids=lambda x: str(x)
)
async def test_messages_arrive_whatever_redis_does(
    ground: Deployment, own_redis: Redis, what: str, seconds: int
) -> None:
    cast = ground.cast
    miriam, dana = await cast.sign_in("miriam", worker=0), await cast.sign_in("dana", worker=1)
    noa, thread = cast.client["noa"], cast.conversation["noa clinical"]
    told, answers = Telling(miriam, noa, thread), Telling(dana, noa, thread)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        hers = await enter(open_page(dana, answers.path))
        theirs = await enter(open_page(miriam, told.path))
        ears, others = await enter(hearing(hers, told)), await enter(hearing(theirs, answers))
        await told.say(2)

        match what:
            case "stopped":
                own_redis.stop()
            case "frozen":
                own_redis.freeze()
        until = monotonic() + seconds
        while monotonic() < until:
            if what == "cut":
                own_redis.kill_pubsub()
            await told.go_on(0.3)
            await answers.say()
        match what:
            case "stopped":
                own_redis.start()
            case "frozen":
                own_redis.thaw()
        await told.go_on(1.0, every=0.1)
        await answers.say()

        late = await ears.all(), await others.all()
        print(f"{what} for {seconds} s: {max(late):.2f} s late, {told.slowest:.2f} s to send")
        await bus_is(ground, "well")
        await told.say()
        await ears.all()
        assert hers.connections == theirs.connections == 1
        await hers.current()
        await theirs.current()


async def test_workers_that_start_without_redis_serve_and_find_it_when_it_comes(
    ground: Deployment, own_redis: Redis
) -> None:
    await asyncio.gather(ground.stop(0), ground.stop(1))
    own_redis.stop()
    await asyncio.gather(ground.start(0), ground.start(1))
    cast = ground.cast
    miriam, dana = await cast.sign_in("miriam", worker=0), await cast.sign_in("dana", worker=1)
    told = Telling(miriam, cast.client["noa"], cast.conversation["noa clinical"])
    await bus_is(ground, "away")
    async with open_page(dana, told.path.removeprefix("/staff")) as page, hearing(page, told) as ears:
        await told.go_on(1.2)
        late = await ears.all()
        own_redis.start()
        await bus_is(ground, "well")
        await told.say(3)
        soon = await ears.all(LATE)
        print(f"absent at start: {late:.2f} s late, {soon:.2f} s once it came")
        await page.current()
