"""Facts of conversations, their messages, and what staff do about them."""

from uuid import UUID

from portal.facts.ground import Fact, OfPerson
from portal.facts.people import OfClient


class OfConversation(OfClient, family=True):
    conversation: UUID


class OfThreadList(Fact, family=True):
    """A list of conversations shows something else: one that is new, the last words, what is unread."""


class ConversationStarted(OfConversation, OfThreadList):
    pass


class ConversationRead(OfPerson, OfThreadList):
    """Someone read up to a number. Concerns the reader's own counts only."""

    conversation: UUID
    number: int


class ConversationAnswered(OfConversation):
    """Somebody of the practice wrote in it for the first time: who may only answer now may."""


# --- Messages --------------------------------------------------------------------------------------


class MessageSent(OfConversation, OfThreadList):
    number: int


class MessagesSeen(OfConversation, OfPerson):
    """Someone came to see these messages. Shown to the other side alone."""

    first: int
    last: int


class OfMessage(OfConversation, family=True):
    """A message that was sent already looks different."""

    number: int


class OfMessageText(OfMessage, OfThreadList, family=True):
    """It says something else, or nothing any more."""


class MessageEdited(OfMessageText):
    pass


class MessageWithdrawn(OfMessageText):
    pass


class QuoteChanged(OfMessage):
    """The message quotes one that was edited or withdrawn."""


class NoteWritten(OfMessage):
    """Staff wrote a note under this message. Shown to staff alone."""


class DraftChanged(OfPerson):
    """Concerns the other open pages of who writes it, and nobody else's."""

    conversation: UUID


class TemplatesChanged(Fact):
    """A person's own templates changed. The practice's name nobody: all staff."""

    staff: UUID | None = None


# --- Triage ----------------------------------------------------------------------------------------


class OfTriage(OfConversation, family=True):
    """Staff settled what becomes of a conversation, and whose it is."""


class ConversationAssigned(OfTriage):
    """A colleague was put on it, or nobody by name is on it any more."""

    staff: UUID | None


class ConversationDone(OfTriage):
    """The practice has nothing left to do in it."""


class ConversationReopened(OfTriage):
    pass


class ConversationSnoozed(OfTriage):
    pass


class ConversationReturned(OfTriage):
    """A snooze came to its end: by its time, or by hand."""
