"""The office closes while pages are open; after hours one says so first; the practice answers by itself, once."""

import datetime as dt
import re
from collections.abc import AsyncIterator
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2
import pytest

from tests.cast import Person
from tests.deployment import Deployment
from tests.html import filled
from tests.messages.thread import Thread
from tests.pages import Page, open_page

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HERE = "/staff/settings/availability"
CALM = dt.timedelta(minutes=12)


class Willow:
    """A practice where it is about noon, so that nothing a test does falls on midnight."""

    def __init__(self, deployment: Deployment, zone: str) -> None:
        self.deployment, self.cast, self.zone = deployment, deployment.cast, zone

    @property
    def local(self) -> dt.datetime:
        return self.deployment.now.astimezone(ZoneInfo(self.zone))

    async def keep(self, **form: str) -> httpx2.Response:
        ada = await self.cast.sign_in("ada")
        return await ada.post(f"{HERE}/hours", **form)

    async def open_until(self, end: dt.datetime) -> None:
        """Every day from four hours ago until then."""
        begin = (self.local - dt.timedelta(hours=4)).strftime("%H:%M")
        until = end.astimezone(ZoneInfo(self.zone)).strftime("%H:%M")
        hours = {f"{day}_first_from": begin for day in DAYS} | {f"{day}_first_to": until for day in DAYS}
        assert (await self.keep(**hours)).status_code == 303

    def thread(self, name: str = "noa clinical") -> str:
        return Thread(self.cast, name).place

    async def writes(self, person: Person, said: str, thread: str = "noa clinical", **more: str) -> httpx2.Response:
        return await person.send(f"{self.thread(thread)}/messages", None, key=str(uuid4()), body=said, **more)

    async def automatic(self, thread: str = "noa clinical") -> int:
        automatic = "message where automatic and conversation_id = :id"
        return await self.deployment.count(automatic, id=self.cast.conversation[thread])


@pytest.fixture
async def willow() -> AsyncIterator[Willow]:
    async with Deployment.embedded() as deployment:
        hours_ahead = 12 - dt.datetime.now(dt.UTC).hour
        zone = f"Etc/GMT{-hours_ahead:+d}" if hours_ahead else "Etc/GMT"
        await deployment.sql("update practice set zone = :zone", zone=zone)
        await deployment.stop()
        await deployment.start()
        yield Willow(deployment, zone)


async def sees(page: Page, words: str) -> None:
    """The page comes to show it by itself, and then nothing else than a reload."""
    await page.until(lambda: words in str(page.live), what=words)
    await page.current()


async def test_the_office_closes_while_the_page_is_open(willow: Willow) -> None:
    dana = await willow.cast.sign_in("dana")
    async with open_page(dana, willow.thread()) as page:
        assert "Office" not in str(page.live)  # no hours are kept: nothing is said about them
        assert (await willow.writes(dana, "At any hour.")).status_code == 201

        await willow.open_until(willow.local + CALM + dt.timedelta(minutes=1))
        await sees(page, "Office open until")
        await willow.deployment.move_clock(minutes=4)
        await sees(page, "Office closes within ten minutes")
        assert "data-after-hours" not in str(page.live)
        assert (await willow.writes(dana, "Just in time.")).status_code == 201
        await willow.deployment.move_clock(minutes=9)
        await sees(page, "Office closed until tomorrow")
        assert "data-after-hours" in str(page.live)


async def test_after_hours_one_says_first_that_one_knows(willow: Willow) -> None:
    dana = await willow.cast.sign_in("dana")
    await willow.open_until(willow.local - dt.timedelta(hours=1))
    refused = await willow.writes(dana, "Nobody reads this now.")
    assert refused.status_code == 409 and "I know this isn’t read now" in refused.text
    form = {"key": str(uuid4()), "body": "Read it tomorrow.", "understood": "yes"}
    path = f"{willow.thread()}/messages"
    assert (await dana.send(path, None, **form)).status_code == 201
    assert (await dana.send(path, None, **form)).status_code == 201  # the same again is the same message
    # It holds for that message and no other.
    assert (await willow.writes(dana, "And this?")).status_code == 409
    # Who works there writes at any hour.
    miriam = await willow.cast.sign_in("miriam")
    assert (await miriam.send(f"/staff{path}", None, key=str(uuid4()), body="I am late today.")).status_code == 201
    assert await willow.automatic() == 0


