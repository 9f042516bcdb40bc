"""The kinds of fact: what can happen in a practice, in the past tense, told in ids only.

A fact names whom it concerns by *audience keys* (`client:<id>`, `staff:<id>`, `account:<id>`). No name, no text
and no HTML is ever part of one: whoever hears it re-reads what they may see.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

KINDS: dict[str, type[Fact]] = {}
EVERYONE = "everyone"  # the audience key of what can change any page


@dataclass(frozen=True)
class Fact:
    """`shows_nowhere` says that no region shows it, on purpose; start-up asks for one or the other.
    `changes_access` has the pages of those it names look again at everything; `concerns_everyone` takes it to
    every page that shows a region which is mapped to it."""

    shows_nowhere: ClassVar[bool] = False
    changes_access: ClassVar[bool] = False
    concerns_everyone: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        KINDS[cls.__name__] = cls

    def keys(self) -> set[str]:
        """The audience keys: each id of a client, staff member or account that the fact names. One that names
        nobody concerns everyone."""
        named = {
            f"{name}:{value}"
            for name in ("client", "staff", "account")
            if (value := getattr(self, name, None)) is not None
        }
        return named | {EVERYONE} if self.concerns_everyone or not named else named

    @property
    def for_everyone(self) -> bool:
        return any(key == EVERYONE for key in self.keys())

    def body(self) -> dict[str, Any]:
        return {
            field.name: str(value) if isinstance(value := getattr(self, field.name), UUID) else value
            for field in dataclasses.fields(self)
        }

    @staticmethod
    def from_body(kind: str, body: dict[str, Any]) -> Fact | None:
        """The fact as it was announced; None for a kind that this version does not know."""
        cls = KINDS.get(kind)
        if cls is None:
            return None
        values = {f.name: body.get(f.name) for f in dataclasses.fields(cls)}
        return cls(**{k: UUID(v) if _is_id(v) else v for k, v in values.items()})


def _is_id(value: object) -> bool:
    return isinstance(value, str) and len(value) == 36 and value.count("-") == 4


@dataclass(frozen=True)
class ClientAdded(Fact):
    changes_access: ClassVar[bool] = True  # the therapist's pages are from now on concerned by the client
    client: UUID
    staff: UUID | None  # the therapist it was added for


@dataclass(frozen=True)
class ClientChanged(Fact):
    client: UUID


@dataclass(frozen=True)
class ClientArchived(Fact):
    changes_access: ClassVar[bool] = True
    client: UUID


@dataclass(frozen=True)
class ClientRestored(Fact):
    changes_access: ClassVar[bool] = True
    client: UUID


@dataclass(frozen=True)
class CareTeamChanged(Fact):
    changes_access: ClassVar[bool] = True
    client: UUID
    staff: UUID


@dataclass(frozen=True)
class StaffChanged(Fact):
    """Someone's role, permissions, supervisor or employment changed. Every conversation says who can read it,
    so this can change any page."""

    changes_access: ClassVar[bool] = True
    concerns_everyone: ClassVar[bool] = True
    staff: UUID


@dataclass(frozen=True)
class LeaveChanged(Fact):
    """A leave was planned, began, or is over: told of who is away and of who stands in. Conversations say who is
    away and who can read, so this can change any page."""

    changes_access: ClassVar[bool] = True
    concerns_everyone: ClassVar[bool] = True
    staff: UUID


@dataclass(frozen=True)
class AccessGranted(Fact):
    changes_access: ClassVar[bool] = True
    client: UUID
    account: UUID


@dataclass(frozen=True)
class AccessEndPlanned(Fact):
    """Open pages learn until when they may be open: they hold to it even if nobody strikes the moment."""

    changes_access: ClassVar[bool] = True
    client: UUID
    account: UUID


@dataclass(frozen=True)
class AccessEnded(Fact):
    changes_access: ClassVar[bool] = True
    client: UUID
    account: UUID


@dataclass(frozen=True)
class ContactsChanged(Fact):
    """Who is tied to a client, or what one of them may do for them, changed, or a date came on which it does."""

    changes_access: ClassVar[bool] = True
    client: UUID


@dataclass(frozen=True)
class AgesChanged(Fact):
    """The practice's ages for minors are others. It names nobody: everyone."""


@dataclass(frozen=True)
class ContactNetworkSwitched(Fact):
    """Contacts may act at this practice, or may no more. It names nobody: everyone."""

    changes_access: ClassVar[bool] = True


