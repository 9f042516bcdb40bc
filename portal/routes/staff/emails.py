"""Emails to you, for staff."""

from __future__ import annotations

from portal.doors import Answer, Visit, go, staff
from portal.routes import emails
from portal.routes.staff.shell import page

HERE = "/staff/emails"


@staff()
async def show(visit: Visit) -> Answer:
    return await _page(visit)


@staff(form=emails.Emails)
async def save(visit: Visit) -> Answer:
    return go(f"{HERE}?saved=yes") if await emails.save(visit) else await _page(visit, 422)


async def _page(visit: Visit, status: int = 200) -> Answer:
    return await page(
        visit,
        "staff/emails/show.html",
        title=visit.say("Emails to you"),
        status=status,
        action=HERE,
        **await emails.shown(visit),
    )
