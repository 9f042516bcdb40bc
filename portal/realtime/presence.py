"""Presence: who is writing just now, told from worker to worker in ids, without a row, and only to open pages that may
see the conversation. Nothing depends on it, and nothing of it is kept."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import structlog

from portal.models.ground.record import Kind
from portal.models.messages.conversation import Conversation, writer_name
from portal.realtime.bus import Bus, BusClosed
from portal.realtime.drawing import Frame
from portal.realtime.hub import Hub
from portal.realtime.page import Page
from portal.regions import key_of
from portal.viewer import Viewer, may_see

log = structlog.get_logger()

EVERY = 2.0  # seconds between two words of one page that its person is writing


@dataclass(frozen=True)
class Writing:
    client: UUID
    conversation: UUID
    side: str
    person: UUID

    @property
    def region(self) -> str:
        return key_of("messages", {"client": self.client, "conversation": self.conversation})

    def concerns(self, viewer: Viewer) -> bool:
        """Tell whether it concerns this viewer. Staff are told of everybody, clients of staff: two contacts of one
        client learn nothing of each other."""
        return viewer.id != self.person and (viewer.kind is Kind.STAFF or self.side == "staff")


async def note_writing(bus: Bus, page: Page, region: str) -> None:
    """Pass on that a page's person writes in the conversation it shows. A conversation that is not theirs is not passed
    on."""
    now = asyncio.get_running_loop().time()
    shown = page.showing.get(region)
    if shown is None or shown.region.name != "messages" or now - page.wrote_at < EVERY:
        return
    page.wrote_at = now
    viewer, args = page.viewer, dict(shown.args)
    if viewer.lens is not None:  # who only looks writes nothing
        return
    if await may_see(Conversation, [(viewer, args["conversation"])]):
        bus.whisper([str(args["client"]), str(args["conversation"]), viewer.side, str(viewer.id)])


async def pass_on(bus: Bus, hub: Hub) -> None:
    """Hear the whispers of all workers for as long as this one lives."""
    while True:
        try:
            for whisper in await bus.whispers():
                writing = _read(whisper)
                if writing is not None:
                    await _tell(hub, writing)
        except BusClosed:
            return
        except Exception as reason:
            log.warning("a whisper was lost", reason=type(reason).__name__)


def _read(said: list[str]) -> Writing | None:
    try:
        client, conversation, side, person = said
        return Writing(UUID(client), UUID(conversation), side, UUID(person))
    except ValueError:
        return None


async def _tell(hub: Hub, writing: Writing) -> None:
    pages = [
        page
        for page in hub.concerned_by(f"client:{writing.client}")
        if writing.region in page.showing and writing.concerns(page.viewer)
    ]
    seen = await may_see(Conversation, {(page.viewer, writing.conversation) for page in pages})
    if not seen:
        return
    frame = Frame(region=writing.region, writing=await writer_name(writing.side, writing.person))
    for page in pages:
        if (page.viewer, writing.conversation) in seen and page in hub.pages and page.ready and not page.busy:
            page.send([frame.written()])
