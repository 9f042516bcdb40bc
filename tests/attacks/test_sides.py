"""Nothing for one side is given to the other, whatever a page says that it shows.

The law asks for every region there is, as every kind of person who sees a client, on their own socket: what the socket
gives, one of their pages gives too. It costs a socket for each region of the other side and each person.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import pytest
from websockets.asyncio.client import ClientConnection

from portal import passwords
from portal.demo import PASSWORD
from portal.models.access.account import Access, PortalAccount
from portal.models.access.contact_links import tie
from portal.models.ground.fact import unit
from portal.models.people.contact import Contact, Terms
from portal.permissions import Permission, Right
from portal.regions import REGIONS, key_of, read_key
from portal.regions import region as register
from portal.regions.messages.found import Hits
from portal.viewer import Viewer
from portal.web.sealed_words import seal_words
from tests.cast import Person
from tests.deployment import Deployment
from tests.html import parse
from tests.laws.family import gather
from tests.laws.stage import Stage
from tests.laws.test_live_equals_reload import client_pages, staff_pages
from tests.messages.thread import Thread
from tests.realtime.test_socket import code_of, hello, socket

BAD = 1008
AT_ONCE = 15  # regions in one hello
ONE_RIGHT = {right: f"{right.name.lower()}only" for right in Right}
SEES_NOA = ("dana", "olga", "nils", "walter", *ONE_RIGHT.values())
CLIENTS = (*SEES_NOA, "ravi", "eli", "sam", "ben")
STAFF = ("miriam", "jo", "idris", "ada", "theo", "grace")
# What only some pages show of the same: a search, far back, a list of several, before there is anybody to act for.
WITHIN = {"found": "messages", "passage": "messages", "threads": "beginnings", "nobody": "offers"} | dict.fromkeys(
    ("client-finder", "recipient-finder"), "clients"
)


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with Deployment.embedded() as deployment:
        stage = Stage(deployment)
        await gather(stage)
        await each_with_one_right(stage)
        yield stage


async def each_with_one_right(stage: Stage) -> None:
    """Noa gets five contacts more, each with an account and one right alone."""
    async with stage.deployment.models(), unit():
        secret, noa = passwords.hash_now(PASSWORD), UUID(stage.cast.client["noa"])
        for right, name in ONE_RIGHT.items():
            email = f"{name}@family.example"
            contact = await Contact.add({"name": f"{name.capitalize()} Reyes", "email": email})
            account = await PortalAccount.open(name, email, secret, contact_id=contact.id)
            link = await tie(noa, contact.id, Terms("Relative", False, (right,)))
            await Access.grant(account.id, noa, link.id)
            stage.cast.account[name], stage.cast.email["client", name] = str(account.id), email


def everything(stage: Stage, person: Person) -> dict[str, str]:
    """A key for each region, about Noa and about Eli's confidential conversation, as a page of theirs would have it."""
    cast, keys = stage.cast, {}
    for client, conversation in (("noa", "noa clinical"), ("eli", "eli confidential")):
        for whose in (person.id, cast.staff["miriam"], cast.account["dana"]):
            ids = {
                "client": cast.client[client],
                "conversation": cast.conversation[conversation],
                "current": cast.conversation[conversation],
                "person": whose,
                "link": cast.link,
                "tab": "overview",
                "q": "the",
                "sealed": seal_words(Hits(q="the", place="/", numbers=[4, 3, 2, 1]), UUID(person.id)),
                "at": "5",
            }
            for region in REGIONS.values():
                key = key_of(region.name, {name: ids.get(name) for name in region.types})
                keys[key] = region.name
    return keys


def live_of(stage: Stage, name: str) -> str:
    if name in stage.cast.staff:
        return "/staff/live"
    own = {"ravi": "eli", "eli": "eli", "sam": "sam", "ben": "ruth"}.get(name, "noa")
    return f"/clients/{stage.cast.client[own]}/live"


