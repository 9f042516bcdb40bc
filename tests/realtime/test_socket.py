"""Sockets take some frames and refuse others. Ends of sessions and accesses on open ones are in tests/faults."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.cast import Person
from tests.deployment import Deployment

MOST = 64 * 1024  # bytes of a frame
WITHIN = 8.0  # seconds


@contextlib.asynccontextmanager
async def socket(person: Person, path: str = "/staff/live", **headers: str) -> AsyncIterator[ClientConnection]:
    """A socket as a browser opens it, with other headers where a test gives them."""
    base = person.base()
    sent = {"Cookie": person.cookies, "Origin": base} | headers
    async with connect(
        "ws" + base.removeprefix("http") + path,
        additional_headers={name: value for name, value in sent.items() if value},
        compression=None,
        max_size=None,
        close_timeout=2,
    ) as opened:
        yield opened


def hello(**said: Any) -> dict[str, Any]:
    return {"hello": {"since": "", "showing": ["inbox-count"], "cursors": {}} | said}


async def code_of(opened: ClientConnection) -> int:
    """The code with which the server ends it."""
    try:
        async with asyncio.timeout(WITHIN):
            while True:
                await opened.recv()
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd else 1006


async def refused(deployment: Deployment) -> int:
    return await deployment.refusals()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost.evil.example:8000"},
    ],
    ids=lambda headers: headers["Origin"] or "none",
)
async def test_a_page_of_another_origin_is_not_even_accepted(deployment: Deployment, headers: dict[str, str]) -> None:
    person, before = await deployment.cast.sign_in("miriam"), await refused(deployment)
    with pytest.raises(InvalidStatus) as told:
        async with socket(person, **headers):
            pass
    assert told.value.response.status_code == 403
    assert await refused(deployment) == before + 1


async def test_another_host_is_not_even_accepted(deployment: Deployment) -> None:
    person, before = await deployment.cast.sign_in("miriam"), await refused(deployment)
    port = deployment.workers[0].port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        "GET /staff/live HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Origin: {person.base()}\r\nCookie: {person.cookies}\r\n\r\n".encode()
    )
    first = await asyncio.wait_for(reader.readline(), WITHIN)
    writer.close()
    assert b" 403 " in first
    assert await refused(deployment) == before + 1


async def test_a_hello_is_answered_with_a_bookmark(deployment: Deployment) -> None:
    async with socket(await deployment.cast.sign_in("miriam")) as opened:
        await opened.send(json.dumps(hello()))
        async with asyncio.timeout(WITHIN):
            while "since" not in json.loads(await opened.recv()):
                pass


FOREIGN: dict[str, str] = {
    "not JSON": "hello",
    "nothing": "",
    "a number": "7",
    "a list": "[]",
    "no hello": "{}",
    "another word": json.dumps({"goodbye": {}}),
    "a word more": json.dumps(hello() | {"and": 1}),
    "a field more": json.dumps(hello(viewer="staff")),
    "no bookmark": json.dumps({"hello": {"showing": [], "cursors": {}}}),
    "a bookmark of another kind": json.dumps(hello(since=7)),
    "a bookmark without end": json.dumps(hello(since="1" * 5000)),
    "a region that is none": json.dumps(hello(showing=["everything"])),
    "a region without its arguments": json.dumps(hello(showing=["overview"])),
    "a region with others": json.dumps(hello(showing=["inbox-count?client=1"])),
    "an id that is none": json.dumps(hello(showing=["overview?client=1"])),
    "a key without end": json.dumps(hello(showing=["clients?q=" + "a" * 1700])),
    "regions without end": json.dumps(hello(showing=["inbox-count"] * 61)),
    "cursors without end": json.dumps(hello(cursors={str(n): n for n in range(11)})),
    "a cursor that is none": json.dumps(hello(cursors={"messages": "many"})),
    "JSON without bottom": "[" * 30_000,
    "a number without end": json.dumps(hello()).replace('""', "9" * 10_000),
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
async def test_what_is_no_hello_ends_the_socket(deployment: Deployment, text: str) -> None:
    async with socket(await deployment.cast.sign_in("miriam")) as opened:
        await opened.send(text)
        assert await code_of(opened) == 1008
    await still_well(deployment)


async def test_bytes_are_no_hello(deployment: Deployment) -> None:
    async with socket(await deployment.cast.sign_in("miriam")) as opened:
        await opened.send(json.dumps(hello()).encode())
        assert await code_of(opened) in (1003, 1008)
    await still_well(deployment)


async def test_a_frame_of_one_byte_too_many_ends_the_socket(deployment: Deployment) -> None:
    person = await deployment.cast.sign_in("miriam")
    async with socket(person) as opened:
        await opened.send(json.dumps(hello()) + " " * (MOST - len(json.dumps(hello()))))
        await asyncio.wait_for(opened.recv(), WITHIN)
        await opened.send(" " * (MOST + 1))
        assert await code_of(opened) == 1009
    await still_well(deployment)


async def test_too_many_frames_end_the_socket(deployment: Deployment) -> None:
    async with socket(await deployment.cast.sign_in("miriam")) as opened:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(60):
                await opened.send(json.dumps(hello()))
        assert await code_of(opened) == 1008
    await still_well(deployment)


async def test_the_eleventh_page_of_one_person_is_asked_to_come_back(deployment: Deployment) -> None:
    person = await deployment.cast.sign_in("grace")
    async with contextlib.AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(socket(person)) for _ in range(10)]
        for page in pages:
            await page.send(json.dumps(hello()))
            await asyncio.wait_for(page.recv(), WITHIN)
        async with socket(person) as eleventh:
            assert await code_of(eleventh) == 1013
        # The ten go on, and where one of them goes there is room again.
        await pages[0].close()
        async with asyncio.timeout(WITHIN):
            while not await _let_in(person):
                pass
        await pages[-1].send(json.dumps(hello()))
        await asyncio.wait_for(pages[-1].recv(), WITHIN)


async def _let_in(person: Person) -> bool:
    async with socket(person) as opened:
        try:
            await opened.send(json.dumps(hello()))
            await opened.recv()
        except ConnectionClosed:
            return False
        return True


async def test_who_never_says_hello_is_told_nothing_and_let_go(embedded: Deployment, full: Deployment) -> None:
    async def is_let_go(deployment: Deployment) -> None:
        person = await deployment.cast.sign_in("miriam")
        async with socket(person) as opened:
            with pytest.raises(ConnectionClosed):
                told = await asyncio.wait_for(opened.recv(), 20)
                raise AssertionError(f"it was told {told!r}")
        await still_well(deployment)

    await asyncio.gather(is_let_go(embedded), is_let_go(full))  # it takes ten seconds


async def still_well(deployment: Deployment) -> None:
    """The worker serves others as before, and has had no error that it did not expect."""
    await test_a_hello_is_answered_with_a_bookmark(deployment)
    assert "Traceback" not in deployment.log()
