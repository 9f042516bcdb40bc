"""Floor 2: durable chat by hand.

A worker writes a message and its fact in one transaction and publishes the id; each worker that has
readers of the conversation reads the row, renders it once and sends it to them.
"""

import asyncio
import json
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

TABLES = """
    create table message (
        id bigint generated always as identity primary key,
        conversation int not null, number int not null, author int not null,
        body text not null, at timestamptz not null default now(),
        unique (conversation, number));
    create table fact (
        id bigint generated always as identity primary key,
        kind text not null, conversation int not null, message bigint not null,
        at timestamptz not null default now());
"""
WRITE_MESSAGE = """
    insert into message (conversation, number, author, body)
    select $1, coalesce(max(number), 0) + 1, $2, $3 from message where conversation = $1
    returning id, number
"""
WRITE_FACT = "insert into fact (kind, conversation, message) values ('MessageSent', $1, $2)"
READ_MESSAGE = "select id, conversation, number, author, body, at from message where id = $1"
CHANNEL = "floor-2"

pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
)
partial = pages.get_template("_message.html")
sockets: defaultdict[int, set[WebSocket]] = defaultdict(set)


async def send(request: Request) -> Response:
    conversation = request.path_params["conversation"]
    form = await request.form()
    async with request.app.state.database.acquire() as connection, connection.transaction():
        message = await connection.fetchrow(WRITE_MESSAGE, conversation, 1, form["body"])
        await connection.execute(WRITE_FACT, conversation, message["id"])
    await request.app.state.redis.publish(CHANNEL, f"{conversation} {message['id']}")
    return PlainTextResponse(str(message["number"]), status_code=201)


async def follow(redis: Redis, database: asyncpg.Pool) -> None:
    async with (
        redis.pubsub(ignore_subscribe_messages=True) as channel,
        database.acquire() as connection,
    ):
        await channel.subscribe(CHANNEL)
        async for hint in channel.listen():
            conversation, number = map(int, hint["data"].split())
            if readers := sockets.get(conversation):
                frame = render(await connection.fetchrow(READ_MESSAGE, number))
                for socket in tuple(readers):
                    await socket.send_text(frame)


def render(message: asyncpg.Record) -> str:
    return json.dumps(
        {
            "region": f"messages?conversation={message['conversation']}",
            "target": f"#messages-{message['conversation']}",
            "swap": "upsert key:data-number",
            "content": partial.render(message=message),
            "cursor": message["number"],
        }
    )


async def live(socket: WebSocket) -> None:
    await socket.accept()
    await socket.receive_text()
    readers = sockets[socket.path_params["conversation"]]
    readers.add(socket)
    try:
        async for _ in socket.iter_text():
            pass
    finally:
        readers.discard(socket)


@asynccontextmanager
async def connections(app: Starlette) -> AsyncIterator[None]:
    async with (
        asyncpg.create_pool(os.environ["FLOOR_POSTGRES"], min_size=10, max_size=10) as app.state.database,
        Redis.from_url(os.environ["FLOOR_REDIS"]) as app.state.redis,
    ):
        follower = asyncio.create_task(follow(app.state.redis, app.state.database))
        yield
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)


app = Starlette(
    lifespan=connections,
    routes=[
        Route("/conversations/{conversation:int}/messages", send, methods=["POST"]),
        WebSocketRoute("/conversations/{conversation:int}/live", live),
    ],
)
