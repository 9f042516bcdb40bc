"""Facts of the people who work here, and of sign-in on both sides."""

from uuid import UUID

from portal.facts.ground import Fact, OfPerson


class OfStaff(Fact, family=True):
    """Somebody's place among the staff changed. Every conversation says who can read it, so this can change any
    page."""

    changes_access = True
    concerns_everyone = True
    staff: UUID


class StaffChanged(OfStaff):
    """Someone's role, permissions, supervisor or employment changed."""


class LeaveChanged(OfStaff):
    """A leave was planned, began, or is over: told of who is away and of who stands in."""


class SessionEnded(OfPerson):
    """Signed out, here or from elsewhere: the session's sockets close on every worker."""

    shows_nowhere = True
    changes_access = True
    session: UUID
