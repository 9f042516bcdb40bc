"""“Seen”: to a client that somebody of the practice has, to staff who has and when, live on the open pages."""

import asyncio
import re

from tests.deployment import Deployment
from tests.messages.thread import begin, state


async def test_a_mother_is_told_that_her_message_was_seen_and_not_by_whom(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    async with thread.open(dana) as hers:
        message = await thread.write(dana, "Did this reach you?")
        await hers.until(lambda: hers.document.by_id(f"message-{message}") is not None)
        assert "Seen" not in state(hers, message)
        await thread.read(miriam)
        await hers.until(lambda: "Seen" in state(hers, message))
        assert "Miriam" not in state(hers, message)
        await hers.current()


async def test_staff_are_told_who_has_seen_it_and_when_also_of_what_a_colleague_wrote(deployment: Deployment) -> None:
    thread, (dana, miriam, grace) = await begin(deployment, "dana", "miriam", "henrik")
    async with thread.open(grace) as colleague:
        message = await thread.write(miriam, "A word from the practice.")
        await colleague.until(lambda: colleague.document.by_id(f"message-{message}") is not None)
        assert state(colleague, message) == ""
        await thread.read(dana)
        await colleague.until(lambda: "Seen" in state(colleague, message))
        assert re.search(r"Seen by Dana, \d+:\d\d.[ap]m", state(colleague, message))
        await colleague.current()


async def test_two_on_one_side_learn_nothing_of_each_others_reading(deployment: Deployment) -> None:
    thread, (dana, eli) = await begin(deployment, "dana", "eli", thread="eli clinical")
    message = await thread.write(dana, "Will you be home by six?")
    async with thread.open(dana) as hers:
        await deployment.followed()  # what was written before is told to all by then
        await hers.ask()
        heard = len(hers.pushes)
        await thread.read(eli)
        await hers.settle()
        assert hers.pushes[heard:] == []
        assert "Seen" not in state(hers, message)
        await hers.current()


async def test_whoever_answers_has_seen_what_was_there(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    await thread.read(miriam)
    message = await thread.write(dana, "And this?")
    async with thread.open(dana) as hers:
        answer = await thread.write(miriam, "That too.")
        await hers.until(lambda: hers.document.by_id(f"message-{answer}") is not None)
        assert "Seen" in state(hers, message)
        await hers.current()


async def test_when_it_was_seen_stays_when_more_is_read(deployment: Deployment) -> None:
    """Each message keeps the time at which its reader came to it."""
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    first = await thread.write(miriam, "One.")
    await thread.read(dana)
    steps = await deployment.sql(
        "select number, at from reading_step where conversation_id = :of and reader_id = :reader order by number",
        of=thread.id,
        reader=dana.id,
    )
    await thread.write(miriam, "Two.")
    await thread.read(dana)
    later = await deployment.sql(
        "select number, at from reading_step where conversation_id = :of and reader_id = :reader order by number",
        of=thread.id,
        reader=dana.id,
    )
    assert later[: len(steps)] == steps and len(later) == len(steps) + 1
    async with thread.open(miriam) as page:
        assert "Seen by Dana, " in state(page, first)


async def test_a_page_that_slept_too_long_shows_what_was_seen_meanwhile(deployment: Deployment) -> None:
    """The facts that it missed are not known any more: so the newest messages are drawn anew."""
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    message = await thread.write(dana, "Sleep well.")
    async with thread.open(dana) as hers:
        await hers.leave()
        hers.since = "0000000000000000.1.0"
        await thread.read(miriam)
        await hers.come_back()
        await hers.until(lambda: "Seen" in state(hers, message))
        await hers.current()


async def test_who_has_read_the_newest_is_known_however_many_write_and_read_at_once(deployment: Deployment) -> None:
    """Each conversation keeps it beside how far each has read, and all counts of what is unread rest on it."""
    thread, people = await begin(deployment, "dana", "miriam", "henrik")
    await kept_as_read(deployment)
    for _ in range(4):
        await asyncio.gather(
            *(thread.read(person) for person in people),
            *(thread.write(person, "At the same moment.") for person in people[:2]),
            *(thread.read(person) for person in people),
        )
        await kept_as_read(deployment)
    await thread.write(people[0], "The last one.")
    assert await kept_as_read(deployment, thread.id) == {people[0].id}
    await asyncio.gather(*(thread.read(person) for person in people), *(thread.read(person) for person in people))
    last = await thread.write(people[0], "The very last one.")
    await asyncio.gather(thread.withdraw(people[0], last), *(thread.read(person) for person in people))
    assert await kept_as_read(deployment, thread.id) == {person.id for person in people}


async def kept_as_read(deployment: Deployment, conversation: str | None = None) -> set[str]:
    """To whom nothing in this conversation is new; first, that each says it once and as the readings do, and which
    words stand last."""
    readings = await deployment.sql(
        "select d.conversation_id as id, d.reader_id from reading d where not exists (select 1 from message m "
        "where m.conversation_id = d.conversation_id and m.number > d.number and m.withdrawn_at is null "
        "and not m.automatic and coalesce(m.account_id, m.staff_id) <> d.reader_id)"
    )
    said = await deployment.sql(
        "select c.id from conversation c where c.last_said <> coalesce((select max(m.number) from message m "
        "where m.conversation_id = c.id and m.withdrawn_at is null and not m.automatic), 0)"
    )
    assert said == []
    kept = await deployment.sql("select id, read_by from conversation")
    listed = [(str(row["id"]), str(reader)) for row in kept for reader in row["read_by"]]
    assert sorted(listed) == sorted((str(row["id"]), str(row["reader_id"])) for row in readings)
    return {reader for id, reader in listed if id == conversation}