@dataclass(frozen=True)
class ComingOfAge(Fact):
    """A client comes of age soon, or now, or what is to be done about it is done. Those whom it concerns are told."""

    client: UUID


@dataclass(frozen=True)
class SessionEnded(Fact):
    """Signed out, here or from elsewhere: the session's sockets close on every worker."""

    shows_nowhere: ClassVar[bool] = True
    changes_access: ClassVar[bool] = True
    session: UUID
    staff: UUID | None = None
    account: UUID | None = None


@dataclass(frozen=True)
class ConversationStarted(Fact):
    client: UUID
    conversation: UUID


@dataclass(frozen=True)
class ConversationAssigned(Fact):
    """A colleague was put on it, or nobody by name is on it any more."""

    client: UUID
    conversation: UUID
    staff: UUID | None


@dataclass(frozen=True)
class ConversationDone(Fact):
    """The practice has nothing left to do in it."""

    client: UUID
    conversation: UUID


@dataclass(frozen=True)
class ConversationReopened(Fact):
    client: UUID
    conversation: UUID


@dataclass(frozen=True)
class ConversationSnoozed(Fact):
    client: UUID
    conversation: UUID


@dataclass(frozen=True)
class ConversationReturned(Fact):
    """A snooze came to its end: by its time, or by hand."""

    client: UUID
    conversation: UUID


@dataclass(frozen=True)
class ConversationAnswered(Fact):
    """Somebody of the practice wrote in it for the first time: who may only answer now may."""

    client: UUID
    conversation: UUID


@dataclass(frozen=True)
class MessageSent(Fact):
    client: UUID
    conversation: UUID
    number: int


@dataclass(frozen=True)
class ConversationRead(Fact):
    """Someone read up to a number. Concerns the reader's own counts only."""

    conversation: UUID
    number: int
    staff: UUID | None = None
    account: UUID | None = None


@dataclass(frozen=True)
class TemplatesChanged(Fact):
    """A person's own templates are others. The practice's name nobody: all staff."""

    staff: UUID | None = None


@dataclass(frozen=True)
class NoticeGiven(Fact):
    """Someone has a new notice, or an unread one of theirs became new."""

    staff: UUID | None = None
    account: UUID | None = None


@dataclass(frozen=True)
class NoticesRead(Fact):
    """Someone has seen some of their notices."""

    staff: UUID | None = None
    account: UUID | None = None


@dataclass(frozen=True)
class PushDevicesChanged(Fact):
    """A device asked to be told while no page is open, or is told no more."""

    staff: UUID | None = None
    account: UUID | None = None


@dataclass(frozen=True)
class MessagesSeen(Fact):
    """Someone came to see these messages. Shown to the other side alone."""

    client: UUID
    conversation: UUID
    first: int
    last: int
    staff: UUID | None = None
    account: UUID | None = None


@dataclass(frozen=True)
class MessageEdited(Fact):
    client: UUID
    conversation: UUID
    number: int


@dataclass(frozen=True)
class MessageWithdrawn(Fact):
    client: UUID
    conversation: UUID
    number: int


@dataclass(frozen=True)
class NoteWritten(Fact):
    """Staff wrote a note under this message. Shown to staff alone."""

    client: UUID
    conversation: UUID
    number: int


@dataclass(frozen=True)
class DraftChanged(Fact):
    """Concerns the other open pages of who writes it, and nobody else's."""

    conversation: UUID
    staff: UUID | None = None
    account: UUID | None = None


@dataclass(frozen=True)
class QuoteChanged(Fact):
    """The message quotes one that was edited or withdrawn."""

    client: UUID
    conversation: UUID
    number: int


@dataclass(frozen=True)
class ProfilePaused(Fact):
    """What an invitation needs was cleared: nobody on the client's side sees the profile until it is back."""

    changes_access: ClassVar[bool] = True
    client: UUID


@dataclass(frozen=True)
class ProfileResumed(Fact):
    changes_access: ClassVar[bool] = True
    client: UUID


@dataclass(frozen=True)
class InvitationSent(Fact):
    client: UUID
    account: UUID | None = None  # whose holder was asked to confirm


@dataclass(frozen=True)
class InvitationOpened(Fact):
    """The invited person pressed the button behind the link."""

    client: UUID


