"""Strangers to a route get nothing from it, and change nothing by it.

The matrix is made from the route table: each route with every kind of stranger its door and its path can have,
next to the success of the one who may. A route without a sample is red; so is a permission that nobody of the
cast lacks. Then every kind of fact with every stranger's open page: nothing of it is heard.

Costs a request for each stranger of each route, and two looks at all tables for each route; on PostgreSQL with --all,
where each run tries who may.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import pytest_asyncio
from starlette.routing import Route

from portal.models.ground.fact import unit
from portal.permissions import Permission
from portal.regions import REGIONS, key_of, read_key
from tests.deployment import Deployment
from tests.html import Element
from tests.laws.family import gather
from tests.laws.sample import Sample, is_write, name_of
from tests.laws.samples import ALL_ROUTES, EVERY_ROUTE, WRITES, sample_of
from tests.laws.stage import Act, Stage
from tests.mail.brings import a_letter_came_back
from tests.pages import Page, open_page
from tests.servers import PostgreSQL, Redis

# What a refusal may write: its audit row, that the session was used, that somebody failed to sign in.
MAY_CHANGE = ("audit", "session", "throttle")
SIGN_IN = 0  # asked to sign in: a page leads there (303), a write is refused (401)

# Somebody of the cast who may see the client but lacks the permission; by it, the one and the client.
LACKS = {
    Permission.PORTAL_ACCESS.key: ("idris", "gus"),
    Permission.CONTACT_NETWORK.key: ("grace", "noa"),
    Permission.CLINICAL_MESSAGES.key: ("ada", "noa"),
    Permission.PORTAL_SETTINGS.key: ("miriam", "noa"),
    Permission.STAFF.key: ("miriam", "noa"),
}

WALTER = {"client": "walter"}


@dataclass(frozen=True)
class Stranger:
    """Somebody who makes the sample's request and must be answered `status`."""

    label: str
    who: str
    status: int = SIGN_IN
    about: dict[str, str] = field(default_factory=dict)  # another client, another conversation
    headers: dict[str, str] = field(default_factory=dict)


def strangers_of(route: Route) -> list[Stranger]:
    """All kinds of stranger that this route can have."""
    door, found = route.endpoint.door, []  # type: ignore[attr-defined]
    of_client, of_thread = "{client}" in route.path, "{conversation}" in route.path
    if door != "anyone":
        found.append(Stranger("signed out", ""))
    if door == "staff":
        found += [
            Stranger("a client", "sam"),
            Stranger("a guardian", "dana"),
            Stranger("a contact of another client", "ben"),
            Stranger("a contact whose access ended", "ravi"),
        ]
        if "{notice}" in route.path:
            found.append(Stranger("a colleague", "theo", 404))
            found.append(Stranger("a colleague who sees the client too", "henrik", 404))
        if "{letter}" in route.path or "{bounce}" in route.path:
            found.append(Stranger("staff outside the care team", "theo", 404))
        if of_client or of_thread:
            # Who manages staff sees all clients, so nobody who may is outside.
            refusal = 403 if route.endpoint.permission is Permission.STAFF else 404  # type: ignore[attr-defined]
            found.append(Stranger("staff outside the care team", "theo", refusal))
            eli = {"client": "eli", "conversation": "eli confidential"}
            found.append(Stranger("staff outside the care team of a teenager", "theo", refusal, eli))
        if (permission := route.endpoint.permission) is not None:  # type: ignore[attr-defined]
            assert permission.key in LACKS, f"name somebody of the cast who lacks {permission}"
            who, client = LACKS[permission.key]
            found.append(Stranger("staff lacking the permission", who, 403, {"client": client}))
        if of_thread:
            found += [
                Stranger("staff who don’t read clinical messages", "ada", 404),
                Stranger("a scheduler", "jo", 404),
            ]
        if of_client and (of_thread or "{link}" in route.path):
            found.append(Stranger("the right staff under another client", "miriam", 404, {"client": "sam"}))
    if door == "client":
        found.append(Stranger("staff", "miriam"))
        if of_client:
            found += [
                Stranger("another client", "sam", 404),
                Stranger("a brother", "eli", 404),
                Stranger("a contact of another client", "ben", 404),
                Stranger("a contact whose access ended", "ravi", 404),
                Stranger("a client whose chart is archived", "dmitri", 404, {"client": "dmitri"}),
                Stranger("a guardian who is kept away", "piet", 404),
                Stranger("a guardian whose tie ended today", "rosa", 404),
                Stranger("a guardian whose access was ended", "vera", 404),
                Stranger("a mother, about another contact of her child, who is a client", "dana", 404, WALTER),
                Stranger("a sister’s contact, who is a client too", "walter", 404, {"client": "eli"}),
            ]
        if route.endpoint.right is not None:  # type: ignore[attr-defined]
            eli = {"client": "eli", "conversation": "eli clinical"}
            found.append(Stranger("a contact lacking the right", "ravi", 403, eli))
            if of_client:
                found.append(Stranger("a guardian who may only pay", "olga", 403))
        if of_thread:
            eli = {"client": "eli", "conversation": "eli confidential"}
            found += [
                Stranger("the guardian of a teenager", "dana", 404, eli),
                Stranger("a mother under her other child", "dana", 404, {"client": "eli"}),
                Stranger("a second guardian, who takes no part", "nils", 404),
            ]
        if "{notice}" in route.path:
            eli = {"client": "eli"}
            found += [
                Stranger("somebody else with notices of their own", "eli", 404, eli),
                Stranger("the one it is for, about another child", "dana", 404, eli),
            ]
    if is_write(route):
        who = sample_of(route).who
        found += [
            Stranger("a page of another site", who, 403, headers={"Sec-Fetch-Site": "cross-site"}),
            Stranger("a page of a neighbouring site", who, 403, headers={"Sec-Fetch-Site": "same-site"}),
            Stranger("no page at all", who, 403, headers={"Sec-Fetch-Site": "none"}),
        ]
    return found


