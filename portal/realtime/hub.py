"""The hub: this worker's open pages, which of them a fact concerns, and the rounds that send to them."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

import structlog

from portal import clock
from portal.facts import EVERYONE, Fact, SessionEnded
from portal.models.access.account import clients_of, next_end
from portal.models.ground.fact import Bookmark, NewFacts
from portal.models.ground.record import Kind
from portal.models.practice.practice import portal_is_on
from portal.models.staff.session import lives_until
from portal.models.staff.staff_member import supervised_by
from portal.permissions import Permission
from portal.realtime.drawing import Draw, Frame, draw_whole, extend_lists
from portal.realtime.gate import Gate
from portal.realtime.page import COME_BACK, NO_ACCESS, PORTAL_CLOSED, RESTARTING, SIGNED_OUT, STALLED, Page
from portal.settings import settings
from portal.viewer import may_look

log = structlog.get_logger()

A_TURN = 100  # pages between two turns for the rest of the loop
MOST_CHANGED = 200  # items of one list that are sent again one by one; if more have changed, it is drawn anew
EVERY_CLIENT = "client:*"
# Seconds after which what could not be rendered is tried again: twice as long each time, up to a minute.
TRY_AGAIN, AT_LONGEST = 1.0, 60.0


class Hub:
    def __init__(self) -> None:
        self.pages: set[Page] = set()
        self.index: dict[str, set[Page]] = defaultdict(set)
        self.latest: Bookmark | None = None
        self.waiting: set[Page] = set()
        self.draining = False
        self.gate = Gate(settings().sockets_per_network)
        self._wake = asyncio.Event()
        self._closing: set[asyncio.Task[None]] = set()
        self._beat = 0
        self.pushes = 0

    # --- Pages come and go ------------------------------------------------------------------

    async def add(self, page: Page) -> bool:
        """Index a page under the people it is concerned by. Return False where nothing is left to show it."""
        self.pages.add(page)
        return await self.reindex(page)

    def greet(self, page: Page, seen: Bookmark) -> None:
        """Let a page be sent to from now on, first how far it is: it is marked for everything that it missed until
        `seen`."""
        page.ready, page.owed, page.seen = True, True, seen
        if page in self.pages:
            self.waiting.add(page)
            self._wake.set()

    def remove(self, page: Page) -> None:
        """Forget a page: nothing is rendered for it or sent to it any more."""
        self.pages.discard(page)
        self.waiting.discard(page)
        page.dirty.clear()
        page.changed.clear()
        self._forget(page)

    def _forget(self, page: Page) -> None:
        for key in page.keys:
            self.index[key].discard(page)
            if not self.index[key]:
                del self.index[key]
        page.keys = frozenset()

    async def reindex(self, page: Page) -> bool:
        """Ask again whom this page is concerned by, and until when that holds. A page whose session or profile is over
        is closed."""
        viewer = page.viewer
        # Two may ask at once, the follower and the page's own hello: the later answer counts.
        page.asked = asked = page.asked + 1
        session = (await lives_until([page.session])).get(page.session)
        if session is None or session <= clock.now():
            closed = viewer.side == "client" and viewer.lens is None and not await portal_is_on()
            self.let_go(page, PORTAL_CLOSED if closed else SIGNED_OUT)
            return False
        if viewer.lens is not None:
            if not await may_look(viewer):
                self.let_go(page, NO_ACCESS)
                return False
            # What changes for either of the two: whom staff supervise brings clients with them.
            keys = {viewer.key, f"staff:{viewer.lens}", f"client:{viewer.client}"}
            keys |= {f"staff:{member}" for member in await supervised_by(viewer.lens)}
        elif viewer.kind is Kind.STAFF and await viewer.may(Permission.SEE_ALL_CLIENTS):
            keys = {viewer.key, EVERY_CLIENT}
        else:
            # All of an account's clients, for the switch between profiles on every page of theirs.
            clients = await clients_of(viewer.kind, viewer.id)
            if viewer.client is not None and not clients.get(viewer.client):
                self.let_go(page, NO_ACCESS)
                return False
            keys = {viewer.key} | {f"client:{client}" for client in clients}
            if viewer.kind is Kind.STAFF:
                # The clients of those whom one supervises come and go with them.
                keys |= {f"staff:{member}" for member in await supervised_by(viewer.id)}
        ends = [await next_end(viewer.kind, viewer.id)]
        if viewer.lens is not None:
            ends.append(await next_end(Kind.STAFF, viewer.lens))
        if page not in self.pages:
            return False
        if page.asked != asked:
            return True
        page.until = min([session, *(end for end in ends if end is not None)])
        self._forget(page)
        page.keys = frozenset(keys)
        for key in keys:
            self.index[key].add(page)
        return True

    def let_go(self, page: Page, code: int) -> None:
        """Close without waiting for it; the set keeps the task alive until it is done."""
        self.remove(page)
        page.parting = task = asyncio.ensure_future(page.close(code))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def of_holder(self, holder: UUID) -> int:
        return sum(1 for page in self.pages if page.viewer.looks == holder)

    # --- Facts arrive -----------------------------------------------------------------------

    def concerns(self, keys: Iterable[str]) -> bool:
        """Tell whether any page here is concerned by one of these audience keys."""
        return any(
            key in self.index
            or key == "*"
            or (key == EVERYONE and bool(self.pages))
            or (EVERY_CLIENT in self.index and key.startswith("client:"))
            for key in keys
        )

    def concerned_by(self, client: str) -> set[Page]:
        """Return the pages that are concerned by events about a client (`client:<id>`)."""
        return self.index.get(client, set()) | self.index.get(EVERY_CLIENT, set())

    def _named(self, fact: Fact) -> set[Page]:
        """Return the pages indexed under somebody the fact names; all of them, where it names nobody."""
        keys = fact.keys()
        if keys == {EVERYONE}:
            return set(self.pages)
        concerned = {page for key in keys for page in self.index.get(key, ())}
        if any(key.startswith("client:") for key in keys):
            concerned |= self.index.get(EVERY_CLIENT, set())
        return concerned

    async def dispatch(self, news: NewFacts, only: Page | None = None) -> None:
        """Mark the regions these facts touch, on every page they concern, or on one that has just come."""
        pages = {only} if only is not None else self.pages
        # Who may see what comes first: the rest is then told to whom it is true for.
        changed = [page for page in self._whose_access_changed(news, pages) if await self.reindex(page)]
        # From here on nothing waits. A round in between would tell a page that it is further than it
        # was marked, or render what is marked as of a bookmark before it.
        if only is None:
            self.latest = news.bookmark
        for page in changed:
            if news.facts is None:
                # Which items of its lists have changed is not known either.
                page.changed.update(dict.fromkeys(page.cursors))
            self.mark(page, page.showing)
        # Who has said hello since was marked for all of this then.
        behind = pages if only else {page for page in pages if not page.is_past(news.bookmark)}
        for fact in news.facts or ():
            concerned = self.pages if fact.for_everyone else self._named(fact)
            for page in concerned & behind:
                self.mark(page, [key for key in page.showing if self._touches(page, key, fact)])

    def _touches(self, page: Page, key: str, fact: Fact) -> bool:
        """Tell whether a region of this page is out of date by a fact; note which items of a list are."""
        shown = page.showing[key]
        if not shown.touched_by(fact):
            return False
        numbers = shown.changed_by(fact, page.viewer)
        if numbers is None:
            return True
        page.change(key, numbers, MOST_CHANGED)
        return bool(numbers)

    def _whose_access_changed(self, news: NewFacts, pages: set[Page]) -> set[Page]:
        """Return the pages whose access changed; all of them where it is not known what happened."""
        if news.facts is None:
            return set(pages)
        concerned_pages: set[Page] = set()
        for fact in news.facts:
            if fact.changes_access:
                ending = fact.session if isinstance(fact, SessionEnded) else None
                concerned = self._named(fact) & pages
                concerned_pages |= {page for page in concerned if ending is None or page.session == ending}
        return concerned_pages

    def mark(self, page: Page, keys: Iterable[str]) -> None:
        """Note that regions of a page are out of date; they are rendered when it is ready to be sent to."""
        if page not in self.pages:
            return
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
                # What people wait for goes first; the counts around it may take a little longer.
                await self.round(streams=True)
                await self.round(streams=False)
            except Exception:
                log.exception("a round failed")
                await asyncio.sleep(0.2)
                self._wake.set()

    async def round(self, streams: bool) -> None:
        as_of = self.latest
        draws = {page: Draw(page, streams) for page in self.waiting if page.ready and not page.busy}
        if streams:
            draws = {page: draw for page, draw in draws.items() if draw.keys}
        wanted: dict[str, list[Draw]] = defaultdict(list)
        for page, draw in draws.items():
            page.drawing, page.dirty = True, (page.dirty & page.showing.keys()) - draw.keys
            page.changed = {key: items for key, items in page.changed.items() if key in page.dirty}
            if not page.dirty:
                self.waiting.discard(page)
            for key in draw.keys:
                wanted[key].append(draw)
        if streams:
            await extend_lists(wanted, as_of)
        else:
            await draw_whole(wanted, as_of)
        for number, (page, draw) in enumerate(draws.items()):
            page.drawing = False
            if page.busy or page.hellos != draw.hellos:
                # It has said hello anew. What was drawn for it is thrown away, never kept.
                self._put_back(page, draw, draw.keys)
                self.mark(page, draw.keys)
            elif page in self.pages:
                self._put_back(page, draw, set(draw.failed))
                page.dirty |= draw.failed.keys()
                page.cursors = {k: n for k, n in (page.cursors | draw.cursors).items() if k not in draw.ended}
                page.looks |= draw.looks
                if not page.dirty:
                    page.failures = 0
                # Where nothing looks different nothing is sent, nor that something was: of what changes for
                # another of a client's contacts, this one is not to see so much as the moment.
                if draw.frames or page.owed or not draw.keys:
                    self._send(page, draw.frames, as_of)
                if draw.more:
                    self.mark(page, draw.more)
            if number % A_TURN == A_TURN - 1:
                await asyncio.sleep(0)
        failed = [page for page, draw in draws.items() if draw.failed]
        if failed:
            reasons = {key.partition("?")[0]: why for draw in draws.values() for key, why in draw.failed.items()}
            log.warning("regions failed", pages=len(failed), reasons=reasons)
            for page in failed:
                wait = min(TRY_AGAIN * 2**page.failures, AT_LONGEST)
                page.failures = min(page.failures + 1, 10)
                asyncio.get_running_loop().call_later(wait, self.mark, page, ())

    def _put_back(self, page: Page, draw: Draw, keys: set[str]) -> None:
        """Note again which items these regions were to have sent."""
        for key in keys & draw.changed.keys():
            page.change(key, draw.changed[key], MOST_CHANGED)

    def _send(self, page: Page, frames: list[Frame], as_of: Bookmark | None) -> None:
        """Begin to send what was rendered. The last frame says how far the page now is."""
        # By its own hello it may be further than the follower has looked for all.
        there = page.seen if as_of is None or page.is_past(as_of) else as_of
        since = str(there) if there is not None and not page.dirty else None
        if not frames and since is None:
            return
        page.owed = False
        self.pushes += len(frames)
        *before, last = frames or [Frame()]
        task = page.send([*(frame.written() for frame in before), last.written(since)])
        if task is not None:
            task.add_done_callback(lambda _: self._drained(page))

    def _drained(self, page: Page) -> None:
        if page.dirty and page in self.pages:
            self.waiting.add(page)
            self._wake.set()

    # --- Time passes ------------------------------------------------------------------------

    async def tick(self) -> None:
        """Look, at each turn of the follower, at ends of sessions and accesses, heartbeats for a part of the pages, and
        stalled ones."""
        beats = max(1, round(settings().heartbeat))
        self._beat = (self._beat + 1) % beats
        now, loop_now = clock.now(), asyncio.get_running_loop().time()
        for number, page in enumerate(list(self.pages)):
            if number % A_TURN == A_TURN - 1:
                await asyncio.sleep(0)
            if page not in self.pages:
                continue
            if page.busy_since is not None:
                if loop_now - page.busy_since > STALLED:
                    self.remove(page)
                    page.abort()
            elif page.until <= now:
                if await self.reindex(page):
                    self.mark(page, page.showing)
            elif page.ready and not page.drawing and hash(page) % beats == self._beat:
                if page.failures:
                    # The line is well, though something can't be drawn: no bookmark, or it would never be caught up.
                    page.send([Frame().written()])
                elif not page.dirty:
                    self._send(page, [], self.latest)

    async def close_all(self, code: int = COME_BACK) -> None:
        """Send every page away to come back, as when this worker can't read facts."""
        for page in list(self.pages):
            self.let_go(page, code)

    async def drain(self, seconds: float = 10.0) -> None:
        """Ask each page, before this worker ends, to come back elsewhere at once, at a moment of its own; then close
        the rest. Until its moment a page stays as live as ever."""
        self.draining = True
        clock = asyncio.get_running_loop().time
        began = clock()
        # The last of them need a moment too.
        leaving = sorted((random.random() * seconds * 0.95, id(page), page) for page in self.pages)
        for moment, _, page in leaving:
            await asyncio.sleep(began + moment - clock())
            if page in self.pages and not page.busy:
                page.send([Frame(reconnect=0).written()])
        while self.pages and clock() < began + seconds + 0.5:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await self.close_all(RESTARTING)
