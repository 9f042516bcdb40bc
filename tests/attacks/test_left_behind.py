"""Nothing stays behind when its reason is gone: letters, pushes, notices, sockets, names in addresses, unsent words."""

import asyncio
import base64
import contextlib
import datetime as dt
import json
import re
from typing import Any
from urllib.parse import unquote_plus
from uuid import uuid4

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from portal.demo import PASSWORD
from tests.cast import Person
from tests.deployment import Deployment, own_practice
from tests.html import parse
from tests.mail.post_office import eventually, until
from tests.messages.thread import state
from tests.notices.conftest import Practice, bell
from tests.pages import open_page

# --- What waited in a browser counts nothing as seen that came meanwhile ------------------------


@pytest.mark.parametrize("says_what_it_had_seen", [True, False])
async def test_a_message_that_waited_has_not_seen_what_came_meanwhile(
    willow: Practice, says_what_it_had_seen: bool
) -> None:
    cast = willow.cast
    dana, miriam = await willow.people("dana", "miriam")
    thread = willow.thread()
    noa, messages = cast.client["noa"], f"{thread.path(dana)}/messages"
    [row] = await willow.sql("select last_number from conversation where id = :id", id=thread.id)
    async with open_page(dana, f"/clients/{noa}/messages") as page, thread.open(miriam) as hers:
        news = await thread.write(miriam, "Please bring the form.")
        await willow.told()
        form = {"key": str(uuid4()), "body": "We are on our way."}
        if says_what_it_had_seen:
            form["seen"] = str(row["last_number"])
        assert (await dana.send(f"{messages}?waited", **form)).status_code == 201
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


async def test_what_staff_search_for_stands_in_no_address(willow: Practice) -> None:
    cast = willow.cast
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


async def test_the_pages_of_a_long_list_name_nobody_in_their_address(willow: Practice) -> None:
    ada = await willow.cast.sign_in("ada")
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


behind_proxy = own_practice(
    "embedded", scope="function", PORTAL_SOCKETS_PER_NETWORK=str(MOST), PORTAL_TRUSTED_PROXIES="127.0.0.1"
)


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
    """Tell whether this socket is let in: it is answered with a bookmark."""
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
    before = await behind_proxy.count("audit")
    with pytest.raises(InvalidStatus):
        async with line(behind_proxy, HERE.format(1), origin="https://elsewhere.example"):
            pass
    assert await behind_proxy.count("audit") == before
    with pytest.raises(InvalidStatus):
        async with line(behind_proxy, HOME, origin="https://elsewhere.example"):
            pass
    assert await behind_proxy.count("audit") != before
    async with line(behind_proxy, HOME, await behind_proxy.cast.sign_in("dana")) as dana:
        assert await is_in(dana)


# --- Who signs out is told no more on that device ------------------------------------------------


async def test_signing_out_ends_the_pushes_of_this_device_and_of_no_other(willow: Practice) -> None:
    cast = willow.cast
    miriam, phone, desk = await willow.people("miriam", "dana", "dana")
    gone, told = await willow.device(phone), await willow.device(desk)
    async with open_page(desk, f"/clients/{cast.client['noa']}/notices/choices") as page:
        assert len(await willow.devices(phone)) == 2
        assert (await phone.post("/sign-out")).status_code == 303
        await page.until(lambda: page.live[f"devices?person={desk.id}"].count("<li") == 1, what="one device")
        await page.current()
    await willow.writes(miriam, "Are you there?")
    await willow.pushes.got(told)
    await willow.at_rest(desk)
    assert gone.path not in willow.pushes.tried


async def test_a_session_that_is_left_alone_ends_and_its_device_is_still_told(willow: Practice) -> None:
    cast = willow.cast
    dana, miriam = await willow.people("dana", "miriam")
    phone = await willow.device(dana)
    await willow.deployment.move_clock(minutes=25)
    assert "/sign-in" in (await dana.get(f"/clients/{cast.client['noa']}/home")).headers["location"]
    miriam = await cast.sign_in("miriam")
    await willow.thread().write(miriam, "See you tomorrow.")
    await willow.pushes.got(phone)
    # Somebody else who signs in there is not shown what is hers.
    dana.name = "sam"
    signed = await dana.post("/sign-in", email=cast.email["client", "sam"], password=PASSWORD, side="client")
    assert signed.status_code == 303
    column = await willow.sql("select 1 from push_device where account_id = :id", id=cast.account["dana"])
    assert column == []


# --- What was taken back is told of no more ------------------------------------------------------


