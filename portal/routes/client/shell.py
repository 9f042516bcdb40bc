"""The frame of every client page: whose profile this is, and the places."""

from typing import Any

from starlette.responses import Response

from portal.models.people.client import Client
from portal.regions import home
from portal.regions.notices import notices
from portal.regions.phrases import base
from portal.web.slots import links
from portal.web.visit import Visit


async def page(
    visit: Visit, template: str, client: Client, *, title: str, regions: dict[str, Any] | None = None, **more: Any
) -> Response:
    """A page of one profile. Its title, which the browser's history keeps, names nobody."""
    here = base(visit.me, client.id)
    return visit.page(
        template,
        title=f"{visit.viewed['title']}: {title}" if visit.viewed else title,
        live=None if visit.viewed and visit.viewed["trial"] else f"{here}/live",
        colour=client.colour,
        home_href=f"{here}/home",
        account_links=links("client account", visit.language, here),
        regions={
            "switch": await visit.draw(home.switch, client=client.id),
            "places": await visit.draw(home.places, client=client.id, place=more.get("place")),
            "bell": await visit.draw(notices.bell, person=visit.me.id),
            "toasts": await visit.draw(notices.toasts, person=visit.me.id),
        }
        | (regions or {}),
        **more,
    )


async def why_page(visit: Visit, about: Client, back: str, regions: dict[str, Any]) -> Response:
    """Show who sees something and why."""
    title = visit.say("Who can read it") if "conversation" in visit.request.path_params else visit.say("Who can see it")
    return await page(visit, "client/access/why.html", about, title=title, back_href=back, regions=regions)
