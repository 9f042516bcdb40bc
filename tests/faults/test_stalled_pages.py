"""A page stops reading: nobody else waits for it, what it misses is not kept for it, and it is let go."""

import asyncio
import base64
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from uuid import UUID

import pytest_asyncio
from websockets.frames import Frame, Opcode

from portal.models.ground.fact import bookmark, unit
from portal.models.messages.conversation import Conversation
from portal.models.messages.recipients import party_of
from portal.permissions import Audience
from tests import deployment as deployments
from tests.cast import Person
from tests.deployment import Deployment
from tests.faults.conftest import PLENTY
from tests.faults.impatient import hub
from tests.faults.telling import LATE, Telling, becomes, by_hand, hearing, writes
from tests.pages import in_time, open_page
from tests.servers import PostgreSQL, Redis

DEAF = 3
LONG = "A long story. " * 640  # some nine thousand characters
MANY = 600  # such messages: more than the system keeps for a line that is not read


@pytest_asyncio.fixture
async def impatient(own_postgres: PostgreSQL, own_redis: Redis) -> AsyncIterator[Deployment]:
    known = deployments.PORTAL
    deployments.PORTAL = [sys.executable, "-m", "tests.faults.impatient"]
    try:
        async with Deployment.full(own_postgres, own_redis, workers=1, with_worker=False, **PLENTY) as one:
            yield one
    finally:
        deployments.PORTAL = known


async def deaf_page(person: Person, path: str, since: str, *regions: str) -> socket.socket:
    """A socket that asks for all that its page has missed, and reads nothing of it."""
    host = person.base().removeprefix("http://")
    page = socket.socket()
    page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    page.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(page, ("127.0.0.1", int(host.rpartition(":")[2])))
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        f"Origin: {person.base()}",
        f"Cookie: {person.cookies}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    ]
    await loop.sock_sendall(page, "\r\n".join([*lines, "", ""]).encode())
    assert (await loop.sock_recv(page, 1000)).startswith(b"HTTP/1.1 101")
    hello = {"hello": {"since": since, "showing": regions, "cursors": dict.fromkeys(regions, 0)}}
    await loop.sock_sendall(page, Frame(Opcode.TEXT, json.dumps(hello).encode()).serialize(mask=True))
    return page


async def rest_of(page: socket.socket) -> bytes:
    """Return what comes to a page after all, when it reads until the line ends or nothing more comes.

    The worker has let go of it by then. What the system still holds of it may trickle on, with seconds between.
    """
    found = b""
    with suppress(ConnectionError, TimeoutError):
        while data := await asyncio.wait_for(asyncio.get_running_loop().sock_recv(page, 1 << 20), 5):
            found += data
    return found


def memory(deployment: Deployment) -> float:
    """Megabytes that a worker holds."""
    process = deployment.workers[0].process
    assert process is not None
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


async def test_a_page_that_stops_reading_holds_nobody_up_and_is_let_go(impatient: Deployment) -> None:
    cast = impatient.cast
    miriam, dana = await cast.sign_in("miriam"), await cast.sign_in("dana")
    noa, thread, live = (cast.client["noa"], cast.conversation["noa clinical"], f"/clients/{cast.client['noa']}/live")
    told = Telling(miriam, noa, thread)
    async with impatient.models():
        since = str(await bookmark())
        async with unit():
            _, parents = (await party_of(UUID(noa), "family")).people
            other = await Conversation.start(UUID(noa), Audience.CLINICAL, parents, with_client=False)
        story = Telling(miriam, noa, str(other.id))
        async with by_hand(impatient) as transaction:
            for _ in range(MANY):
                await writes(transaction, story, noa, LONG)
    regions = [f"messages?client={noa}&conversation={one.conversation}" for one in (told, story)]

    async def are_open(count: int) -> bool:
        return await impatient.metric("portal_sockets") == count

    async with open_page(dana, f"/clients/{noa}/conversations/{thread}") as page, hearing(page, told) as ears:
        before = memory(impatient)
        # One whose session ends is cut off where it stands.
        gone, took = [], {}
        for n in range(3):
            leaver = await cast.sign_in("dana")
            gone.append(await deaf_page(leaver, live, since, *regions))
            await becomes(lambda: are_open(2))
            await told.say()
            assert (await leaver.post("/sign-out")).status_code == 303
            ended = monotonic()
            await becomes(lambda: are_open(1))
            took[f"leaver {n}"] = monotonic() - ended
        print(f"signed out while they did not read: gone after {took}")
        in_time(took, LATE)

        began = monotonic()
        pages = await asyncio.gather(*(deaf_page(dana, live, since, *regions) for _ in range(DEAF)))
        await becomes(lambda: are_open(DEAF + 1))
        await told.say(3)

        # A page whose last frame just fitted is seen to be deaf by the next one.
        let_go = None
        while not await are_open(1) and monotonic() - began < 4 * hub.STALLED:
            await told.go_on(0.2, every=0.2)
            if let_go is None and not await are_open(DEAF + 1):
                let_go = monotonic() - began
        assert let_go is not None and await are_open(1)
        grown = memory(impatient) - before
        late = await ears.all(1.0)
        print(
            f"let go after {let_go:.1f} to {monotonic() - began:.1f} s; others {late:.2f} s late; "
            f"{told.slowest:.2f} s to send; {grown:.0f} MB more"
        )
        assert let_go >= hub.STALLED - 0.5
        assert grown < 40
        last = list(told.told)[-1].encode()
        for rest in await asyncio.gather(*map(rest_of, (*pages, *gone))):
            assert last not in rest
        for one in (*pages, *gone):
            one.close()
        assert page.connections == 1
        await page.current()
