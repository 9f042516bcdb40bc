"""An open page, as a browser holds it: what it shows, and its socket, with the rules of live.js.

async with open_page(dana, f"/clients/{noa}/home") as page:
    await miriam.post(...)
    assert "See you Tuesday." in await page.next_push(region="home")
    assert page.live == await page.reload()
"""

import asyncio
import contextlib
import copy
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from html import escape as html_escape
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import websockets
from websockets.asyncio.client import ClientConnection, connect

from portal.models.ground.fact import Bookmark
from tests.cast import Person
from tests.html import Element, parse

SOON = 8.0  # seconds: a heartbeat comes every four, and a slow machine needs a while
DEAD_AFTER = 9.0
RETRIES = (0.5, 1.0, 2.0, 4.0, 5.0)
PATIENCE = 4.0  # seconds that one of several may take longer than all are promised to
AROUND = (
    "bell",
    "toasts",
    "inbox-count",
    "chart-head",
    "chart-threads",
    "switch",
    "places",
)  # regions around what was asked for


class Page:
    """`live` is what its regions show now, by region key; `closed` the code by which the server ended it."""

    def __init__(self, person: Person, path: str, worker: int) -> None:
        self.person, self.path, self.worker = person, path, worker
        self.document = Element("#document", {})
        self.since = ""
        self.closed: int | None = None  # the last close code
        self.over = False  # the page was emptied: session or access ended
        self.connected = asyncio.Event()
        self.pushes: list[dict[str, Any]] = []  # all frames with content, in the order they came
        self.frames: list[dict[str, Any]] = []  # all frames
        self.dropped: list[dict[str, Any]] = []  # pushes that came too late or had no place here
        self.toasts: list[str] = []  # notices that arrived, in the order they came
        self.connections = 0
        self._versions: dict[str, int] = {}
        self._changed = asyncio.Condition()
        self._socket: ClientConnection | None = None
        self._staying: asyncio.Task[None] | None = None
        self._said: list[str] = []
        self._read_to = 0

    # --- Loading ----------------------------------------------------------------------------

    async def opens(self) -> bool:
        """Tell whether this person may see the page now."""
        answer = await self.person.get(self.path, self.worker, follow=True)
        return answer.status_code == 200 and answer.url.path != "/sign-in"

    async def load(self) -> None:
        """Fetch it, follow where it leads, and remember that address."""
        self.over, self.closed = False, None
        answer = await self.person.get(self.path, self.worker, follow=True)
        assert answer.status_code == 200, f"{self.path} was answered with {answer.status_code}"
        self.path = answer.url.raw_path.decode()
        self.document = parse(answer.text)
        self.since = self.body.get("data-since")
        self._versions.clear()

    @property
    def staying(self) -> bool:
        """Tell whether its socket is open, or about to be again."""
        return self._staying is not None and not self._staying.done()

    @property
    def body(self) -> Element:
        return self.document.all(tag="body")[0]

    @property
    def showing(self) -> list[str]:
        return sorted({region.get("data-region") for region in self.document.all("data-region")})

    @property
    def live(self) -> dict[str, str]:
        """Each region as the page shows it now."""
        return {} if self.over else _regions(self.document)

    async def reload(self) -> dict[str, str]:
        """The same of a page fetched now; of a conversation, as much as this page shows of it.

        Where the page itself is refused by now, what stands around it on the person's first page: no more
        than that may be left.
        """
        if self.over:
            return {}
        answer = await self.person.get(self.path, self.worker, follow=True)
        if answer.status_code in (401, 403, 404):
            return await self._around()
        if answer.url.path == "/sign-in" or (answer.status_code == 409 and "/as/" in self.path):
            return {}  # whom staff look as sees nothing any more
        assert answer.status_code == 200, f"{self.path} was answered with {answer.status_code}"
        fresh = parse(answer.text)
        for shown in self.document.all("data-cursor"):
            if "data-passing" in shown.attributes:
                continue
            begins = next((_number(item) for item in shown.elements if _number(item)), 1)
            if (stream := fresh.by_id(shown.get("id"))) is not None:
                await self._extend(stream, begins)
        return _regions(fresh)

    async def _around(self) -> dict[str, str]:
        """Return what may stay of a page that is refused: all that stands around it on pages that are not."""
        side, here = self.person.side, self.path.split("/")
        first = "/staff/today" if side == "staff" else "/".join([*here[:3], "home"])
        chart = "/".join([*here[:4], "messages"])
        around: dict[str, str] = {}
        for path in [first, chart] if side == "staff" and len(here) > 4 else [first]:
            answer = await self.person.get(path, self.worker, follow=True)
            if answer.status_code == 200:
                around |= _regions(parse(answer.text))
        left = {}
        for key in self.live:
            # A list of threads has the one that was open in its key: that alone is another now.
            for other, html in around.items():
                if _names(key)[0] == _names(other)[0] and _names(key)[0] in AROUND:
                    for mine, theirs in zip(_names(key)[1:], _names(other)[1:], strict=True):
                        html = html.replace(theirs, mine)
                    left[key] = html
        return left

    async def _extend(self, stream: Element, begins: int) -> None:
        """Turn to older pages until the stream begins where the page's does."""
        while older := next(iter(stream.all("data-older")), None):
            numbers = [_number(item) for item in stream.elements if _number(item)]
            if min(numbers) <= begins:
                break
            answer = await self.person.htmx(older.get("href"), self.worker)
            assert answer.status_code == 200, answer.text
            page = next(iter(parse(answer.text).elements))
            known = {item.get("data-day") for item in page.elements if "day" in item.classes}
            rest = [
                item
                for item in stream.elements
                if "older-row" not in item.classes and not ("day" in item.classes and item.get("data-day") in known)
            ]
            stream.children = []
            for item in [*page.elements, *rest]:
                stream.append(item)
        items = stream.elements
        first = next((i for i, item in enumerate(items) if _number(item) >= begins), 0)
        begins_day = first > 0 and "day" in items[first - 1].classes
        for item in items[: first - begins_day]:
            if "older-row" not in item.classes:
                item.remove()

    # --- Waiting ----------------------------------------------------------------------------

    async def until(self, holds: Callable[[], bool], seconds: float = SOON, what: str = "") -> None:
        """Wait until something holds for this page; looked at after each frame and change of the line."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(holds)
        except TimeoutError:
            raise AssertionError(
                f"{self} waited {seconds} s in vain for {what or holds}; its last frames: {self.frames[-5:]}"
            ) from None

    async def settle(self, bookmark: Bookmark | None = None, seconds: float = SOON) -> None:
        """Wait until the page says that it is drained to the bookmark: else to all that is committed now."""
        target = bookmark or await self.person.cast.deployment.bookmark()
        await self.until(lambda: self.over or self._is_past(target), seconds, f"bookmark {target}")

    async def ask(self) -> None:
        """Settle at once: say hello anew, and be told what there is since the bookmark."""
        target = await self.person.cast.deployment.bookmark()
        # A line that has just been given up is dialled again, and that says hello by itself.
        with contextlib.suppress(websockets.ConnectionClosed):
            await self._hello()
        await self.until(lambda: self.over or self._is_past(target), what=f"bookmark {target}")

    def _is_past(self, target: Bookmark) -> bool:
        here = Bookmark.read(self.since)
        return here is not None and here.era == target.era and here.version >= target.version

    async def next_push(self, region: str = "", seconds: float = SOON) -> str:
        """The content of the next push, of this region where one is named, that nobody has asked for yet."""

        def matching() -> int | None:
            return next(
                (i for i, frame in enumerate(self.pushes) if i >= self._read_to and frame["region"].startswith(region)),
                None,
            )

        await self.until(lambda: matching() is not None, seconds, f"a push of {region or 'any region'}")
        found = matching()
        assert found is not None
        self._read_to = found + 1
        return str(self.pushes[found]["content"])

    async def hears_nothing(self) -> bool:
        """Tell whether no push has come, beyond those asked for, when the page is drained to what is committed now."""
        await self.settle()
        return len(self.pushes) <= self._read_to

    async def current(self, seconds: float = SOON) -> None:
        """Live equals reload, at the latest when the page is drained to what is committed now."""
        target = await self.person.cast.deployment.bookmark()
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            heard, drained = len(self.frames), self.over or self._is_past(target)
            fresh = await self.reload()
            if fresh == self.live:
                return
            if drained:
                # What the worker did meanwhile is in the reload, and may still be on its way to the page.
                target = await self.person.cast.deployment.bookmark()
                drained = self._is_past(target)
            left = deadline - asyncio.get_running_loop().time()
            assert not drained and left > 0, self._difference(fresh)
            try:
                await self.until(lambda heard=heard: len(self.frames) > heard or self.over, left, "news")
            except AssertionError as reason:
                raise AssertionError(self._difference(fresh)) from reason

    def _difference(self, fresh: dict[str, str]) -> str:
        shown = self.live
        keys = sorted(key for key in {*shown, *fresh} if shown.get(key) != fresh.get(key))
        told = "\n".join(f"{key}\n{where_they_part(shown.get(key), fresh.get(key))}" for key in keys)
        return f"{self} is out of date, though drained to {self.since}:\n{told}"

    # --- The socket -------------------------------------------------------------------------

    def stay(self) -> None:
        """Open the socket and keep it open, as live.js does."""
        self._staying = asyncio.create_task(self._stay())

    async def leave(self) -> None:
        """Close the socket from this side and don't come back."""
        if self._staying is not None:
            # Again, since wait_for can lose it when a frame comes in the same moment.
            while not self._staying.done():
                self._staying.cancel()
                await asyncio.wait({self._staying}, timeout=1)
            self._staying = None

    async def come_back(self, worker: int | None = None) -> None:
        """Open the socket again with the bookmark and cursors the page has; wait until it is up."""
        self.worker = self.worker if worker is None else worker
        self.stay()
        await self.until(lambda: self.connected.is_set() or self.over, what="its socket")

    @property
    def socket_address(self) -> str:
        return "ws" + self.person.base(self.worker).removeprefix("http") + self.body.get("data-socket")

    async def _stay(self) -> None:
        tries = 0
        while not self.over:
            wait = RETRIES[min(tries, len(RETRIES) - 1)]
            tries += 1
            with contextlib.suppress(OSError, websockets.WebSocketException, TimeoutError):
                async with connect(
                    self.socket_address,
                    origin=self.person.base(self.worker),  # type: ignore[arg-type]
                    additional_headers={"Cookie": self.person.cookies},
                    compression=None,
                    max_size=None,
                    ping_interval=None,
                    close_timeout=2,
                ) as self._socket:
                    tries = 0
                    self.connections += 1
                    # Who is turned away may have been so before this is sent: with which code is heard below.
                    with contextlib.suppress(websockets.ConnectionClosed):
                        await self._hello()
                    wait = await self._listen()
            self.connected.clear()
            async with self._changed:
                self._changed.notify_all()
            await asyncio.sleep(wait)

    async def _listen(self) -> float:
        """Take in frames until the line ends; gives the seconds after which to come back."""
        assert self._socket is not None
        try:
            while True:
                # Not wait_for: until Python 3.12 it can swallow a cancellation that comes with a frame.
                async with asyncio.timeout(DEAD_AFTER):
                    text = await self._socket.recv()
                async with self._changed:
                    frame = json.loads(text)
                    self.frames.append(frame)
                    self._take_in(frame)
                    self.connected.set()
                    self._changed.notify_all()
                if "reconnect" in frame:
                    return float(frame["reconnect"]) / 1000
                if "content" in frame and self._said != self.showing:
                    await self._hello()
        except websockets.ConnectionClosed as end:
            async with self._changed:
                self.closed = end.rcvd.code if end.rcvd else 1006
                self.over = self.closed in (4401, 4403, 4423)
                self._changed.notify_all()
        return RETRIES[0]

    async def _hello(self) -> None:
        assert self._socket is not None
        self._said = self.showing
        cursors = {one.get("data-region"): int(one.get("data-cursor")) for one in self.document.all("data-cursor")}
        looks = {one.get("data-region"): one.get("data-look") for one in self.document.all("data-look")}
        hello = {"since": self.since, "showing": self._said, "cursors": cursors, "looks": looks}
        await self._socket.send(json.dumps({"hello": hello}))

    # --- Frames, as live.js and hx-upsert take them ---------------------------------------------

    def _take_in(self, frame: dict[str, Any]) -> None:
        if "content" in frame:
            self.pushes.append(frame)
            region, version = frame["region"], frame["version"]
            target = self.document.by_id(frame["target"].removeprefix("#"))
            if target is None or version < self._versions.get(region, -1):
                self.dropped.append(frame)
            elif frame["swap"].startswith("upsert"):
                self._upsert(target, parse(frame["content"]), version)
            else:
                self._versions[region] = version
                fresh = parse(frame["content"])
                target.replace_with(*fresh.elements)
        self.since = frame.get("since") or self.since
        for one in self.document.all("data-cursor") if "cursor" in frame else ():
            if one.get("data-region") == frame["region"]:
                newest = max(int(one.get("data-cursor")), frame["cursor"])
                one.attributes["data-cursor"] = str(newest)

    def _upsert(self, stream: Element, fresh: Element, version: int) -> None:
        oldest = 0
        if stream.all("data-older"):
            oldest = next((_number(item) for item in stream.elements if _number(item)), 0)
        days: list[tuple[Element, int]] = []
        if "data-passing" in stream.attributes:
            # What arrives here is in sight for a while, and stays nowhere.
            self.toasts += [item.written() for item in fresh.elements]
            return
        for i, item in enumerate(fresh.elements):
            if "day" in item.classes:
                days.append((item, _number(fresh.elements[i + 1])))
                continue
            shown = self.document.by_id(item.get("id"))
            if version < self._versions.get(item.get("id"), -1) or (shown is None and _number(item) < oldest):
                continue
            self._versions[item.get("id")] = version
            if shown is not None:
                shown.replace_with(item)
            else:
                stream.append(item, before=_first_from(stream, _number(item) + 1))
        for day, number in days:
            if not any(one.get("data-day") == day.get("data-day") for one in stream.elements if _is_day(one)):
                stream.append(day, before=_first_from(stream, number))

    def __repr__(self) -> str:
        return f"{self.person.name}'s {self.path} on worker {self.worker}"


