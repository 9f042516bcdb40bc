"""The inbox in a real browser: by keyboard, live without losing one's place, on a phone, and without JavaScript."""

import re
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from portal.demo import PASSWORD
from portal.models.ground.fact import unit
from portal.models.messages.conversation import Conversation
from portal.models.messages.message import Message
from portal.models.people.client import CareTeam
from tests.browser.conftest import Visit
from tests.browser.test_conversation import keeps
from tests.browser.visitor import PHONE, becomes, becomes_fresh, write
from tests.deployment import Deployment

NOA, ELI = "Noa Reyes-Menon", "Eli Reyes-Menon"


async def focused(page: Page) -> str:
    """The address of the conversation whose row has the focus. A client may have several."""
    path: str = await page.evaluate("document.activeElement.closest('.thread-row')?.pathname ?? ''")
    return path


async def test_one_flow_by_keyboard(practice: Deployment, visit: Visit) -> None:
    miriam = await visit("miriam")
    page = await miriam.open("/staff/today")
    async with miriam.goes_on(page):
        await page.keyboard.type("gi")
    await expect(page).to_have_url(re.compile("/staff/inbox$"))
    loaded = await page.evaluate("performance.timeOrigin")
    await page.keyboard.press("j")
    first = await focused(page)
    await page.keyboard.type("jjk")
    second = await focused(page)
    assert first and second and first != second
    await page.keyboard.press("Enter")
    shown = page.locator(".thread-head")  # its region names the conversation that is open
    here = re.compile(second.rpartition("/")[2])
    await expect(page).to_have_url(here)
    await expect(shown).to_have_attribute("data-region", here)
    assert await focused(page) == second  # j and k go on from here
    await page.keyboard.press("r")
    box = page.get_by_label(re.compile("^Message about"))
    await expect(box).to_be_focused()
    await page.keyboard.type("kept, not sent")
    await page.keyboard.press("Tab")  # out of the box: Escape leaves whoever has begun to write in it
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(shown).not_to_have_attribute("data-region", here)
    await expect(box).to_have_value("")
    await page.go_back()
    await expect(shown).to_have_attribute("data-region", here)
    await expect(box).to_have_value("kept, not sent")
    async with page.expect_response(re.compile("/draft$")):  # nobody finds it there later
        await box.fill("")
    assert await page.evaluate("performance.timeOrigin") == loaded, "the page was loaded anew"

    await page.keyboard.press("Escape")
    await page.keyboard.press("s")
    dialog = page.get_by_role("dialog", name="Snooze until when?")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.locator(".handling")).to_contain_text("Snoozed until")
    await page.keyboard.press("s")
    await expect(page.locator(".handling")).not_to_contain_text("Snoozed until")
    await page.keyboard.press("e")
    await expect(page.locator(".handling")).to_contain_text("Done by you")
    await expect(page.locator(f"#inbox-list [aria-current][href*='{second.rpartition('/')[2]}']")).to_have_count(0)
    await page.keyboard.press("j")
    assert await focused(page) not in ("", second)
    await page.keyboard.press("e")
    await expect(page.locator(".handling")).not_to_contain_text("Done by you")
    await becomes_fresh({"the inbox": page})


