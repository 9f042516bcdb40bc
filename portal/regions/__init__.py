"""The regions of pages: the parts that are live. A region is an element, a template, and a function that loads it for a
viewer.

    @region("overview", "staff/people/clients/_overview.html", side="staff", needs=None, on=(OfChart,))
    async def overview(viewer: Viewer, client: UUID) -> Context | None: ...

`side` and `needs` say who it is for, as a route's door does: on no page and no socket is it given to the other
side, or to somebody who lacks the permission (staff) or the right (contacts). `on` names the facts that change it,
as families or single kinds: those that name the same client, conversation or person as its arguments, where both name
one. `on_any` names the facts that change it whomever they are about. The same function fills the page and the push.
None says "not yours (any more)". `slots` names the places of pages that it fills (web/slots.py).
"""

import hashlib
import inspect
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from markupsafe import Markup

from portal.facts import KINDS, Fact
from portal.language import say
from portal.models.access.account import holds_right
from portal.models.ground.record import Record
from portal.models.messages.conversation import Conversation
from portal.models.people.client import Client
from portal.models.people.contact import ContactLink
from portal.permissions import Permission, Right, Rights
from portal.viewer import NotVisible, Viewer, may_see
from portal.web.rendering import render
from portal.web.slots import ORDER, in_order

Context = dict[str, Any]
Load = Callable[..., Awaitable[Context | None]]
Side = Literal["staff", "client", "both"]
Needs = Permission | Rights | None
Kinds = tuple[type[Fact], ...]

REGIONS: "dict[str, Region]" = {}
_IDS, _NUMBERS = (UUID, UUID | None), (int, int | None)
LOOK = 16  # characters that say how an element looks
GONE = "gone".ljust(LOOK, "-")  # how one looks that has ended
LONGEST_KEY = 1600  # a search in any script, and where it found something
# The records that arguments of these names are ids of. A person is always the viewer.
RECORDS: dict[str, type[Record]] = {
    "client": Client,
    "conversation": Conversation,
    "current": Conversation,
    "link": ContactLink,
}


