"""Floor 3: a page by hand. An inbox from its own queries, with nothing asked about who may see what.

Its content is that of Portal's page: charts in use alone, the same three numbers, and who is on each row.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

CONVERSATIONS, PAGE, READER, STAFF = 5_000, 50, 1, 110
FILLED = f"""
    create table staff_member (id int primary key, name text not null);
    create table client (id int primary key, name text not null, colour text not null, archived_at timestamptz);
    create table care_team (client int primary key, lead int not null);
    create table conversation (
        id int primary key, client int not null, audience text not null, last_number int not null,
        last_side text not null, stirs_at timestamptz not null, assigned_to int, done_at timestamptz);
    create table message (
        conversation int not null, number int not null, author text not null, body text not null,
        primary key (conversation, number));
    create table reading (conversation int, reader int, number int not null, primary key (conversation, reader));
    create table notice (id int primary key, reader int not null, read_at timestamptz);
    insert into staff_member select n, 'Therapist ' || n from generate_series({READER}, {STAFF}) n;
    insert into client select n, 'Client ' || n, 'plum' from generate_series(1, {CONVERSATIONS}) n;
    insert into care_team select n, {READER} + 1 + n % ({STAFF} - 1) from generate_series(1, {CONVERSATIONS}) n;
    insert into conversation
        select n, n, 'clinical', 2, case when n % 2 = 0 then 'client' else 'staff' end,
            now() - n * interval '37 seconds', null, null
        from generate_series(1, {CONVERSATIONS}) n;
    insert into message
        select c, n, 'Client ' || c, 'I’ll be there at the usual time. It went better than I thought.'
        from generate_series(1, {CONVERSATIONS}) c, generate_series(1, 2) n;
    insert into reading select n, {READER}, 2 from generate_series(1, {CONVERSATIONS}) n;
    create index on conversation (stirs_at desc, id desc) where done_at is null;
    create index on notice (reader) where read_at is null;
    create index on client (id) where archived_at is not null;
    create index on care_team (lead);
"""
OPEN = """
    c.done_at is null and c.stirs_at <= now() and c.client not in (select id from client where archived_at is not null)
"""
READ = f"left join reading r on r.conversation = c.id and r.reader = {READER}"
LIST = f"""
    select c.id, p.name, p.colour, c.audience, c.last_side, c.stirs_at, m.author, m.body, o.name as on_it,
        c.last_number > coalesce(r.number, 0) as unread
    from conversation c join client p on p.id = c.client {READ}
        left join care_team t on t.client = c.client and c.audience = 'clinical'
        left join staff_member o on o.id = coalesce(c.assigned_to, t.lead)
        left join message m on m.conversation = c.id and m.number = c.last_number
    where {OPEN} order by c.stirs_at desc, c.id desc limit {PAGE + 1}
"""
MINE = f"""
    c.assigned_to = {READER} or c.assigned_to is null and c.audience = 'clinical'
        and c.client in (select client from care_team where lead = {READER})
"""
COUNTS = f"""
    select count(case when {MINE} then 1 end) as mine,
        count(case when c.last_number > coalesce(r.number, 0) then 1 end) as unread,
        count(case when c.last_side = 'client' then 1 end) as answer
    from conversation c {READ} where {OPEN}
"""
BELL = "select count(*) from notice where reader = $1 and read_at is null"
NAME = "select name from staff_member where id = $1"

template = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
).get_template("_inbox.html")


async def inbox(request: Request) -> Response:
    async with request.app.state.database.acquire() as connection:
        name = await connection.fetchval(NAME, READER)
        bell = await connection.fetchval(BELL, READER)
        counts = await connection.fetchrow(COUNTS)
        rows = await connection.fetch(LIST)
    return HTMLResponse(template.render(name=name, bell=bell, counts=counts, rows=rows[:PAGE]))


@asynccontextmanager
async def connections(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["FLOOR_POSTGRES"], min_size=10, max_size=10) as app.state.database:
        yield


app = Starlette(lifespan=connections, routes=[Route("/inbox", inbox)])
