"""Running workers: uvicorn with a drain before it ends, one process or several behind one port."""

from __future__ import annotations

import fcntl
import gc
import os
import socket
from pathlib import Path

import uvicorn
from uvicorn.supervisors import ChangeReload, Multiprocess, multiprocess

from portal.settings import settings


class Server(uvicorn.Server):
    """Stops taking new visitors, lets the open pages leave in their own time, then ends."""

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


def serve(host: str, port: int, workers: int = 1, reload: bool = False) -> None:
    """Serve until told to stop. With several workers each is a process of its own."""
    config = uvicorn.Config(
        "portal.app:create",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        reload=reload,
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
    server = Server(config)
    if reload:
        config.reload_dirs = [Path.cwd()]
        ChangeReload(config, target=server.run, sockets=[config.bind_socket()]).run()
    elif workers > 1:
        # uvicorn offers no other place to say which server its workers run.
        multiprocess.Process = Worker  # type: ignore[misc]
        Multiprocess(config, sockets=[config.bind_socket()]).run()
    else:
        server.run()


class InUse(Exception):
    """Another process holds the data folder."""


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