@dataclass(frozen=True)
class Region:
    name: str
    template: str
    side: Side
    needs: Needs
    on: Kinds
    on_any: Kinds
    fill: Load
    types: Mapping[str, type]
    stream: "Stream | None" = None
    element: str | None = None
    slots: tuple[str, ...] = ()

    def is_for(self, viewer: Viewer) -> bool:
        """Return whether this side has such a region at all."""
        return self.side in (viewer.side, "both")

    async def admits(self, viewer: Viewer, args: Mapping[str, Any]) -> bool:
        """Return whether the viewer is of its side and holds what it needs now: a permission of staff, a right of a
        contact for the client it is about."""
        if not self.is_for(viewer):
            return False
        if isinstance(self.needs, Permission):
            return await viewer.may(self.needs)
        if isinstance(self.needs, Right | frozenset) and viewer.side == "client":
            return await holds_right(viewer.id, args["client"], self.needs)
        return True

    async def load(self, viewer: Viewer, args: Mapping[str, Any], granted: Collection[Needs] = ()) -> Context | None:
        """Return what its template needs, as this viewer may see it now, or None. `granted` is what a door has asked
        for already."""
        known = self.is_for(viewer) and self.needs in granted
        if not known and not await self.admits(viewer, args):
            return None
        try:
            return await self.fill(viewer, **args)
        except NotVisible:
            return None

    def element_id(self, args: Mapping[str, Any]) -> str:
        ids = [str(value) for value in args.values() if isinstance(value, UUID)]
        return self.element or "-".join([self.name, *ids[-1:]])

    async def render(self, viewer: Viewer, args: Mapping[str, Any], granted: Collection[Needs] = ()) -> str | None:
        """The element as this viewer may see it now, or None."""
        context = await self.load(viewer, args, granted)
        return None if context is None else self.draw(viewer.language, args, context)

    def draw(self, language: str, args: Mapping[str, Any], context: Context) -> str:
        """The element. One that is always sent whole says in short how it looks: what a page shows already need not
        be sent to it."""
        drawn = render(
            self.template, language, context | {"region": key_of(self.name, args), "el": self.element_id(args)}
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
    """The way the new and changed items of many lists are found for many askers at once: as many queries for one as for
    all. `of` is the region's argument that names the list; `changed` returns the numbers of the items that a fact has
    changed on this viewer's page, or None where it says nothing of single items, as when there is a new one."""

    since: Callable[[list[Ask]], Awaitable[dict[Ask, Fresh]]]
    of: str
    changed: Callable[[Fact, Viewer], Collection[int] | None] = lambda fact, viewer: None


def region(
    name: str,
    template: str,
    *,
    side: Side,
    needs: Needs,
    on: Kinds,
    on_any: Kinds = (),
    stream: Stream | None = None,
    element: str | None = None,
    slots: tuple[str, ...] = (),
) -> Callable[[Load], Region]:
    """Register a region. One that does not say its side and what it needs can't be made, and so Portal does not start;
    nor can one whose right or records can't be told from its arguments, or that names a kind of fact beside its family.
    Raises TypeError."""

    def register(fill: Load) -> Region:
        parameters = list(inspect.signature(fill).parameters.values())[1:]
        types = {p.name: p.annotation for p in parameters}
        if isinstance(needs, Permission) and side != "staff":
            raise TypeError(f"Region {name} needs a permission, which staff alone hold: say side='staff'.")
        if isinstance(needs, Right | frozenset) and (side == "staff" or types.get("client") is not UUID):
            raise TypeError(f"Region {name} needs a right, which contacts hold for its argument `client`.")
        if unknown := {n for n, kind in types.items() if kind in _IDS} - {*RECORDS, "person"}:
            raise TypeError(f"Region {name}: say in RECORDS which records {sorted(unknown)} are ids of.")
        if lost := set(slots) - ORDER.keys():
            raise TypeError(f"Region {name}: there is no slot {', '.join(lost)} in web/slots.py.")
        for kind in (named := on + on_any):
            if family := next((f for f in named if f is not kind and issubclass(kind, f)), None):
                raise TypeError(f"Region {name} names {family.__name__}, and so {kind.__name__} too.")
        made = Region(name, template, side, needs, on, on_any, fill, types, stream, element, slots)
        REGIONS[name] = made
        return made

    return register


def key_of(name: str, args: Mapping[str, Any]) -> str:
    """Return the region key: `name`, or `name?k=v&k=v` with the names in order."""
    pairs = sorted((k, str(v)) for k, v in args.items() if v is not None)
    return f"{name}?{urlencode(pairs)}" if pairs else name


@dataclass(frozen=True)
class Shown:
    """A region with its arguments, as a page says that it shows it."""

    key: str
    region: Region
    args: tuple[tuple[str, Any], ...]

    @cached_property
    def target(self) -> str:
        """Return where it stands on a page; asked for with every push."""
        return f"#{self.region.element_id(dict(self.args))}"

    def touched_by(self, fact: Fact) -> bool:
        """Return whether the fact changes this region. A fact that concerns everyone does so on every chart."""
        if not isinstance(fact, self.region.on):
            return isinstance(fact, self.region.on_any)
        return fact.concerns_everyone or all(
            getattr(fact, name, value) == value for name, value in self.args if isinstance(value, UUID)
        )

    def changed_by(self, fact: Fact, viewer: Viewer) -> Collection[int] | None:
        """Return the numbers of a list's items that a fact which touches it has changed; None where it says nothing
        of single items."""
        return self.region.stream.changed(fact, viewer) if self.region.stream else None


@lru_cache(maxsize=4096)
def read_key(key: str) -> Shown | None:
    """Return the region a page said it shows; None where that is no region or the arguments are not of its kind."""
    name, _, query = key.partition("?")
    region = REGIONS.get(name)
    if region is None or len(key) > LONGEST_KEY:
        return None
    args: dict[str, Any] = {}
    try:
        for k, value in parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict"):
            args[k] = _argument(region.types[k], value)
        args = {name: args[name] if kind is UUID else args.get(name) for name, kind in region.types.items()}
    except (KeyError, ValueError):
        return None
    return Shown(key_of(name, args), region, tuple(args.items()))


def _argument(kind: type, value: str) -> Any:
    """Read an argument as one of our own pages would have written it: a text that a database can take, a number of at
    most nine digits. Raises ValueError."""
    if kind in _IDS:
        return UUID(value)
    if kind in _NUMBERS:
        if not (value.isascii() and value.isdigit() and len(value) <= 9):
            raise ValueError
        return int(value)
    value.encode()  # half of a pair of surrogates is no text
    if "\x00" in value:
        raise ValueError
    return value


def look_of(drawn: str) -> str:
    """Return the look that a drawn element says it has; empty where it does not say."""
    return drawn.partition(' data-look="')[2][:LOOK]


async def closed_to(viewer: Viewer, shown: Iterable[Shown]) -> set[str]:
    """Return the keys of those of these regions that this viewer may not be shown, by what they need and by the records
    they are about. A page that has just said what it shows is told of them at once: told at the next fact, it would
    hear when something happens to what is not its own."""
    wishes: dict[type[Record], set[tuple[Viewer, UUID]]] = defaultdict(set)
    about: dict[str, set[tuple[type[Record], UUID]]] = {}
    closed, asked = set(), {}
    for one in shown:
        args = dict(one.args)
        question = one.region.side, one.region.needs, args.get("client")
        if question not in asked:
            asked[question] = await one.region.admits(viewer, args)
        if not asked[question] or args.get("person", viewer.id) != viewer.id:
            closed.add(one.key)
            continue
        about[one.key] = {(model, args[name]) for name, model in RECORDS.items() if args.get(name)}
        for model, id in about[one.key]:
            wishes[model].add((viewer, id))
    seen = {(model, id) for model, of in wishes.items() for _, id in await may_see(model, of)}
    return closed | {key for key, records in about.items() if records - seen}


async def draw(viewer: Viewer, shown: Region, args: Mapping[str, Any], granted: Collection[Needs] = ()) -> Markup:
    """A region for a page. Raises NotVisible where the viewer may not see it."""
    html = await shown.render(viewer, args, granted)
    if html is None:
        raise NotVisible
    return Markup(html)  # rendered and escaped by the template


async def fill_slot(
    slot: str, viewer: Viewer, args: Mapping[str, Any], granted: Collection[Needs] = ()
) -> list[Markup]:
    """Return what regions put into a slot of a page for this viewer, each with those of the arguments that it has."""
    fitting = [region for region in REGIONS.values() if slot in region.slots]
    drawn = [
        await one.render(viewer, {name: args[name] for name in one.types}, granted) for one in in_order(slot, fitting)
    ]
    return [Markup(html) for html in drawn if html is not None]  # rendered and escaped by the template


def ended(language: str, shown: Shown) -> str:
    """Return the text in place of a region that the viewer may no longer see."""
    element = shown.target.removeprefix("#")
    text = say(language, "This has ended. It is no longer shown to you.")
    return str(
        Markup('<div id="{}" data-look="{}" data-region="{}" class="gone" role="status">{}</div>').format(
            element, GONE, shown.key, text
        )
    )


def unmapped() -> list[str]:
    """Return the facts that no region shows and that do not say `shows_nowhere`: start-up refuses them. One that
    changes access touches every region of those it concerns."""
    named = tuple(kind for region in REGIONS.values() for kind in region.on + region.on_any)
    return sorted(
        kind.__name__
        for kind in KINDS.values()
        if not issubclass(kind, named) and not kind.shows_nowhere and not kind.changes_access
    )
