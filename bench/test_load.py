"""The load generator notices what goes wrong. Run by `python -m pytest bench`."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bench import load
from bench.floors import Workers
from bench.side import Load, Post, Socket

sockets: list[WebSocket] = []
held_back: list[str] = []


async def say(request: Request) -> Response:
    """Tells all sockets, but does the fault of the path to every tenth message."""
    text = (await request.body()).decode()
    tenth = int(re.findall(r"\d+", text)[1]) % 10 == 5
    fault = request.path_params["fault"] if tenth else "none"
    if fault == "refuses":
        return Response("Too many.", status_code=429)
    for socket in tuple(sockets):
        if fault == "hangs-up":
            await socket.close(4401)
        elif fault == "crosses":
            await socket.send_text(text.replace("~m0-", "~m1-"))
        elif fault == "swaps":
            held_back.append(text)
            break
        elif fault != "drops":
            for late in [text, *held_back]:
                await socket.send_text(late)
        if fault == "doubles":
            await socket.send_text(text)
    else:
        held_back.clear()
    return Response(status_code=204)


async def live(socket: WebSocket) -> None:
    await socket.accept()
    await socket.receive_text()
    sockets.append(socket)
    try:
        async for _ in socket.iter_text():
            pass
    finally:
        sockets.remove(socket)


app = Starlette(routes=[Route("/{fault}", say, methods=["POST"]), WebSocketRoute("/live", live)])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    workers = Workers("bench.test_load:app", 1)
    try:
        workers.start({})
        yield workers.addresses[0]
    finally:
        workers.stop()


def outcome(address: str, fault: str, **fields: Any) -> dict[str, int]:
    """Return what was wrong with twenty messages to two sockets."""
    readers = [Socket(address, "/live", 0, "{}")] * 2
    post = Post(address, f"/{fault}", 0, **{"body": '{"text": "{marker}"}'} | fields)
    result = load.run(Load(readers, [post]), {}, seconds=0.2, warm=0, rate=100, drain=1)
    assert result["sent"] == 20
    wrongs = ("missing", "doubled", "out_of_order", "strays", "failed_posts", "closed_sockets")
    return {name: result[name] for name in wrongs if result[name]}


@pytest.mark.parametrize(
    ("fault", "noticed"),
    [
        ("none", {}),
        # Messages 5 and 15, at two sockets.
        ("drops", {"missing": 4}),
        ("doubles", {"doubled": 4}),
        ("swaps", {"out_of_order": 4}),
        ("crosses", {"missing": 4, "strays": 4}),
        ("refuses", {"failed_posts": 2}),
        # Nothing after message 5 has anyone to hear it.
        ("hangs-up", {"missing": 30, "closed_sockets": 2}),
    ],
)
def test_a_fault_is_counted(address: str, fault: str, noticed: dict[str, int]) -> None:
    assert outcome(address, fault) == noticed


def test_a_frame_without_a_mark_is_known_by_what_it_holds(address: str) -> None:
    body = '{"free": "~m0-0~", "taken": ""}'
    assert outcome(address, "none", body=body, expect='"free" & !gone') == {}
    assert outcome(address, "none", body=body, expect='"free" & !taken') == {"missing": 40}


def test_sockets_that_never_read_are_not_waited_for(address: str) -> None:
    readers = [Socket(address, "/live", 0, "{}"), Socket(address, "/live", 0, "{}", stalled=True)]
    post = Post(address, "/none", 0, "{marker}")
    result = load.run(Load(readers, [post]), {}, seconds=0.2, warm=0, rate=100, drain=1)
    assert (result["deliveries"], result["missing"]) == (20, 0)
