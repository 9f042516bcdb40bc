"""One open page as its worker knows it: its viewer, its regions, and which of them are out of date."""

import asyncio
import datetime as dt
import types
from collections.abc import Collection, Coroutine, Generator, Mapping
from typing import Any
from uuid import UUID

import structlog
from starlette.websockets import WebSocket

from portal.models.ground.fact import Bookmark
from portal.regions import Shown
from portal.viewer import Viewer

log = structlog.get_logger()

STALLED = 30.0  # seconds a page may take to drain before it is let go

SIGNED_OUT, NO_ACCESS, PORTAL_CLOSED, COME_BACK, RESTARTING, BAD = 4401, 4403, 4423, 1013, 1012, 1008


class Page:
    """An open page. It keeps the keys of regions to render, never rendered HTML: what waits can't outlive an access."""

    __slots__ = (
        "asked",
        "busy_since",
        "changed",
        "closing",
        "cursors",
        "dirty",
        "drawing",
        "failures",
        "hellos",
        "keys",
        "looks",
        "owed",
        "parting",
        "ready",
        "seen",
        "sending",
        "session",
        "showing",
        "until",
        "viewer",
        "wrote_at",
        "ws",
    )

    def __init__(self, ws: WebSocket, viewer: Viewer, session: UUID, until: dt.datetime) -> None:
        self.ws = ws
        self.viewer = viewer
        self.session = session
        self.until = until  # the session's or an access's end, whichever is first: ask again then
        self.keys: frozenset[str] = frozenset()
        self.showing: dict[str, Shown] = {}
        self.looks: dict[str, str] = {}  # how its regions look, as far as that is known for certain
        self.cursors: dict[str, int] = {}
        self.dirty: set[str] = set()
        self.changed: dict[str, frozenset[int] | None] = {}  # of lists: items to send again; None: all of it
        self.hellos = 0
        self.ready = False  # has said hello, and is marked for what it missed
        self.owed = False  # its last hello is not answered yet
        self.seen: Bookmark | None = None  # how far its last hello took it
        self.failures = 0  # rounds in a row in which something could not be drawn
        self.drawing = False  # a round renders for it: what it was marked for is taken, and not sent yet
        self.asked = 0  # how often it was asked what this page may see
        self.wrote_at = 0.0  # when it last said that its person is writing
        self.busy_since: float | None = None
        self.sending: asyncio.Task[None] | None = None
        self.closing = False
        self.parting: asyncio.Task[None] | None = None  # closes it, with a code

    @property
    def busy(self) -> bool:
        return self.busy_since is not None or self.closing

    def is_past(self, there: Bookmark) -> bool:
        """Tell whether its own last hello has taken it at least as far."""
        return self.seen is not None and self.seen.version >= there.version

    def looks_like(self, looks: Mapping[str, str]) -> None:
        """Take the looks of its regions from a hello. News sent on this line since it looked may still be on its way,
        so where the two differ neither is sure."""
        known = self.looks
        self.looks = {key: look if known.get(key, look) == look else "" for key, look in looks.items()}

    def goes_on(self, key: str) -> bool:
        """Tell whether a list can be sent its new and changed items alone."""
        return key in self.cursors and self.changed.get(key, frozenset()) is not None

    def change(self, key: str, numbers: Collection[int] | None, most: int) -> None:
        """Note that these items of a list are out of date; all of it where there are too many, or None."""
        known = self.changed.get(key, frozenset())
        if numbers is None or known is None or len(numbers) > most:
            self.changed[key] = None
        elif numbers:
            more = known | frozenset(numbers)
            self.changed[key] = more if len(more) <= most else None

    def send(self, frames: list[str]) -> asyncio.Task[None] | None:
        """Begin to send. Return None when it went out at once; else the task that finishes it, and the page is busy.

        Waiting for each page in turn would let one phone in a tunnel stop the worker, and a task for each send
        costs half the throughput. So the send is begun by hand; only one that does not finish gets a task.
        """
        return self._begin(self._send(frames))

    async def _send(self, frames: list[str]) -> None:
        for frame in frames:
            await self.ws.send_text(frame)

    def _begin(self, sending: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return None
        except Exception:  # the other side is gone; its receive loop ends and says so
            return None
        self.busy_since = asyncio.get_running_loop().time()
        self.sending = asyncio.ensure_future(self._finish(_go_on(sending, waits_for)))
        return self.sending

    async def _finish(self, sending: Any) -> None:
        try:
            await sending
        except Exception as reason:
            log.debug("page went away while it was sent to", reason=type(reason).__name__)
        finally:
            self.busy_since = self.sending = None

    async def close(self, code: int) -> None:
        """Close the socket. A frame that was being sent is cut off."""
        if self.closing:
            return
        self.closing = True
        if self.sending is not None:
            self.sending.cancel()
        try:
            async with asyncio.timeout(1.0):
                await self.ws.close(code)
        except (Exception, asyncio.CancelledError):
            self.abort()

    def abort(self) -> None:
        """Drop the connection without waiting for the other side to read."""
        self.closing = True
        transport = self.ws.scope.get("portal.transport")
        if transport is not None:
            transport.abort()


@types.coroutine
def _go_on(begun: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Await a coroutine whose first step was taken by hand."""
    while True:
        try:
            value = yield waits_for
        except BaseException as reason:
            try:
                waits_for = begun.throw(reason)
            except StopIteration:
                return
        else:
            try:
                waits_for = begun.send(value)
            except StopIteration:
                return
