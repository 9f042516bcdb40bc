"""The inbox: the conversations a member of staff may read, by the work that is left in them."""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Any
from uuid import UUID

from portal.models.ground.record import opened
from portal.models.ground.rules import within_reach
from portal.models.ground.scope import Scope
from portal.models.messages.conversation import HAS_UNREAD, LAST_FROM, Conversation
from portal.models.messages.message import Message
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


COUNTED = (View.MINE, View.UNREAD, View.ANSWER)


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
    rows = await (
        wanted.order("r.stirs_at desc, r.id desc")
        .only(PAGE + 1, f"{on_it('r')}::uuid as on_it")
        .join(
            "join client c on c.id = r.client_id "
            "left join message lm on lm.conversation_id = r.id and lm.number = r.last_number "
            "left join staff_member ls on ls.id = lm.staff_id "
            "left join portal_account la on la.id = lm.account_id "
            "left join staff_member ow on ow.id = r.on_it"
        )
        .columns(
            "r.id, r.client_id, r.audience, r.confidential, r.last_number, r.last_at, r.last_side, r.stirs_at, "
            "r.done_at, r.snoozed_by, c.first_name, c.last_name, c.colour, lm.id as message_id, "
            "lm.body_sealed, lm.withdrawn_at, "
            "case when not lm.automatic then lm.staff_id end::uuid as staff_id, lm.account_id, lm.automatic, "
            f"{LAST_FROM} as from_name, "
            f"r.on_it, ow.name as on_it_name, {HAS_UNREAD}::boolean as unread"
        )
    )
    for row in rows:
        box, row["withdrawn"] = row.pop("body_sealed"), row.pop("withdrawn_at") is not None
        row["body"] = None if box is None else opened(Message, "body_sealed", row["message_id"], box)
    return rows[:PAGE], len(rows) > PAGE


async def counts(conversations: Scope[Conversation]) -> dict[View, int]:
    """Count the conversations in each of the views that show a number: one question for all."""
    told = ", ".join(
        f"count(case when {view.rule.removeprefix(f'{OPEN} and ')} then 1 end) as {view.value}" for view in COUNTED
    )
    (row,) = await conversations.where(OPEN).columns(told)
    return {view: int(row[view.value]) for view in COUNTED}


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
