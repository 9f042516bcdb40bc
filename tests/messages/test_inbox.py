"""Staff's inbox holds what they may read, by what is left to do in it, and nothing else is in its addresses."""

import asyncio
import datetime as dt
import re
from zoneinfo import ZoneInfo

from portal.demo import make_crowd
from tests.deployment import Deployment
from tests.messages.reading import act, chips, inbox, names, rows, says, shown
from tests.messages.thread import Thread
from tests.pages import are_current, open_page

NOA = "Noa Reyes-Menon, Clinical"


async def test_each_finds_what_they_may_read(embedded: Deployment) -> None:
    seen = {}
    for name in ("miriam", "jo", "grace", "idris", "theo", "ada"):
        async with await embedded.cast.sign_in(name) as person:
            seen[name] = names(await inbox(person))
    assert NOA in seen["miriam"] and "Eli Reyes-Menon, Confidential" in seen["miriam"]
    assert "Sam Okafor, Billing" in seen["miriam"]  # therapists read billing messages of their clients
    assert not [one for one in seen["miriam"] if one.startswith("Walter")]
    assert {one.rpartition(", ")[2] for one in seen["jo"]} == {"Administrative"}
    assert {one.rpartition(", ")[2] for one in seen["grace"]} == {"Billing"}
    assert {one.rpartition(", ")[2] for one in seen["ada"]} == {"Administrative", "Billing"}
    assert len(seen["idris"]) == 3 and "Gus Lindholm, Clinical" in seen["idris"]  # whose care he leads or shares
    assert NOA not in seen["theo"]


async def test_filters_choose_and_stand_in_the_address_as_ids_and_words_of_ours() -> None:
    # In a practice of its own: what other tests write or read is in these lists and numbers too.
    async with Deployment.embedded() as willow, await willow.cast.sign_in("miriam") as miriam:
        everything = await inbox(miriam)
        mine = names(await inbox(miriam, "/staff/inbox?view=mine"))
        assert NOA in mine and not [one for one in mine if not one.endswith(("Clinical", "Confidential"))]
        assert len(mine) == int(chips(everything)["Mine"])
        unread = await inbox(miriam, "/staff/inbox?view=unread")
        assert len(rows(unread)) == int(chips(unread)["Unread"]) > 0
        assert all("unread" in row.classes for row in rows(unread))
        answer = await inbox(miriam, "/staff/inbox?view=answer")
        assert len(rows(answer)) == int(chips(answer)["To answer"]) > 0
        nobody = names(await inbox(miriam, "/staff/inbox?view=unassigned"))
        assert nobody and all(one.endswith(("Administrative", "Billing")) for one in nobody)
        assert "Sam Okafor, Billing" not in nobody  # Grace is on it
        assert names(await inbox(miriam, "/staff/inbox?view=done")) == ["Noa Reyes-Menon, Administrative"]
        billing = names(await inbox(miriam, "/staff/inbox?audience=billing"))
        assert billing and all(one.endswith("Billing") for one in billing)
        noa = miriam.ids["noa"]
        about = await inbox(miriam, f"/staff/inbox?client={noa}")
        assert names(about) == [NOA]
        assert "Noa Reyes-Menon" in about.text
        for page in (everything, about, unread):
            shown = page.by_id("inbox")
            assert shown is not None
            for link in shown.all("href"):
                assert re.fullmatch(
                    r"/static/\S+|/staff/inbox(/[0-9a-f-]{36})?(\?((view|audience)=[a-z]+|client=[0-9a-f-]{36})"
                    r"(&((view|audience)=[a-z]+|client=[0-9a-f-]{36}))*)?",
                    link.get("href"),
                ), link.get("href")


async def test_what_an_address_may_not_say_says_nothing(embedded: Deployment) -> None:
    async with await embedded.cast.sign_in("miriam") as miriam:
        plain = names(await inbox(miriam))
        for query in ("view=everything", "audience=x", "client=sam", "after=1", "after=9.x", "view=MINE"):
            assert names(await inbox(miriam, f"/staff/inbox?{query}")) == plain
        walter = miriam.ids["walter"]
        assert names(await inbox(miriam, f"/staff/inbox?client={walter}")) == []
        assert "Walter" not in (await inbox(miriam, f"/staff/inbox?client={walter}")).text


