"""Facts of letters, of addresses that mail reaches or not, and of the mailbox for what comes back."""

from uuid import UUID

from portal.facts.ground import Fact
from portal.facts.messages import OfConversation


class OfLetter(Fact, family=True):
    """A letter has come further, or not. It need not be about a client."""

    client: UUID | None
    letter: UUID


class LetterWaiting(OfLetter):
    """It was written, and stays here: no mail server is set up."""


class LetterDelivered(OfLetter):
    """The mail server took it."""


class LetterDelayed(OfLetter):
    """It could not be handed over, and is tried again. Announced when the reason is new."""


class LetterFailed(OfLetter):
    """It was refused, or tried too often: somebody has to look."""


class LetterRetried(OfLetter):
    """A member of staff asked for it to be tried again, now."""


class LetterDropped(OfLetter):
    """Wiped unsent: what it was about is over, or it lay undelivered for thirty days."""


class LetterBounced(OfLetter):
    """It had left, and came back."""


class LetterOnItsWay(OfConversation):
    """A letter about messages of this conversation left, came back, was given up, or is to go again."""


class OfMailAddress(Fact, family=True):
    """An address may stand on any chart, so this names nobody: all staff."""


class AddressFailed(OfMailAddress):
    """Mail does not reach it."""


class AddressSettled(OfMailAddress):
    """It was put right, or confirmed."""


class MailboxChanged(Fact):
    """The mailbox for returned mail is another, or can or can't be read. It names nobody: all staff."""
