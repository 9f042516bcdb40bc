"""Floor 1: bare Starlette. What is POSTed to a group goes to its sockets, in this process."""

from collections import defaultdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

sockets: defaultdict[str, set[WebSocket]] = defaultdict(set)


async def say(request: Request) -> Response:
    text = (await request.body()).decode()
    for socket in tuple(sockets[request.path_params["group"]]):
        await socket.send_text(text)
    return Response(status_code=204)


async def live(socket: WebSocket) -> None:
    await socket.accept()
    await socket.receive_text()
    group = sockets[socket.path_params["group"]]
    group.add(socket)
    try:
        async for _ in socket.iter_text():
            pass
    finally:
        group.discard(socket)


app = Starlette(
    routes=[
        Route("/groups/{group}", say, methods=["POST"]),
        WebSocketRoute("/groups/{group}/live", live),
    ]
)
