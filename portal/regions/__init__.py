"""What is live on a page. A region is an element, a template, and a function that loads it for a viewer.

    @region("today-unread", "staff/today/_unread.html", on={MessageSent: anyone})
    async def today_unread(viewer: Viewer) -> Context | None: ...

`on` names the facts that change it, each with a function from the fact to the arguments it concerns; `anyone`
means whatever the arguments. The same function fills the page and the push. None says "not yours (any more)".
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from markupsafe import Markup

from portal.facts import KINDS, Fact
from portal.language import say
from portal.rendering import render
from portal.viewer import Viewer

Context = dict[str, Any]
Load = Callable[..., Awaitable[Context | None]]
Concerns = Callable[[Any], dict[str, Any] | None]

REGIONS: dict[str, Region] = {}
LOOK = 16  # characters that say how an element looks
LONGEST_KEY = 1600  # a search in any script, and where it found something


def anyone(fact: Fact) -> dict[str, Any]:
    """The fact concerns this region whatever its arguments."""
    return {}


def its(*names: str) -> Concerns:
    """The fact concerns the region whose arguments of these names equal the fact's."""
    return lambda fact: {name: getattr(fact, name) for name in names}


@dataclass(frozen=True)
class Region:
    name: str
    template: str
    on: Mapping[type[Fact], Concerns]
    load: Load
    types: Mapping[str, type]
    stream: Stream | None = None
    element: str | None = None

    def element_id(self, args: Mapping[str, Any]) -> str:
        ids = [str(value) for value in args.values() if isinstance(value, UUID)]
        return self.element or "-".join([self.name, *ids[-1:]])

    async def render(self, viewer: Viewer, args: Mapping[str, Any]) -> str | None:
        """The element as this viewer may see it now, or None."""
        context = await self.load(viewer, **args)
        return None if context is None else self.draw(viewer.language, args, context)

    def draw(self, language: str, args: Mapping[str, Any], context: Context) -> str:
        """The element. One that is always sent whole says in short how it looks: what a page shows already need not
        be sent to it."""
        drawn = render(
            self.template,
            language,
            context | {"region": key_of(self.name, args), "el": self.element_id(args)},
        )
        if self.stream is not None:
            return drawn
        look = hashlib.blake2s(drawn.encode(), digest_size=LOOK // 2).hexdigest()
        return drawn.replace(" data-region=", f' data-look="{look}" data-region=', 1)


# Who asks, which list, the last number their page shows, and the numbers that it shows and that have changed.
Ask = tuple[Viewer, UUID, int, frozenset[int]]


@dataclass(frozen=True)
class Fresh:
    """The items that have changed and those beyond a cursor, the cursor after them, and whether there are more
    to fetch."""

    items: str
    cursor: int
    more: bool


@dataclass(frozen=True)
class Stream:
    """How the new and changed items of many lists are found for many askers at once: as many queries for one as
    for all. `of` is the region's argument that names the list; `changes` says which items, as this viewer's
    page shows them, a fact has changed."""

    since: Callable[[list[Ask]], Awaitable[dict[Ask, Fresh]]]
    of: str
    changes: Mapping[type[Fact], Callable[[Any, Viewer], Collection[int]]] = field(
        default_factory=dict, hash=False
    )


def region(
    name: str,
    template: str,
    on: Mapping[type[Fact], Concerns],
    stream: Stream | None = None,
    element: str | None = None,
) -> Callable[[Load], Region]:
    def register(load: Load) -> Region:
        parameters = list(inspect.signature(load, eval_str=True).parameters.values())[1:]
        types = {p.name: p.annotation for p in parameters}
        made = Region(name, template, on, load, types, stream, element)
        REGIONS[name] = made
        return made

    return register


def key_of(name: str, args: Mapping[str, Any]) -> str:
    """The region key: `name`, or `name?k=v&k=v` with the names in order."""
    said = sorted((k, str(v)) for k, v in args.items() if v is not None)
    return f"{name}?{urlencode(said)}" if said else name


@dataclass(frozen=True)
class Shown:
    """A region with its arguments, as a page says that it shows it."""

    key: str
    region: Region
    args: tuple[tuple[str, Any], ...]

    @cached_property
    def target(self) -> str:
        """Where it stands on a page; asked for with every push."""
        return f"#{self.region.element_id(dict(self.args))}"

    def touched_by(self, fact: Fact) -> bool:
        concerns = self.region.on.get(type(fact))
        wanted = concerns(fact) if concerns else None
        if wanted is None:
            return False
        mine = dict(self.args)
        return all(mine.get(name) == value for name, value in wanted.items())

    def changed_by(self, fact: Fact, viewer: Viewer) -> Collection[int] | None:
        """The numbers of a list's items that a fact which touches it has changed; None where it says nothing
        of single items, as when there is a new one."""
        says = self.region.stream.changes.get(type(fact)) if self.region.stream else None
        return None if says is None else says(fact, viewer)


_IDS, _NUMBERS = (UUID, UUID | None), (int, int | None)


@lru_cache(maxsize=4096)
def read_key(key: str) -> Shown | None:
    """What a page said it shows; None where that is no region or the arguments are not of its kind."""
    name, _, query = key.partition("?")
    found = REGIONS.get(name)
    if found is None or len(key) > LONGEST_KEY:
        return None
    args: dict[str, Any] = {}
    try:
        for k, value in parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)):
            kind = found.types[k]
            args[k] = UUID(value) if kind in _IDS else int(value) if kind in _NUMBERS else value
        args = {name: args[name] if kind is UUID else args.get(name) for name, kind in found.types.items()}
    except (KeyError, ValueError):
        return None
    return Shown(key_of(name, args), found, tuple(args.items()))


def look_of(drawn: str) -> str:
    """How an element that was drawn says that it looks; empty where it does not say."""
    return drawn.partition(' data-look="')[2][:LOOK]


async def draw(viewer: Viewer, shown: Region, **args: Any) -> Markup:
    """A region for a page. Raises NotVisible where the viewer may not see it."""
    from portal.viewer import NotVisible

    html = await shown.render(viewer, args)
    if html is None:
        raise NotVisible
    return Markup(html)  # rendered and escaped by the template


def ended(language: str, shown: Shown) -> str:
    """What stands where a region was that the viewer may no longer see."""
    element = shown.target.removeprefix("#")
    text = say(language, "This has ended. It is no longer shown to you.")
    return str(
        Markup('<div id="{}" data-region="{}" class="gone" role="status">{}</div>').format(
            element, shown.key, text
        )
    )


def unmapped(kinds: Iterable[type[Fact]] = ()) -> list[str]:
    """Facts that no region shows and that do not say `shows_nowhere`: start-up refuses them. One that
    changes access touches every region of whom it concerns."""
    mapped = {kind for found in REGIONS.values() for kind in found.on}
    return sorted(
        kind.__name__
        for kind in (kinds or KINDS.values())
        if kind not in mapped and not kind.shows_nowhere and not kind.changes_access
    )
