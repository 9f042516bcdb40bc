"""The frame of every staff page."""

from typing import Any

from starlette.responses import Response

from portal.models.people.client import Client
from portal.regions.messages import inbox
from portal.regions.notices import notices
from portal.web.slots import links
from portal.web.visit import Visit


async def page(visit: Visit, template: str, *, regions: dict[str, Any] | None = None, **more: Any) -> Response:
    return visit.page(
        template,
        live="/staff/live",
        places=links("staff places", visit.language, may=visit.holder.may),
        account_links=links("staff account", visit.language, may=visit.holder.may),
        settings=links("settings", visit.language, may=visit.holder.may),
        me=visit.person(),
        regions={
            "unread_count": await visit.draw(inbox.unread_count),
            "bell": await visit.draw(notices.bell, person=visit.me.id),
            "toasts": await visit.draw(notices.toasts, person=visit.me.id),
        }
        | (regions or {}),
        **more,
    )


async def chart_page(visit: Visit, template: str, *, title: str, **more: Any) -> Response:
    """A page of one client's chart. Its title, which the browser's history keeps, names nobody."""
    return await page(visit, template, title=title, place="clients", **more)


async def why_page(visit: Visit, about: Client, back: str, regions: dict[str, Any]) -> Response:
    """Show who sees something and why."""
    reads = "conversation" in visit.request.path_params
    title = visit.say("Chart: who can read it") if reads else visit.say("Chart: who can see it")
    template = "staff/access/why.html"
    return await chart_page(visit, template, title=title, name=about.name, back_href=back, regions=regions)
