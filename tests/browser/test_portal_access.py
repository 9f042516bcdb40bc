"""Portal access in real browsers, on two workers with real mail: from the chart to the client's first message, and
back. Staff's open tab is never reloaded."""

import asyncio
import contextlib
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from portal.demo import PASSWORD
from portal.demo.times import born
from tests.access.desk import Chart, path_of
from tests.browser.conftest import Visit
from tests.browser.letterbox import House, Letterbox, house
from tests.browser.visitor import Visitor, are_emptied, becomes, write
from tests.deployment import PORTAL, ROOT, Deployment
from tests.pages import in_time
from tests.people.contacts import add_contact
from tests.servers import PostgreSQL, Redis

WORDS = "copper kettle under nine stars"
NEW_WORDS = "eleven herons over quiet water"

# Notes when each text of what staff look at was first shown, by the clock that all pages of this machine share.
# A page that is loaded anew forgets it, so it also shows that this one never was.
_NOTE = """() => {
    window.shownAt = {};
    const of = "[data-state] h2, [data-state] header p, .portal-people .state small, .history li, #today-unread .say";
    const text = (one) => (one.firstChild?.textContent ?? "").trim();
    const look = () => document.querySelectorAll(of).forEach((one) => { window.shownAt[text(one)] ??= Date.now(); });
    look();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def built(postgres: PostgreSQL, redis_server: Redis) -> AsyncIterator[House]:
    async with house(postgres, redis_server) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def willow(built: House) -> House:
    """Nobody has tried anything yet."""
    await built.sql("delete from throttle")
    return built


def state(page: Page) -> Locator:
    return page.locator("[data-state]")


async def is_in(page: Page, name: str, title: str | re.Pattern[str]) -> None:
    await expect(state(page)).to_have_attribute("data-state", name)
    await expect(state(page).get_by_role("heading")).to_have_text(title)


async def press(page: Page | Locator, label: str, **more: Any) -> None:
    await page.get_by_role("button", name=label, exact=True, **more).click()


async def asked(page: Page, label: str) -> Locator:
    """Press a button of the tab; the dialog it opens."""
    await state(page).get_by_role("button", name=re.compile(f"^{label} ?:")).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    return dialog


async def agree(page: Page, label: str, button: str | None = None) -> None:
    """Press a button of the tab, and the same in the dialog it opens."""
    dialog = await asked(page, label)
    await dialog.get_by_role("button", name=button or label, exact=True).click()
    await expect(dialog).to_be_hidden()


class Watch:
    """Staff's open pages while others do something; each step shows on one of them, and how late is kept."""

    def __init__(self, *pages: Page) -> None:
        self.pages = pages
        self.delays: dict[str, float] = {}  # seconds after the answer to whoever did it, by the text

    async def begin(self) -> None:
        for page in self.pages:
            await page.evaluate(_NOTE)

    async def step(self, page: Page, button: Locator, *texts: str) -> None:
        """Press a button that posts; these texts are then shown on one of the pages."""
        async with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
            await button.click()
        await posted.value
        await self.soon(time.time() * 1000, *texts)

    async def soon(self, since: float, *texts: str) -> None:
        for text in texts:
            self.delays[text] = min([await self._shown(page, text) - since for page in self.pages]) / 1000

    async def _shown(self, page: Page, text: str) -> float:
        if page is not self.pages[0] and text not in await page.evaluate("Object.keys(shownAt)"):
            return float("inf")
        await becomes(page, "(text) => text in window.shownAt", text)
        at: float = await page.evaluate("(text) => window.shownAt[text]", text)
        return at


async def give_birth_date(page: Page, date: str) -> Locator:
    await page.locator("#field-date_of_birth").fill(date)
    return page.get_by_role("button", name="Continue")


