"""The live law: whatever happens, each region that looks different afterwards was told of it.

All that any page of the cast can show is held, for each who may see it, after every act there is. In one process, on
the embedded database: a region is drawn before and after; the facts that the act announced go through a hub as a
worker has one; what looks different and was not marked is red, with the fact that its region lacks, or to whom it did
not come. That frames then arrive is the transport's: test_live_equals_reload.py.

A region is drawn again where a table has other rows than when it was drawn last, and SQLite says that it read that
table; or where the clock was moved. What was left out so is drawn once more at the end, and with --all after each act.

Costs a drawing of each region of each viewer for each act that changes what it is made of: about a tenth of a second.
It grows with acts, and with what there is to see in the demo practice, and not with pages.
"""

import contextlib
import itertools
import os
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from starlette.routing import Route

from portal import clock
from portal.crypto import digest
from portal.facts import KINDS, Fact
from portal.models.ground import sql
from portal.models.ground.fact import Bookmark, bookmark, since, unit
from portal.models.ground.record import Kind
from portal.models.messages.conversation import Conversation
from portal.permissions import Audience
from portal.realtime.hub import Hub
from portal.realtime.page import Page
from portal.regions import REGIONS, Shown, catalogue, read_key
from portal.routes import ROUTES
from portal.settings import settings
from portal.viewer import Viewer, looking_as
from portal.web import rendering
from tests.cast import ACCOUNTS, STAFF, Cast, Person
from tests.deployment import Deployment
from tests.html import Element, parse
from tests.laws.acts import ACTS, SAMPLED
from tests.laws.family import gather
from tests.laws.stage import Act, Stage
from tests.laws.test_strangers import foreign
from tests.pages import where_they_part

assert catalogue.ALL  # without it there are the regions that somebody else imports

CLIENTS = ("noa", "eli", "sam", "lena")
PEOPLE = (
    *STAFF,
    *ACCOUNTS,
    "walter",
    "ben",
    "nils",
    "olga",
    "piet",
    "rosa",
)  # the last four stand near Noa (family.py)

OFFERED = ("client-finder?q=reyes", "recipient-finder?q=reyes")  # what typing a name brings to a page that is open


# --- What there is to see --------------------------------------------------------------------------------


def paths(cast: Cast, person: Person) -> Iterator[str]:
    """Every address of a page that this person could open: each route, about each of some clients."""
    side = {"staff": "staff", "client": "client"}[person.side]
    for route in ROUTES:
        assert isinstance(route, Route)
        searching = route.path.endswith("{conversation}/search")
        if ("GET" in (route.methods or ()) or searching) and getattr(route.endpoint, "door", "") == side:
            yield from _filled(cast, route.path)
    if person.side == "staff":
        thread = cast.conversation["noa clinical"]
        yield f"/staff/clients/{cast.client['noa']}/conversations/{cast.conversation['noa administrative']}?at=5"
        yield from ("/staff/clients#q=reyes", "/staff/clients?show=archived")
        yield from (f"/staff/inbox?{of}" for of in ("view=mine", "view=snoozed", "audience=billing"))
        yield from (f"/staff/inbox/{thread}?view={view}" for view in ("mine", "done"))
        yield f"/staff/inbox?view=snoozed&client={cast.client['noa']}"
    else:
        yield f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa administrative']}?at=5"


def _filled(cast: Cast, path: str) -> Iterator[str]:
    """This address about each client, with each of their conversations, and the accounts that act for them."""
    clients = [""] if "{client}" not in path else CLIENTS if path.startswith("/staff") else (*CLIENTS, "walter")
    for client in clients:
        threads = [""]
        if "{conversation}" in path:
            of = [client] if client else ["noa", "eli"]
            threads = list(itertools.chain.from_iterable(cast.threads[one] for one in of))
        accounts = ["dana", "eli", "sam"] if "{account}" in path else [""]
        for thread, account in itertools.product(threads, accounts):
            yield path.format(
                client=cast.client.get(client, ""),
                conversation=thread,
                account=cast.account.get(account, ""),
                message=cast.message.get(thread, ""),
                link=cast.link,
                template=cast.template.get("practice", ""),
                colleague=cast.staff["grace"],
                offer=UUID(int=0),
                bounce=UUID(int=0),
                **cast.named,
            )


