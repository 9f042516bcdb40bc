"""The way of one request: parse at the door, one act below, one drawing, and no running up and down in between.

The busiest requests are made in this very process, and each call that Portal makes from the route on is looked at. A
region has a way of its own, as it has in a push: a page is its route's way and those of its regions.

*Files* are those of portal/ that a way enters. *Climbs* are the ways back up from the models: each function of theirs
that is called from above, once for each caller, for a list calls it for each row. What asks and changes nothing is no
step: words (LEAVES), the narrowing of a scope, and what something in hand says of itself (a property, a method that
does not wait). Nothing in the models calls up. The door is not counted: it is the same for all.
"""

import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from inspect import CO_COROUTINE
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio

import portal
from portal import clock
from portal.app import create
from portal.models.ground.record import Kind
from portal.models.staff.session import Session
from portal.realtime.bus import Bus
from portal.realtime.hub import Hub
from portal.realtime.page import Page
from portal.realtime.socket import Hello, _greet
from portal.settings import settings
from portal.viewer import Viewer
from portal.web import rendering
from portal.web.doors import cookie_name
from tests.deployment import Deployment
from tests.html import parse

FILES, CLIMBS = 14, 6
ORIGIN = "http://localhost:8000"
HOUSE = f"{Path(portal.__file__).parent}/"
LEAVES = ("language/", "facts/", "crypto/", "clock.py", "settings.py", "permissions.py", "models/ground/person.py")
DOOR = "web/doors.py"


@dataclass
class Way:
    files: set[str] = field(default_factory=set)
    climbs: set[tuple[str, str]] = field(default_factory=set)
    calls_up: set[tuple[str, str]] = field(default_factory=set)


def _file(frame: FrameType) -> str:
    """The file of portal/ that a frame is of; empty for others."""
    name = frame.f_code.co_filename
    return name.removeprefix(HOUSE) if name.startswith(HOUSE) else ""


def _asks_nobody(frame: FrameType) -> bool:
    code = frame.f_code
    in_hand = code.co_varnames[:1] == ("self",) and not code.co_flags & CO_COROUTINE
    return in_hand and _file(frame).startswith("models/")


class Watch:
    """Follows the calls of this thread. A coroutine that goes on after it has waited is entered once."""

    def __init__(self, begins: str) -> None:
        self.begins = begins
        self.entered: dict[int, FrameType] = {}
        self.ways: dict[str, Way] = defaultdict(Way)

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        file = _file(frame)
        if event != "call" or not file or id(frame) in self.entered:
            return
        self.entered[id(frame)] = frame  # held, or another would come to have its id
        callers = [one for one in _outwards(frame) if _file(one)]
        way = self._way_of(callers)
        if way is None or file.startswith(LEAVES) or any(_asks_nobody(one) for one in callers):
            return
        way.files.add(file)
        above = next((one for one in callers[1:] if not _file(one).startswith(LEAVES)), None)
        if above is None:
            return
        step = f"{_file(above)} {above.f_code.co_name}", f"{file} {frame.f_code.co_name}"
        from_models = _file(above).startswith("models/")
        if file.startswith("models/") and not from_models:
            way.climbs.add(step)
        elif from_models and not file.startswith("models/"):
            way.calls_up.add(step)

    def _way_of(self, callers: list[FrameType]) -> Way | None:
        begun = None
        for frame in callers:
            if _file(frame) == "regions/__init__.py" and frame.f_code.co_name == "render":
                return self.ways[f"region {frame.f_locals['self'].name}"]
            if _file(frame).startswith(self.begins):
                begun = self.ways["itself"]
            elif _file(frame) == DOOR:
                return begun if frame.f_code.co_name != "_read" else None
        return begun


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


@dataclass(frozen=True)
class Request:
    """A request of Miriam's (staff) or Dana's, about Noa; `new` is what the other one writes before it."""

    side: str
    path: str
    form: dict[str, str] | None = None
    script: bool = False
    new: bool = False


