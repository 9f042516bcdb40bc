"""Everything by keyboard alone, the focus always to be seen; and what a screen reader is told."""

import re

import pytest
from playwright.async_api import Page, expect

from portal.demo import PASSWORD
from tests.browser.conftest import Visit
from tests.browser.visitor import becomes, becomes_fresh, said, write
from tests.deployment import Deployment

# The focused element, or what holds it, stands in sight and draws an outline of 2 pixels or more.
_FOCUS_IS_SEEN = """() => {
    const drawn = (one) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    };
    const { left, right, top, bottom } = document.activeElement.getBoundingClientRect();
    const inSight = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
    for (let one = document.activeElement; one && one !== document.body; one = one.parentElement) {
        if (drawn(one)) return inSight;
    }
    return false;
}"""


async def tab_to(page: Page, name: str, role: str = "") -> None:
    """Press Tab until the element of this name has the focus; wherever it comes to, it is to be seen."""
    wanted = re.compile(name)
    passed = []
    for _ in range(60):
        await page.keyboard.press("Tab")
        at = await page.evaluate(
            """() => {
                const one = document.activeElement;
                const label = one.labels?.[0]?.textContent ?? one.getAttribute("aria-label") ?? one.innerText ?? "";
                return [one.localName, label.replace(/\\s+/g, " ").trim()];
            }"""
        )
        passed.append(at)
        if at[0] == "body":
            continue
        assert await page.evaluate(_FOCUS_IS_SEEN), f"The focus can't be seen on {at}"
        if wanted.search(at[1]) and (not role or at[0] == role):
            return
    raise AssertionError(f"Tab never comes to {name!r}, only to {passed}")


async def sign_in(page: Page, base: str, email: str) -> None:
    await page.goto(f"{base}/sign-in")
    await tab_to(page, "^Email$")
    await page.keyboard.type(email)
    await tab_to(page, "^Password$")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("(today|home)$"))


async def sign_out(page: Page, menu: str) -> None:
    await tab_to(page, menu, "summary")
    await page.keyboard.press("Enter")
    await tab_to(page, "^Sign out$")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/sign-in$"))


async def test_a_mother_writes_and_leaves_by_keyboard_alone(practice: Deployment, visit: Visit) -> None:
    dana = await visit()
    page = await dana.context.new_page()
    await sign_in(page, practice.bases[0], "dana.reyes@example.com")
    await tab_to(page, "^Messages", "a")
    async with dana.goes_on(page):
        await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Messages")).to_be_visible()
    await tab_to(page, "Noa’s care team", "a")
    async with dana.goes_on(page):
        await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/conversations/"))
    await tab_to(page, "^Message about Noa$", "textarea")
    await page.keyboard.type("Written without a mouse.")
    await tab_to(page, "^Send$", "button")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-number]").last).to_contain_text("Written without a mouse.")
    await expect(page.get_by_label("Message about Noa")).to_be_focused()
    await page.evaluate("document.activeElement.blur()")
    await sign_out(page, "More")


async def test_a_therapist_writes_and_leaves_by_keyboard_alone(practice: Deployment, visit: Visit) -> None:
    miriam = await visit()
    page = await miriam.context.new_page()
    await sign_in(page, practice.bases[0], "miriam.adler@willow.example")
    await miriam.is_live(page)

    await page.keyboard.press("/")
    await expect(page.get_by_label("Search clients")).to_be_focused()
    await page.keyboard.type("ramanujan")
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("raman")
    async with miriam.goes_on(page):
        await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Priya Raman")

    async with miriam.goes_on(page):
        await page.keyboard.type("gc")
    await expect(page.locator("#clients tbody tr")).not_to_have_count(1)
    await page.keyboard.type("jjk")
    second = page.locator("#clients tbody .name").nth(0)
    await expect(second).to_be_focused()
    await page.keyboard.type("j")
    name = await page.locator("#clients tbody .name").nth(1).inner_text()
    assert await page.evaluate(_FOCUS_IS_SEEN)
    async with miriam.goes_on(page):
        await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(name)

    async with miriam.goes_on(page):
        await page.keyboard.type("gt")
    await expect(page).to_have_url(re.compile("/staff/today$"))
    await page.keyboard.type("j")
    async with miriam.goes_on(page):
        await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/conversations/"))
    await tab_to(page, "^Message about", "textarea")
    await page.keyboard.type("First line,")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second line; gt is only text here?")
    await page.keyboard.press("Enter")
    newest = page.locator("[data-number]").last.locator(".bubble p")
    await expect(newest).to_have_text("First line,\nsecond line; gt is only text here?", use_inner_text=True)
    await page.keyboard.press("Escape")
    await sign_out(page, "Miriam Adler")