async def viewer_of(person: Person, live: str) -> Viewer | None:
    """As whom a page with this socket is looked at."""
    parts, id = live.split("/"), UUID(person.id)
    if "/as/" in live:
        return await looking_as(Viewer(Kind.STAFF, id), UUID(parts[5]), UUID(parts[3]))
    if person.side == "staff":
        return Viewer(Kind.STAFF, id)
    return Viewer(Kind.PROFILE, id, UUID(parts[2])) if parts[1] == "clients" else Viewer(Kind.ACCOUNT, id)


# --- Holding it -------------------------------------------------------------------------------------------


class Line:
    """The other end of a page's line: whether, and how, it was closed."""

    scope: dict[str, Any] = {}  # noqa: RUF012
    code = 0

    async def close(self, code: int) -> None:
        self.code = code


@dataclass(eq=False)
class Held:
    """Everything that one viewer's pages show, as one page of the hub."""

    name: str
    viewer: Viewer
    session: UUID
    showing: dict[str, Shown] = field(default_factory=dict)
    drawn: dict[str, str | None] = field(default_factory=dict)
    made_of: "dict[str, Tables]" = field(default_factory=dict)  # by key: what its drawing read, as it was then
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = Page(Line(), self.viewer, self.session, clock.now())  # type: ignore[arg-type]
        self.page.showing = self.showing

    async def open(self, hub: Hub) -> bool:
        """Open a page of theirs; tell whether it can be open now."""
        if self.page not in hub.pages:
            self.drawn = {}
            await hub.add(self.page)
        return self.page in hub.pages

    def forget(self, key: str) -> None:
        """It is sent what it was marked for."""
        self.page.dirty.discard(key)
        self.page.changed.pop(key, None)

    def may_look_different(self, key: str, tables: "Tables") -> bool:
        return any(tables[name] != digest for name, digest in self.made_of[key].items())

    async def draw(self, key: str, tables: "Tables", asked: "Asked") -> str | None:
        shown = self.showing[key]
        asked.statements.clear()
        text = await shown.region.render(self.viewer, dict(shown.args))
        named = IN_ALL.union(*map(_words, asked.statements))
        self.made_of[key] = {name: digest for name, digest in tables.items() if name in named}
        return text