async def test_from_the_chart_to_the_first_message(willow: House, visit: Visit) -> None:
    """The whole seed: Miriam's tab stays open on one worker while Lena signs up on the other."""
    lena_id = willow.cast.client["lena"]
    right = born(35, "06-03").isoformat()
    miriam, lena = await visit("miriam", willow.deployment), await visit("", willow.deployment)
    lena.may_be_refused = {422}
    tab = await miriam.open(f"/staff/clients/{lena_id}/portal", worker=0)
    today = await miriam.open("/staff/today", worker=0)
    watch, on_today = Watch(tab), Watch(today)
    await watch.begin()
    await on_today.begin()

    await is_in(tab, "not_invited", "Lena isn’t invited yet")
    await expect(state(tab).get_by_role("button", name="Reset password")).to_have_count(0)
    await tab.bring_to_front()
    dialog = await asked(tab, "Send welcome email")
    await expect(dialog.get_by_role("heading", name="Send the welcome email to Lena Brandt?")).to_be_visible()
    await dialog.get_by_role("link", name="Preview the email").click()
    await expect(dialog.locator(".letter")).to_contain_text("Lena")
    await watch.step(
        tab,
        dialog.get_by_role("button", name="Send welcome email"),
        "Lena is invited",
        "Invited by Miriam Adler",
        "Welcome email sent to lena.brandt@example.com by Miriam Adler",
    )
    await expect(dialog).to_be_hidden()
    await expect(state(tab).get_by_role("button", name="Resend")).to_contain_text(re.compile(r"[45]:\d\d"))

    page = await willow.open_letter(lena, "lena.brandt@example.com", "Willow Street Counselling")
    await page.bring_to_front()
    await willow.follow(page, "lena.brandt@example.com", "Willow Street Counselling")
    await watch.step(
        page,
        page.get_by_role("button", name="Continue"),
        "Lena has opened the link",
        "Lena Brandt opened the link",
        "The date of birth is being asked for.",
    )
    await watch.step(page, await give_birth_date(page, "1990-06-04"), "Wrong dates of birth: 1 of 5")
    await expect(page.get_by_text("That isn’t the date we have on file.")).to_be_visible()
    await expect(page.get_by_text("You can try 4 more times.")).to_be_visible()
    await watch.step(
        page,
        await give_birth_date(page, right),
        "Lena Brandt gave the right date of birth",
        "The date of birth was right; a password is being chosen.",
    )
    await page.get_by_label("Password", exact=True).fill("lena.brandt")
    await press(page, "Save and go in")
    await expect(page.locator("#why-password")).to_be_visible()
    await page.get_by_label("Password", exact=True).fill(WORDS)
    await watch.step(
        page, page.get_by_role("button", name="Save and go in"), "Lena is on the portal", "Lena Brandt signed up"
    )
    await expect(page.get_by_role("heading", name="What’s next for you")).to_be_visible()
    await expect(page).to_have_url(f"{willow.deployment.bases[1]}/clients/{lena_id}/home")

    async with lena.goes_on(page):
        await page.get_by_role("link", name="Write to the care team").click()
    async with lena.goes_on(page):
        await page.get_by_role("button", name="Lena’s care team").click()
    await watch_first_message(on_today, page, "Hello Miriam, I found my way in.")
    await expect(today.locator("#today-unread li").filter(has_text="Lena Brandt")).to_have_count(1)
    in_time(watch.delays | on_today.delays, 1.0)
    # Nothing that staff had open was ever loaded anew.
    assert await tab.evaluate("'Lena isn’t invited yet' in window.shownAt")


async def watch_first_message(watch: Watch, page: Page, text: str) -> None:
    async with page.expect_response(lambda answer: answer.url.endswith("/messages")) as posted:
        await write(page, text)
    await posted.value
    await watch.soon(time.time() * 1000, text)


async def invited(willow: House, first: str, **details: str) -> Chart:
    """A new chart of Miriam's whose welcome email is under way."""
    chart = await willow.chart(first, **details)
    answer = await willow.act(chart, "invitations", holder="client")
    assert answer.status_code == 303, answer.text
    return chart


async def at_birth_date(willow: House, chart: Chart, lena: Visitor) -> Page:
    """From the letter to the question for the date of birth."""
    page = await willow.open_letter(lena, chart.email, "/welcome/")
    await willow.follow(page, chart.email, "/welcome/")
    await press(page, "Continue")
    await expect(page.locator("#field-date_of_birth")).to_be_visible()
    return page


