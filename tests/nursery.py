"""One process that has Portal imported, and forks from it the workers and commands of all deployments of a run.

Importing Portal and reading its templates takes a worker some two seconds of one processor; a fork takes none. What is
forked is `portal` itself, by the same function as the script, in an environment and a session of its own.

    process = forked(["serve", "--port", "8000"], env, ROOT, log)    # None where this system can't watch it
"""

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
from functools import lru_cache
from pathlib import Path
from typing import IO

from tests import both_databases

_turn = threading.Lock()  # deployments start their processes from several threads


class Forked:
    """A process that is not this one's child, handled as a Popen is. How it ended is not known."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle: int | None = None
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """0 when it has ended, else None."""
        return 0 if self._ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises TimeoutExpired after so many seconds."""
        if not self._ended(None if timeout is None else timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return 0

    def send_signal(self, what: signal.Signals) -> None:
        if self._handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, what)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> bool:
        if self._handle is None:
            return True
        watched = select.poll()
        watched.register(self._handle, select.POLLIN)
        return bool(watched.poll(None if seconds is None else seconds * 1000))

    def __del__(self) -> None:
        if self._handle is not None:
            os.close(self._handle)


def forked(arguments: list[str], env: dict[str, str], folder: Path, log: IO[bytes]) -> Forked | None:
    """Run `portal` with these arguments. None where there is nothing to watch such a process by (not Linux)."""
    if not hasattr(os, "pidfd_open"):
        return None
    with _turn:
        nursery = _nursery(os.getpid())
        assert nursery.stdin is not None and nursery.stdout is not None
        wish = {"arguments": arguments, "env": env, "folder": str(folder), "log": log.name}
        nursery.stdin.write(json.dumps(wish) + "\n")
        nursery.stdin.flush()
        return Forked(int(nursery.stdout.readline()))


@lru_cache
def _nursery(owner: int) -> subprocess.Popen[str]:
    """The nursery of this process. It ends when this one does; what it has forked is watched by tests/servers.py."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.nursery"],
        cwd=Path(__file__).resolve().parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _grow_up() -> None:
    """Import all that workers and commands use, and read the templates of both languages."""
    import aiosqlite  # noqa: F401
    import asyncpg  # noqa: F401
    import httptools  # noqa: F401
    import uvicorn.protocols.http.httptools_impl
    import uvicorn.protocols.websockets.websockets_sansio_impl  # noqa: F401
    import uvloop  # noqa: F401

    import portal.app
    import portal.cli
    import portal.models.ground.postgres
    import portal.models.ground.sqlite
    import portal.worker  # noqa: F401
    from portal.language import LANGUAGES
    from portal.settings import ROOT
    from portal.web.rendering import _template

    for language in LANGUAGES:
        for path in (ROOT / "templates").rglob("*.html"):
            _template(path.relative_to(ROOT / "templates").as_posix(), language)


def _be(wish: dict[str, object]) -> None:
    """Become what is wished for; never returns."""
    from portal.cli import main

    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(str(wish["folder"]))
        os.environ.clear()
        os.environ.update(wish["env"])  # type: ignore[call-overload]
        log = os.open(str(wish["log"]), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        random.seed()
        sys.argv = ["portal", *wish["arguments"]]  # type: ignore[misc]
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _grow_up()
    both_databases.note_here()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    for line in sys.stdin:
        wish = json.loads(line)
        if (pid := os.fork()) == 0:
            _be(wish)
        print(pid, flush=True)