async def test_a_message_moves_nothing_that_one_reads_or_writes(practice: Deployment, visit: Visit) -> None:
    miriam, sam = await visit("miriam"), await visit("sam")
    cast = practice.cast
    page = await miriam.open(f"/staff/inbox/{cast.conversation['priya clinical']}", worker=0)
    thread = f"/clients/{cast.client['sam']}/conversations/{cast.conversation['sam clinical']}"
    theirs = await sam.open(thread, worker=1)
    rows = page.locator("#inbox-list .thread-row")
    # First stands another, whatever the hour makes of the order: Sam's row comes from beneath it.
    dana = await visit("dana")
    noa = f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}"
    hers = await dana.open(noa, worker=1)
    await write(hers, "Where do we park?")
    await expect(rows.first).to_contain_text("Where do we park?")
    box = page.get_by_label(re.compile("^Message about"))
    await box.fill("half a sen")
    await page.locator("#inbox-list > ul").evaluate("(list) => { list.scrollTop = 40; }")
    watched = page.locator(f"#inbox-list li[id='{await rows.first.evaluate('(row) => row.parentElement.id')}']")
    was = await watched.evaluate("(row) => row.getBoundingClientRect().top")
    await write(theirs, "Is there a lift?")
    await expect(rows.first).to_contain_text("Is there a lift?")
    await becomes(page, "() => !document.querySelector('.arrives')")
    assert abs(await watched.evaluate("(row) => row.getBoundingClientRect().top") - was) < 2
    await expect(box).to_have_value("half a sen")
    await expect(box).to_be_focused()
    await box.fill("")
    # The row that has the keys' focus keeps it, also when it moves itself.
    await page.keyboard.press("Escape")
    await rows.filter(has_text=NOA).first.focus()
    await write(hers, "We found it.")
    await expect(rows.first).to_contain_text("We found it.")
    await expect(page.locator(":focus .name")).to_contain_text(NOA)
    await becomes_fresh({"the inbox": page})


async def test_what_happens_while_another_is_opened_is_not_missed(practice: Deployment, visit: Visit) -> None:
    """The page that was fetched is as old as its bookmark: what came since is told to it."""
    miriam, dana = await visit("miriam"), await visit("dana")
    cast = practice.cast
    page = await miriam.open("/staff/inbox", worker=0)
    thread = f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}"
    theirs = await dana.open(thread, worker=1)

    async def late(route: object) -> None:
        answer = await route.fetch()  # type: ignore[attr-defined]
        await write(theirs, "Just in between.")
        await expect(theirs.locator(".log [data-number]").last).to_contain_text("Just in between.")
        await expect(page.locator("#inbox-list .thread-row").first).to_contain_text("Just in between.")
        await route.fulfill(response=answer)  # type: ignore[attr-defined]

    await page.route(re.compile("/staff/inbox/[0-9a-f-]{36}$"), late)
    await page.locator("#inbox-list .thread-row").filter(has_text=NOA).first.click()
    await expect(page.locator(".log [data-number]").last).to_contain_text("Just in between.")
    await expect(page.locator("#inbox-list .thread-row").first).not_to_have_class(re.compile("unread"))  # read by now
    await becomes_fresh({"the inbox": page})


@pytest.mark.parametrize("window", [{}, {"viewport": PHONE, "has_touch": True}], ids=["desk", "phone"])
async def test_what_is_no_longer_mine_leaves_the_list_usable(
    practice: Deployment, visit: Visit, window: dict[str, Any]
) -> None:
    cast = practice.cast
    noa, who = UUID(cast.client["noa"]), UUID(cast.staff["theo"])
    async with practice.models(), unit():
        await CareTeam.join_team(noa, who)
    theo = await visit("theo", **window)
    page = await theo.open(f"/staff/inbox/{cast.conversation['noa clinical']}?audience=clinical")
    box = page.get_by_label(re.compile("^Message about"))
    await box.fill("Never to be sent.")
    await expect(page.locator("form.compose")).not_to_have_class(re.compile("unsaved"))
    await page.get_by_role("link", name="Hand over").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    async with practice.models(), unit():
        await (await CareTeam.get(client_id=noa, staff_id=who, until_at=None)).end()
    lost = page.locator(".lost")
    await expect(lost).to_contain_text("You no longer have access to this conversation")
    await expect(lost).to_be_in_viewport()
    await expect(lost).to_be_focused()
    await expect(page.locator("#announce")).to_contain_text("no longer have access to this conversation")
    await expect(page).to_have_url(re.compile(r"/staff/inbox\?audience=clinical$"))
    await expect(page.get_by_role("dialog")).to_have_count(0)
    for word in ("Noa", "Never to be sent", "Dana"):
        await expect(page.locator("body")).not_to_contain_text(word)
    await theo.is_live(page)
    await becomes_fresh({"the inbox": page})
    # And on with another.
    await page.locator("#inbox-list .thread-row").first.click()
    await expect(page.locator(".thread .log [data-number]").last).to_be_visible()
    await expect(lost).to_have_count(0)
    await becomes_fresh({"the inbox": page})


