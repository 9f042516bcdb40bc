"""Notices of unread messages: which people are told, a moment after each message was sent."""

from uuid import UUID

from portal import clock
from portal.models.ground import sql
from portal.models.ground.record import Kind, live
from portal.models.ground.rules import news_to
from portal.models.ground.scope import who_may_see
from portal.models.ground.stuck_work import MESSAGES, not_set_aside
from portal.models.messages.conversation import Conversation
from portal.models.messages.readers import ARE_TOLD, THESE, staff_who_read
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.notice import hold_numbers, tell

AT_ONCE = 20  # conversations of one transaction


async def conversations_to_tell() -> list[UUID]:
    """Return the conversations in which something was written that people are to be told of by now."""
    return await sql.column(
        f"select o.id from conversation o where o.tell_at <= :now and {not_set_aside(MESSAGES, 'o.id')} "
        f"order by o.tell_at limit {AT_ONCE}",
        now=clock.now(),
    )


async def tell_of_messages(ids: list[UUID]) -> None:
    """Write a notice for everybody who has not read the messages written by now, one for each of these conversations,
    in the caller's unit of work. Two workers never take the same conversation."""
    claimed = await sql.take_due(
        "conversation",
        "id = any(:ids) and tell_at <= :now order by id",
        "update conversation set tell_at = null",
        "id, client_id, audience, last_at, last_said",
        now=clock.now(),
        ids=ids,
    )
    if not claimed:
        return
    conversations = {row["id"]: row for row in claimed}
    staff, accounts = await _staff_to_tell(set(conversations)), await _accounts_to_tell(set(conversations))
    # First the numbers of all of them: two who each tell several people of several things would lock each other out.
    for people in (staff, accounts):
        await hold_numbers(set().union(*people.values()))
    for id, row in conversations.items():
        await tell(
            NoticeKind.MESSAGE,
            staff=staff[id],
            accounts=accounts[id],
            client=row["client_id"],
            record=id,
            up_to=row["last_said"],
            at=row["last_at"],
        )


async def _staff_to_tell(conversations: set[UUID]) -> dict[UUID, set[UUID]]:
    unread = await sql.rows(
        f"with {staff_who_read(THESE)} select reads.id, reads.staff_id from reads "
        "left join reading rd on rd.conversation_id = reads.id and rd.reader_id = reads.staff_id "
        f"where {ARE_TOLD} and exists (select 1 {news_to('reads.staff_id', 'reads.id', 'coalesce(rd.number, 0)')})",
        ids=list(conversations),
        now=clock.now(),
    )
    wanted = [(row["staff_id"], None, row["id"]) for row in unread]
    return _by_conversation(conversations, await who_may_see(Conversation, Kind.STAFF, wanted))


async def _accounts_to_tell(conversations: set[UUID]) -> dict[UUID, set[UUID]]:
    """Return the accounts that take part."""
    unread = await sql.rows(
        "select distinct r.id as conversation_id, x.account_id from conversation r "
        f"join access x on x.client_id = r.client_id and {live('x')} "
        "left join reading rd on rd.conversation_id = r.id and rd.reader_id = x.account_id "
        f"where r.id = any(:ids) and exists (select 1 {news_to('x.account_id', 'r.id', 'coalesce(rd.number, 0)')})",
        ids=list(conversations),
        now=clock.now(),
    )
    asked = [(row["account_id"], None, row["conversation_id"]) for row in unread]
    return _by_conversation(conversations, await who_may_see(Conversation, Kind.ACCOUNT, asked))


def _by_conversation(conversations: set[UUID], seen: set[tuple[UUID, UUID | None, UUID]]) -> dict[UUID, set[UUID]]:
    people: dict[UUID, set[UUID]] = {id: set() for id in conversations}
    for person, _, conversation in seen:
        people[conversation].add(person)
    return people
