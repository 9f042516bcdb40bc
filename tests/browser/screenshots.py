"""The pictures of the README, taken from the demo practice: bin/screenshots."""

import asyncio
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tests.browser.visitor import DESK, PHONE, Visitor
from tests.deployment import ROOT, Deployment
from tests.servers import chromium

PICTURES = ROOT / "docs" / "pictures"
Theme = Literal["light", "dark"]


async def take() -> None:
    PICTURES.mkdir(exist_ok=True)
    async with Deployment.embedded() as practice, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        cast = practice.cast
        noa = cast.client["noa"]
        thread = f"/clients/{noa}/conversations/{cast.conversation['noa clinical']}"

        await sit_down(practice, browser, "miriam", DESK, "light", {"today": "/staff/today"})
        await sit_down(practice, browser, "dana", PHONE, "light", {"home": f"/clients/{noa}/home"})
        await sit_down(practice, browser, "dana", PHONE, "dark", {"messages": thread})
        await sit_down(practice, browser, "miriam", DESK, "dark", {"conversation": f"/staff{thread}"})
        await browser.close()


async def sit_down(
    practice: Deployment, browser: Browser, name: str, window: ViewportSize, theme: Theme, pictures: dict[str, str]
) -> None:
    """Someone of the cast at a browser, and a picture of each page they open."""
    context = await browser.new_context(
        viewport=window,
        color_scheme=theme,
        locale="en-US",
        has_touch=window is PHONE,
        device_scale_factor=2 if window is PHONE else 1,
    )
    visitor = Visitor(practice, context, await practice.cast.sign_in(name))
    await visitor.enter()
    for picture, path in pictures.items():
        page = await visitor.open(path)
        await settled(page)
        await page.screenshot(path=PICTURES / f"{picture}.png")
    await context.close()


async def settled(page: Page) -> None:
    """The fonts are there, and nothing glows or moves any more."""
    await page.wait_for_function(
        """() => document.fonts.status === "loaded"
            && document.getAnimations().every((one) => one.playState !== "running")"""
    )


if __name__ == "__main__":
    asyncio.run(take())
