"""Facts of clients, of who cares for them, and of their contacts."""

from uuid import UUID

from portal.facts.ground import Fact


class OfClient(Fact, family=True):
    client: UUID


class OfChart(OfClient, family=True):
    """A chart says something else, or others may see it."""


class ClientAdded(OfChart):
    changes_access = True  # the therapist's pages are from now on concerned by the client
    staff: UUID | None  # the therapist it was added for


class ClientChanged(OfChart):
    """Something that is on file changed."""


class ClientArchived(OfChart):
    changes_access = True


class ClientRestored(OfChart):
    changes_access = True


class CareTeamChanged(OfChart):
    changes_access = True
    staff: UUID


class ContactsChanged(OfChart):
    """A tie to a client, or a right of a contact, changed, or a date came on which it does."""

    changes_access = True


class ComingOfAge(OfChart):
    """A client comes of age soon, or now, or what is to be done about it is done."""


class MessagingSet(OfChart):
    """Staff set what the client's side may write about this client: all, answers only, nothing."""
