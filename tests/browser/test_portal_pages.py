"""The pages of portal access, each state and each dialog of them: axe finds nothing, nothing hangs over the side, and
a welcome email goes out by keyboard alone."""

import asyncio
import datetime as dt
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from portal import clock
from tests.access.desk import SECRET, Chart, path_of
from tests.browser.conftest import Visit
from tests.browser.letterbox import House, house
from tests.browser.test_keyboard import tab_to
from tests.browser.test_pages import AT_ONCE, bring_axe, look
from tests.browser.visitor import Visitor
from tests.servers import PostgreSQL, Redis

LONG = "Maximiliana Featherstonehaugh-Castellanos"


@dataclass(frozen=True)
class Street:
    """A practice with a chart in each state of access."""

    willow: House
    charts: dict[str, Chart]

    def tab(self, state: str) -> str:
        return (
            self.charts[state].tab
            if state in self.charts
            else f"/staff/clients/{self.willow.cast.client[state]}/portal"
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def street(postgres: PostgreSQL, redis_server: Redis) -> AsyncIterator[Street]:
    async with house(postgres, redis_server) as willow:
        yield Street(willow, await in_each_state(willow))


async def in_each_state(willow: House) -> dict[str, Chart]:
    refused = f"{'.'.join(['anneliese'] * 5)}@refused.example"
    willow.letterbox.refuses[refused] = f"550 5.1.1 <{refused}> is not known at {'mail.' * 20}refused.example"
    charts = {
        "missing": await willow.chart(LONG.split()[0], born="", email=""),
        "ready": await willow.chart("Ready"),
        "invited": await willow.chart("Invited"),
        "trouble": await willow.chart("Trouble", email=refused),
        "locked": await willow.chart("Locked"),
        "removed": await willow.chart("Removed"),
        "paused": await willow.chart("Paused"),
        "linkable": await willow.chart("Linkable", email=willow.cast.email["client", "dana"]),
    }
    for name in ("invited", "trouble", "locked"):
        answer = await willow.act(charts[name], "invitations", holder="client")
        assert answer.status_code == 303, answer.text
    await willow.sql(
        "update invitation set tries = 5, locked_at = :now where client_id = :id",
        now=clock.now(),
        id=charts["locked"].id,
    )
    for name in ("removed", "paused"):
        await willow.sign_up(charts[name])
    await willow.act(charts["removed"], "removals", holder=await willow.account_id(charts["removed"]))
    await willow.change(charts["paused"], date_of_birth="")
    return charts


async def speaking(visit: Visit, street: Street, who: str, language: str) -> Visitor:
    visitor = await visit(who, street.willow.deployment, reduced_motion="reduce")
    visitor.may_be_refused = {422}
    if language == "en":
        await bring_axe(visitor)
    await visitor.speak(language)
    return visitor


class Findings:
    def __init__(self, language: str) -> None:
        self.language = language
        self.found: dict[str, list[str]] = {}

    async def look(self, name: str, page: Page) -> None:
        assert await page.get_attribute("html", "lang") == self.language, name
        for how, found in (await look(page, self.language)).items():
            if found:
                self.found[f"{name}, {how}"] = found


# The tabs, and what is opened on which of them by the name of its button. Spanish meets the other two of theme and
# size, so there each kind of page suffices.
TABS = ["missing", "trouble", "locked", "removed", "eli", "noa", "ready", "invited", "paused", "linkable"]
DIALOGS = {"send": "ready", "resend": "invited", "unlock": "locked", "remove": "noa", "link": "linkable"}


@pytest.mark.parametrize("language", ["en", "es"])
async def test_staff_pages(street: Street, visit: Visit, language: str) -> None:
    findings = Findings(language)
    miriam, ada = (await speaking(visit, street, "miriam", language), await speaking(visit, street, "ada", language))
    base, turn = street.willow.deployment.bases[0], asyncio.Semaphore(AT_ONCE)
    await street.willow.due_again(street.charts["invited"])

    async def one(name: str, who: Visitor, path: str, dialog: str = "") -> None:
        async with turn:
            page = await who.context.new_page()
            await page.goto(base + path)
            if dialog:
                await page.locator(f"[data-asks^=dialog-{dialog}-]").first.click()
                await page.get_by_role("dialog").wait_for()
            await findings.look(name, page)
            await page.close()

    [failed] = await street.willow.comes("select id from bounce where settled_at is null")
    dialogs = DIALOGS if language == "en" else {}
    await asyncio.gather(
        *(one(f"tab, {state}", miriam, street.tab(state)) for state in TABS[: 10 if language == "en" else 5]),
        *(one(f"{act}?", miriam, street.tab(state), act) for act, state in dialogs.items()),
        one("preview", miriam, f"{street.tab('ready')}/letter"),
        one("undelivered", miriam, "/staff/mail"),
        one("an address", miriam, f"/staff/mail/addresses/{failed['id']}"),
        one("today, with a task", miriam, "/staff/today"),
        one("settings", ada, "/staff/settings/portal"),
        one("settings, mail", ada, "/staff/settings/mail"),
    )
    assert findings.found == {}


@pytest.mark.parametrize("language", ["en", "es"])
async def test_pages_outside(street: Street, visit: Visit, language: str) -> None:
    findings, willow = Findings(language), street.willow
    await willow.sql("delete from throttle")
    base = willow.deployment.bases[0]
    someone = await speaking(visit, street, "", language)
    page = await someone.context.new_page()

    async def go(path: str) -> None:
        await page.goto(base + path)

    async def behind(change: str) -> None:
        await willow.sql(
            f"update invitation set {change} where client_id = :id",
            id=chart.id,
            past=clock.now() - dt.timedelta(seconds=1),
        )

    async def forward(status: int = 303) -> None:
        async with (
            someone.goes_on(page),
            page.expect_response(lambda answer: answer.request.method == "POST") as posted,
        ):
            await page.locator("main form .primary").click()
        assert (await posted.value).status == status

    chart = await willow.chart(LONG.split()[0])
    await willow.act(chart, "invitations", holder="client", language=language)
    token = await willow.plant("invitation", await willow.newest_invitation(chart))
    await go(f"/welcome/{token}")
    await findings.look("welcome", page)
    await forward()
    await page.locator("#field-date_of_birth").fill("1980-01-01")
    await forward(422)
    await findings.look("date of birth, wrong", page)
    await page.locator("#field-date_of_birth").fill(chart.born)
    await forward()
    await page.locator("#field-password").fill("short")
    await forward(422)
    await findings.look("password, weak", page)
    await page.locator("#field-password").fill(SECRET)
    await forward()
    await someone.context.clear_cookies(name="portal-client")

    await go(f"/welcome/{token}")
    await findings.look("used", page)
    for kind, change in (
        ("locked", "used_at = null, locked_at = :past"),
        ("expired", "locked_at = null, sent_at = sent_at - cast('8 days' as interval), expires_at = :past"),
        ("replaced", "ended_at = :past, ended_why = 'replaced'"),
    ):
        await behind(change)
        await go(f"/welcome/{token}")
        await findings.look(kind, page)
    await go("/welcome/no-such-token-as-this-one-here")
    await findings.look("unknown", page)

    await go("/forgot")
    await findings.look("forgot", page)
    await page.locator("#field-email").fill(chart.email)
    await forward(200)
    await findings.look("forgot, sent", page)
    await go(path_of(await willow.mailed(chart.email, "/reset/")))
    await findings.look("reset", page)
    await forward()
    await findings.look("reset, password", page)
    await go("/demo/mail")
    await findings.look("mail of the demo", page)
    assert findings.found == {}


async def test_a_welcome_email_by_keyboard_alone(street: Street, visit: Visit) -> None:
    chart = await street.willow.chart("Linden")
    miriam = await speaking(visit, street, "miriam", "en")
    page = await miriam.open(chart.tab)
    opener = page.locator("[data-state]").get_by_role("button", name=re.compile("^Send welcome email ?:"))
    await tab_to(page, "^Send welcome email ?:", "button")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(opener).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_visible()
    await tab_to(page, "English", "input")
    await page.keyboard.press("ArrowDown")
    await expect(dialog.get_by_role("radio", name="Español")).to_be_checked()
    await tab_to(page, "^Preview the email$", "a")
    await page.keyboard.press("Enter")
    await expect(dialog.locator(".letter")).to_contain_text("Linden")
    await tab_to(page, "^Send welcome email$", "button")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(page.locator("[data-state]")).to_have_attribute("data-state", "invited")
    await page.wait_for_function("document.activeElement !== document.body")
    row = await street.willow.invitation(chart)
    assert row["language"] == "es"
    # What can't be pressed yet can be reached, and says why.
    await tab_to(page, "^Resend ?:", "button")
    await expect(page.locator(":focus")).to_have_accessible_description(re.compile("It can be sent again"))
