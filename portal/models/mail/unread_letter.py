"""The one letter to somebody about everything they have not come to see: bursts of messages, and other notices."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal import clock
from portal.models.ground import sql
from portal.models.ground.rules import has_news
from portal.models.ground.scope import who_may_see
from portal.models.ground.stuck_work import LETTERS, not_set_aside
from portal.models.mail.burst import AT_ONCE, KINDS
from portal.models.messages.conversation import Conversation
from portal.models.notices.mail_choice import mail_choice, put_off
from portal.models.notices.notice import Notice
from portal.models.practice.practice import Practice, the_practice

HELD_FOR = dt.timedelta(minutes=30)  # until we look again whether somebody has put an address right


@dataclass(frozen=True)
class DueReader:
    """The person who is written to."""

    id: UUID
    side: str
    name: str
    email: str
    language: str
    discreet: bool


async def is_anyone_waiting(minutes: int) -> bool:
    """Tell whether a conversation has something that nobody was asked about for so long, or a letter is due."""
    return await sql.exists(
        "select 1 from conversation where mail_since <= :until "
        "union all select 1 from burst where letter_id is null and due_at <= :now "
        "union all select 1 from notice where mail_at <= :now limit 1",
        until=clock.now() - dt.timedelta(minutes=minutes),
        now=clock.now(),
    )


async def readers_due(most: int = AT_ONCE) -> list[UUID]:
    """Return the people who are to be written to next, the longest due first."""
    return await sql.column(
        "select w.person::uuid as person, min(w.due)::timestamptz as due from ("
        "select reader_id as person, due_at as due from burst where letter_id is null and due_at <= :now "
        "union all select coalesce(staff_id, account_id), mail_at from notice where mail_at <= :now) w "
        f"where {not_set_aside(LETTERS, 'w.person')} group by w.person order by due limit {int(most)}",
        now=clock.now(),
    )


async def write_to(person: UUID, practice: Practice, post: Callable[[DueReader, UUID | None], Awaitable[UUID]]) -> bool:
    """Have one letter written about everything this person has not come to see, in the caller's unit of work. Return
    False where they have seen it, may no longer see it, or are not to be written to now. `post` gives the letter's id.
    """
    waiting = [*await _bursts_of(person), *await _notices_of(person)]
    if not waiting:
        return False
    side = waiting[0]["side"]
    reader = await _reader(person, side)
    seen = await _visible(person, side, waiting) if practice.portal_on or side == "staff" else set()
    wanted = [row for row in waiting if reader and row["unread"] and row["shown_as"] in seen]
    await _forget([row for row in waiting if row not in wanted])
    if not wanted or reader is None:
        return False
    now = clock.now()
    at = (await mail_choice(person)).after_quiet(now, practice.zone)
    if await _is_held(reader):
        at = max(at, now + HELD_FOR)
    if at > now:
        await put_off(person, at)
        return False
    about = wanted[0]["client_id"] if reader.side == "client" else None
    letter = await post(reader, about)
    for row in wanted:
        await sql.rows(
            "update burst set letter_id = :letter, to_number = :last, due_at = null where id = :id"
            if row["last_number"]
            else "update notice set letter_id = :letter, mail_at = null where id = :id",
            letter=letter,
            id=row["id"],
            last=row["last_number"],
        )
    return True


async def _bursts_of(person: UUID) -> list[dict[str, Any]]:
    # All that waits for this person is taken at once, so a second worker waits here and finds nothing left.
    return await sql.rows(
        "select b.id, b.conversation_id as shown_as, b.side, r.client_id, r.last_number, "
        f"{has_news('b')}::boolean as unread from burst b join conversation r on r.id = b.conversation_id "
        "where b.reader_id = :person and b.letter_id is null order by b.id for update of b",
        person=person,
    )


async def _notices_of(person: UUID) -> list[dict[str, Any]]:
    return await sql.rows(
        "select id, id as shown_as, case when staff_id is null then 'client' else 'staff' end as side, client_id, "
        "0 as last_number, (read_at is null)::boolean as unread from notice "
        "where (staff_id = :person or account_id = :person) and mail_at is not null order by id for update",
        person=person,
    )


async def _visible(person: UUID, side: str, rows: list[dict[str, Any]]) -> set[UUID]:
    """Return those of these conversations and notices that the person may see."""
    seen = set()
    for model, of_bursts in ((Conversation, True), (Notice, False)):
        asked = [(person, None, row["shown_as"]) for row in rows if (row["last_number"] > 0) is of_bursts]
        if asked:
            seen |= {of for _, _, of in await who_may_see(model, KINDS[side], asked)}
    return seen


async def _forget(rows: list[dict[str, Any]]) -> None:
    if rows:
        ids = [row["id"] for row in rows]
        await sql.rows("delete from burst where id = any(:ids)", ids=ids)
        await sql.rows("update notice set mail_at = null where id = any(:ids)", ids=ids)


async def _reader(person: UUID, side: str) -> DueReader | None:
    row = await sql.row(
        "select name, email, language, false::boolean as discreet from staff_member where id = :id and ended_at is null"
        if side == "staff"
        else "select name, email, language, discreet from portal_account where id = :id",
        id=person,
    )
    if row is None:
        return None
    return DueReader(person, side, row["name"], row["email"], row["language"], row["discreet"])


async def _is_held(reader: DueReader) -> bool:
    table = "staff_member" if reader.side == "staff" else "portal_account"
    return await sql.exists(
        f"select 1 from {table} p join bounce b on b.email_key = p.email_key "
        "where p.id = :id and b.settled_at is null and b.held",
        id=reader.id,
    )


async def when_wanted(letter: UUID) -> dt.datetime | None:
    """Return when such a letter may leave: by now, or at the end of the reader's quiet hours. None where everything it
    tells of was seen meanwhile, or may no longer be seen."""
    rows = await sql.rows(
        "select b.id, b.reader_id, b.side, b.conversation_id as shown_as, b.to_number as last_number from burst b "
        f"where b.letter_id = :letter and {has_news('b')} "
        "union all select n.id, coalesce(n.staff_id, n.account_id), "
        "case when n.staff_id is null then 'client' else 'staff' end, n.id, 0 from notice n "
        "where n.letter_id = :letter and n.read_at is null",
        letter=letter,
    )
    if not rows:
        return None
    practice, person, side = await the_practice(), rows[0]["reader_id"], rows[0]["side"]
    if side == "client" and not practice.portal_on:
        return None
    if not await _visible(person, side, rows):
        return None
    return (await mail_choice(person)).after_quiet(clock.now(), practice.zone)