async def test_resend_is_counted_down_and_ends_the_older_link(willow: House, visit: Visit) -> None:
    chart = await invited(willow, "Wren")
    miriam, wren = await visit("miriam", willow.deployment), await visit("", willow.deployment)
    older = await willow.mailed(chart.email, "/welcome/")
    tab = await miriam.context.new_page()
    await tab.clock.install()
    await tab.goto(willow.deployment.bases[0] + chart.tab)
    await miriam.is_live(tab)
    button, why = (state(tab).get_by_role("button", name="Resend"), tab.locator("[data-until-then]"))
    await expect(button).to_have_attribute("aria-disabled", "true")
    await expect(button.locator(".num")).to_have_text(re.compile(r"^4:\d\d$"))
    await expect(why).to_contain_text("It can be sent again")
    await button.click(force=True)
    await expect(tab.get_by_role("dialog")).to_have_count(0)

    await tab.clock.fast_forward("04:10")
    await expect(button.locator(".num")).to_have_text(re.compile(r"^0:[0-4]\d$"))
    await expect(tab.locator("#announce")).to_have_text(re.compile("^Resend ?: Wren .*: one more minute"))
    await tab.clock.fast_forward("00:55")
    await expect(button).not_to_have_attribute("aria-disabled", "true")
    await expect(button.locator(".num")).to_be_empty()
    await expect(why).to_be_hidden()
    await expect(tab.locator("#announce")).to_have_text(re.compile("^Resend ?: Wren .*: possible again now"))

    # Five minutes pass in the database too.
    await willow.due_again(chart)
    await agree(tab, "Resend", "Resend welcome email")
    await expect(tab.locator(".history li").filter(has_text="Welcome email sent to")).to_have_count(2)
    await willow.mailed(chart.email, "/welcome/", about=await willow.newest_invitation(chart))
    page = await wren.context.new_page()
    await page.goto(willow.deployment.bases[1] + path_of(older))
    await expect(page.get_by_role("heading", name="There is a newer email")).to_be_visible()
    await at_birth_date(willow, chart, wren)


async def test_locked_after_five_wrong_dates_until_staff_lift_it(willow: House, visit: Visit) -> None:
    chart = await invited(willow, "Iris")
    miriam, iris = await visit("miriam", willow.deployment), await visit("", willow.deployment)
    iris.may_be_refused = {422}
    tab = await miriam.open(chart.tab, worker=0)
    page = await at_birth_date(willow, chart, iris)
    for tried in range(1, 5):
        async with iris.goes_on(page):
            await (await give_birth_date(page, f"1980-01-0{tried}")).click()
        await expect(state(tab).get_by_text(f"{tried} of 5")).to_be_visible()
    await expect(page.get_by_text("You can try one more time.")).to_be_visible()
    await (await give_birth_date(page, "1980-01-05")).click()
    await expect(page.get_by_role("heading", name="This link is locked for now")).to_be_visible()
    await is_in(tab, "locked", "Iris is locked out")
    await expect(tab.locator(".history li.warn")).to_contain_text("locked out after five wrong dates of birth")
    await page.goto(f"{willow.deployment.bases[1]}/welcome/birth-date")
    await expect(page.get_by_role("heading", name="This link is locked for now")).to_be_visible()

    await agree(tab, "Lift the lock")
    await is_in(tab, "opened", "Iris has opened the link")
    await expect(tab.locator(".history li").first).to_contain_text("lifted by Miriam Adler")
    await page.reload()
    await (await give_birth_date(page, chart.born)).click()
    await expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()


async def test_a_second_parent_is_invited_in_three_steps_from_the_chart(willow: House, visit: Visit) -> None:
    child, miriam = await willow.chart("Tilda", born="2017-05-05", email=""), await willow.person("miriam")
    parents = {
        name: await add_contact(
            miriam, child.id, name=name, email=f"{name.lower().replace(' ', '.')}@holm.example", guardian="on"
        )
        for name in ("Karin Holm", "Jens Holm")
    }
    await willow.invite(child, parents["Karin Holm"].id)
    visitor = await visit("miriam", willow.deployment)
    page = await visitor.open(f"/staff/clients/{child.id}", worker=0)
    async with visitor.goes_on(page):
        await page.get_by_role("navigation", name="Chart").get_by_role("link", name="Portal").click()
    await is_in(page, "invited", "Karin Holm is invited")
    jens = page.locator(f"#person-{parents['Jens Holm'].id}")
    await jens.get_by_role("button", name="Send welcome email").click()
    await press(page.get_by_role("dialog", name="Send the welcome email to Jens Holm?"), "Send welcome email")
    await is_in(page, "invited", "Karin Holm and Jens Holm are invited")
    await willow.mailed("jens.holm@holm.example", "/welcome/")
    await expect(jens).to_contain_text("Taken by the mail server today")
    await visitor.open(f"/staff/clients/{child.id}/contacts", page=page)
    await expect(page.get_by_text("Invited on")).to_have_count(2)