async def test_without_a_script_the_box_is_a_box(willow: Willow) -> None:
    dana = await willow.cast.sign_in("dana")
    await willow.open_until(willow.local - dt.timedelta(hours=1))
    page = (await dana.get(willow.thread())).text
    assert 'name="understood"' in page and "data-after-hours" in page
    form = {"key": str(uuid4()), "body": "Read it tomorrow."}
    assert (await dana.post(f"{willow.thread()}/messages", None, **form)).status_code == 409
    assert (await dana.post(f"{willow.thread()}/messages", None, **form | {"understood": "yes"})).status_code == 303


async def test_the_practice_answers_by_itself_once_in_a_closure(willow: Willow) -> None:
    ada = await willow.cast.sign_in("ada")
    await willow.open_until(willow.local - dt.timedelta(hours=1))
    answer = await ada.post(f"{HERE}/reply", on="yes", text_en="We are back {opens}.", text_es="")
    assert answer.status_code == 303
    dana = await willow.cast.sign_in("dana")
    miriam = await willow.cast.sign_in("miriam")
    async with open_page(dana, willow.thread()) as page, open_page(miriam, "/staff/today") as today:
        await willow.writes(dana, "First.", understood="yes")
        await sees(page, "Automatic reply")
        assert "We are back " in str(page.live) and "{opens}" not in str(page.live)
        assert "Willow Street Counselling" in str(page.live)
        await willow.writes(dana, "Second.", understood="yes")
        await page.settle()
        await today.current()
        assert await willow.automatic() == 1

        # It is nobody's own: who reads here still has two messages to read, and they still wait for an answer.
        thread = await willow.deployment.sql(
            "select last_side, last_number from conversation where id = :id",
            id=willow.cast.conversation["noa clinical"],
        )
        assert thread[0]["last_side"] == "client"
    # Another conversation has an answer of its own.
    await willow.writes(dana, "The bill?", "noa administrative", understood="yes")
    assert await willow.automatic("noa administrative") == 1

    # The next closure is another.
    await willow.deployment.move_clock(days=1)
    dana = await willow.cast.sign_in("dana")
    await willow.writes(dana, "Third.", understood="yes")
    assert await willow.automatic() == 2
    # Switched off, it answers nothing.
    ada = await willow.cast.sign_in("ada")
    assert (await ada.post(f"{HERE}/reply", on="no")).status_code == 303
    await willow.deployment.move_clock(days=1)
    dana = await willow.cast.sign_in("dana")
    await willow.writes(dana, "Fourth.", understood="yes")
    assert await willow.automatic() == 2


async def test_it_answers_in_the_language_of_the_writer(willow: Willow) -> None:
    await willow.deployment.sql("update portal_account set language = 'es' where name = 'Dana Reyes'")
    ada = await willow.cast.sign_in("ada")
    await ada.post(f"{HERE}/reply", on="yes")
    await willow.open_until(willow.local - dt.timedelta(hours=1))
    dana = await willow.cast.sign_in("dana")
    assert (await willow.writes(dana, "Hola.", understood="yes")).status_code == 201
    assert "Gracias por su mensaje." in (await dana.get(willow.thread())).text


async def test_whom_to_call_is_in_the_practices_words_wherever_clients_are(willow: Willow) -> None:
    dana, ada = await willow.cast.sign_in("dana"), await willow.cast.sign_in("ada")
    home = f"/clients/{willow.cast.client['noa']}/home"
    async with open_page(dana, willow.thread()) as thread, open_page(dana, home) as first:
        for page in (thread, first):
            assert "Messages aren’t watched around the clock." in str(page.live)
            assert 'href="tel:911"' in str(page.live)
        words = {"text_en": "We are not an emergency line.", "label_0": "Crisis line", "number_0": "(555) 010-0199"}
        assert (await ada.post(f"{HERE}/crisis", **words, number_1="911")).status_code == 303
        for page in (thread, first):
            await sees(page, "We are not an emergency line.")
            assert 'href="tel:5550100199"' in str(page.live) and "Crisis line" in str(page.live)
    refused = await ada.post(f"{HERE}/crisis", label_0="Nobody", number_0="")
    assert (
        refused.status_code == 422
        and "Number 1: write the number that this calls, or clear what it is shown as." in refused.text
    )
    assert (await ada.post(f"{HERE}/crisis", number_0="call me")).status_code == 422


