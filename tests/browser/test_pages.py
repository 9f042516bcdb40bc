"""Every page, in both languages, themes and sizes: axe finds nothing, and nothing hangs over the side.

Costs a visit for each page and each of its states, and for a third of them another. In English axe looks at all of it
once, and in the dark at colours and at the size of what is pressed. In Spanish words are longer, and what they push
over the side is looked for at three widths: in each run on a third of the pages, and on another when a template is
another. `--all` has axe look at all of each page in each look.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Page, ViewportSize

from tests.browser.conftest import Visit
from tests.browser.overfull import make_overfull
from tests.browser.visitor import DESK, PHONE, Visitor
from tests.deployment import ROOT, Deployment

AT_ONCE = 3  # pages looked at
_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
_FINDINGS = """async (rules) => {
    const only = rules ? { runOnly: { type: "rule", values: rules } } : { rules: { "target-size": { enabled: true } } };
    const { violations } = await axe.run(document, { resultTypes: ["violations"], preload: false, ...only });
    // In a disabled fieldset axe takes everything for disabled, also what scrolls and takes the focus by its tabindex.
    const wrong = (id, { target }) => id === "scrollable-region-focusable" &&
        document.querySelector(target[0])?.matches('fieldset:disabled [tabindex="0"]');
    // A bar that stays at the edge covers what can be scrolled from under it.
    const covered = (id, { failureSummary }) => id === "target-size" && failureSummary.includes("partially obscured");
    return violations.flatMap(({ id, nodes }) => nodes.filter((node) => !wrong(id, node) && !covered(id, node))
        .map((node) => `${id}: ${node.target}: ${node.failureSummary}`));
}"""
# What reaches over the side of the window, unless it stands in something that scrolls sideways on purpose.
_HANGS_OVER = """() => {
    const held = (one) => one.closest(".tabs, .sr, [hidden], dialog:not([open])");
    const name = (one) => `${one.localName}.${one.getAttribute("class")}: ${one.textContent.trim().slice(0, 40)}`;
    const over = [...document.body.querySelectorAll("*")].filter((one) => {
        const { right, left, width } = one.getBoundingClientRect();
        return width && (right > innerWidth + 1 || left < -1) && !held(one);
    });
    const wide = [...document.querySelectorAll("html, body, main, .panes, .panes > *, .scroll, .log")]
        .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible");
    return [...over, ...wide].map(name);
}"""


@dataclass(frozen=True)
class Place:
    """A page as someone has it before them. `then` opens what is to be looked at in it."""

    name: str
    who: str
    path: str
    then: Callable[[Page], Awaitable[Any]] | None = None


def opened(selector: str) -> Callable[[Page], Awaitable[Any]]:
    async def act(page: Page) -> None:
        await page.locator(selector).click()

    return act


def asked(selector: str) -> Callable[[Page], Awaitable[Any]]:
    """Press what opens a dialog that is fetched."""

    async def act(page: Page) -> None:
        await page.locator(selector).click()
        await page.locator("dialog[open]").wait_for()

    return act


def sent(*values: tuple[str, str], button: str) -> Callable[[Page], Awaitable[Any]]:
    """Fill in a form wrongly and send it."""

    async def act(page: Page) -> None:
        for field, value in values:
            await page.locator(f"#field-{field}").fill(value)
        await page.locator(button).click()
        await page.locator("main .trouble").wait_for()

    return act


def older(form: str, field: str, value: str) -> Callable[[Page], Awaitable[Any]]:
    """Send a form that was made on what is no more."""

    async def act(page: Page) -> None:
        await page.locator(f"{form} [name=version]").evaluate("(field) => { field.value = '' }")
        await page.locator(f"{form} [name={field}]").fill(value)
        await page.locator(f"{form} .primary").first.click()
        await page.locator(f"{form} .meanwhile").wait_for()

    return act


async def refused_contact(page: Page) -> None:
    """Sent without saying who it is or what they are."""
    await page.locator("form.stack > .btns .primary").click()
    await page.locator("main .trouble").wait_for()


def shown(dialog: str) -> Callable[[Page], Awaitable[Any]]:
    async def act(page: Page) -> None:
        await page.evaluate("(id) => document.getElementById(id).showModal()", dialog)

    return act


def emptied(template: str) -> Callable[[Page], Awaitable[Any]]:
    """The page as live.js leaves it when session or access end."""

    async def act(page: Page) -> None:
        await page.evaluate(
            "(id) => document.body.replaceChildren(document.getElementById(id).content.cloneNode(true))", template
        )

    return act


def places(practice: Deployment, side: str) -> list[Place]:
    client, thread = practice.cast.client, practice.cast.conversation
    if side == "public":
        wrong = sent(("email", "nobody@example.com"), ("password", "wrong"), button=".door-form .primary")
        return [
            Place("sign in", "", "/sign-in"),
            Place("sign in, refused", "", "/sign-in", wrong),
            Place("nothing here", "", "/no/such/page"),
        ]
    if side == "staff":
        noa, priya, long = (f"/staff/clients/{client[who]}" for who in ("noa", "priya", "maximiliana-theodora"))
        as_dana = f"{noa}/as/{practice.cast.account['dana']}"
        return [
            Place("Today", "miriam", "/staff/today"),
            Place("Today, nothing", "newcomer", "/staff/today"),
            Place("Today, overfull", "wilhelmina", "/staff/today"),
            Place("notices", "miriam", "/staff/notices"),
            Place("notices, none", "newcomer", "/staff/notices"),
            Place("notices, overfull", "wilhelmina", "/staff/notices"),
            Place("keys", "miriam", "/staff/today", shown("keys")),
            Place("menu", "miriam", "/staff/today", opened("#me > summary")),
            Place("idle warning", "miriam", "/staff/today", shown("idle")),
            Place("signed out", "miriam", "/staff/today", emptied("ended")),
            Place("inbox", "miriam", "/staff/inbox"),
            Place("inbox, nothing", "newcomer", "/staff/inbox"),
            Place("inbox, overfull", "wilhelmina", "/staff/inbox"),
            Place("inbox, filters", "miriam", "/staff/inbox?view=done", opened("#inbox-list-more > summary")),
            Place("inbox, nothing done", "newcomer", "/staff/inbox?view=done&audience=billing"),
            Place("inbox, conversation", "miriam", f"/staff/inbox/{thread['eli confidential']}"),
            Place(
                "inbox, conversation, overfull", "wilhelmina", f"/staff/inbox/{thread['maximiliana-theodora clinical']}"
            ),
            Place("inbox, hand over?", "miriam", f"/staff/inbox/{thread['noa clinical']}", asked("[data-key=h]")),
            Place(
                "inbox, note?", "miriam", f"/staff/inbox/{thread['noa clinical']}", asked(".compose-head [href$=notes]")
            ),
            Place("inbox, note without a dialog", "miriam", f"/staff/inbox/{thread['noa clinical']}/notes"),
            Place("inbox, snooze?", "miriam", f"/staff/inbox/{thread['noa clinical']}", asked("[data-key=s]")),
            Place("inbox, snooze without a dialog", "miriam", f"/staff/inbox/{thread['noa clinical']}/snooze"),
            Place("clients", "miriam", "/staff/clients"),
            Place("clients, none", "newcomer", "/staff/clients"),
            Place("clients, overfull", "wilhelmina", "/staff/clients"),
            Place("clients, not found", "miriam", "/staff/clients#q=nobody at all"),
            Place("archived clients", "miriam", "/staff/clients?show=archived"),
            Place("new client", "miriam", "/staff/clients/new"),
            Place("new client, wrong", "miriam", "/staff/clients/new", sent(button=".sheet .primary")),
            Place("chart", "miriam", noa),
            Place("chart, overfull", "wilhelmina", long),
            Place("archive?", "miriam", noa, opened("[data-opens=archive-dialog]")),
            Place("edit", "miriam", f"{noa}/edit"),
            Place("edit, wrong", "miriam", f"{noa}/edit", sent(("first_name", ""), button=".sheet .primary")),
            Place("edit, overfull", "wilhelmina", f"{long}/edit"),
            Place("time away", "ada", "/staff/leave"),
            Place("colleagues", "ada", "/staff/colleagues"),
            Place("departure", "ada", f"/staff/colleagues/{practice.cast.staff['miriam']}/departure"),
            Place("templates", "miriam", "/staff/templates"),
            Place("templates, none", "newcomer", "/staff/templates"),
            Place(
                "new template, wrong",
                "ada",
                "/staff/templates/new",
                sent(("body", "{link}"), button=".welcome-text .primary"),
            ),
            Place("template", "miriam", f"/staff/templates/{practice.cast.template['miriam']}"),
            Place(
                "choosing a template",
                "miriam",
                f"{noa}/conversations/{thread['noa clinical']}",
                asked(".compose-head [href$=templates]"),
            ),
            Place("choices", "miriam", "/staff/notices/choices"),
            Place("conversations", "miriam", f"{noa}/messages"),
            Place("conversations, none", "wilhelmina", f"/staff/clients/{client['silent']}/messages"),
            Place("who sees", "miriam", f"{noa}/who-sees"),
            Place("readers", "miriam", f"{noa}/conversations/{thread['noa clinical']}/readers"),
            Place(
                "readers, asked",
                "miriam",
                f"{noa}/conversations/{thread['noa clinical']}",
                asked(".thread-head .who-sees a"),
            ),
            Place("contacts", "miriam", f"{noa}/contacts"),
            Place("view as", "miriam", f"{as_dana}/home"),
            Place("view as, conversation", "miriam", f"{as_dana}/conversations/{thread['noa clinical']}"),
            Place("view as, notices", "henrik", f"{as_dana}/notices"),
            Place("view as, ended", "miriam", f"{as_dana}/home", emptied("gone")),
            Place("portal, accounts", "miriam", f"{noa}/portal"),
            Place("contacts, none", "miriam", f"/staff/clients/{client['lena']}/contacts"),
            Place("new contact", "miriam", f"{noa}/contacts/new"),
            Place("new contact, refused", "miriam", f"{noa}/contacts/new", refused_contact),
            Place(
                "contact, changed meanwhile",
                "miriam",
                f"{noa}/contacts/{practice.cast.link}",
                older("form.stack", "basis", "What both parents agreed on. " * 20),
            ),
            Place(
                "hours, changed meanwhile",
                "ada",
                "/staff/settings/availability",
                older("form[action$=hours]", "monday_first_from", "07:00"),
            ),
            Place("contact", "miriam", f"{noa}/contacts", opened(".contact-rows:not(.past) > :first-child .do a")),
            Place("contact to client", "miriam", f"{noa}/contacts/{practice.cast.link}/client"),
            Place(
                "contact to client, refused",
                "miriam",
                f"{noa}/contacts/{practice.cast.link}/client",
                sent(("first_name", ""), button="form.stack > .btns .primary"),
            ),
            Place("contact's history", "miriam", f"{noa}/contacts/{practice.cast.link}/history"),
            Place("new conversation", "miriam", f"{noa}/conversations/new"),
            Place("new conversation, overfull", "wilhelmina", f"{long}/conversations/new"),
            Place("conversation", "miriam", f"{priya}/conversations/{thread['priya clinical']}"),
            Place(
                "confidential conversation",
                "miriam",
                f"/staff/clients/{client['eli']}/conversations/{thread['eli confidential']}",
            ),
            Place(
                "conversation, overfull",
                "wilhelmina",
                f"{long}/conversations/{thread['maximiliana-theodora clinical']}",
            ),
        ]
    noa, eli, long, silent = (f"/clients/{client[who]}" for who in ("noa", "eli", "maximiliana-theodora", "silent"))
    return [
        Place("Home", "dana", f"{noa}/home"),
        Place("Home, nothing", "silent", f"{silent}/home"),
        Place("notices", "dana", f"{noa}/notices"),
        Place("notices, none", "silent", f"{silent}/notices"),
        Place("notices, overfull", "hildegard", f"{long}/notices"),
        Place("Home, overfull", "hildegard", f"{long}/home"),
        Place("profiles", "dana", f"{noa}/home", opened("#switch-menu > summary")),
        Place("profiles, overfull", "hildegard", f"{long}/home", opened("#switch-menu > summary")),
        Place("more", "dana", f"{noa}/home", opened("#more > summary")),
        Place("idle warning", "dana", f"{noa}/home", shown("idle")),
        Place("access ended", "dana", f"{noa}/home", emptied("gone")),
        Place("nobody", "nobody", "/home"),
        Place("all on one page", "dana", "/board"),
        Place("all on one page, nobody", "nobody", "/board"),
        Place("choices", "dana", f"{noa}/notices/choices"),
        Place(
            "choices, changed meanwhile",
            "dana",
            f"{noa}/notices/choices",
            older("form[action$=choices]", "daily_at", "07:30"),
        ),
        Place("conversations", "dana", f"{noa}/messages"),
        Place("conversations, none", "silent", f"{silent}/messages"),
        Place("conversations, overfull", "hildegard", f"{long}/messages"),
        Place("new conversation", "dana", f"{noa}/conversations/new"),
        Place("new conversation, overfull", "hildegard", f"{long}/conversations/new"),
        Place("conversation", "dana", f"{noa}/conversations/{thread['noa clinical']}"),
        Place("who sees", "dana", f"{noa}/who-sees"),
        Place("readers", "dana", f"{noa}/conversations/{thread['noa clinical']}/readers"),
        Place("who acts for me", "eli", f"{eli}/who-acts"),
        Place("confidential conversation", "eli", f"{eli}/conversations/{thread['eli confidential']}"),
        Place("conversation, overfull", "hildegard", f"{long}/conversations/{thread['maximiliana-theodora clinical']}"),
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def too_much(practice: Deployment) -> AsyncIterator[Deployment]:
    await make_overfull(practice)
    yield practice


_TURN = zlib.crc32(b"".join(path.read_bytes() for path in sorted((ROOT / "templates").rglob("*.html")))) % 3


class Tour:
    """Several pages at once, each in its person's own window."""

    def __init__(self, practice: Deployment, visit: Visit, all_rules: bool) -> None:
        self.practice, self.visit, self.all_rules = practice, visit, all_rules
        self.visitors: dict[str, Visitor] = {}
        self.found: dict[str, list[str]] = {}

    async def through(self, side: str, language: str) -> None:
        """Look at every page of a side; what is found is kept by page, language, size and theme."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(place: Place) -> None:
            async with turn:
                visitor = self.visitors[place.who]
                page = await visitor.context.new_page()
                await visitor.go(page, place.path)
                # Who looks as somebody gets the page in that one's language, and what stands above it in their own.
                said = ".viewed-bar" if await page.locator(".viewed-bar").count() else "html"
                assert await page.get_attribute(said, "lang") == language, place.name
                if place.then:
                    await place.then(page)
                for how, found in (await look(page, language, self.all_rules)).items():
                    if found:
                        self.found[f"{place.name}, {language}, {how}"] = found
                await page.close()

        pages = places(self.practice, side)
        if language == "es" and not self.all_rules:
            pages = pages[_TURN::3]
        for who in {place.who for place in pages} - set(self.visitors):
            self.visitors[who] = await self.visit(who, reduced_motion="reduce")
            self.visitors[who].may_be_refused = {422}
        for who in {place.who for place in pages}:
            await self.visitors[who].speak(language)
        await asyncio.gather(*(one(place) for place in pages))
        for who in {place.who for place in pages}:
            await self.visitors[who].speak("en")  # as everybody found it


@dataclass(frozen=True)
class Look:
    """How a page is looked at: its window and theme, and the rules of axe that are tried (None: all of them)."""

    name: str
    window: ViewportSize
    theme: Literal["light", "dark"]
    rules: list[str] | None


_SEEN = ["color-contrast", "target-size"]  # what the theme and the window change
# Each two of language, size and theme meet once.
_LOOKS = {
    "en": (Look("phone, dark", PHONE, "dark", _SEEN), Look("desk, light", DESK, "light", None)),
    "es": (Look("phone, light", PHONE, "light", []), Look("desk, dark", DESK, "dark", [])),
}
_NARROW = ViewportSize(width=320, height=640)


async def look(page: Page, language: str, all_rules: bool = False) -> dict[str, list[str]]:
    """What is wrong with a page, by size and theme."""
    found: dict[str, list[str]] = {}
    if all_rules or language == "en":
        await page.evaluate(_AXE)
    for one in _LOOKS[language]:
        await page.set_viewport_size(one.window)
        await page.emulate_media(color_scheme=one.theme)
        found[one.name] = await page.evaluate(_HANGS_OVER)
        if all_rules or one.rules != []:
            found[one.name] += await page.evaluate(_FINDINGS, None if all_rules else one.rules)
    await page.set_viewport_size(_NARROW)
    found["320 pixels"] = await page.evaluate(_HANGS_OVER)
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("side", ["staff", "client", "public"])
async def test_axe_finds_nothing_and_nothing_hangs_over_the_side(
    too_much: Deployment, visit: Visit, side: str, language: str, pytestconfig: pytest.Config
) -> None:
    tour = Tour(too_much, visit, all_rules=pytestconfig.getoption("all"))
    await tour.through(side, language)
    assert tour.found == {}
