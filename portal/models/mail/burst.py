"""Bursts: messages of one conversation that one person has not read, for the letter that tells of them.

A burst begins with the first message that is unread for some minutes, and ends when the person reads. Until then no
second letter is written about it, however much is added.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.models.ground import sql
from portal.models.ground.record import Kind, Record, live, uuid7
from portal.models.ground.rules import has_news, is_news, sees_conversation, staff_only
from portal.models.ground.scope import Scope, who_may_see
from portal.models.ground.stuck_work import BURSTS, not_set_aside
from portal.models.messages.conversation import Conversation
from portal.models.messages.readers import ARE_TOLD, THESE, staff_who_read
from portal.models.notices.choices import without_letters
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.mail_choice import mail_choices
from portal.models.practice.practice import Practice

AT_ONCE = 20  # conversations of one transaction
KINDS = {"staff": Kind.STAFF, "client": Kind.ACCOUNT}


class Burst(Record):
    conversation_id = fields.UUIDField()
    reader_id = fields.UUIDField()  # a staff member or an account,
    side = fields.CharField(max_length=8)  # by their side
    from_number = fields.IntField()  # the number of the first message unread
    to_number = fields.IntField(null=True)  # and of the last, when the letter was written
    due_at = fields.DatetimeField(null=True)  # when it is to be written
    letter_id = fields.UUIDField(null=True)

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a burst to staff who may see the conversation."""
        return staff_only(kind, sees_conversation(kind, f"{r}.conversation_id"))


# --- A burst begins ----------------------------------------------------------------------------


async def conversations_unread(practice: Practice) -> list[UUID]:
    """Return the conversations in which something was written more than the practice's minutes ago, and nobody was
    asked yet whether it was read."""
    now = clock.now()
    return await sql.column(
        f"select o.id from conversation o where o.mail_since <= :until and {not_set_aside(BURSTS, 'o.id')} "
        f"order by o.mail_since limit {AT_ONCE}",
        until=now - dt.timedelta(minutes=practice.mail_after),
        now=now,
    )


async def begin_bursts(practice: Practice, ids: list[UUID]) -> None:
    """Note who has not read the messages of these conversations, in the caller's unit of work. Two workers never take
    the same conversation."""
    now, wait = clock.now(), dt.timedelta(minutes=practice.mail_after)
    asked = await sql.take_due(
        "conversation",
        "id = any(:ids) and mail_since <= :until order by id",
        "update conversation set mail_since = null",
        "id",
        until=now - wait,
        ids=ids,
    )
    if not asked:
        return
    conversations = [row["id"] for row in asked]
    behind = await _staff_behind(conversations)
    if practice.portal_on:
        behind += await _accounts_behind(conversations)
    readers = sorted({late.reader for late in behind})
    choices, unwanted = await mail_choices(readers), await without_letters(NoticeKind.MESSAGE, readers)
    for late in behind:
        due = choices[late.reader].when(max(late.since + wait, now), practice.zone)
        if due is not None and late.reader not in unwanted:
            # One that waits already keeps its time: more has come, and it is the same burst.
            await sql.insert_once(
                "burst",
                id=uuid7(),
                conversation_id=late.conversation,
                reader_id=late.reader,
                side=late.side,
                from_number=late.first,
                due_at=due,
            )


@dataclass(frozen=True)
class Behind:
    """A person who has not read a conversation from this message on, which was sent then."""

    conversation: UUID
    reader: UUID
    side: str
    first: int
    since: dt.datetime


async def _staff_behind(conversations: list[UUID]) -> list[Behind]:
    """Return the staff who are told and have not read the words of the client's side. Words of colleagues they see when
    they come by."""
    behind = await sql.rows(
        f"with {staff_who_read(THESE)}, readers (conversation_id, reader_id) as ("
        f"select reads.id, reads.staff_id from reads where {ARE_TOLD}) "
        f"{_BEHIND.format(theirs='m.account_id is not null')}",
        ids=conversations,
        now=clock.now(),
    )
    return await _who_may_see("staff", behind)


async def _accounts_behind(conversations: list[UUID]) -> list[Behind]:
    """Return the accounts that take part and have not read the words of others."""
    behind = await sql.rows(
        "with readers (conversation_id, reader_id) as (select distinct r.id, x.account_id "
        f"from conversation r join access x on x.client_id = r.client_id and {live('x')} "
        "where r.id = any(:ids)) "
        f"{_BEHIND.format(theirs='coalesce(m.account_id, m.staff_id) <> e.reader_id')}",
        ids=conversations,
        now=clock.now(),
    )
    return await _who_may_see("client", behind)


# The first message each has not read, but for those who were written to about it and have not come yet.
_BEHIND = (
    "select e.conversation_id, e.reader_id, m.number as first, m.sent_at as since "
    "from readers e join conversation r on r.id = e.conversation_id "
    "left join reading rd on rd.conversation_id = r.id and rd.reader_id = e.reader_id "
    "join message m on m.conversation_id = r.id and m.number = (select min(m.number) from message m "
    "where m.conversation_id = r.id and m.number > coalesce(rd.number, 0) "
    f"and {is_news('m')} "
    "and {theirs}) "
    "where not exists (select 1 from burst b where b.conversation_id = r.id and b.reader_id = e.reader_id "
    f"and b.letter_id is not null and {has_news('b')})"
)


async def _who_may_see(side: str, rows: list[dict[str, Any]]) -> list[Behind]:
    behind = [Behind(row["conversation_id"], row["reader_id"], side, row["first"], row["since"]) for row in rows]
    asked = [(late.reader, None, late.conversation) for late in behind]
    seen = await who_may_see(Conversation, KINDS[side], asked)
    return [late for late in behind if (late.reader, None, late.conversation) in seen]


# --- What became of it -------------------------------------------------------------------------


async def told_of(conversations: Scope[Conversation], conversation: UUID, to_staff: bool) -> list[dict[str, Any]]:
    """Return the newest letter to each person of one side about the other's words since they last wrote themselves:
    name, and when it left, came back or was given up, and why. Nothing where the viewer may not see the conversation.
    """
    side, table, column = (
        ("staff", "staff_member", "staff_id") if to_staff else ("client", "portal_account", "account_id")
    )
    letters = await (
        conversations.where("r.id = :conversation", conversation=conversation)
        .join(
            "join burst b on b.conversation_id = r.id and b.side = :side and b.letter_id is not null "
            f"join outbox o on o.id = b.letter_id join {table} p on p.id = b.reader_id",
            side=side,
        )
        .where(
            f"b.to_number > coalesce((select m.number from message m where m.conversation_id = r.id "
            f"and not m.automatic and m.{column} is not null order by m.number desc limit 1), 0)"
        )
        .order("p.name, p.id, b.to_number")
        .columns("p.id, p.name, o.done_at, o.bounced_at, o.failed_at, o.reason")
    )
    return list({row["id"]: row for row in letters}.values())
