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
    visit: Visit, template: str, client: Client, *, regions: dict[str, Any] | None = None, **more: Any
) -> Response:
    here = base(visit.me, client.id)
    return visit.page(
        template,
        title=visit.viewed["title"] if visit.viewed else "Portal",
        live=None if visit.viewed and visit.viewed["trial"] else f"{here}/live",
        colour=client.colour,
        places=links("client places", visit.language, here),
        account_links=links("client account", visit.language, here),
        regions={
            "switch": await visit.draw(home.switch, client=client.id),
            "unread": await visit.draw(home.unread_count, client=client.id),
            "bell": await visit.draw(notices.bell, person=visit.me.id),
            "toasts": await visit.draw(notices.toasts, person=visit.me.id),
        }
        | (regions or {}),
        **more,
    )


async def why_page(visit: Visit, about: Client, back: str, regions: dict[str, Any]) -> Response:
    """Show who sees something and why."""
    return await page(visit, "client/access/why.html", about, back_href=back, regions=regions)
