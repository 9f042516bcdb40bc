"""The notices of a portal account, for the one whose profile this is."""

from portal.models.people.client import Client
from portal.regions.notices import notices as regions
from portal.routes.client.shell import page
from portal.routes.notices import devices, notices
from portal.web.doors import client
from portal.web.visit import Answer, Visit


@client("GET /clients/{client}/notices")
async def index(visit: Visit) -> Answer:
    chart = await visit.find(Client)
    shown = await visit.draw(regions.notices, person=visit.me.id, before=notices.before(visit))
    return await page(
        visit,
        "client/notices/index.html",
        chart,
        title=visit.say("Notices"),
        place="notices",
        name=chart.first_name,
        regions={"notices": shown},
    )


@client("POST /clients/{client}/notices/{notice}/reading", audit=None)
async def read(visit: Visit) -> Answer:
    await visit.find(Client)
    return await notices.read(visit)


@client("POST /clients/{client}/notices/reading", form=notices.Seen, audit=None)
async def read_all(visit: Visit) -> Answer:
    await visit.find(Client)
    return await notices.read_all(visit)


@client("POST /clients/{client}/notices/devices", form=devices.Subscription, audit=None)
async def add_device(visit: Visit) -> Answer:
    await visit.find(Client)
    return await devices.add(visit)


@client("POST /clients/{client}/notices/devices/removal", form=devices.Device, audit=None)
async def remove_device(visit: Visit) -> Answer:
    await visit.find(Client)
    return await devices.remove(visit)
