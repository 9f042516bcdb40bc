"""Facts of the practice as a whole."""

from portal.facts.ground import Fact


class OfPractice(Fact, family=True):
    """The practice decided something that can show on any page. It names nobody: everyone."""


class AgesChanged(OfPractice):
    """The practice's ages for minors changed."""


class ContactNetworkSwitched(OfPractice):
    """Contacts may act at this practice, or may no more."""

    changes_access = True


class PortalSettingsChanged(OfPractice):
    """The portal was switched on or off, or its letters were rewritten."""


class CrisisNoticeChanged(OfPractice):
    """The practice changed the numbers or the words for people in danger."""


class OfficeTurned(Fact):
    """The office opened or closed, is about to, or keeps other hours from now on. It names nobody: everyone."""
