"""Notices to you, for staff."""

from portal.regions.notices.devices import devices
from portal.routes.notices import choices
from portal.routes.staff.shell import page
from portal.web.doors import staff
from portal.web.slots import Link, link
from portal.web.visit import Answer, Visit, go

link("staff account", Link("choices", "Notices to you", "/staff/notices/choices", "bell"))

HERE = "/staff/notices/choices"


@staff("GET /staff/notices/choices")
async def show(visit: Visit) -> Answer:
    return await _page(visit)


@staff("POST /staff/notices/choices", form=choices.Choices, audit=None)
async def save(visit: Visit) -> Answer:
    return go(f"{HERE}?saved=yes") if await choices.save(visit) else await _page(visit)


async def _page(visit: Visit) -> Answer:
    return await page(
        visit,
        "staff/notices/choices.html",
        title=visit.say("Notices to you"),
        action=HERE,
        devices_action="/staff/notices/devices",
        regions={"devices": await visit.draw(devices, person=visit.me.id)},
        **await choices.shown(visit),
    )
