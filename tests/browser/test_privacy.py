"""Words that are no longer someone's to see leave the open page by themselves, and the back button brings none."""

import asyncio
import re
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from portal.models.access.account import Access
from portal.models.ground.fact import unit
from portal.models.staff.session import Session, end_session
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor, are_emptied, becomes, write
from tests.deployment import Deployment

OF_NOA = ("Noa", "brother sits in the waiting room", "Miriam", "Reyes", "conversations/")


async def holds_nothing(page: Page, *words: str) -> None:
    """Neither what is seen nor what is hidden in the page has these words."""
    content = await page.content()
    assert [word for word in words if word in content] == []


async def test_an_ended_access_empties_the_open_page_within_two_seconds(practice: Deployment, visit: Visit) -> None:
    cast = practice.cast
    noa, thread = cast.client["noa"], cast.conversation["noa clinical"]
    dana = await visit("dana")
    pages = [
        await dana.open(f"/clients/{noa}/home", worker=0),
        await dana.open(f"/clients/{noa}/conversations/{thread}", worker=1),
    ]
    await pages[1].get_by_label("Message about Noa").fill("Half a sentence about Noa")
    dana.may_be_refused = {404}  # the draft that is just being kept
    eli = await dana.open(f"/clients/{cast.client['eli']}/home", worker=1)
    await expect(eli.get_by_text("Noa").first).to_be_attached()  # in the switch between profiles

    async with practice.models(), unit():
        access = await Access.get(account_id=UUID(cast.account["dana"]), client_id=UUID(noa), until_at=None)
        await access.end()
    try:
        await are_emptied(pages, "This has ended")
        for page in pages:
            await holds_nothing(page, *OF_NOA)
            assert await page.title() == "Portal"
        await expect(eli.locator("#switch")).not_to_contain_text("Noa")

        await pages[1].get_by_role("link", name="Go to your home page").click()
        await expect(pages[1].get_by_role("heading", name="What’s next for Eli")).to_be_visible()
        await pages[1].go_back()
        await expect(pages[1].get_by_role("heading", name="There’s nothing here")).to_be_visible()
        await holds_nothing(pages[1], *OF_NOA)
    finally:
        async with practice.models(), unit():
            await Access.grant(access.account_id, access.client_id, access.contact_link_id, since=access.from_at)


async def test_a_session_that_ends_elsewhere_empties_the_open_pages(practice: Deployment, visit: Visit) -> None:
    cast = practice.cast
    noa, thread = cast.client["noa"], cast.conversation["noa clinical"]
    dana, miriam = await visit("dana"), await visit("miriam")
    pages = [
        await dana.open(f"/clients/{noa}/conversations/{thread}", worker=1),
        await miriam.open(f"/staff/clients/{noa}", worker=0),
        await miriam.open("/staff/clients", worker=1),
    ]
    async with practice.models(), unit():
        for side, holder in (("client", cast.account["dana"]), ("staff", cast.staff["miriam"])):
            column = "account_id" if side == "client" else "staff_id"
            for session in await Session.filter(**{column: UUID(holder)}, ended_at=None):
                await end_session(session.id, side, UUID(holder))
    await are_emptied(pages, "You’re signed out")
    for page in pages:
        await holds_nothing(page, *OF_NOA)
        again = page.get_by_role("link", name="Sign in")
        back = urlencode({"next": urlsplit(page.url).path})
        await expect(again).to_have_attribute("href", re.compile(f"/sign-in\\?{re.escape(back)}$"))
        await again.click()
        await expect(page.get_by_label("Password")).to_be_visible()
        await page.go_back()
        await expect(page.get_by_label("Password")).to_be_visible()
        await holds_nothing(page, "waiting room", "spelling test", "March 9")


async def test_after_signing_out_the_back_button_shows_nothing(practice: Deployment, visit: Visit) -> None:
    dana = await visit("dana")
    page = await dana.open("/home")
    other = await dana.open("/home", worker=1)
    async with dana.goes_on(page):
        await page.get_by_role("link", name="Messages").click()
    await page.locator("#more > summary").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    await expect(other.get_by_role("heading", name="You’re signed out")).to_be_visible()
    for _ in range(2):
        await page.go_back()
        await expect(page.get_by_label("Password")).to_be_visible()
        await holds_nothing(page, "What’s next", "waiting room")
    await becomes(
        page,
        "async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,"
        " (await caches.keys()).length].every((kept) => kept === 0)",
    )


async def test_an_idle_page_warns_and_then_locks(practice: Deployment, visit: Visit) -> None:
    dana = await visit("dana")
    page = await dana.context.new_page()
    await page.clock.install()
    await page.goto(practice.bases[0] + "/home")
    await dana.is_live(page)
    dialog = page.get_by_role("dialog", name="You’ll be signed out in two minutes")
    await expect(dialog).to_be_hidden()
    await page.clock.fast_forward("18:01")
    await expect(dialog).to_be_visible()
    await expect(dialog).to_contain_text("1:5")
    await becomes(page, "() => document.activeElement.textContent === 'Stay signed in'")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await page.clock.fast_forward("02:30")
    await expect(page.get_by_role("heading", name="You’re signed out")).to_be_visible()
    await holds_nothing(page, *OF_NOA)