@pytest_asyncio.fixture(scope="module", params=["embedded", "full"])
async def stage(request: pytest.FixtureRequest, postgres: PostgreSQL, redis_server: Redis) -> AsyncIterator[Stage]:
    made = Deployment.shared(request.param, postgres, redis_server)
    async with made as deployment:
        stage = Stage(deployment)
        await gather(stage)
        await stage.has_news()
        async with deployment.models(), unit():
            await a_letter_came_back(stage.cast)
        yield stage


@pytest.mark.parametrize("route", EVERY_ROUTE, ids=name_of)
async def test_strangers_are_refused_and_change_nothing(stage: Stage, route: Route) -> None:
    """All strangers of a route, one after the other, between two looks at every table."""
    strangers = strangers_of(route)
    if missing := {one.who for one in strangers if one.who} - stage.people.keys():
        stage.contents = {}  # signing in leaves its own traces
        for who in sorted(missing):
            await stage.person(who)
    # What the last refusals left is what these find.
    before = stage.contents or await stage.deployment.contents(MAY_CHANGE)
    stage.contents = {}
    wrong = [told for one in strangers if (told := await refused(stage, route, one))]
    after = await stage.deployment.contents(MAY_CHANGE)
    if after != before:
        tables = sorted(table for table in after if after[table] != before.get(table))
        who = [one.label for one in await who_changed(stage, route, strangers)] or ["one of them, once"]
        wrong.append(f"{', '.join(tables)} changed by {', '.join(who)}")
    stage.contents = after
    assert not wrong, f"{name_of(route)}:\n" + "\n".join(wrong)


async def refused(stage: Stage, route: Route, stranger: Stranger) -> str:
    """Ask as this stranger; says what of the answer, or of what was noted, is not as it is to be."""
    person = await stage.person(stranger.who) if stranger.who else stage.cast.stranger()
    sample: Sample = replace(sample_of(route), who=stranger.who, **stranger.about)  # type: ignore[arg-type]
    noted = await stage.deployment.audited()
    answer = await sample.ask(route, person, **stranger.headers)
    led_away = stranger.status == SIGN_IN and not is_write(route)
    expected = 303 if led_away else stranger.status or 401
    if answer.status_code != expected:
        return f"{stranger.label} is answered {answer.status_code} and not {expected}"
    if led_away and not answer.headers["location"].startswith("/sign-in"):
        return f"{stranger.label} is led to {answer.headers['location']} and not to sign in"
    # Being asked to sign in is no refusal yet; all else is noted, once.
    more = {result: n - noted[result] for result, n in (await stage.deployment.audited()).items()}
    if more != {"done": 0, "refused": 0 if led_away else 1}:
        return f"of {stranger.label} the audit log says {more}"
    return ""


