"""The steps that common tasks take in a real browser: each press and each field filled is one.

Its practice is its own: it removes somebody, and turns the portal off. A task may take as many as a newcomer needed
on 30 November 2026, or less.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import PHONE
from tests.deployment import Deployment


class Hand:
    """A person's hand on one open page. It counts what it does."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.steps: list[str] = []

    async def press(self, target: Locator) -> None:
        self.steps.append("press")
        await target.first.click()

    async def button(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        await self.press((within or self.page).get_by_role("button", name=name))

    async def link(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        await self.press((within or self.page).get_by_role("link", name=name))

    async def key(self, key: str) -> None:
        self.steps.append(f"key {key}")
        await self.page.keyboard.press(key)

    async def choose(self, field: Locator, label: str) -> None:
        self.steps.append(f"choose {label}")
        await field.select_option(label=label)

    async def fill(self, field: Locator, text: str) -> None:
        self.steps.append("fill")
        await field.first.fill(text)

    def row(self, name: str) -> Locator:
        return self.page.get_by_role("row", name=re.compile(name))

    def dialog(self) -> Locator:
        return self.page.locator("dialog[open]")

    async def shows(self, text: str | re.Pattern[str]) -> None:
        await expect(self.page.locator("main")).to_contain_text(text)


Task = Callable[[Hand], Awaitable[None]]
TASKS: dict[str, tuple[str, str, int, Task]] = {}


def task(person: str, begins: str, at_most: int) -> Callable[[Task], Task]:
    """Register a task: who does it, where it begins (names of the cast in braces), and the most steps it may take."""

    def take(act: Task) -> Task:
        TASKS[act.__name__.replace("_", " ")] = (person, begins, at_most, act)
        return act

    return take


@task("miriam", "/staff/clients", 3)
async def invite_from_the_client_list(hand: Hand) -> None:
    row = hand.page.get_by_role("row", name=re.compile("Zainab Qureshi"))
    await hand.link(re.compile("^Not invited"), row)
    await hand.button(re.compile("^Send welcome email"))
    await hand.button(re.compile("^Send"), hand.dialog())
    await expect(hand.page.get_by_role("button", name=re.compile("^Undo invitation"))).to_be_visible()


@task("miriam", "/staff/clients/{zainab}", 3)
async def invite_a_second_person_from_the_chart(hand: Hand) -> None:
    await hand.link("Portal")
    await hand.button(re.compile("^Send welcome email"), hand.row("Amira Qureshi"))
    await hand.button(re.compile("^Send"), hand.dialog())
    await expect(hand.row("Amira Qureshi").get_by_role("button", name=re.compile("^Undo invitation"))).to_be_visible()


@task("miriam", "/staff/today", 3)
async def reply_from_today(hand: Hand) -> None:
    await hand.link(re.compile("^Noa"))
    await hand.fill(hand.page.get_by_label(re.compile("^Message about")), "Of course he may.")
    await hand.key("Enter")
    await expect(hand.page.locator(".log")).to_contain_text("Of course he may.")


@task("miriam", "/staff/today", 3)
async def find_a_chart(hand: Hand) -> None:
    await hand.key("/")
    await hand.fill(hand.page.get_by_label("Search clients"), "lena")
    await expect(hand.page.locator("#client-finder")).to_contain_text("Lena Brandt")
    await hand.key("Enter")
    await expect(hand.page.get_by_role("heading", name="Lena Brandt", level=1)).to_be_visible()


@task("miriam", "/staff/inbox", 6)
async def write_a_new_message(hand: Hand) -> None:
    await hand.key("n")
    await hand.fill(hand.page.get_by_label("Client", exact=True), "okaf")
    await expect(hand.page.locator("#recipient-finder")).to_contain_text("Sam Okafor")
    await hand.key("Enter")
    await hand.press(hand.page.locator("#main").get_by_text("Administrative"))
    await hand.fill(hand.page.get_by_label(re.compile("^Message")), "Room 2 today.")
    await hand.key("Enter")
    await expect(hand.page.locator(".log")).to_contain_text("Room 2 today.")


@task("miriam", "/staff/inbox/{sam clinical}", 1)
async def say_that_a_conversation_is_done(hand: Hand) -> None:
    await hand.key("e")
    await expect(hand.page.locator(".handling")).to_contain_text("Done by you")


@task("miriam", "/staff/inbox/{eli confidential}", 2)
async def snooze_a_conversation(hand: Hand) -> None:
    await hand.key("s")
    await expect(hand.dialog()).to_be_visible()
    await hand.key("Enter")
    await expect(hand.page.locator(".handling")).to_contain_text("Snoozed until")


@task("miriam", "/staff/clients/{noa}/portal", 1)
async def look_at_the_portal_as_a_mother_sees_it(hand: Hand) -> None:
    await hand.link("View as Dana")
    await expect(hand.page.locator(".viewed-bar")).to_contain_text("Dana")


@task("miriam", "/staff/clients/{eli}/portal", 2)
async def reset_a_password(hand: Hand) -> None:
    await hand.button(re.compile("^Reset password"), hand.row("The client"))
    await hand.button(re.compile("^Send"), hand.dialog())
    await expect(hand.dialog()).to_have_count(0)


@task("miriam", "/staff/clients/{eli}/portal", 2)
async def remove_somebody(hand: Hand) -> None:
    await hand.button(re.compile("^Remove access"), hand.row("Ravi Menon"))
    await hand.button(re.compile("^Remove"), hand.dialog())
    await expect(hand.row("Ravi Menon")).not_to_contain_text("Active")


@task("ada", "/staff/clients/{noa}", 3)
async def change_the_care_team(hand: Hand) -> None:
    await hand.link(re.compile("^Change"))
    await hand.choose(hand.dialog().get_by_label("Add a colleague"), "Henrik Vasquez")
    await hand.button("Add to the team", hand.dialog())
    await hand.shows("Henrik Vasquez")


@task("miriam", "/staff/today", 6)
async def plan_time_away(hand: Hand) -> None:
    await hand.press(hand.page.locator("#me > summary"))
    await hand.link("Time away")
    await hand.choose(hand.page.get_by_label("Who covers"), "Theo Novak")
    await hand.fill(hand.page.get_by_label("First day away"), "2027-03-01")
    await hand.fill(hand.page.get_by_label("Last day away"), "2027-03-05")
    await hand.button("Plan it")
    await hand.shows("March 1")


@task("ada", "/staff/settings/portal", 2)
async def turn_the_portal_off(hand: Hand) -> None:
    await hand.button(re.compile("^Turn the portal off"))
    await hand.button("Turn the portal off", hand.dialog())
    await expect(hand.page.get_by_role("button", name="Turn the portal on")).to_be_visible()


@task("ada", "/staff/settings/portal", 1)
async def turn_the_portal_on(hand: Hand) -> None:
    await hand.button(re.compile("^Turn the portal on"))
    await expect(hand.page.get_by_role("button", name="Turn the portal off").first).to_be_visible()


@task("dana", "/clients/{noa}/home", 2)
async def look_at_the_other_child(hand: Hand) -> None:
    await hand.press(hand.page.locator(".switch summary"))
    await hand.link(re.compile("^Eli"), hand.page.locator(".who-menu"))
    await expect(hand.page.get_by_role("heading", level=1)).to_contain_text("Eli")


@task("dana", "/clients/{noa}/home", 4)
async def set_quiet_hours(hand: Hand) -> None:
    await hand.press(hand.page.locator("#more > summary"))
    await hand.link("Notices to you")
    await hand.press(hand.page.get_by_label(re.compile("^No emails and no devices at night")))
    await hand.button("Save")
    await hand.shows("Saved.")


@task("dana", "/clients/{noa}/home", 2)
async def be_discreet(hand: Hand) -> None:
    await hand.press(hand.page.locator("#more > summary"))
    await hand.button("On", hand.page.get_by_role("group", name="Discreet"))
    await expect(hand.page.locator("#leave")).to_be_visible()


@task("dana", "/clients/{noa}/conversations/{noa clinical}", 1)
async def see_who_can_read_it(hand: Hand) -> None:
    await hand.link("Why?")
    await expect(hand.dialog()).to_contain_text("Miriam Adler")


@task("dana", "/clients/{noa}/conversations/{noa clinical}", 2)
async def write(hand: Hand) -> None:
    await hand.fill(hand.page.get_by_label(re.compile("^Message about")), "We are on our way.")
    await hand.button("Send")
    await expect(hand.page.locator(".log")).to_contain_text("We are on our way.")


@task("dana", "/clients/{noa}/conversations/{noa clinical}", 3)
async def search_a_conversation(hand: Hand) -> None:
    await hand.press(hand.page.locator(".search-panel > summary"))
    await hand.fill(hand.page.get_by_label("Search in this conversation"), "spelling")
    await hand.key("Enter")
    await expect(hand.page.locator(".hits-head")).to_be_visible()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def willow() -> AsyncIterator[Deployment]:
    """A second person could act for Zainab."""
    async with Deployment.embedded() as deployment:
        miriam, zainab = await deployment.cast.sign_in("miriam"), deployment.cast.client["zainab"]
        amira = {"name": "Amira Qureshi", "relationship": "Sister", "email": "amira@example.com", "messages": "on"}
        await miriam.post(f"/staff/clients/{zainab}/contacts", key=str(uuid4()), **amira)
        yield deployment


@pytest.mark.parametrize("name", TASKS)
async def test_it_takes_no_more_steps_than_this(name: str, willow: Deployment, visit: Visit) -> None:
    person, begins, at_most, act = TASKS[name]
    phone = {"viewport": PHONE, "has_touch": True} if person in willow.cast.account else {}
    visitor = await visit(person, willow, **phone)
    hand = Hand(await visitor.open(begins.format(**willow.cast.client, **willow.cast.conversation)))
    await act(hand)
    assert len(hand.steps) <= at_most, hand.steps