async def told(line: ClientConnection, showing: Iterable[str], since: str = "") -> list[dict[str, Any]]:
    """Say that all this is shown, as of a bookmark or of none that is known, and return what is pushed until the page
    is told how far it is."""
    said = hello(since=since, showing=list(showing))
    said["hello"]["cursors"] = {key: 0 for key in said["hello"]["showing"] if key.startswith("messages?")}
    await line.send(json.dumps(said))
    pushes = []
    async with asyncio.timeout(30):
        while True:
            frame = json.loads(await line.recv())
            if "content" in frame:
                pushes.append(frame)
            if "since" in frame:
                return pushes


def what(key: str) -> tuple[str, frozenset[str]]:
    """A region and the records it is about, whatever else its key says."""
    name, _, query = key.partition("?")
    ids = frozenset(f"{k}={v}" for k, v in parse_qsl(query) if k in ("client", "conversation", "link", "person"))
    return WITHIN.get(name, name), ids


@pytest.mark.parametrize("name", [*CLIENTS, *STAFF])
async def test_what_is_for_the_other_side_is_answered_as_what_there_is_not(stage: Stage, name: str) -> None:
    person = await stage.person(name)
    side = person.side
    foreign = [key for key, region in everything(stage, person).items() if REGIONS[region].side not in (side, "both")]
    assert foreign
    one_each = {key.partition("?")[0]: key for key in foreign}
    for key in ["no-such-region", *one_each.values()]:
        async with socket(person, live_of(stage, name)) as line:
            await line.send(json.dumps(hello(showing=[key])))
            assert await code_of(line) == BAD, f"{name} was given {key}"


@pytest.mark.parametrize("name", [*CLIENTS, *STAFF])
async def test_what_a_socket_gives_a_page_gives_too(stage: Stage, name: str) -> None:
    person = await stage.person(name)
    own: set[tuple[str, frozenset[str]]] = set()
    for path in pages_of(stage, person):
        answer = await person.get(path, follow=True)
        if answer.status_code == 200:
            own |= {what(one.get("data-region").replace("&amp;", "&")) for one in parse(answer.text).all("data-region")}
    assert own
    keys = [key for key, region in everything(stage, person).items() if REGIONS[region].side in (person.side, "both")]
    given = set()
    for begin in range(0, len(keys), AT_ONCE):
        showing = keys[begin : begin + AT_ONCE]
        # A line of its own: on one that has said hello before, a heartbeat may come ahead of the answer.
        async with socket(person, live_of(stage, name)) as line:
            pushes = await told(line, showing)
            # Each that may not be seen is said to be over, at once: nothing is left to wait for.
            assert {push["region"] for push in pushes} >= {
                key for key in showing if what(key) not in own and "=" in key
            }
            given |= {push["region"] for push in pushes if 'class="gone"' not in push["content"]}
    assert given, "nothing was given at all"
    stray = {key for key in given if what(key) not in own}
    assert not stray, f"no page of {name} shows this, and the socket does: {sorted(stray)}"


def pages_of(stage: Stage, person: Person) -> list[str]:
    """Every page of their side that somebody of the cast leaves open, with those of settings and of the Portal tab."""
    cast = stage.cast
    threads = [cast.conversation["noa clinical"], cast.conversation["eli confidential"]]
    if person.side == "client":
        own = live_of(stage, person.name).removesuffix("/live")
        found = ["/home", *client_pages(cast)]
        found += [f"{own}/{page}" for page in ("home", "notices", "notices/choices")]
        return found + [f"{page}/readers" for page in found if page.partition("conversations/")[2] in threads]
    found = [*staff_pages(cast), "/staff/mail", "/staff/leave", "/staff/colleagues", "/staff/notices/choices"]
    found += [f"/staff/settings/{name}" for name in ("portal", "mail", "minors", "messages", "availability")]
    for name, thread in zip(("noa", "eli"), threads, strict=True):
        chart = f"/staff/clients/{cast.client[name]}"
        tabs = ("portal", "contacts", f"contacts/{cast.link}/history", "messages", "who-sees", "conversations/new")
        found += [f"{chart}/{tab}" for tab in tabs]
        found += [f"{chart}/conversations/{thread}", f"{chart}/conversations/{thread}/readers"]
        found += [f"/staff/inbox/{thread}", f"/staff/inbox/{thread}?client={cast.client[name]}"]
    return found


