"""The demo as a visitor meets it: one command, a list of people, one click."""

import asyncio
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from portal.demo import PASSWORD
from tests.deployment import ROOT
from tests.servers import free_port

CAST = {
    "Staff": ["Miriam Adler", "Jo Marsh", "Idris Bello", "Ada Lindqvist", "Theo Novak"],
    "Clients and family": ["Dana Reyes", "Eli Reyes-Menon", "Sam Okafor", "Ravi Menon"],
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, str]]:
    """bin/demo on a port and in a folder of its own: its address, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    base = f"http://localhost:{free_port()}"
    printed = folder / "printed"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    with printed.open("wb") as out:
        process = subprocess.Popen(
            [ROOT / "bin" / "demo", "--port", base.rpartition(":")[2], "--data", folder / "practice"],
            env=environment | {"PYTHONUNBUFFERED": "1"},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(answers, base):
                assert process.poll() is None, printed.read_text()
                await asyncio.sleep(0.05)
        yield base, printed.read_text()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def answers(base: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base}/up", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_the_demo_prints_where_it_is_and_whom_one_can_be(demo: tuple[str, str]) -> None:
    base, printed = demo
    assert f"Willow Street Counselling is at {base}" in printed
    assert PASSWORD in printed
    for names in CAST.values():
        for name in names:
            assert name in printed


async def test_one_click_signs_a_visitor_in(demo: tuple[str, str], browser: Browser) -> None:
    base, _ = demo
    context = await browser.new_context(locale="en-US")
    page = await context.new_page()
    await page.goto(base)
    await expect(page).to_have_url(f"{base}/sign-in")
    for heading, names in CAST.items():
        group = page.locator(".cast .two > div").filter(has=page.get_by_role("heading", name=heading))
        await expect(group.get_by_role("button")).to_have_text([re.compile(f"^{name}") for name in names])
    await page.get_by_role("button", name="Dana Reyes").click()
    await expect(page.get_by_role("heading", name="What’s next for Noa")).to_be_visible()
    await page.goto(f"{base}/sign-in")
    await page.get_by_role("button", name="Miriam Adler").click()
    await expect(page.get_by_role("heading", name="Today")).to_be_visible()
    await context.close()
