"""Each test is tried on SQLite with one worker, and on PostgreSQL and Redis with two."""

from __future__ import annotations

import pytest

from tests.deployment import Deployment


@pytest.fixture(params=["embedded", "full"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    found: Deployment = request.getfixturevalue(request.param)
    return found
