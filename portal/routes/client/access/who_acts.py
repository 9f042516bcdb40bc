"""The people who act for me: to see for the client in person, and to choose once they are of age (H5, J3)."""

from typing import Literal

from portal.mail import outbox
from portal.models.access.account import Access
from portal.models.access.portal_status import account_of
from portal.models.access.who_acts import end_acting, in_person, let_act
from portal.models.people.client import Client
from portal.models.people.contact import ContactLink
from portal.permissions import Right
from portal.regions.access.who_acts import who_acts
from portal.regions.phrases import base
from portal.routes.client.shell import page
from portal.viewer import NotVisible
from portal.web.doors import client
from portal.web.visit import Answer, OnOff, Visit, go


class RightChoice(OnOff):
    right: Literal["forms", "appointments", "messages", "documents", "billing"]


@client("GET /clients/{client}/who-acts", opens="open who acts")
async def show(visit: Visit) -> Answer:
    chart = await visit.find(Client)
    if not await in_person(visit.me.see(Access), chart.id):
        raise NotVisible
    return await page(
        visit,
        "client/access/who_acts/show.html",
        chart,
        title=visit.say("Who acts for me"),
        place="home",
        back_href=f"{base(visit.me, chart.id)}/home",
        regions={"who_acts": await visit.draw(who_acts, client=chart.id)},
    )


@client("POST /clients/{client}/who-acts/{link}", form=RightChoice, audit=None)
async def choose(visit: Visit) -> Answer:
    """One thing, in which somebody may act for me from now on, or no more."""
    chart = await visit.find(Client)
    link = await visit.me.find(ContactLink, visit.id("link"))
    before = link.terms
    link, given = await let_act(chart, link, Right[visit.form.right.upper()], visit.form.on)
    for access in given:
        account = await account_of(access.account_id)
        await outbox.tell_linked(account, chart.id, chart.first_name, access.id)
    await link.note("change contact", visit.me.side, visit.me.id, before)
    return go(_here(chart))


@client("POST /clients/{client}/who-acts/{link}/end", audit=None)
async def end(visit: Visit) -> Answer:
    """Somebody acts for me no more, in anything."""
    chart = await visit.find(Client)
    link = await visit.me.find(ContactLink, visit.id("link"))
    before = link.terms
    for id in await end_acting(chart, link):
        await outbox.tell_ended(await account_of(id), chart.id, chart.first_name)
    await link.note("end contact", visit.me.side, visit.me.id, before)
    return go(_here(chart))


def _here(chart: Client) -> str:
    return f"/clients/{chart.id}/who-acts"
