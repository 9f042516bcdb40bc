"""Telling people of messages they have not read: who they are, a moment after each was sent."""

from __future__ import annotations

from uuid import UUID

from portal import clock
from portal.models import sql
from portal.models.conversation import Audience, Conversation
from portal.models.notice import NoticeKind, hold_numbers, tell
from portal.models.record import Kind, live
from portal.models.scope import who_may_see

AT_ONCE = 20  # conversations of one transaction


async def is_anyone_to_tell() -> bool:
    return (
        await sql.row("select 1 as yes from conversation where tell_at <= :now limit 1", now=clock.now())
        is not None
    )


def _last_said(conversation: str) -> str:
    """SQL for the number of the last message that somebody wrote: of an automatic one nobody is told."""
    return (
        f"(select m.number from message m where m.conversation_id = {conversation} and not m.automatic "
        "order by m.number desc limit 1)"
    )


async def tell_of_messages() -> bool:
    """A notice for whoever has not read what was written by now, one for each conversation, in the caller's
    unit of work; gives whether there may be more. Two workers never take the same conversation."""
    locked = "for update skip locked" if sql.is_postgres() else ""
    found = await sql.rows(
        "with due as materialized (select id from conversation where tell_at <= :now "
        f"order by tell_at limit {AT_ONCE} {locked}) "
        "update conversation set tell_at = null where id in (select id from due) "
        f"returning id, client_id, audience, last_at, {_last_said('conversation.id')} as said",
        now=clock.now(),
    )
    if not found:
        return False
    conversations = {sql.uuid(row["id"]): row for row in found}
    staff, accounts = await _staff_to_tell(set(conversations)), await _accounts_to_tell(set(conversations))
    # First the numbers of all of them: two who each tell several people of several things would lock each other out.
    for people in (staff, accounts):
        await hold_numbers(set().union(*people.values()))
    for id, row in conversations.items():
        await tell(
            NoticeKind.MESSAGE,
            staff=staff[id],
            accounts=accounts[id],
            client=sql.uuid(row["client_id"]),
            record=id,
            up_to=row["said"],
            at=sql.moment(row["last_at"]),
        )
    return len(found) == AT_ONCE


async def _staff_to_tell(conversations: set[UUID]) -> dict[UUID, set[UUID]]:
    """The care team and who stands in for one of it, where any of them may read. What is administrative or about
    money is the whole office's, and so is what none of them may read."""
    team = f"conversation r join care_team t on t.client_id = r.client_id and {live('t')}"
    found = await sql.rows(
        "with near (conversation_id, staff_id, team) as ("
        f"select r.id, t.staff_id, 1 from {team} where r.id = any(:ids) "
        f"union all select r.id, l.cover_id, 1 from {team} join leave l on l.staff_id = t.staff_id and {live('l')} "
        "where r.id = any(:ids) "
        "union all select r.id, h.staff_id, 0 from conversation r join staff_permission h "
        "on h.permission = 'see_all_clients' where r.id = any(:ids)) "
        "select near.conversation_id, near.staff_id, max(near.team) = 1 as team, r.audience, "
        f"coalesce(max(rd.number), 0) < {_last_said('near.conversation_id')} as unread from near "
        "join conversation r on r.id = near.conversation_id "
        "join staff_member s on s.id = near.staff_id and s.ended_at is null "
        "join staff_permission p on p.staff_id = s.id and p.permission = r.audience || '_messages' "
        "left join reading rd on rd.conversation_id = r.id and rd.reader_id = s.id "
        "group by near.conversation_id, near.staff_id, r.audience",
        ids=list(conversations),
        now=clock.now(),
    )
    cared_for = {sql.uuid(row["conversation_id"]) for row in found if row["team"]}
    asked = [
        (sql.uuid(row["staff_id"]), None, sql.uuid(row["conversation_id"]))
        for row in found
        if row["unread"]
        and (
            row["team"]
            or row["audience"] != Audience.CLINICAL.key
            or sql.uuid(row["conversation_id"]) not in cared_for
        )
    ]
    return _by_conversation(conversations, await who_may_see(Conversation, Kind.STAFF, asked))


async def _accounts_to_tell(conversations: set[UUID]) -> dict[UUID, set[UUID]]:
    """Those who take part."""
    found = await sql.rows(
        "select distinct r.id as conversation_id, x.account_id from conversation r "
        f"join access x on x.client_id = r.client_id and {live('x')} "
        "left join reading rd on rd.conversation_id = r.id and rd.reader_id = x.account_id "
        f"where r.id = any(:ids) and coalesce(rd.number, 0) < {_last_said('r.id')}",
        ids=list(conversations),
        now=clock.now(),
    )
    asked = [(sql.uuid(row["account_id"]), None, sql.uuid(row["conversation_id"])) for row in found]
    return _by_conversation(conversations, await who_may_see(Conversation, Kind.ACCOUNT, asked))


def _by_conversation(
    conversations: set[UUID], seen: set[tuple[UUID, UUID | None, UUID]]
) -> dict[UUID, set[UUID]]:
    people: dict[UUID, set[UUID]] = {id: set() for id in conversations}
    for person, _, conversation in seen:
        people[conversation].add(person)
    return people
