"""Fixtures for every test.

`embedded` and `full` are shared by all tests that leave the practice as they found it, or don't mind what
others have written there; a file that needs one for itself makes it: `willow = own_practice()`.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from portal import clock
from tests import both_databases
from tests.deployment import Deployment, opened, own_practice, practice_in_postgres, practice_in_sqlite
from tests.servers import PostgreSQL, Redis

# What takes longest begins first, and is split: else one process works on it long after the other is done.
LONGEST = (
    "tests/browser/test_pages.py",
    "tests/laws/test_live_equals_reload.py",
    "tests/laws/test_regions.py",
    "tests/laws/test_strangers.py",
    "tests/browser",
    "tests/faults",
    "tests/attacks",
)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        both_databases.begin()
    both_databases.note_here()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A whole run is red where a statement is one that the databases read differently."""
    if hasattr(session.config, "workerinput"):
        return
    if session.config.getvalue("dist") == "loadfile" and (texts := list(both_databases.for_the_other())):
        with PostgreSQL() as server, TemporaryDirectory() as place:
            practice_in_sqlite(Path(place), filled=False)
            url = practice_in_postgres(server, Path(place), "read", filled=False)
            refused = asyncio.run(both_databases.not_read(texts, url, Path(place, "portal.db")))
        session.config.stash[_REFUSED] = [f"{len(texts)} statements were read by the other database.", *refused]
        if refused:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    both_databases.end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_REFUSED, []):
        terminalreporter.write_line(line)


# Matrices of refusals: tried on SQLite, and with --all on both. PostgreSQL keeps what can differ there: rules of sight
# (test_visible.py), each route's success, constraints, races; and each statement runs on both (both_databases.py).
ON_SQLITE = (
    "tests/laws/test_strangers.py::test_strangers_are_refused_and_change_nothing",
    "tests/laws/test_strangers.py::test_what_is_refused_would_have_changed_something",
    "tests/laws/test_bad_input.py::test_a_body_that_no_form_makes",
    "tests/laws/test_bad_input.py::test_another_kind_of_body",
    "tests/laws/test_bad_input.py::test_a_write_must_say_where_it_comes_from",
)
# Matrices of odd values: PostgreSQL alone refuses a NUL, an id that is none and a number of more than four bytes, and
# what SQLite refuses too. With --all on both.
ON_POSTGRES = (
    "tests/laws/test_bad_input.py::test_an_id_that_is_none",
    "tests/attacks/test_odd_input.py::test_an_odd_address_is_answered",
    "tests/attacks/test_odd_input.py::test_an_odd_header_is_answered",
    "tests/attacks/test_odd_input.py::test_an_odd_form_is_answered",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("all"):
        left = [
            item
            for item in items
            if (item.nodeid.startswith(ON_SQLITE) and "full" in item.callspec.id)
            or (item.nodeid.startswith(ON_POSTGRES) and "embedded" in item.callspec.id)
        ]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]

    def turn(item: pytest.Item) -> int:
        return next((n for n, place in enumerate(LONGEST) if item.nodeid.startswith(place)), len(LONGEST))

    items.sort(key=turn)


_REFUSED = pytest.StashKey[list[str]]()


class ByPart(LoadFileScheduling):
    """A file at a time to a process, in that order; of the pages each side, of strangers each database by itself."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, case = nodeid.partition("::")
        if file == LONGEST[0]:
            return nodeid
        return f"{file} {'full' in case}" if file == "tests/laws/test_strangers.py" else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByPart | None:
    config.option.loadscopereorder = False
    return ByPart(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="Try everything where a sample is tried in every run.")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture(scope="session")
async def embedded() -> AsyncIterator[Deployment]:
    """SQLite, the in-process bus, one worker."""
    async with Deployment.embedded(PORTAL_PATIENCE="30") as deployment:
        await _without_mail(deployment)
        yield deployment


@pytest.fixture(scope="session")
async def full(postgres: PostgreSQL, redis_server: Redis) -> AsyncIterator[Deployment]:
    """PostgreSQL, Redis, two workers, and the worker for what is due."""
    async with Deployment.shared("full", postgres, redis_server) as deployment:
        await _without_mail(deployment)
        yield deployment


@pytest.fixture(params=["embedded", "full"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Each of the two that are shared: SQLite with one worker, and PostgreSQL and Redis with two."""
    found: Deployment = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["sqlite", "postgres"])
async def practice(request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path) -> AsyncIterator[None]:
    """The demo practice in this process, on either database, for one test."""
    async with opened(tmp_path, postgres if request.param == "postgres" else None):
        yield


@pytest.fixture
def another_hour() -> Iterator[None]:
    """For a test that moves this process's clock: afterwards it is as it was."""
    yield
    clock.move(dt.timedelta())


unserved = own_practice(workers=0)  # its `models()` work in this process


async def _without_mail(deployment: Deployment) -> None:
    """No e-mail about a message falls due in the midst of what another test compares."""
    await deployment.sql("update practice set mail_after = 240")
