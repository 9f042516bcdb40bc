"""The floors: the same work written by hand, with nothing between it and the machine."""

import os
import socket
import subprocess
import sys
import time

from bench.floors import f2, f3
from bench.side import Get, Load, Post, Socket
from tests.servers import PostgreSQL, Redis, free_port

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HELLO = '{"hello": {"showing": []}}'
WORDS = "See you on Tuesday at ten; bring the drawing that you told me about, if you like."
START_SECONDS = 60
INBOX_ROW = b'class="thread-row'


class Workers:
    """uvicorn workers of one application, set up as Portal's are, each on a port of its own."""

    def __init__(self, app: str, count: int) -> None:
        self.app = app
        self.addresses = [f"127.0.0.1:{free_port()}" for _ in range(count)]
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "uvicorn", self.app, "--no-access-log"]
        command += ["--log-level", "warning", "--loop", "uvloop", "--http", "httptools"]
        command += ["--ws", "websockets-sansio", "--ws-per-message-deflate", "false"]
        for address in self.addresses:
            port = address.rpartition(":")[2]
            self.processes.append(subprocess.Popen([*command, "--port", port], env=os.environ | environment))
        for address, process in zip(self.addresses, self.processes, strict=True):
            wait_until_open(address, process)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self.processes = []

    def pids(self) -> list[int]:
        return [process.pid for process in self.processes]


def wait_until_open(address: str, process: subprocess.Popen[bytes]) -> None:
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"A worker did not start on {address}; what it said stands above.")


class Sockets:
    """Floor 1: sockets alone. One process, nothing stored, no second hop."""

    name = "F1"

    def __init__(self, frame_bytes: int) -> None:
        self.frame = "{marker}" + "x" * frame_bytes
        self._workers = Workers("bench.floors.f1:app", 1)

    def prepare(self, postgres: PostgreSQL, redis: Redis) -> None:
        pass

    def start(self) -> None:
        self._workers.start({})

    def stop(self) -> None:
        self._workers.stop()

    def workers(self) -> list[int]:
        return self._workers.pids()

    def chat(self, pairs: int, both_on_b: bool) -> Load:
        return Load(
            [self._socket(pair) for pair in range(pairs) for _ in range(2)],
            [self._post(pair, "{marker} " + WORDS) for pair in range(pairs)],
        )

    def shared(self, sockets: int, stalled: int) -> Load:
        assert not stalled, "One socket that does not read stops floor 1 for ever."
        return Load([self._socket(0)] * sockets, [self._post(0, self.frame)])

    def idle(self, sockets: int) -> Load:
        return Load([self._socket(0)] * sockets)

    def _socket(self, pair: int) -> Socket:
        return Socket(self._workers.addresses[0], f"/groups/{pair}/live", pair, HELLO)

    def _post(self, pair: int, body: str) -> Post:
        return Post(self._workers.addresses[0], f"/groups/{pair}", pair, body)


class DurableChat:
    """Floor 2: durable chat, as one would write it by hand for two workers."""

    name = "F2"

    def __init__(self) -> None:
        self._workers = Workers("bench.floors.f2:app", 2)

    def prepare(self, postgres: PostgreSQL, redis: Redis) -> None:
        url = postgres.create_database("floor")
        postgres.sql(f2.TABLES, "floor")
        self.environment = {"FLOOR_POSTGRES": url, "FLOOR_REDIS": redis.url(15)}

    def start(self) -> None:
        self._workers.start(self.environment)

    def stop(self) -> None:
        self._workers.stop()

    def workers(self) -> list[int]:
        return self._workers.pids()

    def chat(self, pairs: int, both_on_b: bool) -> Load:
        a, b = self._workers.addresses
        readers = (b, b) if both_on_b else (a, b)
        body = "body={marker}+" + WORDS.replace(" ", "+").replace(";", "%3B")
        return Load(
            [Socket(at, f"/conversations/{pair}/live", pair, HELLO) for pair in range(pairs) for at in readers],
            [Post(a, f"/conversations/{pair}/messages", pair, body, FORM) for pair in range(pairs)],
        )

    def shared(self, sockets: int, stalled: int) -> Load:
        raise NotImplementedError("Floor 2 is a chat; a shared region is measured against floor 1.")

    def idle(self, sockets: int) -> Load:
        raise NotImplementedError("Floor 2 is a chat; an idle socket is measured against floor 1.")


class PageByHand:
    """Floor 3: one page, from its own queries."""

    name = "F3"

    def __init__(self) -> None:
        self._workers = Workers("bench.floors.f3:app", 1)

    def prepare(self, postgres: PostgreSQL, redis: Redis) -> None:
        self.environment = {"FLOOR_POSTGRES": postgres.create_database("floor_page")}
        postgres.sql(f3.FILLED, "floor_page")
        postgres.sql("vacuum analyze", "floor_page")

    def start(self) -> None:
        self._workers.start(self.environment)

    def stop(self) -> None:
        self._workers.stop()

    def workers(self) -> list[int]:
        return self._workers.pids()

    def inbox(self) -> Get:
        return Get(self._workers.addresses[0], "/inbox", "", INBOX_ROW, f3.PAGE)
