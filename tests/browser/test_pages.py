"""Every page, in both languages, themes and sizes: axe finds nothing, and nothing hangs over the side.

Costs a visit for each page and each of its states, and for a third of them another. In English axe looks at all of it
once, and in the dark at colours and at the size of what is pressed. In Spanish words are longer, and what they push
over the side is looked for at three widths: in each run on a third of the pages, and on another when a template is
another. `--all` has axe look at all of each page in each look.
"""

import asyncio
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Page, ViewportSize

from tests.browser.conftest import Visit
from tests.browser.overfull import make_overfull
from tests.browser.places import Place
from tests.browser.visitor import DESK, PHONE, Visitor
from tests.deployment import ROOT, Deployment
from tests.rooms import brought

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
    const held = (one) => one.closest(".tabs, .work-head > .seg, .sr, [hidden], dialog:not([open])");
    const name = (one) => `${one.localName}.${one.getAttribute("class")}: ${one.textContent.trim().slice(0, 40)}`;
    const over = [...document.body.querySelectorAll("*")].filter((one) => {
        const { right, left, width } = one.getBoundingClientRect();
        return width && (right > innerWidth + 1 || left < -1) && !held(one);
    });
    const wide = [...document.querySelectorAll("html, body, main, .panes, .panes > *, .scroll, .log")]
        .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible");
    return [...over, ...wide].map(name);
}"""


PLACES: list[Place] = brought("PLACES")


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
        self.free: dict[str, list[Page]] = defaultdict(list)  # a page that was looked at goes to the next place
        self.found: dict[str, list[str]] = {}

    async def through(self, side: str, language: str) -> None:
        """Look at every page of a side; what is found is kept by page, language, size and theme."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(place: Place) -> None:
            async with turn:
                visitor, free = self.visitors[place.who], self.free[place.who]
                page = free.pop() if free else await visitor.context.new_page()
                await page.set_viewport_size(DESK)
                await visitor.go(page, place.address(self.practice.cast))
                # Who looks as somebody gets the page in that one's language, and what stands above it in their own.
                said = ".viewed-bar" if await page.locator(".viewed-bar").count() else "html"
                assert await page.get_attribute(said, "lang") == language, place.name
                if place.then:
                    await place.then(page)
                for how, found in (await look(page, language, self.all_rules)).items():
                    if found:
                        self.found[f"{place.name}, {language}, {how}"] = found
                free.append(page)

        pages = [place for place in PLACES if place.side == side]
        if language == "es" and not self.all_rules:
            pages = pages[_TURN::3]
        for who in {place.who for place in pages} - set(self.visitors):
            self.visitors[who] = await self.visit(who, reduced_motion="reduce")
            self.visitors[who].may_be_refused = {422}
            if self.all_rules or language == "en":
                await bring_axe(self.visitors[who])
        for who in {place.who for place in pages}:
            await self.visitors[who].speak(language)
        await asyncio.gather(*(one(place) for place in pages))
        for who in {place.who for place in pages}:
            await self.visitors[who].speak("en")  # as everybody found it


@dataclass(frozen=True)
class Look:
    """A way of looking at a page: its window and theme, and the rules of axe that are tried (None: all of them)."""

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


async def bring_axe(visitor: Visitor) -> None:
    """Have axe in all their pages from now on; a page that goes on to the next place need not read it again."""
    await visitor.context.add_init_script(_AXE)


async def look(page: Page, language: str, all_rules: bool = False) -> dict[str, list[str]]:
    """Return what is wrong with a page, by size and theme."""
    found: dict[str, list[str]] = {}
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
