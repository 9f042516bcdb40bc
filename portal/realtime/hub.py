"""The hub: this worker's open pages, who of them is concerned by a fact, and the rounds that render for them."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import structlog

from portal import clock
from portal.facts import EVERY_STAFF_MEMBER, Fact, SessionEnded
from portal.models.account import clients_of, next_end
from portal.models.fact import Bookmark, News
from portal.models.record import Kind
from portal.models.session import lives_until
from portal.permissions import Permission
from portal.realtime.page import COME_BACK, NO_ACCESS, RESTARTING, SIGNED_OUT, STALLED, Page
from portal.regions import Shown, ended
from portal.viewer import Viewer

log = structlog.get_logger()

HEARTBEAT = 5  # seconds
A_TURN = 100  # pages between two turns for the rest of the loop
EVERY_CLIENT = "client:*"


class Hub:
    def __init__(self) -> None:
        self.pages: set[Page] = set()
        self.index: dict[str, set[Page]] = defaultdict(set)
        self.latest: Bookmark | None = None
        self.waiting: set[Page] = set()
        self.draining = False
        self._wake = asyncio.Event()
        self._closing: set[asyncio.Task[None]] = set()
        self._beat = 0
        self.pushes = 0

    # --- Pages come and go ------------------------------------------------------------------

    async def add(self, page: Page) -> bool:
        """Index a page under whom it is concerned by. False where nothing is left to show it."""
        self.pages.add(page)
        return await self.reindex(page)

    def remove(self, page: Page) -> None:
        self.pages.discard(page)
        self.waiting.discard(page)
        page.closing = True
        self._forget(page)

    def _forget(self, page: Page) -> None:
        for key in page.keys:
            self.index[key].discard(page)
            if not self.index[key]:
                del self.index[key]
        page.keys = frozenset()

    async def reindex(self, page: Page) -> bool:
        """Ask again whom this page is concerned by, and until when that holds. Closes one whose session or
        profile is over."""
        viewer = page.viewer
        session = (await lives_until([page.session])).get(page.session)
        if session is None or session <= clock.now():
            await self._let_go(page, SIGNED_OUT)
            return False
        if viewer.kind is Kind.STAFF and await viewer.may(Permission.SEE_ALL_CLIENTS):
            keys = {viewer.key, EVERY_CLIENT}
        else:
            clients = await clients_of(viewer.kind, viewer.id, viewer.client)
            if viewer.kind is Kind.PROFILE and not clients:
                await self._let_go(page, NO_ACCESS)
                return False
            keys = {viewer.key} | {f"client:{client}" for client in clients}
        if viewer.kind is Kind.STAFF:
            keys.add(EVERY_STAFF_MEMBER)
        end = await next_end(viewer.kind, viewer.id)
        page.until = session if end is None else min(session, end)
        if page not in self.pages:
            return False
        self._forget(page)
        page.keys = frozenset(keys)
        for key in keys:
            self.index[key].add(page)
        return True

    async def _let_go(self, page: Page, code: int) -> None:
        self.remove(page)
        page.dirty.clear()
        self._close(page, code)

    def _close(self, page: Page, code: int) -> None:
        """Close without waiting for it; the set keeps the task alive until it is done."""
        page.closing = False
        task = asyncio.ensure_future(page.close(code))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def of_holder(self, viewer: UUID) -> int:
        return sum(1 for page in self.pages if page.viewer.id == viewer)

    # --- Facts arrive -----------------------------------------------------------------------

    def concerns(self, keys: Iterable[str]) -> bool:
        """Whether any page here is concerned by one of these audience keys."""
        return any(
            key in self.index or key == "*" or (EVERY_CLIENT in self.index and key.startswith("client:"))
            for key in keys
        )

    def _audience(self, fact: Fact) -> set[Page]:
        keys = fact.keys()
        found = {page for key in keys for page in self.index.get(key, ())}
        if any(key.startswith("client:") for key in keys):
            found |= self.index.get(EVERY_CLIENT, set())
        return found

    async def dispatch(self, news: News, only: Page | None = None) -> None:
        """Mark what these facts touch, on every page they concern, or on one that has just come."""
        pages = {only} if only is not None else self.pages
        await self._mark_all(news, pages)
        # Only now: a round in between must not tell a page that it is further than it was marked.
        if only is None:
            self.latest = news.bookmark

    async def _mark_all(self, news: News, pages: set[Page]) -> None:
        if news.facts is None:
            for page in list(pages):
                if await self.reindex(page):
                    self.mark(page, page.showing)
            return
        # Who may see what comes first: the rest is then told to whom it is true for.
        for fact in news.facts:
            if fact.changes_access:
                ending = fact.session if isinstance(fact, SessionEnded) else None
                for page in self._audience(fact) & pages:
                    if (ending is None or page.session == ending) and await self.reindex(page):
                        self.mark(page, page.showing)
        for fact in news.facts:
            for page in self._audience(fact) & pages:
                self.mark(page, [key for key, shown in page.showing.items() if shown.touched_by(fact)])

    def mark(self, page: Page, keys: Iterable[str]) -> None:
        """Note that regions of a page are out of date; they are rendered when it is ready to be sent to."""
        page.dirty.update(keys)
        if page.dirty:
            self.waiting.add(page)
            self._wake.set()

    # --- Rounds -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Render and send, round after round, for as long as the worker lives."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.round()
            except Exception:
                # The database is away. What is dirty stays so; the follower closes the pages
                # if it lasts, and they come back and catch up.
                log.warning("a round failed", exc_info=True)
                await asyncio.sleep(0.2)
                self._wake.set()

    async def round(self) -> None:
        ready = [page for page in self.waiting if page.ready and not page.busy]
        here = self.latest
        wanted: dict[str, list[Page]] = defaultdict(list)
        shown: dict[str, Shown] = {}
        for page in ready:
            for key in page.dirty:
                if key in page.showing:
                    wanted[key].append(page)
                    shown[key] = page.showing[key]
        frames: dict[Page, list[dict[str, Any]]] = {page: [] for page in ready}
        taken = {page: page.dirty for page in ready}
        for page in ready:
            self.waiting.discard(page)
            page.dirty = set()
        try:
            for key, pages in wanted.items():
                await self._render(shown[key], pages, frames, here)
        except Exception:
            for page, keys in taken.items():
                page.dirty |= keys
                self.waiting.add(page)
            raise
        for number, (page, out) in enumerate(frames.items()):
            if page in self.pages and not page.busy:
                self._send(page, out, here)
            if number % A_TURN == A_TURN - 1:
                await asyncio.sleep(0)

    async def _render(
        self,
        shown: Shown,
        pages: list[Page],
        frames: dict[Page, list[dict[str, Any]]],
        here: Bookmark | None,
    ) -> None:
        region, args = shown.region, dict(shown.args)
        head = {
            "region": shown.key,
            "target": f"#{region.element_id(args)}",
            "version": here.version if here else 0,
        }
        if region.stream is not None:
            asks = {(page.viewer, page.cursors.get(shown.key, 0)) for page in pages}
            answers = await region.stream.since(list(asks), conversation=args["conversation"])
            for page in pages:
                fresh = answers.get((page.viewer, page.cursors.get(shown.key, 0)))
                if fresh is None:
                    frames[page].append(head | _gone(page.viewer, shown))
                elif fresh.items:
                    page.cursors[shown.key] = fresh.cursor
                    frames[page].append(
                        head
                        | {"swap": "upsert key:data-number", "content": fresh.items}
                        | {"cursor": fresh.cursor}
                    )
                    if fresh.more:
                        self.mark(page, [shown.key])
            return
        drawn: dict[Viewer, str | None] = {}
        for page in pages:
            if page.viewer not in drawn:
                drawn[page.viewer] = await region.render(page.viewer, args)
            html = drawn[page.viewer]
            frames[page].append(
                head
                | ({"swap": "outerMorph", "content": html} if html is not None else _gone(page.viewer, shown))
            )

    def _send(self, page: Page, frames: list[dict[str, Any]], here: Bookmark | None) -> None:
        """Begin to send what was rendered. The last frame says how far the page now is."""
        if here is not None and not page.dirty:
            mark = {"since": str(here)}
            frames = [*frames[:-1], frames[-1] | mark] if frames else [mark]
        self.pushes += len(frames)
        task = page.send(frames)
        if task is not None:
            task.add_done_callback(lambda _: self._drained(page))

    def _drained(self, page: Page) -> None:
        if page.dirty and page in self.pages:
            self.waiting.add(page)
            self._wake.set()

    # --- Time passes ------------------------------------------------------------------------

    async def tick(self) -> None:
        """Once a second: ends of sessions and accesses, heartbeats for a fifth of the pages, stalled ones."""
        self._beat = (self._beat + 1) % HEARTBEAT
        now, loop_now = clock.now(), asyncio.get_running_loop().time()
        for number, page in enumerate(list(self.pages)):
            if number % A_TURN == A_TURN - 1:
                await asyncio.sleep(0)
            if page.busy_since is not None:
                if loop_now - page.busy_since > STALLED:
                    self.remove(page)
                    page.abort()
            elif page.until <= now:
                if await self.reindex(page):
                    self.mark(page, page.showing)
            elif page.ready and hash(page) % HEARTBEAT == self._beat and not page.dirty:
                self._send(page, [], self.latest)

    async def close_all(self, code: int = COME_BACK) -> None:
        """Send every page away to come back, as when this worker can't read facts."""
        for page in list(self.pages):
            self.remove(page)
            self._close(page, code)

    async def drain(self, seconds: float = 10.0) -> None:
        """Before this worker ends: ask each page to come back at a moment of its own, then close the rest."""
        self.draining = True
        for page in list(self.pages):
            if not page.busy:
                page.send([{"reconnect": int(random.random() * seconds * 1000)}])
        until = asyncio.get_running_loop().time() + seconds + 0.5
        while self.pages and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await self.close_all(RESTARTING)


def _gone(viewer: Viewer, shown: Shown) -> dict[str, Any]:
    return {"swap": "outerHTML", "content": ended(viewer.language, shown)}