async def test_dialogs_keep_the_focus_and_give_it_back(practice: Deployment, visit: Visit) -> None:
    miriam = await visit("miriam")
    page = await miriam.open(f"/staff/clients/{practice.cast.client['noa']}")

    async def keeps_the_focus(dialog: str) -> None:
        for _ in range(6):
            await page.keyboard.press("Tab")
            inside = await page.evaluate(
                "(id) => document.activeElement === document.body"
                " || document.getElementById(id).contains(document.activeElement)",
                dialog,
            )
            assert inside

    await tab_to(page, "More about Noa", "summary")
    await page.keyboard.press("Enter")
    await tab_to(page, "Archive Noa")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Archive Noa Reyes-Menon?")).to_be_visible()
    await expect(page.get_by_role("button", name="Keep active")).to_be_focused()
    await keeps_the_focus("archive-dialog")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Archive Noa Reyes-Menon")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")  # on “Keep active”
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Archive Noa Reyes-Menon")).to_be_focused()

    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    await keeps_the_focus("keys")
    await page.keyboard.type("gt")  # not while a dialog is open
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Archive Noa Reyes-Menon")).to_be_focused()
    await expect(page).to_have_url(re.compile("/staff/clients/"))


@pytest.mark.parametrize("side", ["staff", "client"])
async def test_menus_open_and_close_by_key(practice: Deployment, visit: Visit, side: str) -> None:
    visitor = await visit("miriam" if side == "staff" else "dana")
    page = await visitor.open("/staff/today" if side == "staff" else "/home")
    await tab_to(page, "Miriam Adler" if side == "staff" else "You are looking at", "summary")
    await page.keyboard.press("Enter")
    menu = page.locator("details.who[open]")
    await expect(menu).to_have_count(1)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Escape")
    await expect(menu).to_have_count(0)
    await becomes(page, "() => document.activeElement.localName === 'summary'")


async def tabs_to_the_box(page: Page) -> int:
    """Count how often Tab is pressed from a conversation's log until one can write."""
    await page.locator(".log").focus()
    for presses in range(1, 60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.matches('[data-composer] [name=body]')"):
            return presses
        assert await page.evaluate("document.activeElement.closest('.log') === null")
    raise AssertionError("Tab never comes to where one writes.")


@pytest.mark.parametrize("name", ["miriam", "dana"])
async def test_a_conversation_is_one_stop_and_its_messages_are_walked_by_arrows(
    practice: Deployment, visit: Visit, name: str
) -> None:
    visitor, cast = await visit(name), practice.cast
    thread = f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}"
    inbox = f"/staff/inbox/{cast.conversation['priya clinical']}"
    page = await visitor.open(inbox if name == "miriam" else thread)
    assert await tabs_to_the_box(page) <= 4
    messages = page.locator(".log [data-number]")

    await page.locator(".log").focus()
    await page.keyboard.press("ArrowUp")
    await expect(messages.last).to_be_focused()
    assert await page.evaluate(_FOCUS_IS_SEEN)
    heard = await messages.last.get_attribute("aria-label")
    assert heard and " ".join((await messages.last.locator(".bubble").inner_text()).split()) in heard
    await page.keyboard.press("ArrowUp")
    await expect(messages.nth(-2)).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    # However long the message: one begins at the dialog's top, not at its end.
    await expect(page.get_by_role("dialog").get_by_role("heading", name="This message")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(messages.last).to_be_focused()
    # The one that has the focus lends Tab its links; the others stay out of the way.
    await page.keyboard.press("Tab")
    await expect(messages.last.locator("[data-message]")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Home")
    assert await page.evaluate(_FOCUS_IS_SEEN)
    assert await page.evaluate("document.activeElement.matches('[data-number], [data-older]')")
    await page.keyboard.press("End")
    await expect(messages.last).to_be_focused()
    await becomes_fresh({"the conversation": page})
    assert await tabs_to_the_box(page) <= 4


async def test_without_a_script_a_link_leads_past_the_messages(practice: Deployment, visit: Visit) -> None:
    dana, cast = await visit("dana", java_script_enabled=False), practice.cast
    page = await dana.context.new_page()
    thread = f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}"
    await page.goto(practice.bases[0] + thread)
    past = page.get_by_role("link", name="Skip to where you write")
    await past.focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    # The browser goes on from the box that the link leads to, or has put the focus into it.
    await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_label("Message about Noa")).to_be_focused()


