"""Today: the page staff leave open."""

from __future__ import annotations

from portal.language import today_in_words
from portal.regions import today
from portal.regions.mail.undelivered import needs_hand
from portal.regions.notices.notices import came_in
from portal.regions.phrases import zone
from portal.regions.staff import colleagues
from portal.regions.staff.stuck_work import stuck_work
from portal.routes.staff.shell import page
from portal.web.doors import staff
from portal.web.visit import Answer, Visit


@staff("GET /staff/today")
async def show(visit: Visit) -> Answer:
    return await page(
        visit,
        "staff/today/show.html",
        title=visit.say("Today"),
        place="today",
        date_label=today_in_words(zone(), visit.language),
        regions={
            "orphans": await visit.draw(colleagues.today_orphans),
            "stuck": await visit.draw(stuck_work),
            "unread": await visit.draw(today.unread_messages),
            "waiting": await visit.draw(today.waiting),
            "came_in": await visit.draw(came_in, person=visit.me.id),
            "hand": await visit.draw(needs_hand),
            "of_age": await visit.draw(today.coming_of_age),
        },
    )
