"""A worker is ended, as a deploy does it, with a thousand pages open."""

import asyncio
import contextlib
import hashlib
import json
import re
import secrets
import signal
from collections import Counter
from statistics import median
from time import monotonic
from uuid import UUID

import websockets
from websockets.asyncio.client import connect

from portal import clock
from portal.models.ground.record import uuid7
from portal.models.staff.session import IDLE, LONGEST
from tests.deployment import Deployment
from tests.faults.conftest import PLENTY
from tests.faults.telling import Telling, becomes
from tests.pages import PATIENCE, open_page
from tests.servers import PostgreSQL, Redis

HOLDERS, EACH = 125, 8  # one person may have ten pages open on one worker
COUNT = HOLDERS * EACH
WITHIN = 12.0  # seconds for all of them to be on another worker
ANSWERS = 2.0  # seconds for any request meanwhile
AWAY = 4.0  # seconds for one of them to be back, on a machine that runs all of this at once


async def employ(deployment: Deployment) -> list[str]:
    """Colleagues who may read every client's messages, each signed in; gives their cookies."""
    tokens, now = [secrets.token_urlsafe(32) for _ in range(HOLDERS)], clock.now()
    await deployment.sql(
        "with person as (select * from unnest(:ids::uuid[], :hashes::text[]) as p (id, hash)), "
        "hired as (insert into staff_member (id, name, email, email_key, role, granted, denied, subscribed, "
        "password_hash, language, theme, added_at) select id, 'Colleague', id::text, id::text, 'therapist', "
        "'[]', '[]', true, '', 'en', '', :now from person), "
        "allowed as (insert into staff_permission (staff_id, permission) select id, permission from person, "
        "unnest(array['see_all_clients', 'clinical_messages']) as permission) "
        "insert into session (id, token_hash, side, staff_id, started_at, seen_at, idle_until, expires_at) "
        "select gen_random_uuid(), hash, 'staff', id, :now, :now, :idle, :end from person",
        ids=[uuid7() for _ in tokens],
        hashes=[hashlib.sha256(token.encode()).hexdigest() for token in tokens],
        now=now,
        idle=now + IDLE["staff"],
        end=now + LONGEST,
    )
    return [f"portal-staff={token}" for token in tokens]


class Reader:
    """A page without a document: it keeps its bookmark, its cursor and the numbers it was sent."""

    def __init__(self, deployment: Deployment, cookie: str, region: str, since: str, cursor: int) -> None:
        self.bases, self.cookie, self.region = deployment.bases, cookie, region
        self.since, self.cursor = since, cursor
        self.heard: list[int] = []
        self.asked: float | None = None  # when it was asked to come back
        self.back: float | None = None  # and when it was
        self.here = asyncio.Event()

    async def read(self) -> None:
        """Stay on the first worker until that asks to leave, and then on the other."""
        worker = 0
        while True:
            with contextlib.suppress(OSError, websockets.WebSocketException):
                await self._listen(worker)
            if self.asked is None:
                await asyncio.sleep(0.5)
            else:
                worker = 1

    async def _listen(self, worker: int) -> None:
        base = self.bases[worker]
        async with connect(
            f"ws{base.removeprefix('http')}/staff/live",
            origin=base,  # type: ignore[arg-type]
            additional_headers={"Cookie": self.cookie},
            compression=None,
            ping_interval=None,
            close_timeout=1,
        ) as socket:
            hello = {"since": self.since, "showing": [self.region], "cursors": {self.region: self.cursor}}
            await socket.send(json.dumps({"hello": hello}))
            async for text in socket:
                frame = json.loads(text)
                self.here.set()
                if worker == 1 and self.back is None:
                    self.back = monotonic()
                if "content" in frame:
                    self.heard += [int(n) for n in re.findall(r'data-number="(\d+)"', frame["content"])]
                self.cursor = max(self.cursor, frame.get("cursor", 0))
                self.since = frame.get("since", self.since)
                if "reconnect" in frame:
                    self.asked = monotonic()
                    await asyncio.sleep(frame["reconnect"] / 1000)
                    return