async def test_a_message_taken_back_in_time_causes_no_letter(willow: Practice) -> None:
    _, _, miriam = await willow.people("dana", "sam", "miriam")
    before = {name: willow.letters_to(name) for name in ("dana", "sam")}
    noas, sams = willow.thread(), willow.thread("sam clinical")
    taken_back = await noas.write(miriam, "This was for somebody else.")
    await sams.write(miriam, "See you Tuesday.")
    assert (await noas.withdraw(miriam, taken_back)).status_code < 300
    await willow.deployment.move_clock(minutes=6)
    await until(lambda: willow.letters_to("sam") > before["sam"])
    await willow.all_written()
    assert willow.letters_to("dana") == before["dana"]
    # Beside one that stands, the one that was taken back changes nothing.
    await noas.write(miriam, "This is for you.")
    gone = await noas.write(miriam, "And this is not.")
    assert (await noas.withdraw(miriam, gone)).status_code < 300
    await willow.deployment.move_clock(minutes=6)
    await until(lambda: willow.letters_to("dana") > before["dana"])


async def test_one_taken_back_while_its_letter_waits_is_no_letter_and_hinders_none(willow: Practice) -> None:
    _, miriam = await willow.people("dana", "miriam")
    before, thread = willow.letters_to("dana"), willow.thread()
    await willow.sql("update practice set edit_minutes = 60")
    message = await thread.write(miriam, "Not yet.")
    willow.post.to_rcpt.append("451 4.7.1 Come back in a while")
    await willow.deployment.move_clock(minutes=6)
    put_off = "select 1 from outbox where reason is not null and tries = 1 and done_at is null and failed_at is null"
    await eventually(lambda: willow.sql(put_off))
    assert (await thread.withdraw(miriam, message)).status_code < 300
    await willow.deployment.move_clock(minutes=3)
    await willow.all_written()
    assert willow.letters_to("dana") == before
    await willow.sql("update practice set edit_minutes = 15")
    await thread.write(miriam, "Now it is.")
    await willow.deployment.move_clock(minutes=6)
    await until(lambda: willow.letters_to("dana") > before)


async def test_a_message_taken_back_is_new_nowhere(willow: Practice) -> None:
    cast = willow.cast
    dana, miriam = await willow.people("dana", "miriam")
    thread = willow.thread()
    async with open_page(dana, f"/clients/{cast.client['noa']}/home") as page:
        first = await thread.write(miriam, "One.")
        second = await thread.write(miriam, "Two.")
        await page.until(lambda: bell(page) == 1, what="a notice")
        await thread.withdraw(miriam, first)
        await willow.told()
        assert len(await willow.new_for(dana)) == 1, "the other one still stands"
        await thread.withdraw(miriam, second)
        await page.until(lambda: bell(page) == 0, what="the bell to fall silent")
        await page.current()
    assert await willow.new_for(dana) == []


@pytest.mark.parametrize("writer", ["dana", "miriam"])
async def test_a_message_taken_back_is_counted_nowhere(willow: Practice, writer: str) -> None:
    dana, miriam, henrik = await willow.people("dana", "miriam", "henrik")
    author, to_staff = (dana, True) if writer == "dana" else (miriam, False)
    thread, noa = willow.thread(), willow.cast.client["noa"]
    async with (
        open_page(dana, f"/clients/{noa}/home") as home,
        open_page(henrik, "/staff/today") as today,
        open_page(henrik, "/staff/inbox?view=unread") as inbox,
    ):
        pages = (home, today, inbox)

        def counted() -> list[str]:
            live = (home.live[f"places?client={noa}&place=home"], today.live["inbox-count"], today.live["today-unread"])
            return [" ".join(parse(part).text.split()) for part in live]

        def listed() -> bool:
            return thread.id in inbox.live["inbox?view=unread"]

        async def show(what: str, client_sees: bool, staff_see: bool) -> None:
            await home.until(lambda: (counted()[0] != before[0]) is client_sees, what=what)
            await today.until(lambda: (counted()[1:] != before[1:]) is staff_see, what=what)
            await inbox.until(lambda: listed() is staff_see, what=what)
            for page in pages:
                await page.settle()
                await page.current()

        before = counted()
        assert not listed()
        first = await thread.write(author, "One.")
        second = await thread.write(author, "Two.")
        await show("what is new", not to_staff, True)
        # The newest goes first: the other one is still there to read.
        await thread.withdraw(author, second)
        await show("the one that stands", not to_staff, True)
        await thread.withdraw(author, first)
        await show("nothing new", False, False)
        # Whoever looks all the same is listed once, and what comes next is new.
        await thread.read(henrik if to_staff else dana)
        third = await thread.write(author, "Three.")
        await show("what came next", not to_staff, True)
        await thread.withdraw(author, third)
        await show("nothing again", False, False)


async def test_a_notice_counts_and_names_what_stands(willow: Practice) -> None:
    dana, miriam, henrik = await willow.people("dana", "miriam", "henrik")
    thread = willow.thread()
    async with open_page(dana, f"/clients/{willow.cast.client['noa']}/notices") as page:
        await thread.write(miriam, "One.")
        last = await thread.write(henrik, "Two.")
        await willow.told()
        await page.until(lambda: "2 new messages, the last from Henrik" in page.document.text, what="two")

        def listed() -> str:
            shown = page.document.by_id("notices")
            return shown.text if shown is not None else ""

        was = listed().count("New message from Miriam Adler")
        await thread.withdraw(henrik, last)
        await page.until(lambda: "2 new messages" not in listed(), what="the one that stands")
        assert listed().count("New message from Miriam Adler") > was
        await page.current()


