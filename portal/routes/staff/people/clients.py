"""Clients: the list, a chart's overview, adding, editing, archiving and restoring (A0)."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

from portal import clock
from portal.models.access.archive import archive_client, restore_client
from portal.models.access.changed_details import as_contact, change_client
from portal.models.access.minors import settle
from portal.models.access.own_address import SharedAddress
from portal.models.access.stages import Stage
from portal.models.ground import audit
from portal.models.ground.record import known, unreadable, uuid7
from portal.models.people.client import SEALED, Client
from portal.models.people.contact import ContactLink
from portal.models.staff.staff_member import StaffMember, therapists
from portal.permissions import Permission
from portal.regions.access.who_can_see import seen_by
from portal.regions.chart_summary import chart_summary
from portal.regions.mail.undelivered import chart_addresses
from portal.regions.people import clients
from portal.regions.people.clients import client_list
from portal.routes.messages import who_can_see
from portal.routes.staff.shell import chart_page, page, why_page
from portal.web.doors import staff
from portal.web.edit_conflict import FormState, WholeState, form_state
from portal.web.refusals import Refused
from portal.web.sealed_words import open_words, seal_words
from portal.web.slots import Link, link
from portal.web.visit import Answer, EmailAddress, Form, Name, Visit, go

link("staff places", Link("clients", "Clients", "/staff/clients", "users"))


def _born(value: dt.date | None) -> dt.date | None:
    if value and not dt.date(1900, 1, 1) <= value <= clock.now().date():
        raise ValueError("Enter a date between 1900 and today.")
    return value


def _empty(value: Any) -> Any:
    return None if value == "" else value


class Details(Form):
    first_name: Annotated[Name, Field(title="First name", min_length=1, max_length=60)]
    last_name: Annotated[Name, Field(title="Last name", min_length=1, max_length=60)]
    date_of_birth: Annotated[
        dt.date | None, Field(title="Date of birth"), BeforeValidator(_empty), AfterValidator(_born)
    ] = None
    email: EmailAddress = ""
    phone: Annotated[Name, Field(title="Phone", max_length=40)] = ""
    address: Annotated[str, Field(title="Address", max_length=300)] = ""


class ChangedDetails(Details, WholeState):
    pass


class NewClient(Details):
    key: UUID
    therapist: Annotated[UUID | None, Field(title="Therapist"), BeforeValidator(_empty)] = None


class Wanted(Form):
    """A search for clients, and which page of them: from a place on, or up to one."""

    q: Annotated[str, Field(title="Search", max_length=200)] = ""
    show: Literal["active", "archived"] = "active"
    stage: Annotated[str, Field(pattern=f"^({'|'.join(Stage.__members__)})?$".lower())] = ""
    after: Annotated[str, Field(max_length=600)] = ""
    before: Annotated[str, Field(max_length=600)] = ""

    def address(self, staff: UUID) -> str:
        """Return where this list is, with the words of the search sealed in it."""
        if not (self.q or self.stage or self.after or self.before):
            return "/staff/clients" + ("?show=archived" if self.show == "archived" else "")
        return f"/staff/clients?sealed={seal_words(self, staff)}"

    @classmethod
    def at(cls, sealed: str, show: str, staff: UUID) -> "Wanted":
        """Return the search of such an address; somebody else's, or one that can't be opened any more, looks for
        all."""
        return open_words(cls, sealed, staff) or cls(show="archived" if show == "archived" else "active")


@staff("POST /staff/clients/search", form=Wanted, audit=None, transaction=False)
async def search(visit: Visit) -> Answer:
    """Look for clients. The words come in the body; the list is at an address that does not tell them."""
    if visit.errors:
        raise Refused(422, "That is too long to search for.")
    wanted: Wanted = visit.form or Wanted()
    if not visit.by_script:
        return go(wanted.address(visit.me.id))
    answer = visit.fragment(await _list(visit, wanted))
    answer.headers["Portal-Address"] = wanted.address(visit.me.id)
    return answer


async def _list(visit: Visit, wanted: Wanted) -> str:
    return await visit.draw(client_list, **{name: said or None for name, said in wanted.model_dump().items()})


@staff("GET /staff/clients")
async def index(visit: Visit) -> Answer:
    """The list, or a page of it."""
    wanted = Wanted.at(visit.query("sealed"), visit.query("show"), visit.me.id)
    html = await _list(visit, wanted)
    return await page(
        visit,
        "staff/people/clients/index.html",
        title=visit.say("Clients"),
        place="clients",
        q=wanted.q,
        show=wanted.show,
        stage=wanted.stage,
        stages=clients.stages_in_words(visit.language),
        may_add=await visit.me.may(Permission.PORTAL_ACCESS),
        regions={"clients": html},
    )


@staff("GET /staff/clients/new", Permission.PORTAL_ACCESS)
async def new(visit: Visit) -> Answer:
    return await _new(visit, 200)


@staff("POST /staff/clients", Permission.PORTAL_ACCESS, form=NewClient, audit=None, once=True)
async def create(visit: Visit) -> Answer:
    if visit.errors:
        return await _new(visit, 422)
    client = await added(visit, visit.form)
    # In the care of somebody else it may not be theirs to see.
    seen = await visit.me.see(Client).find(client.id) is not None
    return go(f"/staff/clients/{client.id}" if seen else "/staff/clients")


async def added(visit: Visit, said: NewClient) -> Client:
    """The client of such a form, in the care of who is named there, or adds them."""
    therapist = said.therapist or await _myself(visit)
    if therapist is not None:
        await visit.me.find(StaffMember, therapist)
    client = await Client.add(said.model_dump(include=set(Details.model_fields)), therapist)
    await audit.note("add client", side="staff", actor=visit.me.id, client=client.id)
    return client


async def _myself(visit: Visit) -> UUID | None:
    """Have a colleague who does not see all clients lead the care of those they add; else they could not see them."""
    return None if await visit.me.may(Permission.SEE_ALL_CLIENTS) else visit.me.id


async def _new(visit: Visit, status: int) -> Answer:
    return await page(
        visit,
        "staff/people/clients/new.html",
        title=visit.say("New client"),
        place="clients",
        status=status,
        action="/staff/clients",
        key=visit.sent.get("key") or uuid7(),
        values=visit.sent,
        errors=visit.errors,
        **await therapist_choice(visit),
    )


async def therapist_choice(visit: Visit) -> dict[str, Any]:
    """Return what the field for the therapist needs: where there is only one, they are chosen already."""
    able = await therapists(visit.me.see(StaffMember))
    only = able[0]["id"] if len(able) == 1 else ""
    return {"therapists": able, "therapist": visit.sent.get("therapist", await _myself(visit) or only)}


@staff("GET /staff/clients/{client}", opens="open chart")
async def show(visit: Visit) -> Answer:
    client = await visit.find(Client)
    return await chart_page(
        visit,
        "staff/people/clients/show.html",
        title=visit.say("Chart: overview"),
        regions={
            "head": await visit.draw(clients.chart_head, client=client.id, tab="overview"),
            "addresses": await visit.draw(chart_addresses, client=client.id),
            "summary": await visit.draw(chart_summary, client=client.id),
            "overview": await visit.draw(clients.overview, client=client.id),
            "seen_by": await visit.draw(seen_by, client=client.id),
        },
    )


@staff("GET /staff/clients/{client}/edit", Permission.PORTAL_ACCESS, opens="open chart")
async def edit(visit: Visit) -> Answer:
    client = await visit.find(Client)
    return await _edit(visit, client, _form_state(visit, client))


@staff("POST /staff/clients/{client}", Permission.PORTAL_ACCESS, form=ChangedDetails, audit="edit client")
async def update(visit: Visit) -> Answer:
    client = await visit.me.hold(Client, visit.id("client"))
    if client.archived_at is not None:
        raise Refused(409, "This chart is archived. Restore it first.")
    form_state = _form_state(visit, client)
    if form_state.refused:
        return await _edit(visit, client, form_state)
    try:
        await change_client(client, visit.form.model_dump(include=set(Details.model_fields)), visit.me.see(Client))
    except SharedAddress as reason:
        visit.fault("email", visit.say(reason.why))
        return await _edit(visit, client, form_state)
    return go(f"/staff/clients/{client.id}")


def _form_state(visit: Visit, client: Client) -> FormState:
    labels = ChangedDetails.labels(visit.language)
    now = {name: known(client, name) or "" for name in labels}
    return form_state(visit, ChangedDetails, now, labels, client)


async def _edit(visit: Visit, client: Client, form_state: FormState) -> Answer:
    address = f"/staff/clients/{client.id}"
    return await chart_page(
        visit,
        "staff/people/clients/edit.html",
        title=visit.say("Chart: edit details"),
        status=form_state.status,
        action=address,
        name=client.name,
        back_href=address,
        form_state=form_state,
        values=form_state.values,
        errors=form_state.errors,
        unreadable=[Details.labels(visit.language)[name] for name in unreadable(client, *SEALED)],
        apart=bool(await as_contact(client, visit.me.see(Client), whole=False)),
    )


@staff("POST /staff/clients/{client}/coming-of-age", Permission.PORTAL_ACCESS, audit="prepare coming of age")
async def settle_of_age(visit: Visit) -> Answer:
    """Note that everything to do before this client comes of age is done."""
    client = await visit.me.hold(Client, visit.id("client"))
    await settle(client, visit.me.see(ContactLink))
    return go(f"/staff/clients/{client.id}/contacts")


@staff("POST /staff/clients/{client}/archival", Permission.PORTAL_ACCESS, audit="archive client")
async def archive(visit: Visit) -> Answer:
    client = await visit.me.hold(Client, visit.id("client"))
    await archive_client(client)
    return go(f"/staff/clients/{client.id}")


@staff("POST /staff/clients/{client}/restoration", Permission.PORTAL_ACCESS, audit="restore client")
async def restore(visit: Visit) -> Answer:
    client = await visit.me.hold(Client, visit.id("client"))
    await restore_client(client)
    return go(f"/staff/clients/{client.id}")


@staff("GET /staff/clients/{client}/who-sees", opens="open who sees")
async def who_sees(visit: Visit) -> Answer:
    """Show who can see the chart, and why."""
    return await who_can_see.who_sees(visit, why_page)
