"""Today: the page staff leave open."""

from portal.language import today_in_words
from portal.permissions import Permission
from portal.regions.phrases import zone
from portal.regions.today import MINE
from portal.routes.staff.shell import page
from portal.web.doors import staff
from portal.web.slots import Link, link
from portal.web.visit import Answer, Visit

link("staff places", Link("today", "Today", "/staff/today", "today"))


@staff("GET /staff/today")
async def show(visit: Visit) -> Answer:
    """Show the whole practice's day, or one's own, as whoever sees all clients chooses; the others have their own."""
    sees_all = visit.holder.may(Permission.SEE_ALL_CLIENTS)
    whose = MINE if sees_all and visit.query("whose") == MINE else None
    return await page(
        visit,
        "staff/today/show.html",
        title=visit.say("Today"),
        place="today",
        date_label=today_in_words(zone(), visit.language),
        whose=whose or ("all" if sees_all else None),
        may_add=visit.holder.may(Permission.PORTAL_ACCESS),
        cards=await visit.fill("today", whose=whose),
        beside=await visit.fill("today beside", whose=whose),
    )
