"""A worker is killed between writing and committing, and between committing and telling."""

import asyncio
import signal
from contextlib import suppress
from time import monotonic
from uuid import UUID, uuid4

import httpx2
import pytest

from tests.deployment import Deployment
from tests.faults.telling import LATE, Telling, becomes, by_hand, hearing, waits_for_a_lock
from tests.pages import open_page
from tests.servers import Redis


async def saved(deployment: Deployment, telling: Telling) -> int:
    """Count the messages of the conversation, and the facts that say so: the two never differ."""
    found = await deployment.sql(
        "select (select count(*) from message where conversation_id = :id) as messages, "
        "(select last_number from conversation where id = :id) as last",
        id=UUID(telling.conversation),
    )
    assert found[0]["messages"] == found[0]["last"]
    return int(found[0]["messages"])


async def test_a_message_whose_worker_dies_before_the_commit_is_saved_by_the_next_try_alone(ground: Deployment) -> None:
    cast = ground.cast
    miriam, dana = await cast.sign_in("miriam", worker=0), await cast.sign_in("dana", worker=1)
    told = Telling(miriam, cast.client["noa"], cast.conversation["noa clinical"])
    before = await saved(ground, told)
    letter = {"key": str(uuid4()), "body": f"{told.word} number 1."}
    async with open_page(dana, told.path.removeprefix("/staff")) as page, open_page(miriam, told.path) as own:
        async with by_hand(ground, "lock table reading in exclusive mode"):
            # What is held here is written last: the message is not committed, and not refused either.
            first = asyncio.create_task(miriam.send(f"{told.path}/messages", 0, **letter))
            await waits_for_a_lock(ground)
            own.worker = 1
            await ground.stop(0, signal.SIGKILL)
            with pytest.raises(httpx2.HTTPError):
                await first
            assert await saved(ground, told) == before
            again = asyncio.create_task(miriam.send(f"{told.path}/messages", 1, **letter))
        answer = await again
        assert answer.status_code == 201, answer.text
        told.told[letter["body"]] = monotonic()
        third = await miriam.send(f"{told.path}/messages", 1, **letter)
        assert third.status_code == 201 and letter["body"] in third.text
        assert await saved(ground, told) == before + 1
        for each in (page, own):
            async with hearing(each, told) as ears:
                await ears.all()
            await each.current()


async def test_a_message_whose_worker_dies_before_it_can_tell_anyone_arrives(
    ground: Deployment, own_redis: Redis
) -> None:
    cast = ground.cast
    miriam, dana = await cast.sign_in("miriam", worker=0), await cast.sign_in("dana", worker=1)
    told = Telling(miriam, cast.client["noa"], cast.conversation["noa clinical"])
    before = await saved(ground, told)
    letter = {"key": str(uuid4()), "body": f"{told.word} number 1."}
    async with (
        open_page(dana, told.path.removeprefix("/staff")) as page,
        open_page(miriam, told.path) as own,
        hearing(page, told) as ears,
    ):
        # A frozen Redis lets no hint through.
        own_redis.freeze()
        sending = asyncio.create_task(miriam.send(f"{told.path}/messages", 0, **letter))

        async def is_saved() -> bool:
            return await saved(ground, told) > before

        await becomes(is_saved)
        own.worker = 1
        ground.workers[0].stop(signal.SIGKILL)
        told.told[letter["body"]] = monotonic()
        print(f"killed after the commit: {await ears.all(LATE):.2f} s late")
        own_redis.thaw()
        with suppress(httpx2.HTTPError):
            await sending
        # The browser has no answer, or has one: either way the same letter again changes nothing.
        again = await miriam.send(f"{told.path}/messages", 1, **letter)
        assert again.status_code == 201 and letter["body"] in again.text
        assert await saved(ground, told) == before + 1
        await own.until(lambda: told.shown(own) == list(told.told))
        await page.current()
        await own.current()
