"""Notices to you, for clients and those who act for them. It is the account's own choice, whoever's page it is."""

from portal.models.people.client import Client
from portal.regions.notices.devices import devices
from portal.routes.client.shell import page
from portal.routes.notices import choices
from portal.web.doors import client
from portal.web.slots import Link, link
from portal.web.visit import Answer, Visit, go

link("client account", Link("choices", "Notices to you", "/notices/choices", "bell"))


@client("GET /clients/{client}/notices/choices", viewable=False)
async def show(visit: Visit) -> Answer:
    return await _page(visit)


@client("POST /clients/{client}/notices/choices", form=choices.Choices, audit=None)
async def save(visit: Visit) -> Answer:
    chart = await visit.find(Client)
    if await choices.save(visit):
        return go(f"/clients/{chart.id}/notices/choices?saved=yes")
    return await _page(visit)


async def _page(visit: Visit) -> Answer:
    chart = await visit.find(Client)
    return await page(
        visit,
        "client/notices/choices.html",
        chart,
        title=visit.say("Notices to you"),
        action=f"/clients/{chart.id}/notices/choices",
        devices_action=f"/clients/{chart.id}/notices/devices",
        regions={"devices": await visit.draw(devices, person=visit.me.id)},
        **await choices.shown(visit),
    )
