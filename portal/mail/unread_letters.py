"""One neutral letter to each person about everything they have not come to see."""

from uuid import UUID

from portal.mail import letters
from portal.mail.outbox import post
from portal.models.ground.stuck_work import BURSTS, LETTERS, each
from portal.models.mail.burst import AT_ONCE, begin_bursts, conversations_unread
from portal.models.mail.unread_letter import DueReader, is_anyone_waiting, readers_due, write_to
from portal.models.practice.practice import the_practice
from portal.realtime.bus import Bus
from portal.settings import settings
from portal.web.rendering import learn_practice


async def tell_of_unread(bus: Bus) -> int:
    """Write the letters that are due; return how many there were."""
    practice = await the_practice()
    if not await is_anyone_waiting(practice.mail_after):
        return 0
    unread = await conversations_unread(practice)
    while unread:
        await each(BURSTS, unread, lambda ids: begin_bursts(practice, ids), bus.hint)
        unread = await conversations_unread(practice) if len(unread) == AT_ONCE else []
    written: list[bool] = []

    async def write(people: list[UUID]) -> None:
        for person in people:
            written.append(await write_to(person, practice, _post))

    await learn_practice()
    for person in await readers_due():
        # One transaction each: what concerns one person never waits for another.
        await each(LETTERS, [person], write, bus.hint)
    return sum(written)


async def _post(reader: DueReader, client: UUID | None) -> UUID:
    letter = letters.unread(reader, link=settings().link("/"))
    return await post(letter, client=client)
