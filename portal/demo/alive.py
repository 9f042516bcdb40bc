"""The demo's cast goes on living: now and then one of them reads, types and writes, and pages change by themselves."""

import asyncio
import itertools
import random

import structlog

from portal.logs import where
from portal.models.access.account import PortalAccount
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.messages.conversation import Conversation
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Audience
from portal.realtime.bus import Bus

log = structlog.get_logger()

WORDS_A_SECOND = 4.0
SAY_EVERY = 2.5  # seconds between two words that somebody is writing

# The client by first name, the audience, and what is said in turn, by first names too.
TALKS = (
    (
        "Noa",
        Audience.CLINICAL,
        (
            ("Miriam", "Of course, he is welcome to wait there. There is a shelf of comics by the window."),
            ("Dana", "He will be glad of that. We leave in ten minutes."),
            ("Miriam", "Take your time, the road is slow today."),
        ),
    ),
    (
        "Sam",
        Audience.CLINICAL,
        (
            ("Sam", "I slept through, for the first time this month."),
            ("Miriam", "That is good to read. What was different last night?"),
            ("Sam", "I left the telephone in the kitchen, as we said."),
        ),
    ),
    (
        "Eli",
        Audience.ADMINISTRATIVE,
        (("Jo", "The room is free from half past three, should you come early."), ("Eli", "ok thanks, I might")),
    ),
)


async def live(bus: Bus, pause: float) -> None:
    """Go on for ever, with about `pause` seconds between two messages."""
    for client, audience, turns in itertools.cycle(TALKS):
        for who, words in turns:
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            try:
                await _say(bus, client, audience, who, words, pause)
            except Exception as reason:
                log.warning("the cast is silent", reason=where(reason))


async def _say(bus: Bus, client: str, audience: Audience, who: str, words: str, pause: float) -> None:
    """One reads what is there, types for as long as it takes, and writes."""
    thread = await _thread(client, audience)
    member = await StaffMember.filter(name__startswith=f"{who} ", ended_at=None).first()
    account = None if member else await PortalAccount.filter(name__startswith=f"{who} ").first()
    if thread is None or (member or account) is None:
        return  # whoever tries the demo has changed that
    staff, holder = member.id if member else None, account.id if account else None
    async with unit() as said:
        await thread.read(thread.last_number, staff, holder)
    bus.hint(said.keys)
    typing = min(len(words.split()) / WORDS_A_SECOND, pause)
    while typing > 0:
        bus.whisper([str(thread.client_id), str(thread.id), "staff" if member else "client", str(staff or holder)])
        await asyncio.sleep(min(typing, SAY_EVERY))
        typing -= SAY_EVERY
    async with unit() as said:
        await thread.post(words, staff, holder)
    bus.hint(said.keys)


async def _thread(client: str, audience: Audience) -> Conversation | None:
    found = await sql.row(
        "select v.id from conversation v join client c on c.id = v.client_id where c.first_name = :client "
        "and c.archived_at is null and v.audience = :audience and not v.confidential order by v.started_at limit 1",
        client=client,
        audience=audience.key,
    )
    return await Conversation.get(id=found["id"]) if found else None
