"""A staff member's notices."""

from portal.regions.notices import notices as regions
from portal.routes.notices import devices, notices
from portal.routes.staff.shell import page
from portal.web.doors import staff
from portal.web.visit import Answer, Visit


@staff("GET /staff/notices")
async def index(visit: Visit) -> Answer:
    shown = await visit.draw(regions.notices, person=visit.me.id, before=notices.before(visit))
    return await page(
        visit, "staff/notices/index.html", title=visit.say("Notices"), place="notices", regions={"notices": shown}
    )


read = staff("POST /staff/notices/{notice}/reading", audit=None)(notices.read)
read_all = staff("POST /staff/notices/reading", form=notices.Seen, audit=None)(notices.read_all)
add_device = staff("POST /staff/notices/devices", form=devices.Subscription, audit=None)(devices.add)
remove_device = staff("POST /staff/notices/devices/removal", form=devices.Device, audit=None)(devices.remove)
