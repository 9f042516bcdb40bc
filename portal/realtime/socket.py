"""The socket of an open page: who may open one, and the words a page may say on it."""

import asyncio
import json
import random
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from portal.models.ground import audit
from portal.models.ground.database import is_away
from portal.models.ground.fact import Bookmark, NewFacts, bookmark, since
from portal.models.ground.record import Kind
from portal.models.ground.throttle import network_of
from portal.models.practice.practice import portal_is_on
from portal.models.staff.session import SessionHolder
from portal.realtime.drawing import Frame
from portal.realtime.hub import Hub
from portal.realtime.page import BAD, COME_BACK, NO_ACCESS, PORTAL_CLOSED, SIGNED_OUT, Page
from portal.realtime.presence import note_writing
from portal.regions import LONGEST_KEY, LOOK, closed_to, read_key
from portal.viewer import Viewer, looking_as
from portal.web.doors import admitted, origin_allowed
from portal.web.visit import address_of

OF_ONE_PERSON = 10  # sockets on one worker
BACK_LATER = (10.0, 30.0)  # seconds: where there are too many, they are not fewer in a moment
HELLO_WITHIN = 10.0  # seconds
FRAMES = (40, 10.0)  # at most so many in so many seconds


class Hello(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    since: str = Field(max_length=4096)
    showing: list[str] = Field(max_length=60)
    cursors: dict[str, int] = Field(default_factory=dict, max_length=10)
    looks: dict[str, Annotated[str, Field(max_length=LOOK)]] = Field(default_factory=dict, max_length=60)


class PageFrame(BaseModel):
    """The words of a page: a hello, or the key of the list of messages to which its person is writing."""

    model_config = ConfigDict(extra="forbid", strict=True)

    hello: Hello | None = None
    writing: str | None = Field(default=None, max_length=LONGEST_KEY)


async def staff_live(ws: WebSocket) -> None:
    await _live(ws, "staff", None)


async def client_live(ws: WebSocket) -> None:
    try:
        client = UUID(ws.path_params["client"])
    except ValueError:
        await _turn_away(ws, NO_ACCESS)
        return
    await _live(ws, "client", client)


async def account_live(ws: WebSocket) -> None:
    await _live(ws, "client", None)


async def viewed_live(ws: WebSocket) -> None:
    """Keep a page of staff live who look through somebody else's eyes at a client."""
    try:
        client, account = UUID(ws.path_params["client"]), UUID(ws.path_params["account"])
    except ValueError:
        await _turn_away(ws, NO_ACCESS)
        return
    await _live(ws, "staff", client, account)


async def _live(ws: WebSocket, side: str, client: UUID | None, account: UUID | None = None) -> None:
    hub: Hub = ws.app.state.hub
    # Before anything is looked up or written down: what is refused here costs nothing.
    with hub.gate.passing(address_of(ws)) as may_pass:
        if may_pass:
            await _open(ws, hub, side, client, account)
        elif not origin_allowed(ws.headers):
            await ws.close(BAD)
        else:
            await _turn_away(ws, COME_BACK, BACK_LATER)


async def _open(ws: WebSocket, hub: Hub, side: str, client: UUID | None, account: UUID | None) -> None:
    if not origin_allowed(ws.headers):
        # Before accept, so that a foreign page learns nothing; a browser of ours never gets here.
        await _note_foreign(ws, side)
        await ws.close(BAD)
        return
    if hub.draining or hub.latest is None:
        # It is leaving; or its follower has not looked where the facts are, so that some could be missed.
        await _turn_away(ws, COME_BACK)
        return
    try:
        who = await admitted(ws, side)
        viewer = await _viewer(who, client, account) if who else None
        closed = who is None and side == "client" and not await portal_is_on()
    except Exception as reason:
        if not is_away(reason):
            raise
        await _turn_away(ws, COME_BACK)
        return
    if who is None:
        await _turn_away(ws, PORTAL_CLOSED if closed else SIGNED_OUT)
        return
    if viewer is None:
        await _turn_away(ws, NO_ACCESS)
        return
    if hub.of_holder(who.holder) >= OF_ONE_PERSON:
        await _turn_away(ws, COME_BACK)
        return
    page = Page(ws, viewer, who.session, min(who.idle_until, who.expires_at))
    await ws.accept()
    try:
        if await hub.add(page):
            await _listen(hub, page)
    except (WebSocketDisconnect, RuntimeError):
        pass
    except Exception as reason:
        if not is_away(reason):
            raise
        hub.let_go(page, COME_BACK)
    finally:
        hub.remove(page)
        if page.parting is not None:
            # When this returns the line is cut, and a page that is not told why comes back for ever.
            await asyncio.wait([page.parting])


async def _note_foreign(ws: WebSocket, side: str) -> None:
    """Note the owner of a browser that a page of another site used, and count it where nobody is signed in there."""
    who, why = await admitted(ws, side), "foreign origin"
    if who is None:
        await audit.count_refusal("open a socket", network_of(address_of(ws)), why=why)
    else:
        await audit.note("open a socket", side=side, actor=who.holder, result="refused", why=why)


async def _viewer(who: SessionHolder, client: UUID | None, account: UUID | None) -> Viewer | None:
    """Return the viewer of this socket; None where there is nobody of the kind to look as."""
    if account is not None and client is not None:
        return await looking_as(Viewer(Kind.STAFF, who.holder), account, client)
    kind = Kind.STAFF if who.side == "staff" else Kind.PROFILE if client else Kind.ACCOUNT
    return Viewer(kind, who.holder, client, who.language)


async def _turn_away(ws: WebSocket, code: int, within: tuple[float, float] | None = None) -> None:
    """Accept and close: a browser retries for ever a socket that is refused before accept. `within` says between how
    many seconds it is to come back, each page at a moment of its own."""
    await ws.accept()
    if within is not None:
        await ws.send_text(Frame(reconnect=round(random.uniform(*within) * 1000)).written())
    await ws.close(code)


async def _listen(hub: Hub, page: Page) -> None:
    """Hear the page's hellos, and that its person is writing, until it goes. Anything else is refused."""
    clock = asyncio.get_running_loop().time
    heard: list[float] = []
    while page in hub.pages:
        try:
            async with asyncio.timeout(None if page.ready else HELLO_WITHIN):
                text = await page.ws.receive_text()
        except KeyError:  # bytes: no page of ours sends them
            text = ""
        heard = [at for at in heard if at > clock() - FRAMES[1]] + [clock()]
        frame = _read(text, page.viewer)
        if frame is None or len(heard) > FRAMES[0]:
            hub.remove(page)
            await page.close(BAD)
            return
        if isinstance(frame, Hello):
            await _greet(hub, page, frame)
        else:
            await note_writing(page.ws.app.state.bus, page, frame)


def _read(text: str, viewer: Viewer) -> Hello | str | None:
    """Return the words of a page; None where no page of this side would say them. A region of the other side is
    answered as one that there isn't."""
    try:
        parsed: Any = json.loads(text)
        frame = PageFrame.model_validate(parsed)
    except (ValueError, ValidationError, RecursionError):
        return None
    if (frame.hello is None) is (frame.writing is None):
        return None
    if frame.hello is None:
        return frame.writing
    shown = [read_key(key) for key in frame.hello.showing]
    return frame.hello if all(one and one.region.is_for(viewer) for one in shown) else None


async def _greet(hub: Hub, page: Page, hello: Hello) -> None:
    """Take the regions the page shows, and tell it what happened since it was made."""
    regions = [found for key in hello.showing if (found := read_key(key))]
    # Nothing is sent, no heartbeat either, until it is marked for what it missed: else a line that breaks
    # in between would leave it with a bookmark beyond that.
    page.ready = False
    page.hellos += 1
    page.showing = {found.key: found for found in regions}
    page.looks_like(hello.looks)
    page.cursors = {
        found.key: number
        for key, number in hello.cursors.items()
        if (found := read_key(key)) is not None and 0 <= number < 2**31
    }
    seen = Bookmark.read(hello.since)
    # The follower marks this page for new facts already; what it missed before is asked for once.
    news = await since(seen) if seen is not None else NewFacts(None, await bookmark())
    closed = await closed_to(page.viewer, regions)
    await hub.dispatch(news, only=page)
    hub.mark(page, closed)
    hub.greet(page, news.bookmark)
