"""What every staff page has around it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from portal.doors import Visit
from portal.regions import today


async def page(
    visit: Visit, template: str, *, regions: dict[str, Any] | None = None, **more: Any
) -> Response:
    count = await visit.draw(today.unread_count)
    return visit.page(template, live="/staff/live", regions={"unread_count": count} | (regions or {}), **more)
