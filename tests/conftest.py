"""What every test may ask for."""

from collections.abc import Iterator

import pytest

from tests.servers import PostgreSQL, Redis


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with Redis() as server:
        yield server