async def test_a_new_message_is_announced_once_and_history_never(practice: Deployment, visit: Visit) -> None:
    miriam, dana = await visit("miriam"), await visit("dana")
    cast = practice.cast
    thread = f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}"
    await dana.context.add_init_script(
        """window.announced = [];
        document.addEventListener("DOMContentLoaded", () => {
            new MutationObserver(() => announced.push(document.getElementById("announce").textContent))
                .observe(document.getElementById("announce"), { childList: true, characterData: true, subtree: true });
        });"""
    )
    hers = await miriam.open(f"/staff{thread}", worker=0)
    theirs = await dana.open(thread, worker=1)
    await write(hers, "Please bring the drawing.")
    await becomes(theirs, "() => announced.length === 1")
    await write(theirs, "We will.")
    await expect(hers.locator("[data-number]").last).to_contain_text("We will.")
    await write(hers, "Lovely.")
    await becomes(theirs, "() => announced.length === 2")
    assert await theirs.evaluate("announced") == ["Miriam Adler: Please bring the drawing.", "Miriam Adler: Lovely."]
    # The log itself must not speak as well, or everything would be said twice.
    assert await theirs.locator(".log").get_attribute("aria-live") == "off"
    await theirs.reload()
    await dana.is_live(theirs)
    assert (await said(theirs))[-1] == "Lovely."
    assert await theirs.evaluate("announced") == []


async def test_escape_and_a_composition_leave_whoever_writes_in_the_box(practice: Deployment, visit: Visit) -> None:
    """Typing after Escape goes on in the message, and is no command; Enter of a keyboard that composes sends
    nothing, as Safari says it too: by its code alone."""
    miriam = await visit("miriam")
    page = await miriam.open(f"/staff/inbox/{practice.cast.conversation['priya clinical']}")
    box = page.locator('.thread form[data-composer] [name="body"]')
    before = await said(page)
    await box.fill("I will see you on ")  # whatever draft another test has left there
    await page.keyboard.press("Escape")
    await page.keyboard.type("Tuesday, e")
    await box.evaluate(
        """(box) => box.dispatchEvent(new KeyboardEvent("keydown",
            { key: "Enter", keyCode: 229, bubbles: true, cancelable: true }))"""
    )
    await expect(box).to_have_value("I will see you on Tuesday, e")
    await expect(page.locator("dialog[open]")).to_have_count(0)
    assert await said(page) == before
    # An empty box is left by Escape, and the keys work again.
    await box.fill("")
    await page.keyboard.press("Escape")
    await expect(box).not_to_be_focused()


async def test_the_keys_can_be_switched_off_on_a_device(practice: Deployment, visit: Visit) -> None:
    miriam = await visit("miriam")
    page = await miriam.open("/staff/today")
    await page.keyboard.press("?")
    dialog = page.locator("#keys")
    await dialog.get_by_label("Use these keys on this device").uncheck()
    await dialog.get_by_role("button", name="Close").click()
    for _ in range(2):
        await page.keyboard.press("?")
        await expect(dialog).to_be_hidden()
        await page.reload()
        await miriam.is_live(page)
    await page.evaluate("document.getElementById('keys').showModal()")
    await dialog.get_by_label("Use these keys on this device").check()
    await dialog.get_by_role("button", name="Close").click()
    await page.keyboard.press("?")
    await expect(dialog).to_be_visible()


async def test_no_phone_zooms_in_at_a_field(practice: Deployment, visit: Visit) -> None:
    """Their browsers do so below 16 pixels."""
    miriam, noa = await visit("miriam", has_touch=True, is_mobile=True), practice.cast.client["noa"]
    page = await miriam.context.new_page()
    for path in (
        f"/staff/inbox/{practice.cast.conversation['priya clinical']}",
        "/staff/clients",
        f"/staff/clients/{noa}/edit",
    ):
        await miriam.open(path, page=page)
        small = await page.evaluate(
            """[...document.querySelectorAll("input, textarea, select")]
                .filter((field) => !["hidden", "checkbox", "radio"].includes(field.type))
                .filter((field) => parseFloat(getComputedStyle(field).fontSize) < 16).map((field) => field.outerHTML)"""
        )
        assert small == [], path