async def test_staff_who_look_as_a_mother_are_given_her_side_alone(stage: Stage) -> None:
    miriam, cast = await stage.person("miriam"), stage.cast
    live = f"/staff/clients/{cast.client['noa']}/as/{cast.account['dana']}/live"
    async with socket(miriam, live) as line:
        await line.send(json.dumps(hello(showing=[f"overview?client={cast.client['noa']}"])))
        assert await code_of(line) == BAD
    async with socket(miriam, live) as line:
        pushes = await told(line, [f"home?client={cast.client['noa']}", f"devices?person={cast.account['dana']}"])
        assert {push["region"].partition("?")[0] for push in pushes} == {"home", "devices"}


def test_a_region_that_does_not_say_whom_it_is_for_cannot_be_made() -> None:
    """So Portal does not start with one."""

    async def load(viewer: Viewer, client: UUID) -> None: ...

    async def of_a_stranger(viewer: Viewer, invoice: UUID) -> None: ...

    with pytest.raises(TypeError, match="side"):
        register("made-up", "x.html", needs=None, on={})(load)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="needs"):
        register("made-up", "x.html", side="staff", on={})(load)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="staff alone"):
        register("made-up", "x.html", side="both", needs=Permission.STAFF, on={})(load)
    with pytest.raises(TypeError, match="client"):
        register("made-up", "x.html", side="client", needs=Right.BILLING, on={})(of_a_stranger)
    with pytest.raises(TypeError, match="RECORDS"):
        register("made-up", "x.html", side="client", needs=None, on={})(of_a_stranger)
    assert "made-up" not in REGIONS


# --- Moments --------------------------------------------------------------------------------------


async def test_a_mother_does_not_hear_when_something_confidential_is_written(deployment: Deployment) -> None:
    """She says that she shows it, is told at once that it is over, and hears no more, however much is written."""
    cast = deployment.cast
    dana, eli = await cast.sign_in("dana"), await cast.sign_in("eli")
    here = f"client={cast.client['eli']}&conversation={cast.conversation['eli confidential']}"
    key = f"messages?{here}"
    others = [f"{name}?{here}" for name in ("thread-head", "way", "readers", "draft", "found")]
    others[-1] += "&sealed=x"
    async with socket(dana, f"/clients/{cast.client['eli']}/live") as line:
        home = parse((await dana.get(f"/clients/{cast.client['eli']}/home")).text)
        first = await told(line, [key, *others], home.all("data-since")[0].get("data-since"))
        assert {push["region"] for push in first} == {read.key for one in (key, *others) if (read := read_key(one))}
        assert all('class="gone"' in push["content"] for push in first)
        for words in ("One.", "Two."):
            await Thread(cast, "eli confidential").write(eli, words)
        await deployment.followed()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                while True:
                    frame = json.loads(await line.recv())
                    assert "content" not in frame, "she heard of it"
                    if "since" in frame:  # a heartbeat: drained to what is committed
                        break


# --- Keys that no page of ours has ------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "clients?q=a%00b",
        "clients?q=%ED%A0%80",
        "clients?q=\ud800",
        "clients?q=%FF",
        "clients?after=x%00",
        "notices?person={miriam}&before=" + "9" * 1200,
        "notices?person={miriam}&before=9999999999999999999",
        "notices?person={miriam}&before=-1",
        "notices?person={miriam}&before=%D9%A1",
        "passage?client={noa}&conversation={thread}&at=1_0",
    ],
)
async def test_a_key_that_no_page_has_is_refused_once(deployment: Deployment, key: str) -> None:
    """Never handed to the database, so never tried again each second."""
    cast = deployment.cast
    miriam = await cast.sign_in("miriam")
    ids = {"miriam": miriam.id, "noa": cast.client["noa"], "thread": cast.conversation["noa clinical"]}
    async with socket(miriam) as line:
        await line.send(json.dumps(hello(showing=[key.format(**ids)])))
        assert await code_of(line) == BAD
    async with socket(miriam) as line:
        pushes = await told(line, ["clients?q=reyes", f"notices?before=7&person={miriam.id}"])
        assert {push["region"].partition("?")[0] for push in pushes} == {"clients", "notices"}