async def test_a_worker_ends_with_a_thousand_pages_open_and_none_of_them_misses_a_word(
    own_postgres: PostgreSQL, own_redis: Redis
) -> None:
    async with Deployment.full(own_postgres, own_redis, **PLENTY) as deployment:
        cast = deployment.cast
        dana, miriam = await cast.sign_in("dana", worker=1), await cast.sign_in("miriam", worker=0)
        noa, thread = cast.client["noa"], cast.conversation["noa clinical"]
        told = Telling(dana, noa, thread)
        cookies = await employ(deployment)
        first = await deployment.sql("select last_number as n from conversation where id = :id", id=UUID(thread))
        since, begins = str(await deployment.bookmark()), int(first[0]["n"])
        region = f"messages?client={noa}&conversation={thread}"
        readers = [Reader(deployment, cookies[n % HOLDERS], region, since, begins) for n in range(COUNT)]
        tasks: list[asyncio.Task[None]] = []
        try:
            async with open_page(miriam, told.path and f"/staff/clients/{noa}/conversations/{thread}") as page:
                for start in range(0, COUNT, 100):
                    tasks += [asyncio.create_task(reader.read()) for reader in readers[start : start + 100]]
                    await asyncio.gather(*(reader.here.wait() for reader in readers[start : start + 100]))

                async def all_are_here() -> bool:
                    return await deployment.metric("portal_sockets", 0) == COUNT + 1

                await becomes(all_are_here)
                await told.say(2)
                await becomes(lambda: all(len(reader.heard) == 2 for reader in readers), within=30)

                page.worker = 1
                assert (await miriam.get("/up")).json()["ready"]
                ended = monotonic()
                leaving = asyncio.create_task(deployment.stop(0, signal.SIGTERM))

                async def takes_no_more() -> bool:
                    # On a line that is open already; there are no new ones.
                    return (await miriam.get("/up")).status_code == 503

                await becomes(takes_no_more, within=PATIENCE)
                assert (await miriam.get(page.path)).status_code == 200
                took = []
                while not all(reader.back for reader in readers) and monotonic() - ended < WITHIN + 5:
                    began = monotonic()
                    assert (await dana.get(told.path)).status_code == 200
                    took.append(monotonic() - began)
                    await told.say()
                    await asyncio.sleep(0.3)  # the pace of talk
                await told.say(2)
                await leaving
                print(f"the worker ended after {monotonic() - ended:.2f} s")
                assert all(reader.asked and reader.back for reader in readers)
                asked = Counter(int(reader.asked - ended) for reader in readers if reader.asked)
                aways = sorted(reader.back - reader.asked for reader in readers if reader.asked and reader.back)
                backs = sorted(reader.back - ended for reader in readers if reader.back)
                # Nineteen of twenty, and half of the answers: a machine may be busy with something else for a moment.
                away, back, answers = aways[COUNT * 19 // 20], backs[COUNT * 19 // 20], median(took)
                print(
                    f"{COUNT} pages were asked in each second {sorted(asked.items())}, back after {back:.2f} s, "
                    f"each after at most {away:.2f} s; a page took {answers:.2f} s, a message {told.slowest:.2f} s"
                )
                # Who is held up for a second hears in the next of two at once.
                assert max(asked.values()) <= COUNT / 2
                assert sorted(asked.values())[-2] <= COUNT / 4, "each at a moment of its own"
                assert back <= WITHIN
                assert away <= AWAY
                assert answers <= ANSWERS
                assert backs[-1] <= WITHIN + 5
                expected = list(range(begins + 1, begins + 1 + len(told.told)))
                await becomes(lambda: all(len(reader.heard) >= len(expected) for reader in readers), within=30)
                assert all(reader.heard == expected for reader in readers)
                await page.until(lambda: told.shown(page) == list(told.told), what="all that was told")
                await page.current()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