async def test_what_someone_writes_is_never_more_than_text(practice: Deployment, visit: Visit) -> None:
    """Shown by a page, a push and an excerpt; the strict policy would report whatever ran."""
    miriam, dana = await visit("miriam"), await visit("dana")
    cast = practice.cast
    path = f"/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}"
    hers = await miriam.open(f"/staff{path}", worker=0)
    home = await dana.open(f"/clients/{cast.client['noa']}/messages", worker=1)
    theirs = await dana.open(path, worker=1)
    asked: list[str] = []
    for page in (hers, home, theirs):
        page.on("request", lambda request: asked.append(request.url))
    hostile = (
        '<script>alert(1)</script><img src=x onerror="alert(1)"> <b hx-get="/staff/today" hx-trigger="load" '
        'hx-on:click="alert(1)">bold</b> <form action="//evil.example"><input name=a></form> {{ 7*7 }} '
        'javascript:alert(1) data:text/html,x vbscript:x https://example.org/a?b=c&d="e" <hx-partial '
        'hx-target="body">gone</hx-partial> https://example.org/end.'
    )
    await theirs.get_by_label("Message about Noa").fill(hostile)
    await theirs.get_by_role("button", name="Send").click()
    shown = hers.locator("[data-number]").last.locator(".bubble")
    await expect(shown).to_have_text(hostile)
    await expect(home.get_by_text("alert(1)")).to_be_visible()
    await hers.reload()
    await theirs.reload()
    for page in (hers, theirs):
        bubble = page.locator("[data-number]").last.locator(".bubble")
        await expect(bubble).to_have_text(hostile)
        inside = await bubble.evaluate(
            "(bubble) => [...bubble.querySelectorAll('*')].map((one) => [one.localName, one.getAttribute('href')])"
        )
        assert inside == [["p", None], ["a", "https://example.org/a?b=c&d="], ["a", "https://example.org/end"]]
        assert await bubble.locator("a").first.get_attribute("rel") == "noopener noreferrer nofollow ugc"
    assert not [url for url in asked if "/staff/today" in url or "evil" in url]
    await write(theirs, "That was a test.")


async def wants_discretion(visitor: Visitor, page: Page, wanted: str) -> None:
    await page.locator("#more > summary").click()
    async with visitor.goes_on(page):
        await page.get_by_role("group", name="Discreet").get_by_role("button", name=wanted).click()


@pytest.mark.parametrize("way", ["the door", "a key", "a key, while the portal doesn't answer"])
async def test_who_wants_discretion_can_leave_at_once(practice: Deployment, visit: Visit, way: str) -> None:
    dana = await visit("dana")
    assert dana.person is not None
    await dana.context.route("https://www.weather.gov/", lambda route: route.fulfill(body="Sunny"))
    page = await dana.open("/home")
    home = page.url
    await expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("logo"))
    await expect(page.locator("#leave")).to_have_count(0)
    await wants_discretion(dana, page, "On")
    try:
        for path in ("home", "messages", "notices"):
            await page.goto(home.replace("home", path))
            assert await page.title() == "Portal"
            await expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("blank"))
        # Writing in capitals is no wish to leave.
        for key in ("Shift+A", "Shift+B", "Shift+C"):
            await page.keyboard.press(key)
        await expect(page.locator("#leave")).to_be_visible()
        if "answer" in way:
            await dana.context.route("**/sign-out", lambda route: route.abort())
        if way == "the door":
            await page.get_by_role("button", name="Leave quickly").click()
        else:
            for _ in range(3):
                await page.keyboard.press("Shift")
        await expect(page.get_by_text("Sunny")).to_be_visible()
        await expect(page).to_have_url("https://www.weather.gov/")
        if "answer" not in way:
            async with asyncio.timeout(10):
                while (await dana.person.get(urlsplit(home).path)).status_code == 200:
                    pass
        await page.go_back()
        # Not the page that was left, which was of notices.
        assert not page.url.endswith("/notices")
        if "answer" not in way:
            assert page.url.split("?")[0].endswith("/sign-in")
            # Nor does the page one finds there say of whom it is.
            assert await page.title() == "Portal"
            await expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("blank"))
            await expect(page.get_by_label("Email")).to_be_visible()
            assert "Willow Street" not in await page.content()
    finally:
        again = await visit("dana")
        await wants_discretion(again, await again.open("/home"), "Off")
        dana.troubles.clear()


async def test_who_has_no_javascript_is_signed_out_as_they_leave(practice: Deployment) -> None:
    dana = await practice.cast.sign_in("dana")
    answer = await dana.post("/sign-out", leave="yes")
    assert answer.status_code == 200 and answer.text == ""
    assert answer.headers["refresh"] == "0; url=https://www.weather.gov/"
    assert (await dana.get("/home")).status_code == 303
