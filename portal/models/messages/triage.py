"""Triage: staff's own marks on a conversation: who is on it, whether it is done, when it stirs again."""

import datetime as dt
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.facts import (
    ConversationAssigned,
    ConversationDone,
    ConversationReopened,
    ConversationReturned,
    ConversationSnoozed,
    Fact,
)
from portal.models.ground.fact import announce
from portal.models.ground.moment import Moment
from portal.models.ground.record import Record, live
from portal.models.ground.rules import holds_key, staff_see
from portal.models.notices.kinds import NoticeKind, call_off


class Handled(Record):
    """The place of a conversation in the inbox, said by one time: it stirs at its last message, or when a snooze ends.
    So a snooze is over at its time, or at a new message, without anybody writing that it is."""

    stirs_at = fields.DatetimeField(null=True)  # null while nothing was written
    assigned_to = fields.UUIDField(null=True)
    done_at = fields.DatetimeField(null=True)
    done_by = fields.UUIDField(null=True)
    snoozed_by = fields.UUIDField(null=True)

    class Meta:
        abstract = True

    @property
    def is_snoozed(self) -> bool:
        return self.stirs_at is not None and self.stirs_at > clock.now()

    async def assign(self, to: UUID | None) -> bool:
        """Put a colleague on it, or nobody by name. Return False where that is so already. A colleague it was handed to
        before need not hear of that any more."""
        await call_off(NoticeKind.HANDED_OVER, self.id, but=to)
        return await self._change(
            "assigned_to = :colleague",
            "(assigned_to <> :colleague or (assigned_to is null) <> (:colleague is null))",
            ConversationAssigned(client=self._client, conversation=self.id, staff=to),
            colleague=to,
        )

    async def finish(self, by: UUID, seen: int) -> bool:
        """Note that nothing is left to do. It leaves the list until the client's side writes again. Not where more was
        written than the number that was before them, or a message that came at that moment would leave with it."""
        return await self._change(
            "done_at = :now, done_by = :by, stirs_at = last_at, snoozed_by = null",
            "done_at is null and last_number <= :seen",
            ConversationDone(client=self._client, conversation=self.id),
            now=clock.now(),
            by=by,
            seen=seen,
        )

    async def reopen(self) -> bool:
        return await self._change(
            "done_at = null, done_by = null",
            "done_at is not null",
            ConversationReopened(client=self._client, conversation=self.id),
        )

    async def snooze(self, until: dt.datetime, by: UUID, seen: int) -> bool:
        """Put it out of sight until a time, or until something is written: beyond the number that was before them, that
        has happened. Only a conversation with a message can stir again."""
        later = await self._change(
            "stirs_at = :until, snoozed_by = :by, done_at = null, done_by = null",
            "last_at is not null and last_number <= :seen",
            ConversationSnoozed(client=self._client, conversation=self.id),
            until=until,
            by=by,
            seen=seen,
        )
        if later:
            await Moment.plan(until, ConversationReturned(client=self._client, conversation=self.id))
        return later

    async def wake(self) -> bool:
        """Bring it back into the list before its time."""
        return await self._change(
            "stirs_at = last_at, snoozed_by = null",
            "stirs_at > :now",
            ConversationReturned(client=self._client, conversation=self.id),
            now=clock.now(),
        )

    @property
    def _client(self) -> UUID:
        return self.client_id  # type: ignore[attr-defined,no-any-return]

    async def _change(self, to: str, where: str, fact: Fact, **values: Any) -> bool:
        """Change the row where that changes something, and tell of it. Two who press the same button at once
        are told apart by the database."""
        changed = await self.claim(to, where, **values)
        if changed:
            await announce(fact)
        return changed


def may_be_on(r: str, staff: str) -> str:
    """Return a wider condition than the rule of who answers it, which is asked of the colleague's side once: see
    `within_reach`. Never null, after which a database would ask the rule itself."""
    return (
        f"(({r}.assigned_to is not null and {r}.assigned_to = {staff}) or {r}.client_id in "
        f"(select ml.client_id from care_team ml where ml.staff_id = {staff} and ml.lead))"
    )


def on_it(r: str) -> str:
    """Return who answers conversation `r`, as an SQL expression: the colleague who was put on it, while they can read
    it; else, for a clinical one, who leads the client's care; else nobody."""
    sees_chart = staff_see(f"{r}.client_id", f"{r}.assigned_to")
    may_read = holds_key(f"{r}.assigned_to", f"{r}.audience || '_messages'")
    return (
        f"coalesce(case when {r}.assigned_to is not null and {may_read} and {sees_chart} then {r}.assigned_to end, "
        f"case when {r}.audience = 'clinical' then (select ot.staff_id from care_team ot "
        f"where ot.client_id = {r}.client_id and ot.lead and {live('ot')} "
        "and ot.staff_id not in (select om.id from staff_member om where om.ended_at is not null) "
        "order by ot.from_at, ot.id limit 1) end)"
    )