async def test_what_is_wrong_with_hours_is_said_where_it_is(willow: Willow) -> None:
    wrong = await willow.keep(monday_first_from="09:00", monday_first_to="08:00", tuesday_first_from="09:00")
    assert wrong.status_code == 422 and "Monday, from: the end must be after the start." in wrong.text
    assert "Tuesday, from: write both, from and to, or neither." in wrong.text
    both = {"friday_first_from": "09:00", "friday_first_to": "13:00"}
    late = await willow.keep(**both, friday_second_from="12:00", friday_second_to="17:00")
    why = "Friday, again from: the second hours must start after the first ones end."
    assert late.status_code == 422 and why in late.text
    assert (await willow.keep(monday_first_from="nine", monday_first_to="ten")).status_code == 422
    rows = await willow.deployment.sql("select week from practice")
    assert rows[0]["week"] is None

    ada = await willow.cast.sign_in("ada")
    shown = await ada.send(f"{HERE}/preview", None, **both, friday_second_from="14:00", friday_second_to="17:00")
    text = shown.text.replace("\u202f", " ")
    assert shown.status_code == 200 and "Friday, 9:00 am to 1:00 pm, 2:00 pm to 5:00 pm" in text
    assert (await ada.post(f"{HERE}/days", day="2020-01-01")).status_code == 422
    assert (await willow.keep(none="yes")).status_code == 303


async def test_the_hours_of_monday_are_copied_to_every_weekday_and_kept_when_one_saves(willow: Willow) -> None:
    ada = await willow.cast.sign_in("ada")
    monday = {"monday_first_from": "08:30", "monday_first_to": "12:00", "saturday_first_from": "10:00"}
    copied = await ada.post(f"{HERE}/hours", weekdays="yes", **monday | {"saturday_first_to": "11:00"})
    assert copied.status_code == 200
    week = {name: value for name, value in filled(copied.text, f"{HERE}/hours").items() if "_" in name and value}
    saturday = {"saturday_first_from": "10:00", "saturday_first_to": "11:00"}
    same = {f"{day}_first_{edge}": at for day in DAYS[:5] for edge, at in (("from", "08:30"), ("to", "12:00"))}
    assert week == same | saturday
    assert (await willow.deployment.sql("select week from practice"))[0]["week"] is None, "nothing is kept by it"
    assert (await willow.keep(**week)).status_code == 303


async def test_what_clients_will_read_knows_of_holidays(willow: Willow) -> None:
    ada = await willow.cast.sign_in("ada")
    assert (
        await ada.post(f"{HERE}/days", day=willow.local.date().isoformat(), label="A burst pipe")
    ).status_code == 303
    always = {f"{day}_first_{edge}": "00:00" for day in DAYS for edge in ("from", "to")}
    shown = await ada.send(f"{HERE}/preview", None, **always)
    assert "Office closed: A burst pipe." in shown.text and "Office open" not in shown.text


async def test_a_day_of_its_own_shows_to_colleagues_and_goes_again(willow: Willow) -> None:
    await willow.open_until(willow.local + dt.timedelta(hours=3))
    ada, dana = await willow.cast.sign_in("ada"), await willow.cast.sign_in("dana")
    async with open_page(ada, HERE) as settings, open_page(dana, willow.thread()) as thread:
        await sees(thread, "Office open until")
        today = willow.local.date().isoformat()
        assert (await ada.post(f"{HERE}/days", day=today, label="A burst pipe")).status_code == 303
        await sees(thread, "Office closed: A burst pipe. Open again tomorrow")
        await sees(settings, "A burst pipe")
        (row,) = await willow.deployment.sql("select id from special_day")
        assert (await ada.post(f"{HERE}/days/{row['id']}/removal")).status_code == 303
        await sees(thread, "Office open until")
        await settings.current()


async def test_messages_switched_off_for_a_client(willow: Willow) -> None:
    miriam, dana, noa = (
        await willow.cast.sign_in("miriam"),
        await willow.cast.sign_in("dana"),
        willow.cast.client["noa"],
    )
    chart = f"/staff/clients/{noa}"
    async with (
        open_page(dana, willow.thread()) as page,
        open_page(miriam, f"{chart}/portal") as tab,
        open_page(miriam, f"/staff{willow.thread()}") as thread,
    ):
        first = await willow.writes(dana, "Good evening.")
        said = f"{willow.thread()}/messages/" + re.findall(r'id="message-([^"]+)"', first.text)[-1]
        assert (await miriam.post(f"{chart}/messaging", mode="off")).status_code == 303
        await sees(page, "Messages are switched off for you.")
        assert "data-closed" in str(page.live) and 'href="tel:' in str(page.live)
        await sees(tab, "They can read what was written.")
        await sees(thread, "nobody on their side can write here.")
        assert (await willow.writes(dana, "Hello?")).status_code == 409
        # Other words for what she wrote would be a way to write; she may still take it back.
        assert "Edit message" not in (await dana.get(said)).text
        assert (await dana.send(said, None, body="Hello? Hello?")).status_code == 409
        assert "Withdraw this message" in (await dana.get(said)).text
        answer = await miriam.send(f"/staff{willow.thread()}/messages", None, key=str(uuid4()), body="A word.")
        assert answer.status_code == 201
        assert (await miriam.post(f"{chart}/messaging", mode="on")).status_code == 303
        await page.until(lambda: "data-closed" not in str(page.live), what="writing")
        assert (await willow.writes(dana, "Hello.")).status_code == 201
        assert "Edit message" in (await dana.get(said)).text
        assert (await dana.send(said, None, body="Good morning.")).status_code == 204
    # It is that client's alone.
    await miriam.post(f"{chart}/messaging", mode="off")
    assert (await willow.writes(dana, "For Eli.", "eli clinical")).status_code == 201