class Asked(dict[tuple[str, str], list[dict[str, Any]]]):
    """The answers of one reading, and the statements that a drawing needed: those that were run, as SQLite itself says,
    and those whose answer was remembered."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __contains__(self, question: object) -> bool:
        assert isinstance(question, tuple)
        self.statements.append(question[0])
        return super().__contains__(question)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        with sql.one_reading():
            self.clear()
            sql._read.set(self)
            yield


@lru_cache(maxsize=4096)
def _words(statement: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", statement))


Tables = dict[str, str]  # a digest of the rows of each, and what the clock is ahead
CLOCK = "clock"
IN_ALL = {CLOCK, "practice"}  # each page has words of the practice, which a worker knows by heart


@dataclass
class Law:
    stage: Stage
    hub: Hub
    seen: Bookmark
    everything: bool  # it is drawn again whatever was changed
    asked: Asked = field(default_factory=Asked)
    held: dict[Viewer, Held] = field(default_factory=dict)
    shown: dict[str, dict[str, str]] = field(default_factory=dict)  # by person and path: what its regions said
    tried: list[Act] = field(default_factory=list)
    announced: dict[str, set[type[Fact]]] = field(default_factory=dict)  # by act: the kinds of its facts

    async def look(self) -> None:
        """Open every page there is."""
        # All come in before anybody looks: the Portal tab says when somebody did.
        for person in [await self.stage.person(name) for name in PEOPLE]:
            name = person.name
            cookie = next(one for one in person.browser.cookies.jar if one.name == f"portal-{person.side}")
            (session,) = await sql.rows(
                "select id from session where token_hash = :hash", hash=digest(cookie.value or "")
            )
            for path in dict.fromkeys(paths(self.stage.cast, person)):
                searching = path.endswith("/search")
                led = (await person.post(path, q="the")).headers.get("location") if searching else path
                answer = await person.get(led or path, follow=True)
                if answer.status_code != 200:
                    continue
                body = parse(answer.text).all(tag="body")[0]
                regions = {one.get("data-region"): one for one in body.all("data-region")}
                if not regions or not body.get("data-socket"):
                    continue
                viewer = await viewer_of(person, body.get("data-socket"))
                assert viewer is not None, path
                held = self.held.setdefault(viewer, Held(name, viewer, session["id"]))
                self.shown[f"{name} {path}"] = {key: one.written() for key, one in regions.items()}
                for key in (*regions, *(OFFERED if person.side == "staff" else ())):
                    shown = read_key(key)
                    assert shown is not None and shown.key == key, f"{path} shows {key}, which is no region"
                    held.showing[key] = shown

    async def tables(self) -> Tables:
        deployment = self.stage.deployment
        return await deployment.contents() | {CLOCK: str(deployment.passed)}

    async def begin(self) -> None:
        """Draw what is not as it was drawn last, as far as is known."""
        await self.hear()
        tables = await self.tables()
        with self.asked.reading():
            for held in self.held.values():
                if await held.open(self.hub):
                    for key in held.showing:
                        if key not in held.drawn or key in held.page.dirty:
                            held.drawn[key] = await held.draw(key, tables, self.asked)
                        held.forget(key)

    async def after(self, act: Act) -> list[str]:
        """Return what is wrong when this has happened."""
        self.tried.append(act)
        await act.prepare(self.stage)
        await self.begin()
        await act.act(self.stage)
        return await self.happened(act)

    async def hear(self) -> list[Fact]:
        """The facts since the last time, given to the hub as a follower gives them."""
        news = await since(self.seen)
        assert news.facts is not None
        await self.hub.dispatch(news)
        self.seen = news.bookmark
        return news.facts

    async def happened(self, act: Act) -> list[str]:
        """Return the regions that look different and were not told so, or are of somebody whom it does not concern."""
        strangers = foreign(act)
        facts = await self.hear()
        await rendering.learn_practice()
        tables = await self.tables()
        now: dict[tuple[Held, str], str | None] = {}
        wrong = []
        with self.asked.reading():
            for held in self.held.values():
                for key in held.drawn if held.page in self.hub.pages else ():
                    if self.everything or held.may_look_different(key, tables):
                        now[held, key] = await held.draw(key, tables, self.asked)
        # What the practice's worker did meanwhile may be drawn already.
        facts += await self.hear()
        for (held, key), text in now.items():
            page = held.page
            if page not in self.hub.pages:
                continue
            if text != held.drawn[key]:
                if held.name in strangers:
                    parts = where_they_part(held.drawn[key], text)
                    wrong.append(f"{key} of {held.name}, whom it does not concern, looks different\n{parts}")
                if key not in page.dirty:
                    wrong.append(_told(held, key, facts, text))
                elif missed := _items(held.drawn[key], text) - _said(page, key):
                    wrong.append(f"{key} of {held.name}: nothing says that its items {sorted(missed)} changed")
            held.drawn[key] = text
            held.forget(key)
        self.announced[act.name] = {type(fact) for fact in facts}
        return wrong


def _told(held: Held, key: str, facts: list[Fact], text: str | None) -> str:
    touching = [type(fact).__name__ for fact in facts if held.showing[key].touched_by(fact)]
    why = (
        f"{', '.join(touching)} touched it and did not come to {held.name}"
        if touching
        else f"none of {', '.join(type(fact).__name__ for fact in facts) or 'no facts'} touches it"
    )
    return f"{key} of {held.name}: {why}\n{where_they_part(held.drawn[key], text)}"


def _said(page: Page, key: str) -> set[int]:
    """The items of a list that the hub will send again; those beyond the end of what is shown come anyway."""
    numbers = page.changed.get(key, frozenset())
    return set(range(10_000)) if numbers is None else set(numbers)


def _items(before: str | None, after: str | None) -> set[int]:
    """The items of a list that look different."""
    if before is None or after is None or "data-cursor" not in after:
        return set()
    one, other = _numbered(before), _numbered(after)
    return {number for number in one.keys() & other.keys() if one[number] != other[number]}


def _numbered(text: str) -> dict[int, str]:
    items: list[Element] = parse(text).all("data-number")
    return {int(item.get("data-number")): item.written() for item in items}


@pytest_asyncio.fixture(scope="module")
async def law(request: pytest.FixtureRequest) -> AsyncIterator[Law]:
    """A practice of its own, since whatever can happen happens in it."""
    async with Deployment.embedded(PORTAL_PATIENCE="30") as deployment, deployment.models():
        with _settings_of(deployment):
            await rendering.learn_practice()
            law = Law(Stage(deployment), Hub(), await bookmark(), request.config.getoption("all"))
            noted = law.asked.statements.append
            await sql.connection()._connection.set_trace_callback(noted)  # type: ignore[attr-defined]
            await gather(law.stage)
            await _write_much(law.stage)
            await law.look()
            law.seen = law.hub.latest = await bookmark()
            yield law


async def _write_much(stage: Stage) -> None:
    """So much in one conversation that what was written first is pages back, and a first one for who has none."""
    async with unit():
        first = await Conversation.start(UUID(stage.cast.client["lena"]), Audience.ADMINISTRATIVE, [], with_client=True)
        stage.cast.threads["lena"].append(str(first.id))
        thread = await Conversation.get(id=stage.cast.conversation["noa administrative"])
        for number in range(60):
            await thread.post(f"Line {number}.", staff=UUID(stage.cast.staff["jo"]))
    await stage.settled()


@contextlib.contextmanager
def _settings_of(deployment: Deployment) -> Iterator[None]:
    """This process draws as the deployment's worker does, by its clock."""
    before = dict(os.environ)
    os.environ.update(deployment.workers[0].env)
    settings.cache_clear()
    clock.follow(settings().clock)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()
        clock.follow(None)