async def who_changed(stage: Stage, route: Route, strangers: list[Stranger]) -> list[Stranger]:
    """Return the strangers who change something when they ask again, found by halves."""
    before = await stage.deployment.contents(MAY_CHANGE)
    for one in strangers:
        await refused(stage, route, one)
    if await stage.deployment.contents(MAY_CHANGE) == before:
        return []
    if len(strangers) == 1:
        return strangers
    half = len(strangers) // 2
    return [*await who_changed(stage, route, strangers[:half]), *await who_changed(stage, route, strangers[half:])]


# How the addresses of writes end that leave no row in the audit log, and why.
UNNOTED = {
    "/session": "the session itself says when it was used last",
    "/language": "how one's own pages are",
    "/theme": "how one's own pages are",
    "/discretion": "how one's own pages are",
    "/messages": "the message says who wrote it, when, and what it said before",
    "/draft": "half a message is nobody's act yet",
    "/reading": "how far somebody has read is kept, and that they opened it is noted",
    "/notices/choices": "how one is told oneself",
    "/notices/devices": "how one is told oneself",
    "/notices/devices/removal": "how one is told oneself",
    "/availability/preview": "it writes nothing",
    "/contacts/search": "it writes nothing",
    "/clients/search": "it writes nothing",
    "/staff/search": "it writes nothing",
    "/inbox/search": "it writes nothing",
}


@pytest.mark.parametrize("route", ALL_ROUTES, ids=name_of)
async def test_the_one_who_may_is_served(stage: Stage, route: Route) -> None:
    sample = sample_of(route)
    if not sample.who:
        person = stage.cast.stranger()
    elif route.path == "/sign-out":  # ends the session it is asked with
        person = await stage.cast.sign_in(sample.who)
    else:
        person = await stage.person(sample.who)
    await sample.prepare(route, person)
    noted = await stage.deployment.audited()
    stage.contents = {}

    answer = await sample.ask(route, person)

    assert answer.status_code == sample.status, answer.text
    after = await stage.deployment.audited()
    assert after["refused"] == noted["refused"]
    if is_write(route) and not route.path.endswith(tuple(UNNOTED)):
        assert after["done"] > noted["done"], "it left no row in the audit log; if that is meant, say why"
    if route.path.endswith("/archival"):
        await person.post(sample.path(route, stage.cast).replace("archival", "restoration"))
    await stage.settled()


@pytest.mark.parametrize("route", WRITES, ids=name_of)
async def test_what_is_refused_would_have_changed_something(stage: Stage, route: Route) -> None:
    """Else the matrix above would hold for routes that do nothing."""
    if route.path == "/session" or route.path.endswith(("/search", "/preview")):
        return  # these note that the session was used, or read, with words that no address may hold
    sample = sample_of(route)
    if route.path.endswith("/departure"):
        await stage.deployment.sql("update staff_member set ended_at = null")
    if route.path.endswith("/messaging"):
        sample = replace(sample, form=lambda cast: {"mode": "off"})
    if route.path.endswith("/conversations"):
        # Where there is a conversation with billing already, it is that one: so it is between others now.
        await stage.deployment.sql(
            "delete from participant where conversation_id in (select id from conversation where audience = 'billing')"
        )
    if route.path.endswith("/network"):
        sample = replace(sample, form=lambda cast: {"on": "no"})
    if route.path == "/theme":
        sample = replace(sample, form=lambda cast: {"theme": "light"})
    if route.path == "/discretion":
        sample = replace(sample, form=lambda cast: {"discreet": "off"})
    person = await stage.cast.sign_in(sample.who) if sample.who else await stage.cast.sign_in("walter")
    here, _, act = sample.path(route, stage.cast).rpartition("/")
    if act in UNDONE:
        before_it, form = UNDONE[act]
        await person.post(f"{here}/{before_it}", **form)
    if route.path.endswith("/reading"):
        other = "dana" if route.path.startswith("/staff") else "miriam"
        send = next(r for r in WRITES if r.path.endswith("/messages") and sample_of(r).who == other)
        await sample_of(send).ask(send, await stage.person(other))
        await stage.settled()
    await sample.prepare(route, person)
    stage.contents = {}
    before = await stage.deployment.contents()
    await sample.ask(route, person)
    changed = {table for table, digest in (await stage.deployment.contents()).items() if digest != before[table]}
    assert changed - {"audit"}, f"{name_of(route)} changed nothing"
    await stage.settled()
    if route.path.endswith("/archival"):
        await person.post(sample.path(route, stage.cast).replace("archival", "restoration"))


