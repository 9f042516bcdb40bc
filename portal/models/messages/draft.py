"""Drafts: messages that someone has begun to write, kept for them on every device until they are sent."""

import datetime as dt
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.facts import DraftChanged
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.record import UNREADABLE, Kind, Record, Sealed, opened, seal, uuid7
from portal.models.ground.rules import is_viewers, sees_conversation
from portal.models.ground.scope import Scope

KEPT = dt.timedelta(days=60)


class Draft(Record):
    conversation_id = fields.UUIDField()
    staff_id = fields.UUIDField(null=True)
    account_id = fields.UUIDField(null=True)
    body_sealed = fields.BinaryField()
    reply_to_id = fields.UUIDField(null=True)
    saved_at = fields.DatetimeField()

    body = Sealed()

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a draft to its writer, while they see the conversation."""
        return f"{is_viewers(kind, r)} and {sees_conversation(kind, f'{r}.conversation_id')}"

    @property
    def words(self) -> str:
        """Return the words of the draft; nothing where it can't be opened, since the conversation is shown all the
        same."""
        text = opened(Draft, "body_sealed", self.id, self.body_sealed)
        return "" if text == UNREADABLE else text

    @classmethod
    async def keep(
        cls,
        conversation: UUID,
        body: str,
        reply_to: UUID | None = None,
        staff: UUID | None = None,
        account: UUID | None = None,
    ) -> None:
        """Keep the words someone has written so far, in place of those kept before; nothing where it is empty."""
        if not body.strip():
            await cls.drop(conversation, staff, account)
            return
        id, column = uuid7(), "staff_id" if staff else "account_id"
        # It takes the new id with the new words: they are sealed for it.
        await sql.upsert(
            "draft",
            f"conversation_id, {column}",
            id=id,
            conversation_id=conversation,
            **{column: staff or account},
            body_sealed=seal(Draft, "body_sealed", id, body),
            reply_to_id=reply_to,
            saved_at=clock.now(),
        )
        await announce(DraftChanged(conversation=conversation, staff=staff, account=account))

    @classmethod
    async def drop(cls, conversation: UUID, staff: UUID | None = None, account: UUID | None = None) -> None:
        dropped = await sql.rows(
            f"delete from draft where conversation_id = :conversation "
            f"and {'staff_id' if staff else 'account_id'} = :holder returning id",
            conversation=conversation,
            holder=staff or account,
        )
        if dropped:
            await announce(DraftChanged(conversation=conversation, staff=staff, account=account))


async def draft_in(drafts: Scope[Draft], conversation: UUID) -> Draft | None:
    """Return the viewer's own draft in a conversation."""
    return await drafts.where("r.conversation_id = :conversation", conversation=conversation).first()


async def forget_old_drafts() -> None:
    await sql.rows("delete from draft where saved_at < :before", before=clock.now() - KEPT)