async def test_every_region_is_on_a_page_that_is_held(law: Law) -> None:
    shown = {held.region.name for one in law.held.values() for held in one.showing.values()}
    assert set(REGIONS) - shown == set()


async def test_what_is_drawn_here_is_what_the_pages_show(law: Law) -> None:
    await law.begin()
    by_name: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for held in law.held.values():
        for key, text in held.drawn.items():
            by_name[held.name][key].add(parse(text).elements[0].written() if text else "")
    for place, regions in law.shown.items():
        for key, written in regions.items():
            told = [where_they_part(written, other) for other in by_name[place.split()[0]][key]]
            assert written in by_name[place.split()[0]][key], f"{key} of {place}:\n{told}"


@pytest.mark.parametrize("act", ACTS, ids=str)
async def test_what_looks_different_was_told(law: Law, act: Act) -> None:
    wrong = await law.after(act)
    assert not wrong, f"{len(wrong)} regions:\n" + "\n\n".join(wrong[:8])


async def test_what_was_not_drawn_again_looks_as_it_did(law: Law) -> None:
    """Else what a region is made of would lie elsewhere than in the tables that it reads."""
    await law.begin()
    tables = await law.tables()
    with law.asked.reading():
        for held in law.held.values():
            for key in held.drawn if held.page in law.hub.pages else ():
                drawn, unchanged = held.drawn[key], not held.may_look_different(key, tables)
                again = await held.draw(key, tables, law.asked)
                assert again == drawn or not unchanged, f"{key} of {held.name}\n{where_they_part(drawn, again)}"


@pytest_asyncio.fixture(scope="module")
async def announced(law: Law, request: pytest.FixtureRequest) -> dict[str, set[type[Fact]]]:
    """The kinds of the facts of each act. An act goes on from those before it: all of them have happened here in their
    order, or none has and they happen now."""
    for act in () if law.tried else ACTS:
        law.tried.append(act)
        await act.prepare(law.stage)
        await law.hear()
        await act.act(law.stage)
        law.announced[act.name] = {type(fact) for fact in await law.hear()}
    if law.tried != ACTS:
        # A run that chose all of them may not get by without this.
        chosen = sum(item.name.startswith("test_what_looks_different_was_told[") for item in request.session.items)
        assert chosen < len(ACTS), "some acts did not happen in a whole run"
        pytest.skip("Some acts happened and others did not: run the whole file, or this test by itself.")
    return law.announced


async def test_every_kind_of_fact_was_among_what_happened(announced: dict[str, set[type[Fact]]]) -> None:
    seen = set().union(*announced.values())
    assert set(KINDS.values()) - seen == set(), "no act announces them"


async def test_the_sample_for_sockets_has_one_of_each_class_of_facts(announced: dict[str, set[type[Fact]]]) -> None:
    """Facts that the same regions name, and that the hub takes the same way, are one class to the transport."""
    classes: dict[tuple[object, ...], set[type[Fact]]] = defaultdict(set)
    for kind in set().union(*announced.values()):
        mapped = frozenset(region.name for region in REGIONS.values() if issubclass(kind, region.on + region.on_any))
        classes[mapped, kind.changes_access, kind.concerns_everyone].add(kind)
    sampled = set().union(*(announced.get(act.name, set()) for act in SAMPLED))
    missing = [kinds for kinds in classes.values() if not kinds & sampled]
    assert not missing, "say of an act that announces one of these that it is `sampled`"