async def test_a_forgotten_password_ends_the_other_browser(willow: House, visit: Visit) -> None:
    sam, anew = await visit("sam", willow.deployment), await visit("", willow.deployment)
    email, name = willow.cast.email["client", "sam"], "Sam"
    reading = [await sam.open(path, worker) for worker, path in enumerate(("/home", "/home"))]
    page = await anew.context.new_page()
    await page.goto(f"{willow.deployment.bases[1]}/sign-in")
    await page.get_by_role("link", name="Forgot it?").click()
    await page.get_by_label("Email").fill(email)
    await press(page, "Send me a link")
    await expect(page.get_by_role("heading", name="Check your email")).to_be_visible()
    letter = await willow.open_letter(anew, email, "/reset/")
    await willow.follow(letter, email, "/reset/")
    await press(letter, "Continue")
    await letter.get_by_label("Password", exact=True).fill(NEW_WORDS)
    async with letter.expect_response(lambda answer: answer.request.method == "POST") as posted:
        await press(letter, "Save new password")
    await posted.value
    await are_emptied(reading, "You’re signed out")
    for emptied in reading:
        assert name not in await emptied.content()

    for secret in (PASSWORD, NEW_WORDS):
        await expect(letter.get_by_role("heading", name="Sign in")).to_be_visible()
        await letter.get_by_label("Email").fill(email)
        await letter.get_by_label("Password", exact=True).fill(secret)
        await letter.locator("form .primary").click()
        if secret == PASSWORD:
            await expect(letter.locator("main .trouble")).to_be_visible()
    await expect(letter.get_by_role("heading", name="What’s next for you")).to_be_visible()
    told = await willow.letter(email, "password")
    assert "changed" in str(told["Subject"]).lower() + told.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_removed_access_empties_the_page_and_can_be_given_back(willow: House, visit: Visit) -> None:
    client = willow.cast.client
    thread = willow.cast.conversation["noa clinical"]
    miriam, dana = await visit("miriam", willow.deployment), await visit("dana", willow.deployment)
    tab = await miriam.open(f"/staff/clients/{client['noa']}/portal", worker=0)
    reading = await dana.open(f"/clients/{client['noa']}/conversations/{thread}", worker=1)
    home = await dana.open(f"/clients/{client['noa']}/home", worker=0)
    eli = await dana.open(f"/clients/{client['eli']}/home", worker=1)
    await tab.bring_to_front()
    dialog = await asked(tab, "Remove access")
    await expect(dialog.get_by_role("heading", name="Remove Dana Reyes’s access to Noa’s record?")).to_be_visible()
    await expect(dialog).to_contain_text("signed out of Noa’s record now, on every device")
    async with tab.expect_response(lambda answer: answer.request.method == "POST") as posted:
        await press(dialog, "Remove access")
    await posted.value
    await are_emptied([reading, home], "This has ended")
    assert [word for word in ("Noa", "waiting room", "Miriam") if word in await reading.content()] == []
    await is_in(tab, "removed", "Access to Noa has been removed")
    await expect(eli.get_by_role("heading", name="What’s next for Eli")).to_be_visible()
    await expect(eli.locator("#switch")).not_to_contain_text("Noa")

    await agree(tab, "Give access back")
    await is_in(tab, "active", "Dana Reyes acts for Noa")
    await expect(eli.locator("#switch")).to_contain_text("Noa")
    async with dana.goes_on(reading):
        await reading.get_by_role("link", name="Go to your home page").click()
    await dana.open(f"/clients/{client['noa']}/conversations/{thread}", worker=1, page=reading)
    await expect(reading.get_by_label("Message about Noa")).to_be_visible()


