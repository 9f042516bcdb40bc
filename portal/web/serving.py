"""Workers and how they run: uvicorn with a drain before it ends, one process or several behind one port."""

import asyncio
import fcntl
import gc
import os
import socket
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import ChangeReload, Multiprocess, multiprocess

from portal.settings import settings

HEAD_WITHIN = 10.0  # seconds from a connection, or from the first byte of a request, to the end of its headers
WHOLE_WITHIN = 25.0  # seconds from there to the end of its body; the guard says so after 20. And for an answer
LARGEST_HEAD = 64 * 1024  # bytes


class Server(uvicorn.Server):
    """A server that stops taking new visitors, lets the open pages leave in their own time, then ends."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is made by now stays, and pages leave no cycles: looking for some again and again was a seventh of them.
        gc.freeze()
        gc.set_threshold(10_000, 10, 10)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for open_socket in sockets or []:
            open_socket.close()
        app = self.config.loaded_app
        while hasattr(app, "app") and not hasattr(app, "state"):
            app = app.app
        hub = getattr(getattr(app, "state", None), "hub", None)
        if hub is not None:
            await hub.drain(settings().drain)
        await super().shutdown(sockets)


class Worker(multiprocess.Process):
    """One of several worker processes."""

    @property
    def server(self) -> uvicorn.Server:
        if self._server is None:
            self._server = Server(config=self.config)
        return self._server


class Prompt(HttpToolsProtocol):
    """A connection that is not kept for a client that sends half a request, or nothing, or takes no answer."""

    _head = 0  # bytes of the headers so far; -1 once they are complete
    _until: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait(HEAD_WITHIN)

    def data_received(self, data: bytes) -> None:
        if self._until is None:  # the next request begins
            self._head = 0
            self._wait(HEAD_WITHIN)
        self._head += len(data) if self._head >= 0 else 0
        super().data_received(data)
        if self._head > LARGEST_HEAD:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        self._head = -1  # what comes now is the body
        self._wait(WHOLE_WITHIN)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._wait(None)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._wait(None)
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(WHOLE_WITHIN, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        if self._stalled is not None:
            self._stalled.cancel()
        super().connection_lost(exc)

    def _wait(self, seconds: float | None) -> None:
        """End the connection after so long, unless something else is waited for by then."""
        if self._until is not None:
            self._until.cancel()
        self._until = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)


def config(host: str, port: int, workers: int = 1, reload: bool = False) -> uvicorn.Config:
    """Return how a worker serves."""
    return uvicorn.Config(
        "portal.app:create",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        reload=reload,
        http=Prompt,
        ws="websockets-sansio",
        # Compressing frames costs 0.6 of the throughput and more than twice the memory.
        ws_per_message_deflate=False,
        ws_max_size=65536,
        timeout_graceful_shutdown=15,
        h11_max_incomplete_event_size=32768,
        # Addresses hold tokens, and what went wrong may quote people: see portal/logs.py.
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        forwarded_allow_ips=settings().trusted_proxies,
    )


def serve(host: str, port: int, workers: int = 1, reload: bool = False) -> None:
    """Serve until told to stop. With several workers each is a process of its own."""
    chosen = config(host, port, workers, reload)
    server = Server(chosen)
    if reload:
        chosen.reload_dirs = [Path.cwd()]
        chosen.reload_includes = ["*.css", "*.html", "*.js", "*.po"]  # beside *.py; a worker reads them once
        ChangeReload(chosen, target=server.run, sockets=[chosen.bind_socket()]).run()
    elif workers > 1:
        # uvicorn offers no other place to say which server its workers run.
        multiprocess.Process = Worker  # type: ignore[misc]
        Multiprocess(chosen, sockets=[chosen.bind_socket()]).run()
    else:
        server.run()


class InUse(Exception):
    """A data folder that another process holds."""


def hold(folder: Path) -> int:
    """Hold the data folder for this process: SQLite and the in-process bus allow one. Raises InUse."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise InUse(
            f"Another Portal uses {folder}. Stop it first, or give this one another folder with --data."
        ) from None
    return handle
