"""A deployment of its own for a test: real workers, a database and a bus, with the demo practice in them.

    async with Deployment.embedded() as deployment: ...        # SQLite and the in-process bus, one worker
    async with Deployment.full(postgres, redis) as deployment: ...  # two workers and the one beside them
    willow = own_practice("full", scope="function")  # a fixture that opens one

Each worker has a port, and so an address, of its own; cookies of localhost hold for all of them.
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import IO, Any, Self
from uuid import uuid4

import asyncpg
import pytest
from tortoise.backends.base.executor import EXECUTOR_CACHE

from portal import crypto
from portal.models.ground import sql as named
from portal.models.ground.database import close_database, decode_json, open_database
from portal.models.ground.fact import Bookmark
from portal.settings import Settings
from tests.cast import Cast
from tests.nursery import Forked, forked
from tests.servers import PostgreSQL, Redis, Server

METRICS_TOKEN = "the-tests-look"
PLAIN: dict[str, Any] = {"statement_cache_size": 0, "ssl": False}  # no certificate is looked for on loopback
ROOT = Path(__file__).resolve().parent.parent
PORTAL = THE_SCRIPT = [sys.executable, "-c", "from portal.cli import main; main()"]

# The password of the cast is quick to compare, for a run signs in some thousand times. What takes its time is tested
# with passwords that were chosen at the front door.
_FILL = (
    "from argon2 import PasswordHasher; from portal import passwords; from portal.cli.demo import make_demo; "
    "from portal.settings import settings; "
    "passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1); make_demo(settings(), False)"
)
_MIGRATE = (
    "import asyncio; from portal import crypto; from portal.models.ground.database import migrate; "
    "from portal.settings import settings; "
    "crypto.make_key_file(settings().keys_path); asyncio.run(migrate(settings()))"
)


class Process(Server):
    """One `portal` command, running in its deployment's environment."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        super().__init__()
        self.arguments = arguments
        self.env = env

    def run(self, log: IO[bytes]) -> subprocess.Popen[bytes] | Forked:
        known = forked(self.arguments, self.env, ROOT, log) if PORTAL is THE_SCRIPT else None
        return known or subprocess.Popen(
            [*PORTAL, *self.arguments],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def answers(self) -> bool:
        return True


class Worker(Process):
    """`portal serve` on a port of its own."""

    def __init__(self, env: dict[str, str]) -> None:
        super().__init__([], env)
        self.base = f"http://localhost:{self.port}"
        self.arguments = ["serve", "--port", str(self.port)]
        self.env = env | {"PORTAL_BASE_URL": self.base}

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/up", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False


class Deployment:
    """All processes that run for one test, and ways to look into them. `cast` knows everybody's ids."""

    cast: Cast

    def __init__(
        self, folder: Path, env: dict[str, str], workers: int, with_worker: bool, database_url: str = ""
    ) -> None:
        self.folder = folder
        self.passed = dt.timedelta()
        self._at_work = False
        self._looking: list[asyncpg.Connection] = []  # connections that are free
        self.database_url = database_url
        self.env = _plain_environment() | env
        if self.env.get("PORTAL_DEMO") == "0":
            self.env.pop("PORTAL_CLOCK", None)  # a demo's alone
        self.workers = [Worker(self.env) for _ in range(workers)]
        # It makes links for letters, so it must know an address of the deployment too.
        beside = self.env | ({"PORTAL_BASE_URL": self.workers[0].base} if self.workers else {})
        self.beside = Process(["work"], beside) if with_worker else None

    # --- Making one -------------------------------------------------------------------------

    @classmethod
    @contextlib.asynccontextmanager
    async def embedded(cls, workers: int = 1, **more: str) -> AsyncIterator[Self]:
        """SQLite, the in-process bus, one worker (or none). `more` are further environment variables."""
        with _folder() as folder:
            await asyncio.to_thread(practice_in_sqlite, folder)
            deployment = cls(folder, _demo(folder) | more, workers, with_worker=False)
            async with deployment._running():
                yield deployment

    @classmethod
    @contextlib.asynccontextmanager
    async def full(
        cls, postgres: PostgreSQL, redis: Redis, workers: int = 2, with_worker: bool = True, **more: str
    ) -> AsyncIterator[Self]:
        """PostgreSQL, Redis, several workers (or none), and where there are some, the one for what is due."""
        with _folder() as folder:
            name = f"portal_{folder.name.rpartition('-')[2].lower()}"
            url = await asyncio.to_thread(practice_in_postgres, postgres, folder, name)
            env = _demo(folder) | {"DATABASE_URL": url, "REDIS_URL": redis.url()} | more
            deployment = cls(folder, env, workers, with_worker and workers > 0, url)
            try:
                async with deployment._running():
                    yield deployment
            finally:
                await asyncio.to_thread(postgres.drop_database, name)

    @classmethod
    def shared(cls, kind: str, postgres: PostgreSQL, redis: Redis) -> AbstractAsyncContextManager[Self]:
        """One of these, `embedded` or `full`, for many tests: nobody idles out because a run takes long."""
        longer = {"PORTAL_PATIENCE": "30"}
        return cls.full(postgres, redis, **longer) if kind == "full" else cls.embedded(**longer)

    @contextlib.asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        processes: list[Process] = [*self.workers, *([self.beside] if self.beside else [])]
        try:
            await asyncio.gather(*(asyncio.to_thread(process.start) for process in processes))
            self.cast = await Cast.of(self)
            yield
            await self.cast.close()
        finally:
            for connection in self._looking:
                connection.terminate()
            for process in processes:
                await asyncio.to_thread(process.close)

    # --- Working with it --------------------------------------------------------------------

    @property
    def bases(self) -> list[str]:
        return [worker.base for worker in self.workers]

    @property
    def sqlite(self) -> bool:
        return not self.database_url

    @property
    def last(self) -> int:
        """The number of the last worker: another than the first, where there are two."""
        return len(self.bases) - 1

    async def stop(self, worker: int = 0, how: signal.Signals = signal.SIGKILL) -> None:
        """End a worker, and return when it has ended; SIGTERM lets it drain first."""
        await asyncio.to_thread(self.workers[worker].stop, how)

    async def start(self, worker: int = 0) -> None:
        """Start a worker again, at the address it had."""
        await asyncio.to_thread(self.workers[worker].start)

    def log(self, worker: int = 0) -> str:
        return self.workers[worker].log.read_text()

    async def sql(self, text: str, **values: Any) -> list[dict[str, Any]]:
        """Look into the database: `await deployment.sql("select … where id = :id", id=…)`."""
        statement, names = named._compiled(text, not self.sqlite)
        if self.sqlite:
            given = [named._for_sqlite(values[name]) for name in names]
            return named.decoded(text, await asyncio.to_thread(self._look, statement, given))
        # A connection of one's own takes longer than most looks. One whose server was stopped meanwhile is closed.
        open_ones = [one for one in self._looking if not one.is_closed()]
        known, self._looking = (open_ones.pop() if open_ones else None), open_ones
        connection = known or await asyncpg.connect(self.database_url, **PLAIN)
        if known is None:
            await decode_json(connection)
        try:
            rows = await connection.fetch(statement, *(values[name] for name in names))
        except BaseException:
            connection.terminate()
            raise
        self._looking.append(connection)
        return [dict(row) for row in rows]

    def _look(self, statement: str, values: list[Any]) -> list[dict[str, Any]]:
        declared = sqlite3.PARSE_DECLTYPES
        with contextlib.closing(
            sqlite3.connect(self.folder / "portal.db", timeout=10, detect_types=declared)
        ) as connection:
            connection.row_factory = sqlite3.Row
            with connection:
                return [dict(row) for row in connection.execute(statement, values)]

    async def row(self, table: str, id: str) -> dict[str, Any]:
        """Return a row by its id."""
        (found,) = await self.sql(f"select * from {table} where id = :id", id=id)
        return found

    async def count(self, rows: str, **values: Any) -> int:
        """Return how many there are: `await deployment.count("client where first_name = :name", name=…)`."""
        return int((await self.sql(f"select count(*) as n from {rows}", **values))[0]["n"])

    async def contents(self, without: tuple[str, ...] = ()) -> dict[str, str]:
        """A digest of the rows of each table, but for those named: equal when nothing was changed."""
        if self.sqlite:
            return await asyncio.to_thread(self._digests, without)
        catalogue = "select table_name as name from information_schema.tables where table_schema = 'public'"
        tables = [row["name"] for row in await self.sql(catalogue) if row["name"] not in without]
        digests = " union all ".join(
            f"select '{table}' as name, md5(coalesce(string_agg(t::text, '' order by t::text), '')) as digest "
            f"from {table} t"
            for table in tables
        )
        return {row["name"]: row["digest"] for row in await self.sql(digests)}

    def _digests(self, without: tuple[str, ...]) -> dict[str, str]:
        catalogue = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
        with contextlib.closing(sqlite3.connect(self.folder / "portal.db", timeout=10)) as connection:
            tables = [name for (name,) in connection.execute(catalogue) if name not in without]
            connection.execute("begin")  # all of them as they are at one moment
            found = {table: connection.execute(f"select * from {table} order by rowid") for table in tables}
            return {
                table: hashlib.sha256(repr((rows.description, rows.fetchall())).encode()).hexdigest()
                for table, rows in found.items()
            }

    async def audited(self) -> dict[str, int]:
        """Count what was done, and how often somebody was refused: the rows of those who are known, and the
        counts of those who are not."""
        done = "(select count(*) from audit where result = 'done')"
        counted = "(select coalesce(sum(count), 0) from throttle where key like 'refused:%')"
        noted = "(select count(*) from audit where result = 'refused' and side <> 'nobody')"
        (row,) = await self.sql(f"select {done} as done, {counted} + {noted} as refused")
        return {result: int(times) for result, times in row.items()}

    async def refusals(self) -> int:
        return (await self.audited())["refused"]

    async def bookmark(self) -> Bookmark:
        """Return the place where the database is now."""
        place = "(select coalesce(max(id), 0) from fact)" if self.sqlite else "pg_current_snapshot()::text"
        return Bookmark.now_at((await self.sql(f"select value as era, {place} as place from era"))[0])

    @contextlib.asynccontextmanager
    async def models(self) -> AsyncIterator[None]:
        """The models at work in this very process, on the deployment's database; where they are already, they stay."""
        if self._at_work:
            yield
            return
        crypto.load_keys(self.folder / "portal.key")
        EXECUTOR_CACHE.clear()  # Tortoise's statements of the last database, which may have been another kind
        await open_database(Settings(data=self.folder, database_url=self.database_url))
        self._at_work = True
        try:
            yield
        finally:
            self._at_work = False
            await close_database()

    async def move_clock(self, **by: float) -> None:
        """Let so much time pass for all its processes, and for what this test takes for now: `minutes=6`, `days=7`.
        It never goes back. A page that is open for more than ten minutes of it reads everything again."""
        self.passed += dt.timedelta(**by)
        new = self.folder / "clock.new"
        new.write_text(str(self.passed.total_seconds()))
        await asyncio.to_thread(new.replace, self.folder / "clock")

    @property
    def now(self) -> dt.datetime:
        """Return the time there."""
        return dt.datetime.now(dt.UTC) + self.passed

    async def followed(self) -> None:
        """Return when every worker has looked at the facts since now, and marked what they touch."""
        name = "portal_follower_looks"
        begun = [await self.metric(name, i) for i in range(len(self.workers))]
        async with asyncio.timeout(20):
            for i, looks in enumerate(begun):
                # The look that is under way may be of a moment ago; the one after it is not.
                while True:
                    if await self.metric(name, i) >= looks + 2:
                        break
                    await asyncio.sleep(0.1)

    async def metric(self, name: str, worker: int = 0) -> float:
        """One of the worker's own numbers."""

        def ask() -> str:
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.workers[worker].port}/metrics",
                headers={"Authorization": f"Bearer {METRICS_TOKEN}"},
            )
            with urllib.request.urlopen(request, timeout=5) as answer:
                return str(answer.read().decode())

        lines = (await asyncio.to_thread(ask)).splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def begun(request: pytest.FixtureRequest, kind: str, **settings: Any) -> AbstractAsyncContextManager[Deployment]:
    """Begin a practice for a fixture, `embedded` or `full`, with these settings."""
    if kind == "embedded":
        return Deployment.embedded(**settings)
    servers = (request.getfixturevalue(name) for name in ("postgres", "redis_server"))
    return Deployment.full(*servers, **settings)


