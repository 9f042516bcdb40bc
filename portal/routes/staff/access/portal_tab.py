"""The chart's Portal tab (A1–A7), and what the acts on it have in common."""

from typing import Any, Literal
from uuid import UUID

from portal.models.access.account import PortalAccount
from portal.models.access.portal_status import account_of, portal_status_of
from portal.models.people.client import Client
from portal.permissions import Permission
from portal.regions.access import portal_history, portal_status
from portal.regions.access.coming_of_age import of_age
from portal.regions.mail.undelivered import chart_addresses
from portal.regions.people import clients
from portal.regions.practice import availability
from portal.routes.staff.access.portal_dialogs import dialogs_of
from portal.routes.staff.shell import chart_page
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.visit import Answer, Form, Visit, go


@staff("GET /staff/clients/{client}/portal", opens="open portal tab")
async def show(visit: Visit) -> Answer:
    client = await visit.find(Client)
    status = await portal_status_of(client)
    may = await visit.me.may(Permission.PORTAL_ACCESS)
    return await chart_page(
        visit,
        "staff/access/portal/show.html",
        title=visit.say("Chart: portal"),
        dialogs=await dialogs_of(visit, status) if may else None,
        regions={
            "head": await visit.draw(clients.chart_head, client=client.id, tab="portal"),
            "addresses": await visit.draw(chart_addresses, client=client.id),
            "state": await visit.draw(portal_status.state, client=client.id),
            "of_age": await visit.draw(of_age, client=client.id),
            "messaging": await visit.draw(availability.messaging, client=client.id),
            "history": await visit.draw(portal_history.history, client=client.id),
        },
    )


class Mode(Form):
    typed = False

    mode: Literal["on", "reply", "off"]


@staff("POST /staff/clients/{client}/messaging", Permission.PORTAL_ACCESS, form=Mode, audit="set messaging")
async def set_messaging(visit: Visit) -> Answer:
    """Set how far the client's side may write from now on: all, answers only, nothing. Their open pages say so at
    once."""
    client = await client_of(visit)
    if client.archived_at is not None:
        raise Refused(409, "This chart is archived. Restore it first.")
    await client.set_messaging(visit.form.mode)
    visit.note(mode=visit.form.mode)
    return go(here(visit))


class OnAccount(Form):
    """`holder` and `account` both name an account: the first where one of those who hold access is meant. `person` says
    as whom it is linked, where more than one of a chart has its address: a contact's link, or "client"."""

    typed = False

    key: UUID
    holder: UUID | None = None
    account: UUID | None = None
    person: str = ""

    @property
    def chosen(self) -> UUID | None:
        return self.holder or self.account


def here(visit: Visit) -> str:
    return f"/staff/clients/{visit.id('client')}/portal"


async def client_of(visit: Visit) -> Client:
    return await visit.find(Client)


async def chosen_account(visit: Visit, among: list[dict[str, Any]]) -> PortalAccount:
    """The account of the form, if it is one that this client's tab offers."""
    if visit.form.chosen not in [row["id"] for row in among]:
        raise Refused(409, "That account has changed in the meantime. Reload the page and look again.")
    return await account_of(visit.form.chosen)