THREAD = "clients/{noa}/conversations/{thread}"
REQUESTS = {
    "send a message, as staff": Request("staff", f"/staff/{THREAD}/messages", {"body": "Until Tuesday."}, True),
    "send a message, as a client": Request(
        "client", f"/{THREAD}/messages", {"body": "Thank you.", "understood": "yes", "seen": "1"}, True
    ),
    "mark as read, as staff": Request("staff", f"/staff/{THREAD}/reading", {"number": "999"}, True, new=True),
    "mark as read, as a client": Request("client", f"/{THREAD}/reading", {"number": "999"}, True, new=True),
    "open a conversation, as staff": Request("staff", f"/staff/{THREAD}"),
    "open a conversation, as a client": Request("client", f"/{THREAD}"),
    "save a draft": Request("client", f"/{THREAD}/draft", {"body": "I would"}, True),
    "Home": Request("client", "/clients/{noa}/home"),
    "Today": Request("staff", "/staff/today"),
    "the inbox": Request("staff", "/staff/inbox"),
    "a conversation in the inbox": Request("staff", "/staff/inbox/{thread}"),
    "the list of clients": Request("staff", "/staff/clients"),
    "notices are read": Request("client", "/clients/{noa}/notices/reading", {"up_to": "1"}, True),
}


@dataclass
class Visitors:
    willow: Deployment
    browser: httpx2.AsyncClient
    sessions: dict[str, tuple[UUID, str]]

    async def make(self, wanted: Request) -> httpx2.Response:
        cast = self.willow.cast
        path = wanted.path.format(noa=cast.client["noa"], thread=cast.conversation["noa clinical"])
        headers = {"Cookie": f"{cookie_name(wanted.side)}={self.sessions[wanted.side][1]}", "Origin": ORIGIN}
        headers |= {"HX-Request": "true"} if wanted.script else {}
        if wanted.form is None:
            answer = await self.browser.get(path, headers=headers)
        else:
            key = {"key": str(uuid4())} if path.endswith("/messages") else {}
            answer = await self.browser.post(path, data=wanted.form | key, headers=headers)
        assert answer.status_code < 300, f"{path}: {answer.status_code}"
        return answer

    async def watched(self, wanted: Request) -> dict[str, Way]:
        """The ways of a request, once all is warm."""
        for watch in (None, Watch("routes/")):
            if wanted.new:
                other = "client" if wanted.side == "staff" else "staff"
                await self.make(REQUESTS[f"send a message, as {'a client' if other == 'client' else 'staff'}"])
            sys.setprofile(watch)
            try:
                await self.make(wanted)
            finally:
                sys.setprofile(None)
        assert watch is not None
        return watch.ways


@pytest_asyncio.fixture(scope="module")
async def visitors() -> AsyncIterator[Visitors]:
    """Served by nobody: the application answers in this process, where its calls can be followed. So the deployment is
    this file's own."""
    async with Deployment.embedded(workers=0) as willow, willow.models():
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PORTAL_BASE_URL", ORIGIN)
            settings.cache_clear()
            await rendering.learn_practice()
            app = create()
            app.state.bus = Bus.make("")
            holders = {"staff": willow.cast.staff["miriam"], "client": willow.cast.account["dana"]}
            sessions = {side: await Session.start(side, UUID(holder), "", "") for side, holder in holders.items()}
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=ORIGIN) as browser:
                yield Visitors(willow, browser, {side: (made.id, token) for side, (made, token) in sessions.items()})
        settings.cache_clear()


def hold(ways: dict[str, Way]) -> None:
    assert ways["itself"].files, "nothing was followed"
    for name, way in ways.items():
        length = f"{len(way.files)} files, {len(way.climbs)} climbs"
        steps = "\n".join([*sorted(way.files), *(" <- ".join(reversed(climb)) for climb in sorted(way.climbs))])
        assert len(way.files) <= FILES and len(way.climbs) <= CLIMBS, f"{name}: {length}\n{steps}"
        assert not way.calls_up, f"{name}: the models call up"


@pytest.mark.parametrize("name", REQUESTS)
async def test_the_way_of_a_request_is_short(visitors: Visitors, name: str) -> None:
    hold(await visitors.watched(REQUESTS[name]))


async def test_the_way_of_a_hello_is_short(visitors: Visitors) -> None:
    cast, (session, _) = visitors.willow.cast, visitors.sessions["client"]
    opened = await visitors.make(REQUESTS["open a conversation, as a client"])
    body = parse(opened.text).all(tag="body")[0]
    hello = Hello(since=body.get("data-since"), showing=[part.get("data-region") for part in body.all("data-region")])
    viewer = Viewer(Kind.PROFILE, UUID(cast.account["dana"]), UUID(cast.client["noa"]))
    for watch in (None, Watch("realtime/socket.py")):
        hub, page = Hub(), Page(None, viewer, session, clock.now())  # type: ignore[arg-type]
        assert await hub.add(page)
        sys.setprofile(watch)
        try:
            await _greet(hub, page, hello)
        finally:
            sys.setprofile(None)
    assert watch is not None and page.ready
    hold(watch.ways)