async def test_pages_go_on_where_the_last_one_ended(embedded: Deployment) -> None:
    async with Deployment.embedded() as willow, await willow.cast.sign_in("henrik") as henrik:
        async with willow.models():
            await make_crowd(120, 240)
        path, seen = "/staff/inbox?audience=clinical", []
        while path:
            page = await inbox(henrik, path)
            seen += [row.get("href").partition("?")[0] for row in rows(page)]
            path = next((a.get("href") for a in page.all("href") if "Older conversations" in a.text), "")
        assert len(seen) == len(set(seen)) > 120


async def test_who_is_on_it_shows_on_every_open_page_at_once(full: Deployment) -> None:
    conversation = full.cast.conversation["sam clinical"]
    async with (
        await full.cast.sign_in("miriam") as miriam,
        await full.cast.sign_in("henrik", worker=1) as henrik,
        open_page(miriam, f"/staff/inbox/{conversation}") as hers,
        open_page(henrik, "/staff/inbox?audience=clinical") as his,
        open_page(henrik, f"/staff/inbox/{conversation}?view=mine") as mine,
    ):
        await act(henrik, conversation, "assignment", staff=henrik.id)
        await hers.until(lambda: says(hers, "Henrik Vasquez is on it"), what="who is on it")
        await mine.until(lambda: "Sam Okafor, Clinical" in shown(mine), what="the row")
        assert says(hers, "Take it")
        refused = await miriam.send(f"/staff/inbox/{conversation}/assignment", staff=full.cast.staff["jo"])
        assert refused.status_code == 409
        await act(miriam, conversation, "assignment", staff="")
        await mine.until(lambda: "Sam Okafor, Clinical" not in shown(mine), what="an end")
        await are_current(hers, his, mine)


async def test_what_is_done_leaves_and_comes_back_when_the_client_writes(full: Deployment) -> None:
    conversation = full.cast.conversation["noa clinical"]
    async with (
        await full.cast.sign_in("miriam") as miriam,
        await full.cast.sign_in("dana") as dana,
        open_page(miriam, f"/staff/inbox/{conversation}", 0) as hers,
        open_page(miriam, "/staff/inbox?view=done", 1) as done,
    ):
        await act(miriam, conversation, "completion", number=9999)
        await hers.until(lambda: NOA not in shown(hers) and says(hers, "Done by you"), what="its end")
        await done.until(lambda: NOA in shown(done), what="the row")
        await Thread(miriam.cast).write(miriam, "An afterthought.")
        await done.current()
        assert NOA in shown(done)
        await Thread(dana.cast).write(dana, "One more thing.")
        await hers.until(lambda: shown(hers)[:1] == [NOA], what="its return")
        await done.until(lambda: NOA not in shown(done), what="an end")
        await are_current(hers, done)


async def test_two_who_press_at_once_are_one_act(full: Deployment) -> None:
    conversation = full.cast.conversation["eli clinical"]
    async with await full.cast.sign_in("miriam") as miriam:
        done, noted = (
            "fact where kind = 'ConversationDone'",
            "audit where action = 'finish conversation' and record_id = :id",
        )
        before = await full.count(done)
        await asyncio.gather(*(act(miriam, conversation, "completion", number=9999) for _ in range(4)))
        assert await full.count(done) == before + 1
        assert await full.count(noted, id=conversation) == 1
        await act(miriam, conversation, "reopening")


async def test_what_comes_at_that_moment_is_not_put_out_of_sight_unread(full: Deployment) -> None:
    """A press on *Done* or *Snooze* is about what was on the page, not about what arrives at that moment."""
    conversation = full.cast.conversation["noa clinical"]
    here = f"/staff/inbox/{conversation}"
    async with await full.cast.sign_in("miriam") as miriam, await full.cast.sign_in("dana") as dana:

        async def number() -> str:
            shown = (await inbox(miriam, here)).by_id("inbox")
            assert shown is not None
            return next(one.get("value") for one in shown.all("name") if one.get("name") == "number")

        for what, back, more in (("completion", "reopening", {}), ("snooze", "waking", {"when": "tomorrow"})):
            before = await number()
            await Thread(dana.cast).write(dana, f"Just before her {what}.")
            refused = await miriam.send(f"{here}/{what}", number=before, **more)
            assert refused.status_code == 409 and "Something new was written here in the meantime" in refused.text
            assert names(await inbox(miriam))[:1] == [NOA]
            await act(miriam, conversation, what, number=await number(), **more)
            assert NOA not in names(await inbox(miriam))
            await act(miriam, conversation, back)
            # And as both happen at once, whichever is first: what is written stays in the list.
            await asyncio.gather(
                Thread(dana.cast).write(dana, f"With her {what}."),
                miriam.send(f"{here}/{what}", number=await number(), **more),
            )
            assert names(await inbox(miriam))[:1] == [NOA]


