"""The frame of every staff page."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from portal.models.people.client import Client
from portal.permissions import Permission
from portal.regions.messages import inbox
from portal.regions.notices import notices
from portal.web.visit import Visit


async def page(visit: Visit, template: str, *, regions: dict[str, Any] | None = None, **more: Any) -> Response:
    may_set = visit.holder.may(Permission.PORTAL_SETTINGS)
    return visit.page(
        template,
        live="/staff/live",
        templates_href="/staff/templates",
        choices_href="/staff/notices/choices",
        me=visit.person()
        | {
            "settings_href": "/staff/settings/portal" if may_set else None,
            "may_settings": may_set,
            "may_staff": visit.holder.may(Permission.STAFF),
        },
        regions={
            "unread_count": await visit.draw(inbox.unread_count),
            "bell": await visit.draw(notices.bell, person=visit.me.id),
            "toasts": await visit.draw(notices.toasts, person=visit.me.id),
        }
        | (regions or {}),
        **more,
    )


async def chart_page(visit: Visit, template: str, **more: Any) -> Response:
    """A page of one client's chart. Its title, which the browser's history keeps, names nobody."""
    return await page(visit, template, title=visit.say("Clients"), place="clients", **more)


async def why_page(visit: Visit, about: Client, back: str, regions: dict[str, Any]) -> Response:
    """Show who sees something and why."""
    return await chart_page(visit, "staff/access/why.html", name=about.name, back_href=back, regions=regions)