# What must have happened before an act that undoes it changes anything, and with which form.
UNDONE: dict[str, tuple[str, dict[str, str]]] = {
    "restoration": ("archival", {}),
    "completion": ("reopening", {}),
    "reopening": ("completion", {"number": 9999}),
    "waking": ("snooze", {"when": "tomorrow", "number": 9999}),
    "theme": ("theme", {"theme": "dark"}),
    "discretion": ("discretion", {"discreet": "on"}),
    "messaging": ("messaging", {"mode": "on"}),
    "network": ("network", {"on": "yes"}),
}


# --- Facts ------------------------------------------------------------------------------------

# Whom what happens to a client does not concern at all, and what they have open.
FOREIGN = {
    "noa": ("theo", "sam", "ben", "idris", "ravi", "piet", "rosa"),
    "eli": ("theo", "sam", "ben", "idris", "nils", "piet", "rosa"),
    "sam": ("theo", "dana", "eli", "ravi", "ben", "idris"),
    "ines": ("theo", "sam", "dana", "eli", "ben", "idris"),
    "walter": ("sam", "dana", "eli", "ravi", "ben"),
    "lena": ("sam", "dana", "eli", "ravi", "ben"),
}
# He sees Noa as her mother does, and hears nothing of where he takes no part, nor of what others may do for her.
SECOND_GUARDIAN = ("nils",)
# These acts are about making a stranger none, or the other way round.
CONCERNED = {
    "a father is given access to his daughter": "ravi",
    "and it ends": "ravi",
    "a colleague joins a care team": "theo",
    "and leaves it": "theo",
}


def open_by(stage: Stage, name: str) -> list[str]:
    own = {"ben": "ruth", "ravi": "eli", "dana": "noa", "nils": "noa"}.get(name, name)
    if name in ("theo", "idris"):
        return ["/staff/today", "/staff/clients", "/staff/clients#q=reyes"]
    if name in ("piet", "rosa"):
        return ["/home"]
    return [f"/clients/{stage.cast.client[own]}/home"]


@pytest_asyncio.fixture(scope="module")
async def pages(
    request: pytest.FixtureRequest, postgres: PostgreSQL, redis_server: Redis
) -> AsyncIterator[tuple[Stage, list[Page], list[Page]]]:
    async with (
        Deployment.shared(request.param, postgres, redis_server) as deployment,
        contextlib.AsyncExitStack() as stack,
    ):
        stage, opened = Stage(deployment), []
        await gather(stage)
        for name in sorted({name for names in FOREIGN.values() for name in names}):
            person = await stage.person(name)
            for number, path in enumerate(open_by(stage, name)):
                worker = number % len(deployment.bases)
                opened.append(await stack.enter_async_context(open_page(person, path, worker)))
        claims = [
            await stack.enter_async_context(claiming(stage, await stage.person(name), *claim))
            for name, *claim in CLAIMS
        ]
        yield stage, opened, claims


# Who claims to show what is about a client or a conversation that they have no business with: everything, or of who
# sees the client, only what is about the conversation.
CLAIMS = [
    *((name, "noa", "noa clinical", "client") for name in ("theo", "sam", "ben", "idris", "ravi", "piet", "rosa")),
    ("theo", "eli", "eli confidential", "client"),
    ("dana", "eli", "eli confidential", "conversation"),
    ("nils", "noa", "noa clinical", "conversation"),
]


@contextlib.asynccontextmanager
async def claiming(stage: Stage, person: Any, client: str, thread: str, about: str) -> AsyncIterator[Page]:
    """A page that shows nothing of its own, and says that it shows what is not. It is told so, once."""
    # Who sees the client sits before the page of all profiles: it outlives what ends for one of them.
    path = "/board" if about == "conversation" else open_by(stage, person.name)[0]
    async with open_page(person, path, socket=False) as page:
        for shown in page.document.all("data-region"):
            shown.remove()
        for element in forged(stage, person.side, client, thread, about):
            page.body.append(element)
        await page.come_back()
        await page.settle()
        yield page