def _number(item: Element) -> int:
    return int(item.get("data-number") or 0)


def _is_day(item: Element) -> bool:
    return "day" in item.classes


def _first_from(stream: Element, number: int) -> Element | None:
    return next((item for item in stream.elements if _number(item) >= number), None)


def _names(key: str) -> tuple[str, str, str]:
    """A region's name, its key as an attribute has it, and its element's id."""
    name, _, query = key.partition("?")
    ids = [value for part in query.split("&") for _, value in [part.split("=")] if "-" in value] if query else []
    return name, html_escape(key), f"{name}-{ids[-1]}" if ids else name


def in_time(delays: Mapping[str, float], promised: float) -> None:
    """Half of the delays, in seconds and by a name for each, are no longer than promised, and none is much longer: a
    machine that does something else for a while says nothing of Portal."""
    half, latest = median(delays.values()), max(delays, key=lambda name: delays[name])
    assert half <= promised, f"half of them came only after {half:.2f} s: {delays}"
    assert delays[latest] <= promised + PATIENCE, f"{latest} came only after {delays[latest]:.2f} s"


def where_they_part(shown: str | None, fresh: str | None) -> str:
    """The place where two texts part."""
    if shown is None or fresh is None:
        return f"  shows  {(shown or 'nothing')[:200]}\n  should {(fresh or 'nothing')[:200]}"
    parts = next((i for i, (a, b) in enumerate(zip(shown, fresh, strict=False)) if a != b), 0)
    begin = max(0, parts - 60)
    return f"  shows  …{shown[begin : parts + 120]}\n  should …{fresh[begin : parts + 120]}"


def _regions(document: Element) -> dict[str, str]:
    """The regions as they look. How far back a conversation is loaded is the reader's own doing; what says
    that it has ended shows nothing."""
    found = {}
    for region in document.all("data-region"):
        if "gone" in region.classes:
            continue
        if "data-passing" in region.attributes:
            continue
        shown = copy.deepcopy(region) if region.all("data-older") else region
        if shown is not region:
            next(row for row in shown.elements if "older-row" in row.classes).remove()
        # What says in short how it looks was made of ids too that a page elsewhere has others of.
        found[region.get("data-region")] = re.sub(r' data-look="\w*"', "", shown.written())
    return found


async def are_current(*pages: Page) -> None:
    """Live equals reload, on all of these."""
    await asyncio.gather(*(page.current() for page in pages))


@contextlib.asynccontextmanager
async def open_page(person: Person, path: str, worker: int | None = None, socket: bool = True) -> AsyncIterator[Page]:
    """Load a page in this person's browser, and open its socket; returns once that has answered."""
    page = Page(person, urlsplit(path)._replace(fragment="").geturl(), person.worker if worker is None else worker)
    await page.load()
    try:
        if socket:
            await page.come_back()
        yield page
    finally:
        await page.leave()