async def test_a_snooze_ends_at_its_time_or_at_a_word(embedded: Deployment) -> None:
    async with (
        Deployment.embedded() as willow,
        await willow.cast.sign_in("miriam") as miriam,
        await willow.cast.sign_in("dana") as dana,
    ):
        conversation = willow.cast.conversation["noa clinical"]
        here = (willow.now + dt.timedelta(minutes=6)).astimezone(ZoneInfo("America/New_York"))
        soon = {"when": "date", "date": here.date().isoformat(), "time": here.strftime("%H:%M")}
        async with (
            open_page(miriam, f"/staff/inbox/{conversation}") as hers,
            open_page(miriam, "/staff/inbox?view=snoozed") as snoozed,
        ):
            await act(miriam, conversation, "snooze", number=9999, **soon)
            await hers.until(lambda: NOA not in shown(hers) and says(hers, "Snoozed until"), what="its leave")
            await snoozed.until(lambda: NOA in shown(snoozed), what="the row")
            await willow.move_clock(minutes=7)
            await hers.until(lambda: shown(hers)[:1] == [NOA] and says(hers, "Back since"), what="its return")
            await snoozed.until(lambda: NOA not in shown(snoozed), what="an end")
            await act(miriam, conversation, "snooze", number=9999, when="tomorrow")
            await hers.until(lambda: NOA not in shown(hers), what="its leave")
            await Thread(dana.cast).write(dana, "Something came up.")
            await hers.until(lambda: shown(hers)[:1] == [NOA], what="its return")
            await hers.until(lambda: not says(hers, "Snoozed until"), what="the same beside the conversation")
            await act(miriam, conversation, "snooze", number=9999, when="monday")
            await act(miriam, conversation, "waking")
            await hers.current()
            assert NOA in shown(hers)
            await are_current(hers, snoozed)


async def test_a_snooze_needs_a_time_to_come(embedded: Deployment) -> None:
    conversation = embedded.cast.conversation["noa clinical"]
    async with await embedded.cast.sign_in("miriam") as miriam:
        for form in (
            {"when": "date", "date": "2020-01-01", "time": "09:00"},
            {"when": "date", "date": "9999-01-01", "time": "09:00"},
            {"when": "date", "date": "", "time": ""},
            {"when": "never"},
            {"when": "date", "date": "soon", "time": "9"},
        ):
            answer = await miriam.send(f"/staff/inbox/{conversation}/snooze", number=9999, **form)
            assert answer.status_code == 422, form
            assert "trouble" in answer.text
        assert NOA in names(await inbox(miriam))


async def test_the_clients_side_hears_of_none_of_it(full: Deployment) -> None:
    conversation = full.cast.conversation["noa clinical"]
    here = f"/clients/{full.cast.client['noa']}"
    async with (
        await full.cast.sign_in("miriam") as miriam,
        await full.cast.sign_in("dana") as dana,
        open_page(dana, f"{here}/conversations/{conversation}") as thread,
        open_page(dana, f"{here}/home", 1) as home,
    ):
        heard = [len(page.pushes) for page in (thread, home)]
        await act(miriam, conversation, "assignment", staff=full.cast.staff["henrik"])
        await act(miriam, conversation, "completion", number=9999)
        await act(miriam, conversation, "reopening")
        await act(miriam, conversation, "snooze", number=9999, when="hours")
        await act(miriam, conversation, "waking")
        await act(miriam, conversation, "assignment", staff="")
        for page in (thread, home):
            await page.ask()
        assert [len(page.pushes) for page in (thread, home)] == heard


async def test_reading_in_the_inbox_is_noted_for_the_client(embedded: Deployment) -> None:
    conversation = embedded.cast.conversation["sam clinical"]
    async with await embedded.cast.sign_in("miriam") as miriam:
        await inbox(miriam, f"/staff/inbox/{conversation}")
    (row,) = await embedded.sql(
        "select client_id from audit where action = 'read conversation' order by at desc limit 1"
    )
    assert str(row["client_id"]) == embedded.cast.client["sam"]
