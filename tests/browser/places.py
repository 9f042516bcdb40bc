"""A page as somebody has it before them, and what is opened in it to be looked at."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

from tests.cast import Cast


@dataclass(frozen=True)
class Place:
    """A page that a room brings. `path` names records by their names in the cast: "{noa}", "{noa clinical}", "{account
    of dana}". `then` opens what is to be looked at in it."""

    name: str
    who: str
    path: str
    then: Callable[[Page], Awaitable[Any]] | None = None

    @property
    def side(self) -> str:
        return "public" if not self.who else "staff" if self.path.startswith("/staff/") else "client"

    def address(self, cast: Cast) -> str:
        of = {"account": cast.account, "colleague": cast.staff, "template": cast.template}
        named = {f"{kind} of {name}": id for kind, ids in of.items() for name, id in ids.items()}
        return self.path.format(**cast.client, **cast.conversation, **named, link=cast.link)


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


def offered(field: str, words: str, found: str) -> Callable[[Page], Awaitable[Any]]:
    """Type into a field, and wait for what is offered below it."""

    async def act(page: Page) -> None:
        await page.locator(field).fill(words)
        await page.locator(found).first.wait_for()

    return act


def searched(words: str) -> Callable[[Page], Awaitable[Any]]:
    """Look for words in the conversation that is open."""

    async def act(page: Page) -> None:
        await page.locator(".search-panel > summary").click()
        await page.locator("#search-q").fill(words)
        await page.locator("#search-q").press("Enter")
        await page.locator(".hits-head").wait_for()

    return act


def older(form: str, field: str, value: str) -> Callable[[Page], Awaitable[Any]]:
    """Send a form that was made on what is no more."""

    async def act(page: Page) -> None:
        await page.locator(f"{form} [name=version]").evaluate("(field) => { field.value = '' }")
        await page.locator(f"{form} details").evaluate_all("(folds) => folds.forEach((fold) => { fold.open = true })")
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
