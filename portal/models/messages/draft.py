"""Drafts: messages that someone has begun to write, kept for them on every device until they are sent."""

import datetime as dt
from typing import Self
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
    """A draft; its id is a version of it, since each keeping gives it another."""

    conversation_id = fields.UUIDField()
    staff_id = fields.UUIDField(null=True)
    account_id = fields.UUIDField(null=True)
    body_sealed = fields.BinaryField()
    other_sealed = fields.BinaryField(null=True)  # what another device had kept, until its writer has chosen
    reply_to_id = fields.UUIDField(null=True)
    saved_at = fields.DatetimeField()

    body = Sealed()
    other = Sealed()

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a draft to its writer, while they see the conversation."""
        return f"{is_viewers(kind, r)} and {sees_conversation(kind, f'{r}.conversation_id')}"

    @property
    def words(self) -> str:
        """Return the words of the draft; nothing where it can't be opened, since the conversation is shown all the
        same."""
        return self._readable("body_sealed")

    @property
    def other_words(self) -> str:
        """Return the words that were set aside because another device kept some too; nothing where there are none."""
        return self._readable("other_sealed")

    def _readable(self, column: str) -> str:
        box = getattr(self, column)
        text = "" if box is None else opened(Draft, column, self.id, box)
        return "" if text == UNREADABLE else text

    @classmethod
    async def keep(
        cls,
        conversation: UUID,
        body: str,
        reply_to: UUID | None = None,
        staff: UUID | None = None,
        account: UUID | None = None,
        begun_on: UUID | None = None,
        choice: str = "",
    ) -> UUID | None:
        """Keep the words someone has written so far, and return the version that they are from now on; None where
        nothing is kept.

        `begun_on` is the version that their page went on from. Where another is there, as of a device that was away,
        the words kept until now are set aside for their writer to choose, and nothing is lost by it. `choice` settles
        that: for the "other" words, or for "this".
        """
        kept = await cls._kept(conversation, staff, account)
        if kept is None:
            if not body.strip():
                return None
            if id := await cls._begin(conversation, body, reply_to, staff, account):
                return id
            # Another device has begun one at this moment.
            return await cls.keep(conversation, body, reply_to, staff, account, begun_on, choice)
        if kept.id == begun_on or choice:
            words = (kept.other_words or kept.words) if choice == "other" else body
            await kept._become(words, "" if choice else kept.other_words, reply_to)
        elif body.strip():
            await kept._become(body, _set_aside([kept.other_words, kept.words], body), reply_to)
        return kept.id if kept.words or kept.other_words else None

    @classmethod
    async def sent(
        cls,
        conversation: UUID,
        body: str,
        begun_on: UUID | None,
        staff: UUID | None = None,
        account: UUID | None = None,
    ) -> None:
        """Let go of the draft that was sent as this message. Other words, of another device, stay."""
        kept = await cls._kept(conversation, staff, account)
        if kept is not None and (kept.id == begun_on or kept.words.strip() in body):
            await kept._become(kept.other_words, "", None)

    @classmethod
    async def _kept(cls, conversation: UUID, staff: UUID | None, account: UUID | None) -> Self | None:
        """Return the draft that is there, locked until the commit. Its id changes, so it is not found again by that."""
        row = await sql.row(
            f"select * from draft where conversation_id = :conversation "
            f"and {'staff_id' if staff else 'account_id'} = :holder for update",
            conversation=conversation,
            holder=staff or account,
        )
        return None if row is None else cls._init_from_db(**row)

    @classmethod
    async def _begin(
        cls, conversation: UUID, body: str, reply_to: UUID | None, staff: UUID | None, account: UUID | None
    ) -> UUID | None:
        id = uuid7()
        made = await sql.insert_once(
            "draft",
            id=id,
            conversation_id=conversation,
            staff_id=staff,
            account_id=account,
            body_sealed=seal(Draft, "body_sealed", id, body),
            reply_to_id=reply_to,
            saved_at=clock.now(),
        )
        if made:
            await announce(DraftChanged(conversation=conversation, staff=staff, account=account))
        return id if made else None

    async def _become(self, words: str, other: str, reply_to: UUID | None) -> None:
        """Hold these words from now on, as a version of its own; nothing at all where there are none."""
        known, id = self.id, uuid7()
        if not words.strip() and other.strip():
            words, other = other, ""
        if words.strip():
            # It takes a new id with the new words: they are sealed for it.
            self.id, self.reply_to_id, self.saved_at = id, reply_to, clock.now()
            self.body_sealed = seal(Draft, "body_sealed", id, words)
            self.other_sealed = seal(Draft, "other_sealed", id, other) if other.strip() else None
            await sql.rows(
                "update draft set id = :id, body_sealed = :body, other_sealed = :other, reply_to_id = :reply_to, "
                "saved_at = :now where id = :known",
                id=id,
                body=self.body_sealed,
                other=self.other_sealed,
                reply_to=reply_to,
                now=self.saved_at,
                known=known,
            )
        else:
            self.body_sealed, self.other_sealed = seal(Draft, "body_sealed", known, ""), None
            await sql.rows("delete from draft where id = :known", known=known)
        await announce(DraftChanged(conversation=self.conversation_id, staff=self.staff_id, account=self.account_id))


def _set_aside(words: list[str], body: str) -> str:
    """Return those of these words that the new ones do not hold, each once."""
    aside: list[str] = []
    for text in sorted(filter(None, map(str.strip, words)), key=len, reverse=True):
        if not any(text in other for other in (body, *aside)):
            aside.append(text)
    return "\n\n".join(aside)


async def draft_in(drafts: Scope[Draft], conversation: UUID) -> Draft | None:
    """Return the viewer's own draft in a conversation."""
    return await drafts.where("r.conversation_id = :conversation", conversation=conversation).first()


async def forget_old_drafts() -> None:
    await sql.rows("delete from draft where saved_at < :before", before=clock.now() - KEPT)