async def test_answers_only_begin_nothing(willow: Willow) -> None:
    """Walter has no conversation. With answers only he can't begin one; Theo can, and then Walter writes."""
    theo, walter = await willow.cast.sign_in("theo"), await willow.cast.sign_in("walter")
    client = willow.cast.client["walter"]
    await willow.deployment.sql(
        "delete from participant where conversation_id in (select id from conversation where client_id = :id)",
        id=client,
    )
    assert (await theo.post(f"/staff/clients/{client}/messaging", mode="reply")).status_code == 303
    index = await walter.get(f"/clients/{client}/messages")
    assert index.status_code == 200 and "The practice writes to you first." in index.text
    assert (await walter.post(f"/clients/{client}/conversations", audience="clinical")).status_code == 409

    begun = await theo.post(f"/staff/clients/{client}/conversations", audience="clinical")
    thread = begun.headers["location"].removeprefix("/staff")
    async with open_page(walter, thread) as page:
        assert "You can answer here as soon as the practice has written to you." in str(page.live)
        form = {"key": str(uuid4()), "body": "May I?"}
        assert (await walter.send(f"{thread}/messages", None, **form)).status_code == 409
        await theo.send(f"/staff{thread}/messages", None, key=str(uuid4()), body="Good morning, Walter.")
        await page.until(lambda: "data-closed" not in str(page.live), what="writing")
        await page.current()
        assert (await walter.send(f"{thread}/messages", None, **form)).status_code == 201


async def test_an_automatic_reply_is_the_line_of_no_list(willow: Willow) -> None:
    """In the morning a list says what people asked, not that the office was closed."""
    ada, miriam, sam = [await willow.cast.sign_in(name) for name in ("ada", "miriam", "sam")]
    await ada.post(f"{HERE}/reply", on="yes")
    await willow.open_until(willow.local - dt.timedelta(hours=1))
    chart, own = f"/staff/clients/{willow.cast.client['sam']}/messages", f"/clients/{willow.cast.client['sam']}"
    async with open_page(miriam, "/staff/today") as today, open_page(miriam, "/staff/inbox") as inbox:
        await willow.writes(sam, "Where do I park?", "sam clinical", understood="yes")
        assert await willow.automatic("sam clinical") == 1
        for page in (today, inbox):
            await page.until(lambda page=page: "Where do I park?" in page.document.text)
            await page.settle()
            assert "Thank you for your message" not in page.document.text
            await page.current()
    assert "Thank you for your message" not in (await sam.get(f"{own}/home")).text
    for person, path in ((miriam, chart), (sam, f"{own}/messages")):
        text = (await person.get(path)).text
        assert "Where do I park?" in text and "Thank you for your message" not in text, path


async def test_an_automatic_reply_is_no_answer(willow: Willow) -> None:
    """Else who may only answer could after it."""
    ada, miriam = await willow.cast.sign_in("ada"), await willow.cast.sign_in("miriam")
    await ada.post(f"{HERE}/reply", on="yes")
    await willow.open_until(willow.local - dt.timedelta(hours=1))
    sam, client = await willow.cast.sign_in("sam"), willow.cast.client["sam"]
    await willow.deployment.sql("update conversation set answered_at = null where client_id = :id", id=client)
    assert (await willow.writes(sam, "A first word.", "sam clinical", understood="yes")).status_code == 201
    assert await willow.automatic("sam clinical") == 1
    await miriam.post(f"/staff/clients/{client}/messaging", mode="reply")
    assert (await willow.writes(sam, "A second.", "sam clinical", understood="yes")).status_code == 409
