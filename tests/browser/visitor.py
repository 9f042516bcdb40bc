"""Someone of the cast at a real Chromium, and what a test reads from the pages they have open."""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Response, ViewportSize, WebError, WebSocket

from tests.cast import Person
from tests.deployment import Deployment
from tests.pages import in_time

PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1440, height=900)

WITHIN = 10.0  # seconds for a page to become what it should be, on a machine that does other things too

# What a browser says of a line that the test itself has cut.
_LINE_CUT = re.compile(r"WebSocket|ERR_(CONNECTION|FAILED|INTERNET|NETWORK|EMPTY|CONTENT_LENGTH)|Failed to fetch")


class Visitor:
    """A window of their own: a browser context with their cookies. All trouble its pages report is kept."""

    def __init__(self, deployment: Deployment, context: BrowserContext, person: Person | None) -> None:
        self.deployment = deployment
        self.context = context
        self.person = person
        self.troubles: list[str] = []
        self.line_is_cut = False  # by the test: what the browser says of that is no trouble
        self.may_be_refused: set[int] = set()  # statuses that the test provokes
        self._sockets: dict[Page, Socket] = {}
        context.on("console", self._hear)
        context.on("weberror", self._fail)
        context.on("response", self._check)
        context.on("page", self._watch)

    async def enter(self) -> None:
        """Bring the cookies of the person's sign-in."""
        if self.person is not None:
            jar, url = self.person.browser.cookies.jar, self.deployment.bases[0]
            await self.context.add_cookies([{"name": c.name, "value": c.value or "", "url": url} for c in jar])

    async def open(self, path: str, worker: int = 0, page: Page | None = None) -> Page:
        """A page of the portal, once it is live: its socket has said hello and been answered."""
        page = page or await self.context.new_page()
        await self.go(page, path, worker)
        await self.is_live(page)
        return page

    async def go(self, page: Page, path: str, worker: int = 0) -> None:
        """Go there; to the clients found for some words by `/staff/clients#q=…`."""
        if "#q=" in path and self.person is not None:
            path = await self.person.search(path.partition("#q=")[2], worker)
        await page.goto(self.deployment.bases[worker] + path)

    async def speak(self, language: str) -> None:
        """Choose a language by the front door, as one who is signed in or not."""
        if self.person is not None:
            await self.person.post("/language", lang=language)
            return
        page = await self.open("/sign-in")
        # A page that is closed while it goes to another can leave the browser waiting for ever.
        async with self.goes_on(page):
            await page.locator(f".tongues [lang={language}]").click()
        await page.close()

    @contextlib.asynccontextmanager
    async def goes_on(self, page: Page) -> AsyncIterator[None]:
        """Do in it what leads to another page, and leave it once that one is live: what is looked at is then of it."""
        async with page.expect_navigation():
            yield
        await self.is_live(page)

    async def is_live(self, page: Page) -> None:
        """Wait until this page's own socket has been answered."""
        await page.wait_for_load_state("domcontentloaded")  # one that is only just there has no body yet
        if await page.evaluate("document.body.hasAttribute('data-socket')"):
            await asyncio.wait_for(self._sockets[page].answered.wait(), 10)

    def socket(self, page: Page) -> "Socket":
        return self._sockets[page]

    def _watch(self, page: Page) -> None:
        self._sockets[page] = Socket()
        page.on("websocket", self._sockets[page].begin)
        page.on("framenavigated", lambda frame: self._sockets[page].forget())

    def _hear(self, message: ConsoleMessage) -> None:
        # A refused request is judged by its status, below; and a page may be left before its socket is there.
        quiet = ("Failed to load resource: the server", "closed before the connection is established")
        if message.type in ("error", "warning") and not any(text in message.text for text in quiet):
            self._note(f"console: {message.text}")

    def _fail(self, error: WebError) -> None:
        self._note(f"script: {error.error}")

    def _check(self, response: Response) -> None:
        refused = response.status >= 400 and not response.request.is_navigation_request()
        if response.status >= 500 or (refused and response.status not in self.may_be_refused):
            self._note(f"{response.status} from {response.url}")

    def _note(self, trouble: str) -> None:
        if not (self.line_is_cut and _LINE_CUT.search(trouble)):
            self.troubles.append(trouble)


class Socket:
    """All that a page's sockets have brought it since it was loaded."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.answered = asyncio.Event()

    def begin(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._receive)

    def _receive(self, text: str | bytes) -> None:
        self.frames.append(json.loads(text))
        self.answered.set()


# --- What a page shows ---------------------------------------------------------------------------

_REGIONS = (Path(__file__).parent / "regions.js").read_text()


async def regions(page: Page) -> dict[str, str]:
    """The live regions of a page by their keys, as text that does not depend on how they came to be."""
    found: dict[str, str] = await page.evaluate(f"({_REGIONS})(document)")
    return found


async def fresh_regions(page: Page) -> dict[str, str]:
    """The same of the page as the server would give it now, asked for by the page itself."""
    found: dict[str, str] = await page.evaluate(
        f"""async () => {{
            const answer = await fetch(location.href, {{ headers: {{ Accept: "text/html" }} }});
            return ({_REGIONS})(new DOMParser().parseFromString(await answer.text(), "text/html"));
        }}"""
    )
    return found


async def becomes_fresh(pages: dict[str, Page]) -> None:
    """Each page, by a name for it, shows by itself and soon what the server would answer now."""
    until = time.monotonic() + WITHIN
    for name, page in pages.items():
        live, fresh = await regions(page), await fresh_regions(page)
        while live != fresh and time.monotonic() < until:
            live, fresh = await regions(page), await fresh_regions(page)
        assert live == fresh, name


async def said(page: Page) -> list[str]:
    """The messages a conversation shows, in the order shown; those on their way are not among them. How far back they
    go depends on when the page was opened."""
    texts: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll('[data-number] .bubble')].map((bubble) => bubble.textContent.trim())"""
    )
    return texts


async def ends_with(page: Page, texts: list[str]) -> None:
    """The newest messages that a conversation shows are these, soon."""
    until = time.monotonic() + WITHIN
    while (newest := (await said(page))[-len(texts) :]) != texts and time.monotonic() < until:
        await page.wait_for_timeout(50)
    assert newest == texts


async def write(page: Page, text: str) -> None:
    """Type a message and press Enter, as on a desk."""
    box = page.get_by_label(re.compile("^Message"))
    await box.fill(text)
    await box.press("Enter")


async def becomes(page: Page, script: str, arg: Any = None, within: float = WITHIN) -> None:
    """Wait until a script of the page is true; the page itself looks, each frame."""
    await page.wait_for_function(script, arg=arg, timeout=within * 1000)


async def are_emptied(pages: list[Page], why: str) -> None:
    """Each page says under this heading that it has ended, within two seconds from now."""
    began = time.monotonic()

    async def seconds(page: Page) -> float:
        is_there = "(why) => [...document.querySelectorAll('h1')].some((h1) => h1.textContent.trim() === why)"
        await becomes(page, is_there, why, within=10)
        return time.monotonic() - began

    took = await asyncio.gather(*map(seconds, pages))
    in_time({f"{n}, {page.url}": late for n, (page, late) in enumerate(zip(pages, took, strict=True))}, 2.0)