async def test_what_waits_for_another_conversation_outlives_one_that_is_lost(
    practice: Deployment, visit: Visit
) -> None:
    cast = practice.cast
    noa, who = UUID(cast.client["noa"]), UUID(cast.staff["theo"])
    theo = await visit("theo")
    theo.line_is_cut = True
    await theo.context.route(re.compile(r"/messages(\?|$)"), lambda route: route.abort())
    page = await theo.open("/staff/inbox")
    await page.locator("#inbox-list .thread-row").first.click()
    await expect(page.locator(".thread .log [data-number]").last).to_be_visible()
    await write(page, "For somebody else.")
    await keeps(page, 1)
    await page.close()
    async with practice.models(), unit():
        await CareTeam.join_team(noa, who)
    page = await theo.open(f"/staff/inbox/{cast.conversation['noa clinical']}")
    await expect(page.locator(".thread .log [data-number]").last).to_be_visible()
    async with practice.models(), unit():
        await (await CareTeam.get(client_id=noa, staff_id=who, until_at=None)).end()
    await expect(page.locator(".lost")).to_be_visible()
    await keeps(page, 1)
    await theo.context.unroute_all()
    await expect(page.locator("#toasts")).to_contain_text("A message that had been waiting was sent.", timeout=15_000)
    await keeps(page, 0)


async def test_on_a_phone_one_pane_at_a_time(practice: Deployment, visit: Visit) -> None:
    miriam = await visit("miriam", viewport=PHONE, has_touch=True)
    page = await miriam.open("/staff/inbox")
    thread = page.get_by_role("region", name="Conversation", exact=True)
    await expect(thread).to_have_count(0)
    await page.locator("#inbox-list .thread-row").filter(has_text=ELI).first.click()
    await expect(thread).to_be_visible()
    await expect(page.locator("#inbox-list")).to_be_hidden()
    await expect(thread).to_be_focused()
    await page.get_by_role("link", name="All conversations").click()
    await expect(page.locator("#inbox-list")).to_be_visible()
    await expect(thread).to_have_count(0)


async def test_it_works_without_javascript(practice: Deployment, visit: Visit) -> None:
    miriam = await visit(java_script_enabled=False)
    page = await miriam.context.new_page()
    await page.goto(practice.bases[0] + "/staff/inbox?view=mine")
    await page.get_by_label("Email").fill("miriam.adler@willow.example")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page).to_have_url(re.compile("/staff/inbox"))
    await page.goto(practice.bases[0] + "/staff/inbox?view=mine")
    await page.locator("#inbox-list .thread-row").filter(has_text="Priya").first.click()
    await page.get_by_role("link", name="Snooze", exact=True).click()
    await page.get_by_label("In three hours").check()
    await page.get_by_role("button", name="Snooze").click()
    await expect(page.locator(".handling")).to_contain_text("Snoozed until")
    await page.get_by_role("button", name="End the snooze").click()
    await expect(page.locator(".handling")).not_to_contain_text("Snoozed until")
    await page.get_by_role("button", name="Done").click()
    await expect(page.locator(".handling")).to_contain_text("Done by you")
    await page.get_by_role("button", name="Open again").click()
    await expect(page.locator(".handling")).to_contain_text("You’re on it")


