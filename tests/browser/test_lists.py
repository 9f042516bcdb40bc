"""Long lists: older messages load upwards without a jump, and thousands of clients keep their place."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio
from playwright.async_api import Page, expect

from portal.demo import make_crowd
from tests.browser.conftest import Visit
from tests.browser.visitor import becomes
from tests.deployment import Deployment

# Where a message stands on the screen at each frame, from now on.
_WATCH = """(number) => {
    const item = document.querySelector(`[data-number="${number}"]`);
    const places = (window.places = []);
    const look = () => {
        places.push(item.getBoundingClientRect().top);
        window.watching = requestAnimationFrame(look);
    };
    look();
}"""
_TO_TOP = "() => { const log = document.querySelector('.log'); log.scrollTop = -log.scrollHeight; }"
_NUMBERS = "() => [...document.querySelectorAll('[data-number]')].map((item) => Number(item.dataset.number))"


async def test_older_messages_load_upwards_without_a_jump(practice: Deployment, visit: Visit) -> None:
    miriam = await visit("miriam", viewport={"width": 390, "height": 844})
    cast = practice.cast
    page = await miriam.open(
        f"/staff/clients/{cast.client['priya']}/conversations/{cast.conversation['priya clinical']}"
    )
    newest = page.locator("[data-number]").last
    await expect(newest).to_be_in_viewport()
    numbers = await page.evaluate(_NUMBERS)
    assert numbers == list(range(91, 141))
    while numbers[0] > 1:
        await page.evaluate(_TO_TOP)
        # At the top of what is there the next page comes by itself; what is read stays where it is.
        await page.evaluate(_WATCH, numbers[0])
        await becomes(
            page, "(first) => Number(document.querySelector('[data-number]').dataset.number) < first", numbers[0]
        )
        await becomes(page, "(n) => window.places.length > n", await page.evaluate("places.length + 3"))
        places = await page.evaluate("(cancelAnimationFrame(watching), places)")
        assert max(places) - min(places) <= 1, places
        numbers = await page.evaluate(_NUMBERS)
    assert numbers == list(range(1, 141))
    await expect(page.locator("[data-older]")).to_have_count(0)
    days = await page.evaluate("[...document.querySelectorAll('.day')].map((day) => day.dataset.day)")
    assert days == sorted(set(days))
    await expect(page.locator("#announce")).to_be_empty()


async def test_who_reads_further_up_is_told_and_not_moved(practice: Deployment, visit: Visit) -> None:
    miriam, sam = await visit("miriam"), await practice.cast.sign_in("sam")
    cast = practice.cast
    thread = f"/clients/{cast.client['sam']}/conversations/{cast.conversation['sam clinical']}"
    page = await miriam.open(f"/staff{thread}", worker=1)
    await page.set_viewport_size({"width": 1440, "height": 480})
    await page.evaluate(_TO_TOP)
    first = await page.evaluate("document.querySelector('[data-number]').dataset.number")
    await page.evaluate(_WATCH, first)
    for n, words in ((1, "1 new message"), (2, "2 new messages")):
        await sam.post(f"{thread}/messages", key=str(uuid4()), body=f"News {n}")
        await expect(page.locator(".chip")).to_have_text(words)
    places = await page.evaluate("(cancelAnimationFrame(watching), places)")
    assert max(places) - min(places) <= 1
    await page.locator(".chip").click()
    await expect(page.get_by_text("News 2", exact=True)).to_be_in_viewport()
    await expect(page.locator(".chip")).to_have_count(0)


# --- Five thousand clients ----------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crowded() -> AsyncIterator[Deployment]:
    async with Deployment.embedded() as deployment:
        async with deployment.models():
            await make_crowd(5000, 0)
        yield deployment


async def names(page: Page) -> list[str]:
    return await page.locator("#clients tbody .name").all_inner_texts()


async def test_five_thousand_clients_are_searched_while_typing(crowded: Deployment, visit: Visit) -> None:
    ada = await visit("ada", crowded)
    page = await ada.open("/staff/clients")
    field = page.get_by_label("Search by name")
    await field.press_sequentially("featherst", delay=15)
    await expect(page.locator("#clients tbody .name")).to_have_text(["Maximiliana Featherstonehaugh-Castellanos"])
    await expect(field).to_be_focused()
    await expect(field).to_have_value("featherst")
    await field.fill("zzzz")
    await expect(page.get_by_text("No client matches “zzzz”")).to_be_visible()
    await field.fill("")
    await expect(page.locator("#clients tbody tr")).to_have_count(50)
    first, last = (await names(page))[7].split()
    await field.fill(f"{last} {first}")
    shown = page.locator("#clients tbody .name")
    await expect(shown.filter(has_not_text=f"{first} {last}")).to_have_count(0)
    await expect(shown.first).to_have_text(f"{first} {last}")
    # What changes meanwhile comes to the list of this search, and leaves what is being typed alone.
    chart = str(await shown.first.get_attribute("href"))
    await field.press_sequentially(" ")
    boss = await crowded.cast.sign_in("ada")
    details = {"date_of_birth": "1980-01-02", "email": "", "phone": "", "address": ""}
    await boss.post(chart, first_name=first, last_name=f"{last}-Sorensen", **details)
    await expect(page.get_by_role("link", name=f"{first} {last}-Sorensen", exact=True)).to_be_visible()
    await expect(field).to_be_focused()
    await expect(field).to_have_value(f"{last} {first} ")


async def test_five_thousand_clients_have_pages_and_keep_their_place(crowded: Deployment, visit: Visit) -> None:
    ada = await visit("ada", crowded)
    page = await ada.open("/staff/clients")
    shown, pages = page.locator("#clients tbody .name"), [await names(page)]
    for _ in range(3):
        async with ada.goes_on(page):
            await page.get_by_role("button", name="Next").click()
        pages.append(await names(page))
    together = [name for one in pages for name in one]
    assert len(together) == 200 and len({tuple(one) for one in pages}) == 4
    async with ada.goes_on(page):
        await page.get_by_role("button", name="Previous").click()
    await expect(shown).to_have_text(pages[2])

    scroll = page.locator(".scroll")
    await scroll.evaluate("(box) => { box.scrollTop = 700; }")
    await page.locator("#clients tbody tr").nth(30).locator("a.name").focus()
    at = await scroll.evaluate("(box) => box.scrollTop")
    chart = await page.locator("#clients tbody tr").nth(20).locator(".name").get_attribute("href")
    name = pages[2][20]
    boss = await crowded.cast.sign_in("ada")
    details = {"date_of_birth": "1931-05-06", "email": "", "phone": "", "address": ""}
    await boss.post(str(chart), first_name=name.split()[0], last_name=name.split()[1], **details)
    await expect(page.locator("#clients tbody tr").nth(20)).to_contain_text("May 6, 1931")
    assert await scroll.evaluate("(box) => box.scrollTop") == at
    await expect(shown).to_have_text(pages[2])
    await expect(page.locator("#clients tbody tr").nth(30).locator("a.name")).to_be_focused()


async def test_the_search_in_the_rail_offers_people_while_one_types(practice: Deployment, visit: Visit) -> None:
    miriam, cast = await visit("miriam"), practice.cast
    page = await miriam.open("/staff/today")
    field, offered = page.get_by_label("Search clients"), page.locator("#client-finder a")
    await page.keyboard.press("/")
    await page.keyboard.type("reyes")
    await expect(page.locator("#client-finder").get_by_role("status")).to_contain_text("people found")
    await expect(offered.first).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await expect(offered.nth(0)).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await expect(field).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.type("-menon, eli")  # typed on, from the list: it is no command, and not lost
    await expect(field).to_be_focused()
    await expect(field).to_have_value("reyes-menon, eli")
    await expect(offered).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(offered).to_be_hidden()
    await expect(field).to_be_focused()
    async with miriam.goes_on(page):
        await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/staff/clients/{cast.client['eli']}$"))


async def test_a_new_message_from_the_inbox_takes_three_steps(practice: Deployment, visit: Visit) -> None:
    miriam, cast = await visit("miriam"), practice.cast
    page = await miriam.open("/staff/inbox")
    await page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="New message")
    await expect(dialog.get_by_label("Client")).to_be_focused()
    await page.keyboard.type("priya")
    await expect(dialog.locator("#recipient-finder a")).to_have_count(1)
    async with miriam.goes_on(page):
        await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/staff/clients/{cast.client['priya']}/conversations/new$"))
    async with miriam.goes_on(page):
        await page.locator(".beginning").first.click()
    await expect(page.get_by_label(re.compile("^Message about"))).to_be_visible()