def own_practice(kind: str = "", scope: Any = "module", **settings: Any) -> Any:
    """Make a fixture: a practice that a file has for itself, or each of its tests (`scope="function"`). It is tried on
    both databases, unless a kind is named: `willow = own_practice("full", workers=1)`."""

    @pytest.fixture(scope=scope, params=None if kind else ["embedded", "full"])
    async def practice(request: pytest.FixtureRequest) -> AsyncIterator[Deployment]:
        async with begun(request, kind or request.param, **settings) as deployment:
            yield deployment

    return practice


def _plain_environment() -> dict[str, str]:
    ours = ("PORTAL_", "DATABASE_URL", "REDIS_URL", "SMTP_URL", "WEB_CONCURRENCY", "PORT")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _demo(folder: Path) -> dict[str, str]:
    return {
        "PORTAL_DATA": str(folder),
        "PORTAL_KEY_FILE": str(folder / "portal.key"),
        "PORTAL_DEMO": "1",
        "PORTAL_CLOCK": str(folder / "clock"),
        "PORTAL_METRICS_TOKEN": METRICS_TOKEN,
        "PORTAL_TICK": "0.25",
        "PORTAL_HEARTBEAT": "0.25",
    }


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="portal-deployment-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- The demo practice, and an empty one, made once in a run and copied ---------------------------

