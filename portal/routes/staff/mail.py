"""Letters that have not arrived, and trying one again."""

from __future__ import annotations

from portal.doors import Answer, Visit, go, staff
from portal.models import audit
from portal.models.waiting import Outbox
from portal.permissions import Permission
from portal.regions.mail import undelivered
from portal.routes.staff.shell import page


@staff(opens="open undelivered letters")
async def index(visit: Visit) -> Answer:
    return await page(
        visit,
        "staff/mail/index.html",
        title=visit.say("Undelivered letters"),
        place="mail",
        regions={"undelivered": await visit.draw(undelivered)},
    )


@staff(Permission.PORTAL_ACCESS)
async def retry(visit: Visit) -> Answer:
    """Have a letter tried again now. Pressed twice, or for one that has left meanwhile, it changes nothing."""
    letter = await visit.me.find(Outbox, visit.id("letter"))
    if await letter.retry():
        await audit.note(
            "retry letter", side="staff", actor=visit.me.id, client=letter.client_id, record=letter.id
        )
    return go("/staff/mail")