async def test_what_the_mail_server_refuses_is_shown_and_put_right(willow: House, visit: Visit) -> None:
    typo = "rowan@exmaple.example"
    willow.letterbox.refuses[typo] = "550 5.1.1 There is no such user here"
    miriam = await visit("miriam", willow.deployment)
    chart = await willow.chart("Rowan", email=typo)
    tab = await miriam.open(chart.tab, worker=0)
    undelivered = await miriam.open("/staff/mail", worker=1)
    await tab.bring_to_front()
    await agree(tab, "Send welcome email")
    await is_in(tab, "trouble", "The welcome email to Rowan couldn’t be delivered")
    said = "The mail server said: 550 5.1.1 There is no such user here"
    await expect(state(tab).get_by_text(said)).to_be_visible()
    row = undelivered.locator("#undelivered tr").filter(has_text=typo)
    await expect(row).to_contain_text("550 5.1.1 There is no such user here")
    await expect(row).to_contain_text("Not delivered")
    await row.get_by_role("button", name="Try again now").click()
    await expect(row).to_contain_text("Not delivered")

    edit = await miriam.open(f"/staff/clients/{chart.id}/edit", worker=1)
    await edit.get_by_label("Email").fill("rowan@example.com")
    await press(edit, "Save changes")
    await is_in(tab, "not_invited", "Rowan isn’t invited yet")
    await expect(row).to_have_count(0)
    await willow.due_again(chart)
    await tab.bring_to_front()
    await agree(tab, "Send welcome email")
    await is_in(tab, "invited", "Rowan is invited")
    await willow.letter("rowan@example.com", "/welcome/")


async def test_settings_show_the_letter_as_it_is_typed_and_switch_the_portal(willow: House, visit: Visit) -> None:
    ada, dana = await visit("ada", willow.deployment), await visit("dana", willow.deployment)
    home = await dana.open("/home", worker=1)
    page = await ada.open("/staff/settings/portal", worker=0)
    body, shown = page.locator("#field-body_en"), page.locator("#preview-en")
    await body.fill("Dear {name}, the kettle is on. {link}")
    await expect(shown).to_contain_text("Dear Ada, the kettle is on.")
    await body.fill("Dear {name}, call {nobody}. {link}")
    await expect(shown.locator(".why")).to_contain_text("can only have the placeholders")
    await body.fill("Dear ")
    await page.locator("[data-into=field-body_en]").first.click()
    await expect(body).to_have_value(re.compile(r"^Dear \{\w+\}$"))
    await body.fill("Dear {name}, the kettle is on. {link}")
    await press(page, "Send sample in English")
    await expect(page.get_by_role("status").filter(has_text="A sample is on its way")).to_be_visible()
    await expect(body).to_have_value("Dear {name}, the kettle is on. {link}")
    await willow.letter(willow.cast.email["staff", "ada"], "the kettle is on")

    await press(page, "Turn the portal off")
    dialog = page.get_by_role("dialog", name="Turn the portal off for everyone?")
    await press(dialog, "Turn the portal off")
    await expect(home.get_by_role("heading", name="The portal is closed at the moment")).to_be_visible()
    await expect(home.get_by_role("link", name=re.compile("^Call "))).to_be_visible()
    try:
        await expect(page.get_by_role("heading", name="The portal is off")).to_be_visible()
        refused = await willow.cast.stranger(1).post(
            "/sign-in", email=willow.cast.email["client", "dana"], password=PASSWORD, side="client"
        )
        assert refused.status_code == 422 or refused.status_code == 403, refused.status_code
    finally:
        await press(page, "Turn the portal on")
    await expect(page.get_by_role("heading", name="The portal is on")).to_be_visible()
    await willow.cast.sign_in("dana", worker=1)