_made: dict[tuple[str, bool], bytes] = {}  # SQLite's file and the keys of each, by what they are and whether filled


@contextlib.asynccontextmanager
async def opened(folder: Path, postgres: PostgreSQL | None = None, filled: bool = True) -> AsyncIterator[Settings]:
    """Open a database of its own in this very process, SQLite's where no PostgreSQL is given: with the demo practice,
    or with tables and nothing in them."""
    url, name = "", f"opened_{uuid4().hex[:12]}"
    if postgres is None:
        await asyncio.to_thread(practice_in_sqlite, folder, filled)
    else:
        url = await asyncio.to_thread(practice_in_postgres, postgres, folder, name, filled)
    crypto.load_keys(folder / "portal.key")
    EXECUTOR_CACHE.clear()  # Tortoise's statements of the last database, which may have been another kind
    settings = Settings(data=folder, DATABASE_URL=url, REDIS_URL="")
    await open_database(settings)
    try:
        yield settings
    finally:
        await close_database()
        EXECUTOR_CACHE.clear()
        if postgres is not None:
            await asyncio.to_thread(postgres.drop_database, name)


async def command(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a `portal` command to its end, and return what came of it."""
    return await asyncio.to_thread(
        subprocess.run, [*PORTAL, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=90
    )


def _make(folder: Path, filled: bool, **env: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _FILL if filled else _MIGRATE],
        cwd=ROOT,
        env=_plain_environment() | _demo(folder) | {"PORTAL_BASE_URL": "http://localhost:1"} | env,
        capture_output=True,
        text=True,
        timeout=110,
    )
    if ran.returncode:
        raise RuntimeError(f"The demo practice could not be made:\n{ran.stderr}")


def practice_in_sqlite(folder: Path, filled: bool = True) -> None:
    if ("sqlite", filled) not in _made:
        with _folder() as first:
            _make(first, filled)
            with contextlib.closing(sqlite3.connect(first / "portal.db")) as connection:
                connection.execute("pragma wal_checkpoint(truncate)")
            _made["sqlite", filled] = (first / "portal.db").read_bytes()
            _made["sqlite key", filled] = (first / "portal.key").read_bytes()
    (folder / "portal.db").write_bytes(_made["sqlite", filled])
    _write_key(folder, _made["sqlite key", filled])


def practice_in_postgres(postgres: PostgreSQL, folder: Path, name: str, filled: bool = True) -> str:
    template = "willow_street" if filled else "willow_street_empty"
    if (postgres.url(), filled) not in _made:
        with _folder() as first:
            _make(first, filled, DATABASE_URL=postgres.create_database(template))
            _made[postgres.url(), filled] = (first / "portal.key").read_bytes()
    _write_key(folder, _made[postgres.url(), filled])
    return postgres.create_database(name, template)


def _write_key(folder: Path, key: bytes) -> None:
    (folder / "portal.key").write_bytes(key)
    (folder / "portal.key").chmod(0o600)