@dataclass(frozen=True)
class BirthDateConfirmed(Fact):
    client: UUID


@dataclass(frozen=True)
class BirthDateMissed(Fact):
    """A wrong date of birth was given."""

    client: UUID
    account: UUID | None = None  # whose holder was asked to confirm


@dataclass(frozen=True)
class InvitationLocked(Fact):
    client: UUID
    account: UUID | None = None  # whose holder was asked to confirm


@dataclass(frozen=True)
class InvitationUnlocked(Fact):
    client: UUID
    account: UUID | None = None  # whose holder was asked to confirm


@dataclass(frozen=True)
class InvitationExpired(Fact):
    """Its seven days are over."""

    client: UUID
    account: UUID | None = None  # whose holder was asked to confirm


@dataclass(frozen=True)
class ResendAllowed(Fact):
    """Enough time has passed since the last letter for another."""

    client: UUID


@dataclass(frozen=True)
class InvitationEnded(Fact):
    """Withdrawn, or dead because the address on file changed."""

    client: UUID
    account: UUID | None = None  # whose holder was asked to confirm


@dataclass(frozen=True)
class AccountOpened(Fact):
    """Any chart with the same address on file can be linked from now on, and no more be invited there."""

    concerns_everyone: ClassVar[bool] = True
    client: UUID
    account: UUID


@dataclass(frozen=True)
class ResetSent(Fact):
    """A link to choose a new password went out. Told once for each client the account acts for."""

    client: UUID
    account: UUID


@dataclass(frozen=True)
class PasswordChanged(Fact):
    client: UUID
    account: UUID


@dataclass(frozen=True)
class SignedIn(Fact):
    """An account signed in: the Portal tab says when someone was last here."""

    client: UUID
    account: UUID


@dataclass(frozen=True)
class PortalSettingsChanged(Fact):
    """The portal was switched on or off, or its letters were rewritten. It names nobody: all staff."""


@dataclass(frozen=True)
class OfficeTurned(Fact):
    """The office opened or closed, is about to, or keeps other hours from now on. It names nobody: everyone."""


@dataclass(frozen=True)
class CrisisNoticeChanged(Fact):
    """Whom to call in danger, in the practice's words, is said otherwise. It names nobody: everyone."""


@dataclass(frozen=True)
class MessagingSet(Fact):
    """What the client's side may write about this client: all, answers only, nothing."""

    client: UUID


@dataclass(frozen=True)
class LetterDelivered(Fact):
    """The mail server took it. Letters need not be about a client."""

    client: UUID | None
    letter: UUID


@dataclass(frozen=True)
class LetterDelayed(Fact):
    """It could not be handed over, and is tried again. Announced when the reason is new."""

    client: UUID | None
    letter: UUID


@dataclass(frozen=True)
class LetterFailed(Fact):
    """It was refused, or tried too often: somebody has to look."""

    client: UUID | None
    letter: UUID


@dataclass(frozen=True)
class LetterRetried(Fact):
    """A member of staff asked for it to be tried again, now."""

    client: UUID | None
    letter: UUID


@dataclass(frozen=True)
class LetterDropped(Fact):
    """Wiped unsent: what it was about is over, or it lay undelivered for thirty days."""

    client: UUID | None
    letter: UUID


@dataclass(frozen=True)
class LetterBounced(Fact):
    """It had left, and came back."""

    client: UUID | None
    letter: UUID


@dataclass(frozen=True)
class LetterOnItsWay(Fact):
    """A letter about messages of this conversation left, came back, was given up, or is to go again."""

    client: UUID
    conversation: UUID


@dataclass(frozen=True)
class AddressFailed(Fact):
    """Mail does not reach an address. It may stand on any chart, so it names nobody: all staff."""


@dataclass(frozen=True)
class AddressSettled(Fact):
    """It was put right, or confirmed."""


@dataclass(frozen=True)
class AddressChanged(Fact):
    """An account signs in with another address. Charts that have it on file can be linked from now on."""

    concerns_everyone: ClassVar[bool] = True
    client: UUID
    account: UUID


@dataclass(frozen=True)
class MailboxChanged(Fact):
    """The mailbox for returned mail is another, or can or can't be read. It names nobody: all staff."""


@dataclass(frozen=True)
class WorkStuck(Fact):
    """Something the worker is to do fails again and again, or goes well again. It names nobody: all staff."""
