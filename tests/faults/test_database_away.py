"""PostgreSQL is stopped, or its lines are cut: pages say so kindly, wait, and go on by themselves."""

import asyncio
import datetime as dt
from contextlib import AsyncExitStack
from time import monotonic
from uuid import UUID, uuid4

from portal import clock
from portal.models.access.account import Access
from portal.models.ground.fact import unit
from portal.realtime.page import COME_BACK
from tests.deployment import Deployment
from tests.faults.telling import Telling, becomes, up
from tests.pages import open_page
from tests.servers import PostgreSQL


async def test_pages_wait_for_the_database_and_go_on_by_themselves(
    ground: Deployment, own_postgres: PostgreSQL
) -> None:
    cast = ground.cast
    miriam, dana = await cast.sign_in("miriam", worker=0), await cast.sign_in("dana", worker=1)
    told = Telling(miriam, cast.client["noa"], cast.conversation["noa clinical"])
    path = told.path.removeprefix("/staff")
    unsent = {"key": str(uuid4()), "body": f"{told.word} number 3."}
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        theirs = await enter(open_page(dana, path))
        own = await enter(open_page(miriam, told.path))
        today = await enter(open_page(miriam, "/staff/today", worker=1))
        await told.say(1)
        async with ground.models():
            granted = await Access.get(account_id=cast.account["dana"], client_id=cast.client["eli"], until_at=None)
            async with unit():
                await granted.end_on(ending := clock.now() + dt.timedelta(seconds=3))
        await told.say(1)
        # As in a crash: whatever was on its way to the pages is not waited for.
        own_postgres.stop()
        stopped = monotonic()

        for worker in (0, 1):
            answer = await dana.get(path, worker)
            assert answer.status_code == 503
            assert "Just a moment" in answer.text and "Traceback" not in answer.text
            assert int(answer.headers["retry-after"]) <= 10
            assert int(answer.headers["refresh"]) <= 10
            status, said = await up(ground, worker)
            assert (status, said["ready"], said["database"]) == (503, False, "away")
        answer = await miriam.send(f"{told.path}/messages", 0, **unsent)
        assert answer.status_code == 503 and "<html" not in answer.text
        whole = await miriam.post(f"{told.path}/messages", 0, **unsent)
        assert whole.status_code == 503 and "refresh" not in whole.headers
        for page in (theirs, own, today):
            await page.until(lambda page=page: not page.connected.is_set(), what="the end of its line")
            assert page.closed == COME_BACK
        print(f"PostgreSQL stopped: pages were told after {monotonic() - stopped:.2f} s")
        assert ground.beside is not None and ground.beside.process is not None
        assert ground.beside.process.poll() is None

        await asyncio.to_thread(own_postgres.start)
        started = monotonic()

        async def well() -> bool:
            return all([(await up(ground, worker))[0] == 200 for worker in (0, 1)])

        await becomes(well)
        print(f"PostgreSQL started: workers were ready after {monotonic() - started:.2f} s")
        answer = await miriam.send(f"{told.path}/messages", 0, **unsent)
        assert answer.status_code == 201, answer.text
        told.told[unsent["body"]] = monotonic()
        await told.say(2)
        for page in (theirs, own, today):
            await page.until(lambda page=page: page.connected.is_set(), seconds=12, what="its line")
        for page in (theirs, own):
            await page.until(lambda page=page: told.shown(page) == list(told.told), what="all that was told")
        print(f"PostgreSQL started: pages were whole after {monotonic() - started:.2f} s")
        for page in (theirs, own, today):
            await page.current()
        # What was due meanwhile is done by the worker beside them.

        async def nothing_is_due() -> bool:
            text = "select count(*) as n from moment where done_at is null and due_at < :now"
            return clock.now() > ending and bool((await ground.sql(text, now=clock.now()))[0]["n"] == 0)

        await becomes(nothing_is_due)
        assert (await dana.get(f"/clients/{cast.client['eli']}/home")).status_code == 404
        await ground.sql(
            "update access set until_at = null where account_id = :dana and client_id = :eli",
            dana=UUID(cast.account["dana"]),
            eli=UUID(cast.client["eli"]),
        )
    for worker in (0, 1):
        assert ground.log(worker).count('"regions failed"') < 50, "it must not spin while it waits"
        assert "unexpected" not in ground.log(worker)
        assert "Traceback" not in ground.log(worker)
