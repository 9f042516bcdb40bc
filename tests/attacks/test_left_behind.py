"""What stays behind when its reason is gone: letters, pushes and notices, sockets, names in addresses, unsent words."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus
from uuid import uuid4

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from portal.demo import PASSWORD
from tests.cast import Person
from tests.deployment import Deployment
from tests.html import parse
from tests.mail.post_office import PostOffice, eventually
from tests.messages.thread import Thread, state
from tests.notices.conftest import Practice, bell
from tests.notices.push_service import PushService
from tests.notices.test_push import asks_to_be_told, at_rest, begins_anew, devices
from tests.pages import open_page
from tests.servers import PostgreSQL, Redis


@dataclass
class Office(Practice):
    """A practice with the mail that leaves it and the pushes it sends."""

    post: PostOffice
    pushes: PushService

    def thread_of(self, name: str) -> Thread:
        return Thread(self.cast, name)

    async def begins_anew(self, *people: Person) -> None:
        """Nobody waits for a letter, and these people have nothing new."""
        await begins_anew(self, *people)
        await self.deployment.sql("update conversation set mail_since = null, tell_at = null")
        await self.deployment.sql("delete from burst")
        await self.deployment.sql("update notice set mail_at = null")

    def letters_to(self, name: str) -> int:
        """How many have left for this person of the client side, or else of the practice."""
        side = "client" if name in self.cast.account else "staff"
        return self.post.recipients.count(self.cast.email[side, name])

    async def until_letters(self, name: str, count: int) -> None:
        async def look() -> bool:
            return self.letters_to(name) >= count

        await eventually(look)

    async def all_written(self) -> None:
        """Return when no letter is due that was not written, or written and not sent."""

        async def look() -> bool:
            waiting = await self.deployment.sql(
                "select 1 from burst where letter_id is null and due_at <= :now union all "
                "select 1 from notice where mail_at <= :now union all "
                "select 1 from outbox where done_at is null and failed_at is null and due_at <= :now union all "
                "select 1 from conversation where mail_since <= :until",
                now=self.deployment.now,
                until=self.deployment.now - dt.timedelta(minutes=5),
            )
            return not waiting

        await eventually(look)


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["embedded", "full"])
async def office(request: pytest.FixtureRequest, postgres: PostgreSQL, redis_server: Redis) -> AsyncIterator[Office]:
    async with PostOffice() as post, PushService() as pushes:
        more = {"SMTP_URL": post.url, "PORTAL_PUSH_ANYWHERE": "1"}
        made = (
            Deployment.full(postgres, redis_server, **more) if request.param == "full" else Deployment.embedded(**more)
        )
        async with made as deployment:
            yield Office(deployment, post, pushes)


# --- What waited in a browser counts nothing as seen that came meanwhile ------------------------


@pytest.mark.parametrize("says_what_it_had_seen", [True, False])
async def test_a_message_that_waited_has_not_seen_what_came_meanwhile(
    office: Office, says_what_it_had_seen: bool
) -> None:
    cast = office.cast
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam")
    await office.begins_anew(dana, miriam)
    thread = office.thread_of("noa clinical")
    noa, messages = cast.client["noa"], f"{thread.path(dana)}/messages"
    [row] = await office.deployment.sql("select last_number from conversation where id = :id", id=thread.id)
    async with open_page(dana, f"/clients/{noa}/messages") as page, thread.open(miriam) as hers:
        news = await thread.write(miriam, "Please bring the form.")
        await office.told()
        form = {"key": str(uuid4()), "body": "We are on our way."}
        if says_what_it_had_seen:
            form["seen"] = str(row["last_number"])
        answer = await dana.send(f"{messages}?waited", **form)
        assert answer.status_code == 201, answer.text
        for one in (page, hers):
            await one.settle()
            await one.current()
        assert " unread" in page.live[f"threads?client={noa}"]
        assert bell(page) == 1
        assert "Seen" not in state(hers, news)
        # Once she has looked, all of it is read, her own with it.
        await thread.read(dana)
        await page.until(lambda: " unread" not in page.live[f"threads?client={noa}"], what="it to be read")
        await hers.until(lambda: "Seen" in state(hers, news), what="that it was seen")
        for one in (page, hers):
            await one.settle()
            await one.current()
    # Who writes with what came meanwhile before them has seen it.
    await thread.write(miriam, "And a pen.")
    await thread.write(dana, "Yes.", seen=str(row["last_number"] + 3))
    async with open_page(dana, f"/clients/{noa}/messages") as page:
        assert " unread" not in page.live[f"threads?client={noa}"]


# --- Names stand in no address ---------------------------------------------------------------------


def told_by(address: str) -> str:
    """All that somebody can read out of an address, in whatever writing."""
    read = [address, unquote_plus(address)]
    for piece in re.split(r"[?&=/]", address):
        with contextlib.suppress(ValueError):
            read.append(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)).decode("latin-1"))
    return "\n".join(read).lower()


async def test_what_staff_search_for_stands_in_no_address(office: Office) -> None:
    cast = office.cast
    ada, henrik = await cast.sign_in("ada"), await cast.sign_in("henrik")
    found = await ada.post("/staff/clients/search", q="Reyes")
    assert found.status_code == 303
    here = found.headers["location"]
    assert "reyes" not in told_by(here)
    page = await ada.get(here)
    assert page.status_code == 200 and 'value="Reyes"' in page.text
    assert "Noa Reyes" in page.text and "Lena" not in page.text
    # Another search is as long and says as little; and an old address with words finds by nothing.
    other = (await ada.post("/staff/clients/search", q="A" * 150)).headers["location"]
    assert len(other) == len(here) != len("/staff/clients")
    everybody = (await ada.get("/staff/clients?q=reyes")).text
    assert "Lena" in everybody and "reyes" not in everybody.split('id="search"')[1].split(">")[0].lower()
    # To somebody else, or changed, it says nothing and is the list of all.
    for person, address in ((henrik, here), (ada, here[:-6] + "AAAAAA"), (ada, here[:40])):
        answer = await person.get(address)
        assert answer.status_code == 200 and "Lena" in answer.text and 'Reyes"' not in answer.text
    # By script it is the list alone, with the address at which it is found again.
    part = await ada.send("/staff/clients/search", q="Reyes")
    assert part.status_code == 200 and "<html" not in part.text and "Lena" not in part.text
    assert "reyes" not in told_by(part.headers["portal-address"])
    assert "Lena" not in (await ada.get(part.headers["portal-address"])).text
    assert (await ada.send("/staff/clients/search", q="")).headers["portal-address"] == "/staff/clients"
    assert (await ada.post("/staff/clients/search", q="r" * 300)).status_code == 422


async def test_the_pages_of_a_long_list_name_nobody_in_their_address(office: Office) -> None:
    ada = await office.cast.sign_in("ada")
    for number in range(55):
        made = {"key": str(uuid4()), "first_name": "Zelda", "last_name": f"Quillfeather{number:02}"}
        assert (await ada.post("/staff/clients", **made)).status_code == 303
    page = parse((await ada.get((await ada.post("/staff/clients/search", q="quill")).headers["location"])).text)
    [after] = [one.get("value") for one in page.all("name") if one.get("name") == "after"]
    assert not [one for one in page.all("href") if "quillfeather" in told_by(one.get("href"))]
    second = await ada.post("/staff/clients/search", q="quill", show="active", after=after)
    assert "quillfeather" not in told_by(second.headers["location"])
    shown = (await ada.get(second.headers["location"])).text
    assert "Quillfeather50" in shown and "Quillfeather49" not in shown


# --- One network has so many sockets on a worker, whoever is behind it ----------------------------

MOST = 6  # of one network
HOME, HERE = "203.0.113.7", "2001:db8:77:1::{:x}"


@pytest_asyncio.fixture(loop_scope="session")
async def behind_proxy() -> AsyncIterator[Deployment]:
    more = {"PORTAL_SOCKETS_PER_NETWORK": str(MOST), "PORTAL_TRUSTED_PROXIES": "127.0.0.1"}
    async with Deployment.embedded(**more) as deployment:
        yield deployment


def line(deployment: Deployment, address: str, person: Person | None = None, origin: str = "") -> connect:
    """A socket that comes from this address, of somebody who is signed in or not."""
    base = deployment.bases[0]
    headers = {"X-Forwarded-For": address} | ({"Cookie": person.cookies} if person else {})
    place = "/staff/live" if person is None or person.side == "staff" else "/live"
    return connect(
        f"ws{base.removeprefix('http')}{place}",
        origin=origin or base,  # type: ignore[arg-type]
        additional_headers=headers,
        compression=None,
    )


async def outcome(socket: ClientConnection) -> tuple[int, list[dict[str, Any]]]:
    """By which code it is closed, and what was said before."""
    said = []
    async with asyncio.timeout(10):
        try:
            while True:
                said.append(json.loads(await socket.recv()))
        except ConnectionClosed as end:
            return (end.rcvd.code if end.rcvd else 1006), said


async def is_in(socket: ClientConnection) -> bool:
    """Whether this socket is let in: it is answered with a bookmark."""
    with contextlib.suppress(ConnectionClosed):
        hello = {"since": "0", "showing": [], "cursors": {}, "looks": {}}
        await socket.send(json.dumps({"hello": hello}))
        return "since" in json.loads(await asyncio.wait_for(socket.recv(), 10))
    return False


async def test_one_network_opens_so_many_sockets_and_no_more(behind_proxy: Deployment) -> None:
    cast = behind_proxy.cast
    people = [await cast.sign_in(name) for name in ("dana", "miriam", "sam")]
    async with contextlib.AsyncExitStack() as stack:
        for number in range(MOST):
            one = await stack.enter_async_context(line(behind_proxy, HERE.format(number + 1), people[number % 2]))
            assert await is_in(one)
        async with line(behind_proxy, HERE.format(0xBEEF), people[2]) as refused:
            code, said = await outcome(refused)
            assert code == 1013
            assert [10_000 <= frame["reconnect"] <= 30_000 for frame in said] == [True]
        # Another line, and a network of the other kind, are not hindered; and here there is room when one goes.
        for address in ("2001:db8:77:2::1", HOME):
            async with line(behind_proxy, address, people[2]) as other:
                assert await is_in(other)
        await one.close()

        async def room() -> bool:
            async with line(behind_proxy, HERE.format(0xBEEF), people[2]) as again:
                return await is_in(again)

        await eventually(room)


async def test_knocking_without_end_is_answered_without_a_look_into_the_database(behind_proxy: Deployment) -> None:
    knocks = MOST * 5
    for number in range(knocks):
        async with line(behind_proxy, HERE.format(number + 1)) as nobody:
            assert (await outcome(nobody))[0] == 4401
    async with line(behind_proxy, HERE.format(1)) as nobody:
        assert (await outcome(nobody))[0] == 1013
    # A page of another site is told nothing by it, nor is a row written for each.
    before = await behind_proxy.sql("select count(*) as n from audit")
    with pytest.raises(InvalidStatus):
        async with line(behind_proxy, HERE.format(1), origin="https://elsewhere.example"):
            pass
    assert await behind_proxy.sql("select count(*) as n from audit") == before
    with pytest.raises(InvalidStatus):
        async with line(behind_proxy, HOME, origin="https://elsewhere.example"):
            pass
    assert await behind_proxy.sql("select count(*) as n from audit") != before
    async with line(behind_proxy, HOME, await behind_proxy.cast.sign_in("dana")) as dana:
        assert await is_in(dana)


# --- Who signs out is told no more on that device ------------------------------------------------


async def test_signing_out_ends_the_pushes_of_this_device_and_of_no_other(office: Office) -> None:
    cast = office.cast
    miriam = await cast.sign_in("miriam")
    phone, desk = await cast.sign_in("dana"), await cast.sign_in("dana")
    await office.begins_anew(phone, miriam)
    where = {}
    for person, name in ((phone, "phone"), (desk, "desk")):
        browser = office.pushes.browser(f"{name}-out-{office.deployment.sqlite}")
        await asks_to_be_told(office, person, browser)
        where[name] = browser.endpoint.partition(str(office.pushes.port))[2]
    async with open_page(desk, f"/clients/{cast.client['noa']}/notices/choices") as page:
        assert len(await devices(office, phone)) == 2
        assert (await phone.post("/sign-out")).status_code == 303
        await page.until(lambda: page.live[f"devices?person={desk.id}"].count("<li") == 1, what="one device")
        await page.current()
    await office.thread_of("noa clinical").write(miriam, "Are you there?")
    await office.pushes.got(where["desk"])
    await at_rest(office, desk)
    assert where["phone"] not in office.pushes.tried


async def test_a_session_that_is_left_alone_ends_and_its_device_is_still_told(office: Office) -> None:
    cast = office.cast
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam")
    await office.begins_anew(dana, miriam)
    phone = office.pushes.browser(f"idle-{office.deployment.sqlite}")
    await asks_to_be_told(office, dana, phone)
    await office.deployment.move_clock(minutes=25)
    assert "/sign-in" in (await dana.get(f"/clients/{cast.client['noa']}/home")).headers["location"]
    miriam = await cast.sign_in("miriam")
    await office.thread_of("noa clinical").write(miriam, "See you tomorrow.")
    await office.pushes.got(phone.endpoint.partition(str(office.pushes.port))[2])
    # Somebody else who signs in there is not shown what is hers.
    dana.name = "sam"
    signed = await dana.post("/sign-in", email=cast.email["client", "sam"], password=PASSWORD, side="client")
    assert signed.status_code == 303
    column = await office.deployment.sql("select 1 from push_device where account_id = :id", id=cast.account["dana"])
    assert column == []


# --- What was taken back is told of no more ------------------------------------------------------


async def test_a_message_taken_back_in_time_causes_no_letter(office: Office) -> None:
    cast = office.cast
    dana, sam, miriam = [await cast.sign_in(name) for name in ("dana", "sam", "miriam")]
    await office.begins_anew(dana, sam, miriam)
    before = {name: office.letters_to(name) for name in ("dana", "sam")}
    noas, sams = office.thread_of("noa clinical"), office.thread_of("sam clinical")
    taken_back = await noas.write(miriam, "This was for somebody else.")
    await sams.write(miriam, "See you Tuesday.")
    assert (await noas.withdraw(miriam, taken_back)).status_code < 300
    await office.deployment.move_clock(minutes=6)
    await office.until_letters("sam", before["sam"] + 1)
    await office.all_written()
    assert office.letters_to("dana") == before["dana"]
    # Beside one that stands, the one that was taken back changes nothing.
    await noas.write(miriam, "This is for you.")
    gone = await noas.write(miriam, "And this is not.")
    assert (await noas.withdraw(miriam, gone)).status_code < 300
    await office.deployment.move_clock(minutes=6)
    await office.until_letters("dana", before["dana"] + 1)


async def test_one_taken_back_while_its_letter_waits_is_no_letter_and_hinders_none(office: Office) -> None:
    cast = office.cast
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam")
    await office.begins_anew(dana, miriam)
    before, thread = office.letters_to("dana"), office.thread_of("noa clinical")
    await office.deployment.sql("update practice set edit_minutes = 60")
    message = await thread.write(miriam, "Not yet.")
    office.post.to_rcpt.append("451 4.7.1 Come back in a while")
    await office.deployment.move_clock(minutes=6)

    async def put_off() -> bool:
        return bool(await office.deployment.sql("select 1 from outbox where reason is not null and tries = 1"))

    await eventually(put_off)
    assert (await thread.withdraw(miriam, message)).status_code < 300
    await office.deployment.move_clock(minutes=3)
    await office.all_written()
    assert office.letters_to("dana") == before
    await thread.write(miriam, "Now it is.")
    await office.deployment.move_clock(minutes=6)
    await office.until_letters("dana", before + 1)


async def test_a_message_taken_back_is_new_nowhere(office: Office) -> None:
    cast = office.cast
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam")
    await office.begins_anew(dana, miriam)
    thread = office.thread_of("noa clinical")
    async with open_page(dana, f"/clients/{cast.client['noa']}/home") as page:
        first = await thread.write(miriam, "One.")
        second = await thread.write(miriam, "Two.")
        await page.until(lambda: bell(page) == 1, what="a notice")
        await thread.withdraw(miriam, first)
        await office.told()
        assert len(await office.new_for(dana)) == 1, "the other one still stands"
        await thread.withdraw(miriam, second)
        await page.until(lambda: bell(page) == 0, what="the bell to fall silent")
        await page.current()
    assert await office.new_for(dana) == []


async def test_a_message_taken_back_is_not_pushed_and_the_next_one_is(office: Office) -> None:
    cast = office.cast
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam")
    await office.begins_anew(dana, miriam)
    phone = office.pushes.browser(f"taken-back-{office.deployment.sqlite}")
    path = phone.endpoint.partition(str(office.pushes.port))[2]
    await asks_to_be_told(office, dana, phone)
    thread = office.thread_of("noa clinical")
    office.pushes.answers.append(503)
    message = await thread.write(miriam, "Wrong window.")

    async def put_off() -> bool:
        return office.pushes.tried.count(path) == 1 and (await devices(office, dana))[0]["leased_until"] is None

    await eventually(put_off)
    await thread.withdraw(miriam, message)
    await office.deployment.sql("update push_device set due_at = added_at where account_id = :id", id=dana.id)
    await at_rest(office, dana)
    assert office.pushes.tried.count(path) == 1
    await thread.write(miriam, "The right one.")
    await office.pushes.got(path)


async def test_a_conversation_that_was_given_back_is_no_news(office: Office) -> None:
    cast = office.cast
    miriam, henrik = await cast.sign_in("miriam"), await cast.sign_in("henrik")
    await office.begins_anew(miriam, henrik)
    before = office.letters_to("henrik")
    inbox = f"/staff/inbox/{cast.conversation['noa clinical']}"
    handing = {"staff": henrik.id, "body": "Please look at this."}
    assert (await miriam.send(f"{inbox}/handover", key=str(uuid4()), **handing)).status_code < 400
    assert [row["kind"] for row in await office.new_for(henrik)] == ["handed_over"]
    assert (await miriam.send(f"{inbox}/assignment", staff=miriam.id)).status_code < 400
    assert await office.new_for(henrik) == []
    # Handed over again, it is news again: by a letter too.
    await miriam.send(f"{inbox}/handover", key=str(uuid4()), **handing)
    await office.deployment.move_clock(minutes=6)
    await office.until_letters("henrik", before + 1)
    await office.all_written()
    assert office.letters_to("henrik") == before + 1
    await miriam.send(f"{inbox}/assignment", staff="")


async def test_whoever_is_put_on_a_conversation_hears_what_is_written_there(office: Office) -> None:
    cast = office.cast
    dana, miriam, henrik = [await cast.sign_in(name) for name in ("dana", "miriam", "henrik")]
    await office.begins_anew(dana, miriam, henrik)
    before = office.letters_to("henrik")
    inbox, thread = f"/staff/inbox/{cast.conversation['noa clinical']}", office.thread_of("noa clinical")
    # He does not care for Noa, but may read it.
    await thread.write(dana, "Can we come on Friday?")
    await office.told()
    assert await office.new_for(henrik) == []
    await thread.read(henrik)
    assert (await miriam.send(f"{inbox}/assignment", staff=henrik.id)).status_code < 400
    await thread.write(dana, "Or on Monday?")
    await office.told()
    assert [row["kind"] for row in await office.new_for(henrik)] == ["message"]
    await office.deployment.move_clock(minutes=6)
    await office.until_letters("henrik", before + 1)
    # Given back, it is the care team's again.
    await thread.read(henrik)
    await miriam.send(f"{inbox}/assignment", staff="")
    await thread.write(dana, "Or never?")
    await office.told()
    assert await office.new_for(henrik) == []
    assert [row["kind"] for row in await office.new_for(miriam)] == ["message"]


async def test_a_leave_that_was_called_off_is_no_news_to_who_would_have_stood_in(office: Office) -> None:
    cast = office.cast
    ada, theo = await cast.sign_in("ada"), await cast.sign_in("theo")
    await office.begins_anew(ada, theo)
    day = (office.deployment.now + dt.timedelta(days=200)).date().isoformat()
    answer = await ada.post("/staff/leave", staff=cast.staff["miriam"], cover=theo.id, first=day, last=day)
    assert answer.status_code == 303, answer.text
    assert [row["kind"] for row in await office.new_for(theo)] == ["stands_in"]
    [leave] = await office.deployment.sql("select id from leave where cover_id = :theo", theo=theo.id)
    assert (await ada.post(f"/staff/leave/{leave['id']}/end")).status_code == 303
    assert await office.new_for(theo) == []


async def test_a_new_password_ends_the_pushes_of_every_device(office: Office) -> None:
    cast = office.cast
    sam, other = await cast.sign_in("sam"), cast.stranger()
    await office.begins_anew(sam)
    await asks_to_be_told(office, sam, office.pushes.browser(f"reset-{office.deployment.sqlite}"))
    before = len(office.post.letters)
    assert (await other.post("/forgot", email=cast.email["client", "sam"])).status_code < 400

    async def link() -> str:
        for letter in office.post.letters[before:]:
            found = re.search(r"/reset/([\w-]+)", letter.get_body(("plain",)).get_content())
            if found:
                return found[1]
        return ""

    token = await eventually(link)
    assert (await other.get(f"/reset/{token}")).status_code == 200
    assert (await other.post("/reset", token=token)).status_code == 303
    assert len(await devices(office, sam)) == 1, "a link that is opened changes nothing"
    changed = await other.post("/reset/password", password="forty brown otters under a bridge")
    assert changed.status_code == 303, changed.text
    assert await devices(office, sam) == []
