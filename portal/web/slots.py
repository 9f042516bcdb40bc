"""The slots of pages that every room fills, and the order of what is in them.

A room that has something for one says so in its own file: `link("settings", Link("minors", "Minors", …))` beside the
page it leads to, and `slots=("home",)` at a region. What is not named here comes after what is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from portal.language import say
from portal.permissions import Permission, Rights

ORDER = {
    # Links
    "staff places": ("today", "inbox", "clients", "settings"),
    "staff account": ("choices", "templates", "leave"),
    "client places": ("home", "messages"),
    "client account": ("choices",),
    "chart": ("overview", "portal", "messages", "contacts"),
    "settings": ("portal", "availability", "minors", "mail", "colleagues"),
    # Regions
    "today": ("stuck", "needs-hand", "today-unread", "came-in", "today-of-age"),
    "today beside": ("today-waiting", "today-invited", "today-away"),
    "home": ("offers", "home", "ahead", "came-in", "acting", "seen-by", "crisis"),
}


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Thing = TypeVar("Thing", bound=_Named)


def in_order(slot: str, things: Iterable[Thing]) -> list[Thing]:
    """Sort what fills a slot."""
    place = {name: number for number, name in enumerate(ORDER[slot])}
    return sorted(things, key=lambda thing: (place.get(thing.name, len(place)), thing.name))


@dataclass(frozen=True)
class Link:
    """A way to a page, for those who hold what it needs. `href` may go on from what the slot stands under; `count` is
    the region of the frame that stands beside it."""

    name: str
    label: str
    href: str
    icon: str = ""
    needs: Permission | Rights | None = None
    count: str = ""


LINKS: dict[str, list[Link]] = defaultdict(list)


def link(slot: str, entry: Link) -> None:
    """Put a link into a slot."""
    assert slot in ORDER, f"there is no slot {slot}"
    LINKS[slot].append(entry)


def links(
    slot: str, language: str, under: str = "", may: Callable[[Any], bool] = lambda needs: True
) -> list[dict[str, Any]]:
    """Return the links of a slot for somebody: name, label, href, icon, count."""
    return [
        {
            "name": entry.name,
            "label": say(language, entry.label),
            "href": under + entry.href,
            "icon": entry.icon,
            "count": entry.count,
        }
        for entry in in_order(slot, LINKS[slot])
        if entry.needs is None or may(entry.needs)
    ]
