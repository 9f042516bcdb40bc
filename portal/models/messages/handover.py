"""Handing a conversation over: to a colleague who can read it, with a note where there is something to write under."""

from contextlib import suppress
from uuid import UUID

from portal.models.ground.record import Unacceptable
from portal.models.messages.conversation import Closed, Conversation, may_read
from portal.models.messages.note import Note
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.notice import tell


class CannotRead(Unacceptable):
    """A colleague who is to answer a conversation that they may not read."""

    why = "They can’t read this conversation, so they can’t answer it."


async def put_on(colleague: UUID | None, conversation: Conversation) -> bool:
    """Put a colleague on a conversation, or nobody by name. Return False where that is so already. Raises
    CannotRead."""
    if colleague is not None and not await may_read(conversation, colleague):
        raise CannotRead
    return await conversation.assign(colleague)


async def hand_over_to(colleague: UUID, conversation: Conversation, words: str, by: UUID) -> None:
    """Put a colleague on a conversation, leave them a note, and let them know. Raises CannotRead."""
    await put_on(colleague, conversation)
    # Where nothing was written yet there is no place for a note; that it was handed over is told regardless.
    with suppress(Closed):
        await Note.leave(conversation, words, by, handed_to=colleague)
    await tell(
        NoticeKind.HANDED_OVER, staff={colleague} - {by}, client=conversation.client_id, record=conversation.id, by=by
    )
