"""All regions, by importing the files that make them; and the check that no fact was forgotten."""

from importlib import import_module
from pkgutil import walk_packages

from portal import regions
from portal.facts import childless
from portal.regions.notices import notice_words
from portal.web.slots import LINKS, ORDER

ALL = [import_module(file.name) for file in walk_packages(regions.__path__, "portal.regions.") if file.name != __name__]


def check() -> None:
    """Refuse to start with a fact that would change nothing on any page without saying so, or a family without a
    kind, a kind of notice without words, or a slot without what it names. Raises RuntimeError."""
    if missing := regions.unmapped():
        raise RuntimeError(
            f"No region shows {', '.join(missing)}: give it a family, name it in a region's `on`, "
            "or say `shows_nowhere`."
        )
    if unworded := notice_words.unworded():
        raise RuntimeError(f"Notices of the kind {', '.join(unworded)} have no row in regions/notices/notice_words.py.")
    for slot, names in ORDER.items():
        cards = {region.name for region in regions.REGIONS.values() if slot in region.slots}
        if lost := set(names) - cards - {entry.name for entry in LINKS[slot]}:
            raise RuntimeError(f"Nothing fills {', '.join(sorted(lost))} in the slot {slot} of web/slots.py.")
    if empty := childless():
        raise RuntimeError(f"No kind of fact is in {', '.join(empty)}: take the family out.")