async def test_a_message_taken_back_is_not_pushed_and_the_next_one_is(willow: Practice) -> None:
    dana, miriam = await willow.people("dana", "miriam")
    phone, thread = await willow.device(dana), willow.thread()
    willow.pushes.answers.append(503)
    message = await thread.write(miriam, "Wrong window.")
    await willow.put_off(dana, phone)
    await thread.withdraw(miriam, message)
    await willow.push_again(dana)
    await willow.at_rest(dana)
    assert willow.pushes.tried.count(phone.path) == 1
    await thread.write(miriam, "The right one.")
    await willow.pushes.got(phone)


async def test_a_conversation_that_was_given_back_is_no_news(willow: Practice) -> None:
    cast = willow.cast
    miriam, henrik = await willow.people("miriam", "henrik")
    before = willow.letters_to("henrik")
    inbox = f"/staff/inbox/{cast.conversation['noa clinical']}"
    handing = {"staff": henrik.id, "body": "Please look at this."}
    assert (await miriam.send(f"{inbox}/handover", key=str(uuid4()), **handing)).status_code < 400
    assert [row["kind"] for row in await willow.new_for(henrik)] == ["handed_over"]
    assert (await miriam.send(f"{inbox}/assignment", staff=miriam.id)).status_code < 400
    assert await willow.new_for(henrik) == []
    # Handed over again, it is news again: by a letter too.
    await miriam.send(f"{inbox}/handover", key=str(uuid4()), **handing)
    await willow.deployment.move_clock(minutes=6)
    await until(lambda: willow.letters_to("henrik") > before)
    await willow.all_written()
    assert willow.letters_to("henrik") == before + 1
    await miriam.send(f"{inbox}/assignment", staff="")


async def test_whoever_is_put_on_a_conversation_hears_what_is_written_there(willow: Practice) -> None:
    cast = willow.cast
    dana, miriam, henrik = await willow.people("dana", "miriam", "henrik")
    before = willow.letters_to("henrik")
    inbox, thread = f"/staff/inbox/{cast.conversation['noa clinical']}", willow.thread()
    # He does not care for Noa, but may read it.
    await thread.write(dana, "Can we come on Friday?")
    await willow.told()
    assert await willow.new_for(henrik) == []
    await thread.read(henrik)
    assert (await miriam.send(f"{inbox}/assignment", staff=henrik.id)).status_code < 400
    await thread.write(dana, "Or on Monday?")
    await willow.told()
    assert [row["kind"] for row in await willow.new_for(henrik)] == ["message"]
    await willow.deployment.move_clock(minutes=6)
    await until(lambda: willow.letters_to("henrik") > before)
    # Given back, it is the care team's again.
    await thread.read(henrik)
    await miriam.send(f"{inbox}/assignment", staff="")
    await thread.write(dana, "Or never?")
    await willow.told()
    assert await willow.new_for(henrik) == []
    assert [row["kind"] for row in await willow.new_for(miriam)] == ["message"]


async def test_a_leave_that_was_called_off_is_no_news_to_who_would_have_stood_in(willow: Practice) -> None:
    cast = willow.cast
    ada, theo = await willow.people("ada", "theo")
    day = (willow.deployment.now + dt.timedelta(days=200)).date().isoformat()
    answer = await ada.post("/staff/leave", staff=cast.staff["miriam"], cover=theo.id, first=day, last=day)
    assert answer.status_code == 303, answer.text
    assert [row["kind"] for row in await willow.new_for(theo)] == ["stands_in"]
    [leave] = await willow.sql("select id from leave where cover_id = :theo", theo=theo.id)
    assert (await ada.post(f"/staff/leave/{leave['id']}/end")).status_code == 303
    assert await willow.new_for(theo) == []


async def test_a_new_password_ends_the_pushes_of_every_device(willow: Practice) -> None:
    cast = willow.cast
    (sam,), other = await willow.people("sam"), cast.stranger()
    await willow.device(sam)
    [kept] = await willow.sql("select password_hash as it from portal_account where id = :sam", sam=sam.id)
    before = len(willow.post.letters)
    assert (await other.post("/forgot", email=cast.email["client", "sam"])).status_code < 400

    async def link() -> str:
        for letter in willow.post.letters[before:]:
            found = re.search(r"/reset/([\w-]+)", letter.get_body(("plain",)).get_content())
            if found:
                return found[1]
        return ""

    token = await eventually(link)
    assert (await other.get(f"/reset/{token}")).status_code == 200
    assert (await other.post("/reset", token=token)).status_code == 303
    assert len(await willow.devices(sam)) == 1, "a link that is opened changes nothing"
    assert (await other.post("/reset/password", password="forty brown otters under a bridge")).status_code == 303
    assert await willow.devices(sam) == []
    await willow.sql("update portal_account set password_hash = :it where id = :sam", it=kept["it"], sam=sam.id)
