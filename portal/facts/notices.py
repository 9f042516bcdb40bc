"""Facts of one person's notices."""

from portal.facts.ground import OfPerson


class OfNotice(OfPerson, family=True):
    """A person's notices changed."""


class NoticeGiven(OfNotice):
    """Someone has a new notice, or an unread one of theirs became new."""


class NoticesRead(OfNotice):
    """Someone has seen some of their notices."""


class PushDevicesChanged(OfPerson):
    """A device asked to be told while no page is open, or is told no more."""
