"""One Chromium for all tests of this folder, and a practice of its own on two workers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.visitor import DESK, WITHIN, Visitor
from tests.deployment import Deployment
from tests.servers import PostgreSQL, Redis, chromium

Visit = Callable[..., Awaitable[Visitor]]

expect.set_options(timeout=WITHIN * 1000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    program = chromium()
    assert program, "Chromium is not installed: run bin/test, which installs it."
    # All pages in one process: a tenth less of the processor than one for each.
    arguments = ["--no-sandbox", "--disable-background-networking", "--renderer-process-limit=1"]
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=program, args=arguments)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def practice(postgres: PostgreSQL, redis_server: Redis) -> AsyncIterator[Deployment]:
    """Two workers, PostgreSQL, Redis. Workers that a test stops it starts again."""
    async with Deployment.full(postgres, redis_server, PORTAL_DRAIN="1") as deployment:
        yield deployment


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, practice: Deployment) -> AsyncIterator[Visit]:
    """Opens a window for someone: `dana = await visit("dana")`; without a name nobody is signed in.

    At the end no page of any window may have reported an error or a breach of the content policy.
    """
    visitors: list[Visitor] = []

    async def begin(name: str = "", deployment: Deployment = practice, **window: Any) -> Visitor:
        context = await browser.new_context(**{"viewport": DESK, "locale": "en-US"} | window)
        context.set_default_timeout(10_000)
        person = await deployment.cast.sign_in(name) if name else None
        visitors.append(Visitor(deployment, context, person))
        await visitors[-1].enter()
        return visitors[-1]

    yield begin
    for visitor in visitors:
        await visitor.context.close()
    assert [trouble for visitor in visitors for trouble in visitor.troubles] == []
