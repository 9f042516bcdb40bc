"""A line to the database is cut at the worst moments: in the middle of a round, and as a transaction begins."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from time import monotonic
from urllib.parse import urlsplit
from uuid import UUID

from portal import clock
from portal.facts import ClientChanged
from portal.models.ground.fact import unit
from portal.models.ground.moment import Moment
from tests.deployment import Deployment, Process
from tests.faults.telling import Telling, becomes, by_hand, hearing, waits_for_a_lock, writes
from tests.pages import open_page
from tests.servers import free_port


async def test_a_round_that_is_cut_off_loses_nothing(ground: Deployment) -> None:
    cast = ground.cast
    miriam, dana = await cast.sign_in("miriam"), await cast.sign_in("dana", worker=1)
    noa, thread = cast.client["noa"], cast.conversation["noa clinical"]
    told, answers = Telling(miriam, noa, thread), Telling(dana, noa, thread)
    texts = [f"{told.word} number {n}." for n in (1, 2, 3)]
    async with ground.models(), AsyncExitStack() as stack:
        enter = stack.enter_async_context
        pages = [await enter(open_page(dana, answers.path)), await enter(open_page(miriam, told.path))]
        ears = [await enter(hearing(page, told)) for page in pages]
        # The messages can be rendered meanwhile; the counts of what is unread can't.
        async with by_hand(ground, "lock table reading in access exclusive mode"):
            for text in texts:
                async with by_hand(ground) as transaction:
                    await writes(transaction, told, noa, text)
                await waits_for_a_lock(ground)
                cut = await ground.sql(
                    "select pg_terminate_backend(pid) as yes from pg_stat_activity "
                    "where application_name = 'portal' and wait_event_type = 'Lock'"
                )
                assert cut and all(row["yes"] for row in cut)
        told.told = dict.fromkeys(texts, monotonic())
        for each in ears:
            await each.all()
            await each.page.current()
            assert each.page.connections == 1


class Line:
    """A line to PostgreSQL that is cut, so many times, as soon as a transaction is to begin on it."""

    def __init__(self, url: str, cuts: int) -> None:
        there = urlsplit(url)
        self.there, self.port, self.cuts = (there.hostname, there.port), free_port(), cuts
        self.url = there._replace(netloc=f"{there.username}@127.0.0.1:{self.port}").geturl()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection(*self.there)
        try:
            await asyncio.gather(self._copy(reader, forth), self._copy(back, writer))
        except (ConnectionError, EOFError):
            pass
        finally:
            for one in (forth, writer):
                one.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if b"BEGIN" in data and self.cuts > 0:
                self.cuts -= 1
                break
            writer.write(data)
            await writer.drain()
        raise EOFError

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with await asyncio.start_server(self.carry, "127.0.0.1", self.port) as server:
            yield
            server.close()


async def test_the_worker_goes_on_after_its_transactions_could_not_begin(ground: Deployment) -> None:
    line = Line(ground.database_url, cuts=2)
    assert ground.beside is not None
    ground.beside.stop()
    async with line.open():
        other = Process(["work"], ground.env | {"DATABASE_URL": line.url, "PORTAL_BASE_URL": ground.bases[0]})
        try:
            await asyncio.to_thread(other.start)
            await becomes(lambda: line.cuts == 0, within=20)
            async with ground.models(), unit():
                await Moment.plan(clock.now(), ClientChanged(client=UUID(ground.cast.client["noa"])))

            async def nothing_is_due() -> bool:
                text = "select count(*) as n from moment where done_at is null and due_at <= :now"
                return bool((await ground.sql(text, now=clock.now()))[0]["n"] == 0)

            await becomes(nothing_is_due)
        finally:
            await asyncio.to_thread(other.close)
