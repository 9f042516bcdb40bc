"""On a phone: a conversation has the room, nothing is cut or covered, and quiet hours are four steps away."""

import itertools
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import PHONE
from tests.deployment import Deployment
from tests.messages.thread import Thread

BOX = "textarea[name=body]"


async def box(of: Locator) -> dict[str, float]:
    """Return where an element is: x, y, width, height, and its lower end."""
    found = await of.bounding_box()
    assert found is not None
    return {**found, "end": found["y"] + found["height"]}


async def test_a_conversation_begins_near_the_top_and_says_whom_it_is_about(practice: Deployment, visit: Visit) -> None:
    miriam = await visit("miriam", viewport=PHONE)
    thread = Thread(practice.cast)
    page = await miriam.open(f"/staff/inbox/{thread.id}")
    assert (await box(page.locator(".log")))["y"] <= 140
    page = await miriam.open(f"/staff{thread.place}", page=page)
    # The name and who reads, what can be done, and no more.
    assert (await box(page.locator(".log")))["y"] <= 140
    await expect(page.get_by_role("link", name="All conversations")).to_be_visible()
    await expect(page.get_by_role("heading", name="Noa Reyes-Menon, clinical")).to_be_visible()
    label = page.locator(".compose-head > label")
    cut = "(label) => label.scrollWidth > label.clientWidth || label.scrollHeight > label.clientHeight + 1"
    assert not await label.evaluate(cut), "the label of the box is there as a whole"


async def test_while_somebody_writes_on_a_short_screen_nothing_covers_the_box(
    practice: Deployment, visit: Visit
) -> None:
    for name, path, bar in (
        ("dana", Thread(practice.cast).place, ".places"),
        ("miriam", f"/staff{Thread(practice.cast).place}", ".rail"),
    ):
        page = await (await visit(name, viewport={"width": 390, "height": 530})).open(path)
        await expect(page.locator(bar)).to_be_visible()
        await page.locator(BOX).fill("A few words")
        await expect(page.locator(bar)).to_be_hidden()
        saved = page.get_by_text("Draft saved")
        await expect(saved).to_be_visible()
        assert (await box(page.locator(".compose .box")))["end"] <= (await box(saved))["y"] + 1
        assert (await box(saved))["end"] <= 530
        await page.locator(BOX).fill("")
        await page.locator("main").focus()
        await expect(page.locator(bar)).to_be_visible()


async def test_settings_are_one_row_of_ways_and_times_are_whole(practice: Deployment, visit: Visit) -> None:
    ada = await visit("ada", viewport={"width": 320, "height": 640})
    page = await ada.open("/staff/settings/availability")
    ways = page.get_by_role("navigation", name="Settings")
    assert (await box(ways))["height"] < 60
    assert await ways.evaluate("(ways) => ways.scrollWidth > ways.clientWidth"), "what has no room is scrolled to"
    for time in await page.locator(".hours-table input[type=time]").all():
        assert (await box(time))["width"] >= 120


async def test_the_number_at_the_bell_leaves_the_bell_in_sight(practice: Deployment, visit: Visit) -> None:
    cast = practice.cast
    await Thread(cast).write(await cast.sign_in("miriam"), "For the bell.")
    await Thread(cast, "eli clinical").write(await cast.sign_in("dana"), "For the other bell.", understood="yes")
    pages: list[Page] = []
    for name, path in (("dana", f"/clients/{cast.client['noa']}/home"), ("miriam", "/staff/clients")):
        pages += [await (await visit(name, **window)).open(path) for window in ({"viewport": PHONE}, dict[str, Any]())]
    for page in pages:
        bell, count = await box(page.locator("#bell > .i")), await box(page.locator("#bell > .count"))
        across = bell["x"] + bell["width"] - count["x"]
        down = count["end"] - bell["y"]
        assert max(across, 0) * max(down, 0) < bell["width"] * bell["height"] / 5, "a corner of it at most"


async def test_quiet_hours_are_four_steps_away(practice: Deployment, visit: Visit) -> None:
    dana = await visit("dana", viewport=PHONE)
    page = await dana.open(f"/clients/{practice.cast.client['noa']}/home")
    await page.locator("#more > summary").click()
    async with dana.goes_on(page):
        await page.get_by_role("link", name="Notices to you").click()
    tick = page.get_by_role("checkbox", name="No emails and no devices at night")
    assert (await box(tick))["end"] < 844, "without scrolling"
    await expect(page.get_by_label("Until")).to_be_hidden()
    await expect(page.get_by_label("If once a day, at")).to_be_hidden()
    await tick.check()
    await expect(page.get_by_label("Until")).to_have_value("08:00")
    async with dana.goes_on(page):
        await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await expect(tick).to_be_checked()
    await tick.uncheck()
    await page.get_by_role("radio", name="Once a day").check()
    await expect(page.get_by_label("If once a day, at")).to_be_visible()
    async with dana.goes_on(page):
        await page.get_by_role("button", name="Save", exact=True).click()
    await expect(tick).not_to_be_checked()
    await page.get_by_label("Write to me soon").check()
    async with dana.goes_on(page):
        await page.get_by_role("button", name="Save", exact=True).click()


async def test_at_320_pixels_nothing_in_the_bar_lies_on_another(practice: Deployment, visit: Visit) -> None:
    """The way out, the bell, another child's news and the switch, all at once."""
    cast = practice.cast
    await Thread(cast, "eli clinical").write(await cast.sign_in("miriam"), "For the narrow bar.")
    dana = await visit("dana", viewport={"width": 320, "height": 640})
    assert dana.person is not None
    await dana.person.post("/discretion", discreet="on")
    try:
        page = await dana.open(f"/clients/{cast.client['noa']}/home")
        await expect(page.locator("#switch .other")).to_contain_text("Eli")
        found = [
            await box(page.locator(name)) for name in ("#leave", "#bell", "#switch .other", "#switch-menu > summary")
        ]
        assert all(one["x"] >= 0 and one["x"] + one["width"] <= 320 for one in found)
        for one, other in itertools.pairwise(found):
            assert one["x"] + one["width"] <= other["x"]
        mark = page.locator(".bar .practice .mark")
        assert not await mark.is_visible() or (await box(mark))["x"] + (await box(mark))["width"] <= found[0]["x"]
    finally:
        await dana.person.post("/discretion", discreet="off")