async def test_what_was_written_in_a_dialog_outlives_escape(practice: Deployment, visit: Visit) -> None:
    """It is there when the same question is opened again, is gone once it is saved, and with Cancel."""
    miriam = await visit("miriam")
    page = await miriam.open(f"/staff/inbox/{practice.cast.conversation['priya clinical']}")
    ask, box = page.locator(".compose-head [href$=notes]"), page.get_by_label("Note", exact=True)
    dialog = page.get_by_role("dialog", name="Note for colleagues")
    await ask.click()
    await box.fill("She sleeps better now")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_text("What you wrote is kept")).to_be_visible()
    await ask.click()
    await expect(box).to_have_value("She sleeps better now")
    await dialog.get_by_role("button", name="Cancel").click()
    await ask.click()
    await expect(box).to_have_value("")
    await box.fill("She sleeps better now.")
    await page.keyboard.press("Escape")
    await ask.click()
    await dialog.get_by_role("button", name="Save note").click()
    await expect(page.locator(".thread .log")).to_contain_text("She sleeps better now.")
    await ask.click()
    await expect(box).to_have_value("")


async def test_the_chart_has_the_same_acts_and_keys_and_each_has_a_way_back(practice: Deployment, visit: Visit) -> None:
    miriam, cast = await visit("miriam"), practice.cast
    thread = f"/staff/clients/{cast.client['priya']}/conversations/{cast.conversation['priya clinical']}"
    page = await miriam.open(thread)
    bar, toasts = page.locator(".handling"), page.locator("#toasts")
    await page.keyboard.press("e")
    await expect(bar).to_contain_text("Done by you")
    await expect(toasts).to_have_text(re.compile("^Marked as done. *Undo *u$"))
    await page.keyboard.press("u")
    await expect(bar).not_to_contain_text("Done by you")
    await expect(toasts).to_have_text("Undone.")
    await page.keyboard.press("s")
    await expect(page.get_by_role("dialog", name="Snooze until when?")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(bar).to_contain_text("Snoozed until")
    await expect(toasts).to_contain_text("Snoozed.")
    # The way back is a button as well, which Tab comes to; and it takes the focus nowhere.
    await page.get_by_role("button", name="Undo").focus()
    await page.keyboard.press("Enter")
    await expect(bar).not_to_contain_text("Snoozed until")
    await page.keyboard.press("h")
    await expect(page.get_by_role("dialog", name="Who takes over?")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("a")
    await page.keyboard.press("r")
    await expect(page.get_by_label(re.compile("^Message about"))).to_be_focused()
    assert page.url.endswith(thread)
    await becomes_fresh({"the chart": page})


async def test_rows_of_today_are_done_one_after_the_other(practice: Deployment, visit: Visit) -> None:
    cast = practice.cast
    async with practice.models(), unit():
        for name, whose in (("noa clinical", "dana"), ("sam clinical", "sam")):
            thread = await Conversation.get(id=cast.conversation[name])
            await thread.post("Is there a lift?", account=UUID(cast.account[whose]))
    miriam = await visit("miriam")
    page = await miriam.open("/staff/today")
    rows = page.locator("#today-unread [data-rows] > li")
    count = await rows.count()
    assert count > 1
    await page.keyboard.press("e")  # no row has the focus: this is done with none
    await rows.nth(0).locator("a.name").focus()
    second = await rows.nth(1).get_attribute("id")
    await page.keyboard.press("e")
    await expect(rows).to_have_count(count - 1)
    await expect(page.locator(f"[id='{second}'] a.name")).to_be_focused()
    await page.keyboard.press("u")
    await expect(rows).to_have_count(count)
    await expect(page.locator(f"[id='{second}'] a.name")).to_be_focused()
    await rows.nth(0).locator("a.name").focus()
    for left in reversed(range(count)):
        await page.keyboard.press("e")
        await expect(rows).to_have_count(left)
    await expect(page.locator("#today-unread h2")).to_be_focused()
    await becomes_fresh({"today": page})
    await practice.sql("update conversation set done_at = null, done_by = null")


async def test_a_message_of_today_is_answered_in_two_steps(practice: Deployment, visit: Visit) -> None:
    """One click, one field; Enter sends."""
    cast = practice.cast
    async with practice.models(), unit():
        thread = await Conversation.get(id=cast.conversation["noa clinical"])
        await thread.post("May he wait outside?", account=UUID(cast.account["dana"]))
    miriam = await visit("miriam")
    page = await miriam.open("/staff/today")
    async with miriam.goes_on(page):
        await page.locator("#today-unread").get_by_role("link", name=NOA).click()
    await page.get_by_label(re.compile("^Message about")).fill("Of course he may.")
    await page.keyboard.press("Enter")
    await expect(page.locator(".log [data-number]").last).to_contain_text("Of course he may.")


async def a_word_from_far_back(practice: Deployment) -> str:
    """A word of the oldest messages to Priya, which the newest page of them does not show."""
    async with practice.models():
        old = await Message.get(conversation_id=practice.cast.conversation["priya clinical"], number=5)
        return max(re.findall(r"\w+", old.body or ""), key=len)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_a_conversation_is_searched_where_it_is_open(practice: Deployment, visit: Visit, script: bool) -> None:
    """In the inbox it stays there; going back from what was found comes to the words and the results."""
    word = await a_word_from_far_back(practice)
    miriam = await visit("miriam", java_script_enabled=script)
    page = await miriam.context.new_page()
    place = f"{practice.bases[0]}/staff/inbox/{practice.cast.conversation['priya clinical']}?view=mine"
    await page.goto(place)
    panel, box = page.locator("details.search-panel"), page.locator("#search-q")
    if script:
        await miriam.is_live(page)
        await page.keyboard.press("f")
        await expect(box).to_be_focused()
    else:
        await panel.locator("summary").click()
    await box.fill(word)
    await box.press("Enter")
    hits, line = page.locator(".search-panel [data-hit]"), panel.get_by_role("status")
    await expect(line).to_be_focused()
    await expect(line).to_contain_text("newest first")
    found = page.url
    assert found.startswith(f"{place}&sealed=") and word.lower() not in found.lower()
    many = await hits.count()
    await hits.last.click()
    there = page.locator(f"[id='{(await hits.last.get_attribute('href') or '').rpartition('#')[2]}']")
    await expect(there).to_be_in_viewport()
    await expect(there).to_contain_text(re.compile(word, re.IGNORECASE))
    await expect(box).to_have_value(word)
    assert page.url.startswith(place)
    if script:
        await expect(panel.locator("[data-hit-place]")).to_have_text(f"{many} of {many}")
    await page.go_back()
    await expect(page).to_have_url(found)
    await expect(box).to_have_value(word)
    await expect(hits).to_have_count(many)
    assert "sealed=" in page.url


async def test_one_goes_from_match_to_match_without_leaving_the_page(practice: Deployment, visit: Visit) -> None:
    dana, cast = await visit("dana"), practice.cast
    page = await dana.open(f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}")
    await write(page, "A heron on the roof.")
    await write(page, "No, two herons.")
    await page.locator("details.search-panel summary").click()
    box = page.locator("#search-q")
    await expect(box).to_be_focused()
    await box.fill("heron")
    async with dana.goes_on(page):
        await box.press("Enter")
    place, loaded = page.locator("[data-hit-place]"), await page.evaluate("performance.timeOrigin")
    earlier, later = (page.get_by_role("button", name=f"{which} match") for which in ("Earlier", "Later"))
    for button, at, text in ((earlier, "1", "two herons"), (earlier, "2", "A heron"), (later, "1", "two herons")):
        await button.click()
        await expect(place).to_have_text(f"{at} of 2")
        await expect(page.locator(".log :focus")).to_contain_text(text)
    assert await page.evaluate("performance.timeOrigin") == loaded, "the page was loaded anew"
    await page.go_back()
    await expect(place).to_have_text("2 of 2")
    await page.locator("#search-q").focus()
    await page.keyboard.press("Escape")
    await expect(page.locator("details.search-panel")).not_to_have_attribute("open", "")
    await becomes_fresh({"the conversation": page})