def foreign(act: Act) -> set[str]:
    """Return the names of everybody whom it does not concern at all."""
    assert not act.client or act.client in FOREIGN, f"say whom nothing about {act.client} concerns"
    names = set(FOREIGN.get(act.client, ())) - {CONCERNED.get(act.name, "")}
    if act.client == "noa" and ("{conversation}" in act.name or "{link}" in act.name):
        names |= set(SECOND_GUARDIAN)
    return names


async def test_a_stranger_hears_nothing_of_what_happens(pages: Any, sampled: Act) -> None:
    """No frame comes to them; test_regions.py holds, for every act, that no region of theirs looks different. On
    PostgreSQL, with two workers; with --all also on SQLite."""
    (stage, opened, claims), act = pages, sampled
    names = foreign(act)
    listening = [page for page in opened if page.person.name in names and not page.over]
    if act.client:
        # Not so much as the moment is heard by asking for what is not one's own.
        concerned = CONCERNED.get(act.name)
        listening += [page for page in claims if page.person.name != concerned and not page.over]
    if listening and stage.last != (act.client, CONCERNED.get(act.name)):
        # What happened before may have been told to them, and may be on its way.
        await stage.deployment.followed()
        await asyncio.gather(*(page.ask() for page in listening))
    stage.last = (act.client, CONCERNED.get(act.name))
    heard = {page: len(page.pushes) for page in listening}

    stage.happened.add(act.name)
    await act.happen(stage)

    # Asked for anew, a page is told what it was to hear and no more: the same rule, without the heartbeat's wait.
    await asyncio.gather(*(page.ask() for page in listening))
    told = {str(page): page.pushes[heard[page] :] for page in listening if len(page.pushes) > heard[page]}
    assert not told
    assert listening or not act.client


# --- Sockets ------------------------------------------------------------------------------------

ARGUMENTS = {"tab": "overview", "q": "the", "numbers": "4-3-2-1", "at": "5"}


def forged(
    stage: Stage, side: str, client: str = "noa", thread: str = "noa clinical", about: str = "client"
) -> list[Element]:
    """An element for every region of a side that is about a client, or a conversation, as their page would show it."""
    cast = stage.cast
    ids = {"client": cast.client[client], "conversation": cast.conversation[thread], "link": cast.link}
    ids |= {"current": ids["conversation"], "person": cast.staff["miriam"]}
    made = {}
    for region in REGIONS.values():
        if region.side not in (side, "both") or not {about, "conversation"} & set(region.types):
            continue
        key = key_of(region.name, {name: (ids | ARGUMENTS).get(name) for name in region.types})
        shown = read_key(key)
        assert shown is not None
        # What is said of it takes its place, by its id.
        made[shown.target] = element = Element("div", {"id": shown.target[1:], "data-region": key})
        if region.stream is not None:
            element.attributes["data-cursor"] = "0"
    return list(made.values())


@pytest.mark.parametrize(
    ("name", "path", "code"),
    [
        ("", "/staff/live", 4401),
        ("", "/live", 4401),
        ("", "/clients/{noa}/live", 4401),
        ("dana", "/staff/live", 4401),
        ("miriam", "/live", 4401),
        ("miriam", "/clients/{noa}/live", 4401),
        ("sam", "/clients/{noa}/live", 4403),
        ("ravi", "/clients/{noa}/live", 4403),
        ("eli", "/clients/{noa}/live", 4403),
        ("ben", "/clients/{noa}/live", 4403),
        ("piet", "/clients/{noa}/live", 4403),
        ("rosa", "/clients/{noa}/live", 4403),
        ("dmitri", "/clients/{dmitri}/live", 4403),
        ("dana", "/clients/none/live", 4403),
    ],
)
async def test_a_stranger_to_a_socket_is_turned_away(stage: Stage, name: str, path: str, code: int) -> None:
    person = await stage.person(name) if name else stage.cast.stranger()
    page = Page(person, path, 0)
    body = Element("body", {"data-socket": path.format(**stage.cast.client), "data-since": ""})
    page.document.append(body)
    page.stay()
    await page.until(lambda: page.closed is not None, what="the end")
    await page.leave()
    assert page.closed == code
    assert page.pushes == []