async def test_from_an_empty_deployment_to_the_first_invitation(visit: Visit) -> None:
    async with unfurnished() as (deployment, letterbox, code):
        founder = await visit("", deployment)
        founder.may_be_refused = {422}
        page = await founder.context.new_page()
        await page.goto(deployment.bases[0])
        await expect(page.get_by_role("heading", name="Set up your practice")).to_be_visible()
        for label, value in (
            ("One-time code", "0000-0000-0000-0000"),
            ("Name of the practice", "Alder House"),
            ("Phone", "(555) 010-0100"),
            ("Address", "3 Alder Lane"),
            ("Your name", "Grace Alder"),
            ("Email", "grace@alder.example"),
            ("Password", WORDS),
        ):
            await page.get_by_label(label, exact=True).fill(value)
        await page.get_by_label("Time zone").select_option("America/New_York")
        await press(page, "Set up the practice")
        await expect(
            page.get_by_role("link", name=re.compile("One-time code: this isn’t the code in the log"))
        ).to_be_visible()
        await page.get_by_label("One-time code").fill(code)
        await page.get_by_label("Password", exact=True).fill(WORDS)
        await press(page, "Set up the practice")
        await expect(page).to_have_url(re.compile("/staff/today$"))

        await page.get_by_role("link", name="Clients", exact=True).click()
        await page.get_by_role("link", name="New client").first.click()
        for label, value in (
            ("First name", "Hazel"),
            ("Last name", "Moss"),
            ("Date of birth", "1988-02-29"),
            ("Email", "hazel@example.com"),
        ):
            await page.get_by_label(re.compile(f"^{label}")).fill(value)
        await press(page, "Add client")
        async with founder.goes_on(page):
            await page.get_by_role("navigation", name="Chart").get_by_role("link", name="Portal").click()
        await is_in(page, "not_invited", "Hazel isn’t invited yet")
        await agree(page, "Send welcome email")
        await is_in(page, "invited", "Hazel is invited")
        await letterbox.arrived(1)
        assert "Alder House" in str(letterbox.letters[0]["From"])
        # The door to this is closed behind the first.
        late = await founder.context.new_page()
        await late.goto(deployment.bases[0] + "/start")
        await expect(late.get_by_role("heading", name="There’s nothing here")).to_be_visible()
        founder.line_is_cut = True


@contextlib.asynccontextmanager
async def unfurnished() -> AsyncIterator[tuple[Deployment, Letterbox, str]]:
    """A deployment with nothing in it, and the one-time code that `portal start` prints."""
    folder = Path(tempfile.mkdtemp(prefix="portal-unfurnished-"))
    try:
        async with Letterbox() as letterbox:
            letterbox.folder = folder / "mail"
            env = {"PORTAL_DATA": str(folder), "SMTP_URL": letterbox.url}
            deployment = Deployment(folder, env, workers=1, with_worker=False)
            printed = await asyncio.to_thread(
                subprocess.check_output, [*PORTAL, "start"], cwd=ROOT, env=deployment.env, text=True, timeout=60
            )
            async with deployment._running():
                yield deployment, letterbox, printed.split()[-1]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def test_signing_up_and_a_new_password_without_javascript(willow: House, visit: Visit) -> None:
    chart = await invited(willow, "Ivy")
    plain = await visit("", willow.deployment, java_script_enabled=False)
    plain.may_be_refused = {422}
    page = await plain.context.new_page()
    base = willow.deployment.bases[1]
    await page.goto(base + path_of(await willow.mailed(chart.email, "/welcome/")))
    await press(page, "Continue")
    await (await give_birth_date(page, "1980-01-01")).click()
    await expect(page.get_by_text("That isn’t the date we have on file.")).to_be_visible()
    await (await give_birth_date(page, chart.born)).click()
    await page.get_by_label("Password", exact=True).fill(WORDS)
    await press(page, "Save and go in")
    await expect(page.get_by_role("heading", name="What’s next for you")).to_be_visible()

    await plain.context.clear_cookies()
    await page.goto(f"{base}/forgot")
    await page.get_by_label("Email").fill(chart.email)
    await press(page, "Send me a link")
    await expect(page.get_by_role("heading", name="Check your email")).to_be_visible()
    await page.goto(base + path_of(await willow.mailed(chart.email, "/reset/")))
    await press(page, "Continue")
    await page.get_by_label("Password", exact=True).fill(NEW_WORDS)
    await press(page, "Save new password")
    await page.get_by_label("Email").fill(chart.email)
    await page.get_by_label("Password", exact=True).fill(NEW_WORDS)
    await page.locator("form .primary").click()
    await expect(page.get_by_role("heading", name="What’s next for you")).to_be_visible()


async def test_staff_invite_without_javascript(willow: House, visit: Visit) -> None:
    chart = await willow.chart("Fern")
    miriam = await visit("miriam", willow.deployment, java_script_enabled=False)
    page = await miriam.context.new_page()
    await page.goto(willow.deployment.bases[0] + chart.tab)
    await page.locator("summary").filter(has_text="Send welcome email").click()
    await page.locator("details[open]").get_by_role("button", name="Send welcome email").click()
    await is_in(page, "invited", "Fern is invited")
