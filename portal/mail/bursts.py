"""Writing to people about what they have not come to see: one neutral letter for all of it."""

from __future__ import annotations

from uuid import UUID

from portal.mail import letters
from portal.mail.outbox import post
from portal.models.burst import begin_bursts
from portal.models.fact import unit
from portal.models.practice import the_practice
from portal.models.unread_letter import Reader, is_anyone_waiting, readers_due, write_to
from portal.realtime.bus import Bus
from portal.rendering import learn_practice
from portal.settings import settings


async def tell_of_unread(bus: Bus) -> int:
    """Write what is due; gives how many letters that were."""
    practice = await the_practice()
    if not await is_anyone_waiting(practice.mail_after):
        return 0
    more = True
    while more:
        async with unit():
            more = await begin_bursts(practice)
    written = 0
    await learn_practice()
    for person in await readers_due():
        # One transaction each: what concerns one person never waits for another.
        async with unit() as said:
            written += await write_to(person, practice, _post)
        if said.facts:
            bus.hint(said.keys)
    return written


async def _post(reader: Reader, client: UUID | None) -> UUID:
    letter = letters.unread(reader, link=settings().link("/"))
    return await post(letter, client=client)
