"""The servers that the other tests stand on do what they say, and leave nothing behind."""

import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis as Client
from redis.exceptions import ConnectionError, TimeoutError

from tests.servers import PostgreSQL, Redis, free_port


async def fetch(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_a_database_can_be_copied_and_removed(postgres: PostgreSQL) -> None:
    filled = postgres.create_database("filled")
    postgres.sql("create table people as select 'Noa' as name", "filled")
    copy = postgres.create_database("copy", template="filled")
    postgres.sql("delete from people", "filled")

    assert await fetch(copy, "select name from people") == "Noa"
    assert await fetch(filled, "select count(*) from people") == 0

    postgres.drop_database("copy")
    postgres.drop_database("filled")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await fetch(copy, "select 1")


async def test_postgresql_has_what_portal_relies_on(postgres: PostgreSQL) -> None:
    assert await fetch(postgres.url(), "show max_connections") == "200"
    assert await fetch(postgres.url(), "show timezone") == "UTC"
    assert await fetch(postgres.url(), "select lower('ÉLI')") == "éli"
    assert await fetch(postgres.url(), "select name from pg_available_extensions where name = 'btree_gist'")


@pytest.mark.parametrize("mode", ["immediate", "fast"])
async def test_postgresql_comes_back_with_all_it_held(postgres: PostgreSQL, mode: str) -> None:
    kept = postgres.create_database(f"kept_{mode}")
    postgres.sql("create table people as select 'Noa' as name", f"kept_{mode}")

    postgres.stop(mode)
    with pytest.raises(ConnectionRefusedError):
        await fetch(kept, "select 1")
    postgres.start()

    assert await fetch(kept, "select name from people") == "Noa"
    postgres.drop_database(f"kept_{mode}")


async def test_redis_stops_and_comes_back_on_its_port(redis_server: Redis) -> None:
    async with Client.from_url(redis_server.url()) as client:
        await client.set("noa", 1)
        redis_server.stop()
        with pytest.raises(ConnectionError):
            await client.ping()
        redis_server.start()
        assert await client.ping()
        assert await client.get("noa") is None


async def test_a_frozen_redis_takes_connections_and_answers_nothing(redis_server: Redis) -> None:
    redis_server.freeze()
    try:
        async with Client.from_url(redis_server.url(), socket_timeout=0.05, retry=None) as client:
            with pytest.raises(TimeoutError):
                await client.ping()
    finally:
        redis_server.thaw()
    assert redis_server.command("PING") == "+PONG"


async def test_only_subscribers_are_cut_off() -> None:
    with Redis() as server:  # of its own: workers of other tests may subscribe to the shared one
        async with Client.from_url(server.url()) as client, client.pubsub() as subscription:
            await subscription.subscribe("hints")
            identity = await client.client_id()
            assert server.kill_pubsub() == 1
            assert await client.client_id() == identity


@pytest.mark.parametrize("kind", ["PostgreSQL", "Redis"])
def test_a_killed_run_leaves_no_server_and_no_folder(kind: str) -> None:
    script = f"""
import os, signal, tests.servers
with tests.servers.{kind}() as server:
    print(server.process.pid, server._watcher.pid, server.folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    server, watcher, folder = run.stdout.split()

    for pid in (watcher, server):
        wait_until_ended(int(pid))
    assert not Path(folder).exists()


def wait_until_ended(pid: int) -> None:
    """Returns when this process, which is no child of ours, is gone; fails after ten seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended = select.poll()  # select() takes no handle beyond the first thousand, which a long run has in use
        ended.register(handle, select.POLLIN)
        assert ended.poll(10_000), f"process {pid} is still there"
    finally:
        os.close(handle)


def test_a_free_port_is_one_that_nobody_has() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as listening:
        assert free_port() != listening.getsockname()[1]
