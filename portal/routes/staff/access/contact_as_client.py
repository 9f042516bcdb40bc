"""A contact becomes a client (H1): somebody new in care, or a client who stands here already. What they hold for
others stays."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from portal.language import date_in_words
from portal.models.access.account import PortalAccount
from portal.models.access.changed_details import become, check_contact_address
from portal.models.access.own_address import SharedAddress
from portal.models.access.portal_status import account_held_by, linkable
from portal.models.ground import audit
from portal.models.ground.record import known, uuid7
from portal.models.people.client import Client
from portal.models.people.contact import AlreadyTied, Contact, ContactLink
from portal.models.people.known_people import likely_clients
from portal.models.practice.practice import the_practice
from portal.permissions import Permission
from portal.routes.staff.access.linking import link_account
from portal.routes.staff.people.clients import NewClient, added, therapist_choice
from portal.routes.staff.people.contacts import chart_to_change, open_chart, tab_of, tied, tied_to_change
from portal.routes.staff.shell import chart_page
from portal.viewer import NotPermitted, NotVisible
from portal.web.doors import staff
from portal.web.edit_conflict import FormState, WholeState, form_state
from portal.web.refusals import Refused
from portal.web.visit import Answer, Form, Visit, go


class Becoming(NewClient, WholeState):
    """Filled in from the contact, who is then called and reached as it says. `link`: their portal account comes to act
    for them in person too. `apart`: they are none of the clients whom the page names."""

    link: bool = False
    apart: Annotated[bool, Field(title="None of the clients above")] = False


class Known(Form):
    typed = False

    person: UUID
    link: bool = False


@staff("GET /staff/clients/{client}/contacts/{link}/client", Permission.PORTAL_ACCESS, opens="open contact")
async def new(visit: Visit) -> Answer:
    client, link, contact = await _contact(visit)
    await _refuse_a_client(visit, contact)
    person = visit.query("person")
    if person:
        return await _known(visit, client, link, contact, await _chosen(visit, person))
    return await _new(visit, client, link, contact, _form_state(visit, contact))


@staff(
    "POST /staff/clients/{client}/contacts/{link}/client",
    Permission.PORTAL_ACCESS,
    form=Becoming,
    audit=None,
    once=True,
)
async def create(visit: Visit) -> Answer:
    """A new client, who is this contact too."""
    client, link, contact = await _contact(visit, chart_to_change, tied_to_change)
    form_state = _form_state(visit, contact)
    if contact.client_id is None:
        await _check(visit, contact)
        if not form_state.fits:
            return await _new(visit, client, link, contact, form_state)
    if visit.errors:
        return await _new(visit, client, link, contact, form_state)
    form: Becoming = visit.form
    await _refuse_a_client(visit, contact)
    person = await added(visit, form)
    await _become(visit, client, link, contact, person, form.link)
    return await _to(visit, client, person.id, form.link)


@staff("POST /staff/clients/{client}/contacts/{link}/client/known", Permission.PORTAL_ACCESS, form=Known, audit=None)
async def choose(visit: Visit) -> Answer:
    """A client who stands here already is this contact too."""
    client, link, contact = await _contact(visit, chart_to_change, tied_to_change)
    form: Known = visit.form
    person = await _chosen(visit, form.person, hold=True)
    if contact.client_id != person.id:
        await _refuse_a_client(visit, contact)
        await _become(visit, client, link, contact, person, form.link)
    return await _to(visit, client, person.id, form.link)


async def _contact(
    visit: Visit,
    chart: Callable[[Visit], Awaitable[Client]] = open_chart,
    tie: Callable[[Visit, Client], Awaitable[tuple[ContactLink, Contact]]] = tied,
) -> tuple[Client, ContactLink, Contact]:
    """The contact of the path. It takes who may do both: add clients, and change contacts."""
    client = await chart(visit)
    link, contact = await tie(visit, client)
    if not await visit.me.may(Permission.CONTACT_NETWORK):
        raise NotPermitted("Only those who manage the contact network make a contact a client.")
    return client, link, contact


async def _refuse_a_client(visit: Visit, contact: Contact) -> None:
    """Refuse a colleague who may not open the chart, without telling that there is one."""
    if contact.client_id is not None:
        if await visit.me.see(Client).find(contact.client_id) is not None:
            raise Refused(409, "They are a client already.")
        raise Refused(409, "This can’t be done from here. Ask an administrator.")


async def _chosen(visit: Visit, id: str | UUID, hold: bool = False) -> Client:
    try:
        person = await (visit.me.hold if hold else visit.me.find)(Client, UUID(str(id)))
    except ValueError:
        raise NotVisible from None
    if person.archived_at is not None:
        raise Refused(409, "This chart is archived. Restore it first.")
    return person


async def _check(visit: Visit, contact: Contact) -> None:
    """Return what the form of somebody new lacks, at its field."""
    if visit.errors:
        return
    form: Becoming = visit.form
    try:
        await check_contact_address(contact, form.email)
    except SharedAddress as reason:
        visit.fault("email", visit.say(reason.why))
    if form.link and form.date_of_birth is None and await account_held_by(contact) is not None:
        visit.fault("date_of_birth", visit.say("Fill this in for a profile of their own on the portal."))
    if not form.apart and await _likely(visit, contact, form.model_dump()):
        visit.fault("apart", visit.say("Choose who it is above, or tick this."))


async def _likely(visit: Visit, contact: Contact, said: dict[str, Any]) -> list[dict[str, Any]]:
    names = (str(said.get("first_name", "")), str(said.get("last_name", "")))
    born = said.get("date_of_birth") or None
    if isinstance(born, str):
        try:
            born = dt.date.fromisoformat(born)
        except ValueError:
            born = None
    return await likely_clients(visit.me.see(Client), contact.id, names, str(said.get("email") or ""), born)


async def _become(
    visit: Visit, client: Client, link: ContactLink, contact: Contact, person: Client, linked: bool
) -> None:
    try:
        await become(contact, person, visit.me.see(Client))
    except AlreadyTied:
        raise Refused(409, "Nobody is their own contact. The client acts for themselves.") from None
    await audit.note(
        "make contact client", side="staff", actor=visit.me.id, client=client.id, record=link.id, person=str(person.id)
    )
    account = await account_held_by(contact) if linked else None
    if account is not None and await _can_be_linked(person, account):
        await link_account(visit, person, account, None)


async def _can_be_linked(person: Client, account: PortalAccount) -> bool:
    """By the rules of any link: an equal email on file, and no minor's account that is not their own. And what it takes
    to be seen."""
    offers = await linkable(person) if person.born_if_known is not None else []
    return any(one["id"] == account.id and one["link"] is None for one in offers)


async def _to(visit: Visit, client: Client, person: UUID, linked: bool) -> Answer:
    """To the chart that they have now, where who did it may open it: to its Portal tab, which says what became of the
    account, where one was to be linked."""
    if await visit.me.see(Client).find(person) is None:
        return go(tab_of(client))
    return go(f"/staff/clients/{person}/portal" if linked else f"/staff/clients/{person}")


def _form_state(visit: Visit, contact: Contact) -> FormState:
    first, _, last = contact.name.rpartition(" ")
    now = {"first_name": first or last, "last_name": last if first else ""}
    now |= {name: known(contact, name) or "" for name in ("email", "phone", "address")}
    labels = Becoming.labels(visit.language)
    return form_state(visit, Becoming, now, {name: labels[name] for name in now}, contact)


async def _new(visit: Visit, client: Client, link: ContactLink, contact: Contact, form_state: FormState) -> Answer:
    values = form_state.values if visit.asked else form_state.values | {"link": True}
    address, account = f"{tab_of(client)}/{link.id}/client", await account_held_by(contact)
    return await _page(
        visit,
        client,
        link,
        contact,
        form_state.status,
        action=address,
        form_state=form_state,
        values=values,
        person=None,
        people=[
            _shown(visit, one) | {"href": f"{address}?person={one['id']}"}
            for one in await _likely(visit, contact, values)
        ],
        key=values.get("key") or uuid7(),
        account=account.email if account else None,
        **await therapist_choice(visit),
    )


async def _known(visit: Visit, client: Client, link: ContactLink, contact: Contact, person: Client) -> Answer:
    row = {"first_name": person.first_name, "last_name": person.last_name}
    account = await account_held_by(contact)
    return await _page(
        visit,
        client,
        link,
        contact,
        200,
        action=f"{tab_of(client)}/{link.id}/client/known",
        values={"link": True},
        person=_shown(visit, row | {"email": person.email, "born": person.born_if_known}) | {"id": person.id},
        people=[],
        key=None,
        account=account.email if account and await _can_be_linked(person, account) else None,
    )


def _shown(visit: Visit, row: dict[str, Any]) -> dict[str, Any]:
    """A client by name, date of birth and email, so that one can tell whether it is the same person."""
    born = row["born"]
    known = [visit.say("born on %(date)s", date=date_in_words(born, visit.language)) if born else None, row["email"]]
    return {"name": f"{row['first_name']} {row['last_name']}", "line": ", ".join(text for text in known if text)}


async def _page(visit: Visit, client: Client, link: ContactLink, contact: Contact, status: int, **more: Any) -> Answer:
    return await chart_page(
        visit,
        "staff/people/contacts/becoming.html",
        title=visit.say("Chart: contact as a client"),
        status=status,
        contact_name=contact.name,
        name=client.first_name,
        back_href=f"{tab_of(client)}/{link.id}",
        confirms=(await the_practice()).confirm_links,
        errors=visit.errors,
        **more,
    )
