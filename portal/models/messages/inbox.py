"""The inbox: the conversations a member of staff may read, by the work that is left in them."""

import datetime as dt
from enum import Enum
from typing import Any
from uuid import UUID

from portal.models.ground.rules import client_side_reads, within_reach
from portal.models.ground.scope import Scope
from portal.models.messages.conversation import HAS_UNREAD, Conversation, listed
from portal.models.messages.triage import may_be_on, on_it
from portal.permissions import Audience

PAGE = 50
OPEN = "r.done_at is null and r.stirs_at <= :now"
_HERE = "r.client_id not in (select hc.id from client hc where hc.archived_at is not null)"


class View(Enum):
    """The choice of conversations that a list holds. The values stand in addresses."""

    ALL = "all"  # all that are open
    MINE = "mine"
    UNREAD = "unread"
    ANSWER = "answer"
    UNASSIGNED = "unassigned"
    SNOOZED = "snoozed"
    DONE = "done"

    @property
    def rule(self) -> str:
        """Return the condition over conversation `r`."""
        return {
            View.ALL: OPEN,
            View.MINE: f"{OPEN} and {may_be_on('r', ':viewer')} and {on_it('r')} = :viewer",
            View.UNREAD: f"{OPEN} and {HAS_UNREAD}",
            View.ANSWER: f"{OPEN} and r.last_side = 'client'",
            View.UNASSIGNED: f"{OPEN} and {on_it('r')} is null",
            View.SNOOZED: "r.done_at is null and r.stirs_at > :now",
            View.DONE: "r.done_at is not null",
        }[self]


COUNTED = (View.ALL, View.MINE, View.UNREAD, View.ANSWER)


def narrowed(conversations: Scope[Conversation], audience: Audience | None, client: UUID | None) -> Scope[Conversation]:
    """Narrow to charts that are in use, and to one audience and one client where they are named."""
    narrow = conversations.where(within_reach(conversations.kind, "r.client_id")).where(_HERE)
    if audience is not None:
        narrow = narrow.where("r.audience = :audience", audience=audience.key)
    return narrow if client is None else narrow.where("r.client_id = :about", about=client)


Place = tuple[dt.datetime, UUID]  # when a conversation stirred, and which


async def page_of_inbox(
    conversations: Scope[Conversation], view: View, after: Place | None
) -> tuple[list[dict[str, Any]], bool]:
    """Return a keyset page of a view, what stirred last first, and whether there is more after it."""
    wanted = conversations.where(view.rule)
    if after is not None:
        wanted = wanted.where("(r.stirs_at, r.id) < (:after_time, :after_id)", after_time=after[0], after_id=after[1])
    rows = await listed(
        wanted.order("r.stirs_at desc, r.id desc").only(PAGE + 1, f"({on_it('r')})::uuid as on_it"),
        f"r.stirs_at, r.done_at, r.snoozed_by, r.on_it, ow.name as on_it_name, {HAS_UNREAD}::boolean as unread, "
        f"(not {client_side_reads('r')})::boolean as kept",
        "left join staff_member ow on ow.id = r.on_it",
    )
    return rows[:PAGE], len(rows) > PAGE


async def counts(conversations: Scope[Conversation]) -> dict[View, int]:
    """Count the conversations in each of the views that show a number: one question for all."""
    counts = ", ".join(
        f"count(case when {view.rule.removeprefix(f'{OPEN} and ')} then 1 end) as in_{view.value}" for view in COUNTED
    )
    (row,) = await conversations.where(OPEN).columns(counts)
    return {view: int(row[f"in_{view.value}"]) for view in COUNTED}


async def unread_conversations(conversations: Scope[Conversation]) -> int:
    """Count the open conversations that hold something the viewer has not read. Their own messages count as read by
    them, so one number beyond another says it. Asked as the inbox asks, so that its page asks once."""
    return (await counts(narrowed(conversations, None, None)))[View.UNREAD]


async def who_is_on(conversations: Scope[Conversation], id: UUID) -> tuple[UUID, str] | None:
    """Return the colleague who answers a conversation: id and name."""
    colleagues = await (
        conversations.where("r.id = :id", id=id)
        .join(f"join staff_member ow on ow.id = {on_it('r')}")
        .columns("ow.id, ow.name")
    )
    return (colleagues[0]["id"], colleagues[0]["name"]) if colleagues else None
