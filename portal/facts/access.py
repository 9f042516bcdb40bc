"""Facts of the way onto the portal, and of the access that somebody has there."""

from uuid import UUID

from portal.facts.people import OfChart, OfClient


class OfAccess(OfChart, family=True):
    """An account's access to a client began, or ends."""

    changes_access = True
    account: UUID


class AccessGranted(OfAccess):
    pass


class AccessEndPlanned(OfAccess):
    """Open pages learn until when they may be open: they hold to it even if nobody strikes the moment."""


class AccessEnded(OfAccess):
    pass


class ProfilePaused(OfChart):
    """A field that an invitation needs was cleared: nobody on the client's side sees the profile until it is back."""

    changes_access = True


class ProfileResumed(OfChart):
    changes_access = True


# --- The chart's Portal tab ------------------------------------------------------------------------


class OfPortalStatus(OfClient, family=True):
    """A step on the way onto a client's portal, or an act there: the chart's Portal tab."""


class OfInvitation(OfPortalStatus, family=True):
    account: UUID | None = None  # of an offer: the account whose holder was asked to confirm


class InvitationSent(OfInvitation):
    pass


class InvitationOpened(OfInvitation):
    """The invited person pressed the button behind the link."""


class BirthDateConfirmed(OfInvitation):
    pass


class BirthDateMissed(OfInvitation):
    """A wrong date of birth was given."""


class InvitationLocked(OfInvitation):
    pass


class InvitationUnlocked(OfInvitation):
    pass


class InvitationExpired(OfInvitation):
    """Its seven days are over."""


class ResendAllowed(OfInvitation):
    """Enough time has passed since the last letter for another."""


class InvitationEnded(OfInvitation):
    """Withdrawn, or dead because the address on file changed."""


class OfSignInAddress(OfPortalStatus, family=True):
    """An account signs in with this address from now on. Any chart that has it on file can be linked."""

    concerns_everyone = True
    account: UUID


class AccountOpened(OfSignInAddress):
    """Somebody who was invited chose a password. Charts with the same address can no more be invited."""


class AddressChanged(OfSignInAddress):
    """The account had another address before."""


class ResetSent(OfPortalStatus):
    """A link to choose a new password went out. Told once for each client the account acts for."""

    account: UUID


class PasswordChanged(OfPortalStatus):
    account: UUID


class SignedIn(OfPortalStatus):
    """An account signed in: the Portal tab says when someone was last here."""

    account: UUID
