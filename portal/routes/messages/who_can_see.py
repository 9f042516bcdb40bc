"""Pages of who sees something and why, the same on both sides: in a dialog beside it, or on a page of its own."""

from collections.abc import Awaitable, Callable
from typing import Any

from markupsafe import Markup

from portal.models.messages.conversation import Conversation
from portal.models.people.client import Client
from portal.regions import Region, key_of
from portal.regions.access import who_can_see
from portal.regions.phrases import base
from portal.routes.messages.reading import here, ids
from portal.web.rendering import render
from portal.web.visit import Answer, Visit

Page = Callable[[Visit, Client, str, dict[str, Any]], Awaitable[Answer]]  # with the way back, and regions


async def readers(visit: Visit, page: Page) -> Answer:
    """Of the conversation of the path."""
    conversation = await visit.find(Conversation)
    return await _answer(visit, page, here(visit, conversation), who_can_see.readers, **ids(visit))


async def who_sees(visit: Visit, page: Page) -> Answer:
    """Of the chart of the path's client."""
    back = base(visit.me, visit.id("client")) + ("/home" if visit.me.side == "client" else "")
    return await _answer(visit, page, back, who_can_see.who_sees, client=visit.id("client"))


async def _answer(visit: Visit, page: Page, back: str, region: Region, **args: Any) -> Answer:
    drawn: dict[str, Markup] = {"why": await visit.draw(region, **args)}
    if visit.by_script:
        shown = {"regions": drawn, "with": key_of(region.name, args)}
        return visit.fragment(render("access/_why_dialog.html", visit.language, shown))
    return await page(visit, await visit.find(Client), back, drawn)
