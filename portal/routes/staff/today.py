"""Today: the page staff leave open."""

from portal.language import today_in_words
from portal.regions.phrases import zone
from portal.routes.staff.shell import page
from portal.web.doors import staff
from portal.web.slots import Link, link
from portal.web.visit import Answer, Visit

link("staff places", Link("today", "Today", "/staff/today", "today"))


@staff("GET /staff/today")
async def show(visit: Visit) -> Answer:
    return await page(
        visit,
        "staff/today/show.html",
        title=visit.say("Today"),
        place="today",
        date_label=today_in_words(zone(), visit.language),
        cards=await visit.fill("today"),
        beside=await visit.fill("today beside"),
    )
