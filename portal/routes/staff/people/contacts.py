"""The chart's Contacts tab: who acts for a client, in what, since when, and what is kept from them (H1, H2, J5)."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field

from portal.mail import outbox
from portal.models.access.account import Access
from portal.models.access.changed_details import change_contact
from portal.models.access.contact_links import change_terms, end_tie, tie
from portal.models.access.network import network_of, switch_network
from portal.models.access.own_address import SharedAddress, check_for_contact
from portal.models.access.portal_status import account_of
from portal.models.ground.person import canonical_email
from portal.models.ground.record import live, shown, uuid7
from portal.models.people.client import Client
from portal.models.people.contact import Contact, ContactLink
from portal.models.people.known_people import known_people
from portal.models.practice.practice import the_practice
from portal.permissions import Permission
from portal.regions.access.coming_of_age import of_age
from portal.regions.people import clients
from portal.regions.people.contact_history import contact_history
from portal.regions.people.contacts import contact_list
from portal.regions.phrases import ways_to_reach
from portal.routes.staff.people.contact_form import (
    KnownPerson,
    Person,
    agreed,
    contact_form,
    emptied,
    empty,
    is_theirs,
    terms_before,
    terms_of,
)
from portal.routes.staff.shell import chart_page
from portal.web.doors import staff
from portal.web.edit_conflict import FormState
from portal.web.refusals import Refused
from portal.web.visit import Answer, Form, OnOff, Visit, go


class NewContact(Person):
    """`contact` or `person` is somebody known already: a contact of others, or a client."""

    key: UUID
    contact: Annotated[UUID | None, BeforeValidator(empty)] = None
    person: Annotated[UUID | None, BeforeValidator(empty)] = None


class KnownPersonSearch(Form):
    words: Annotated[str, Field(title="Name or email", max_length=200)]


@staff("GET /staff/clients/{client}/contacts", opens="open contacts")
async def show(visit: Visit) -> Answer:
    client = await visit.find(Client)
    return await chart_page(
        visit,
        "staff/people/contacts/show.html",
        title=visit.say("Chart: contacts"),
        regions={
            "head": await visit.draw(clients.chart_head, client=client.id, tab="contacts"),
            "of_age": await visit.draw(of_age, client=client.id),
            "contacts": await visit.draw(contact_list, client=client.id),
        },
    )


@staff(
    "POST /staff/clients/{client}/contacts/network",
    Permission.CONTACT_NETWORK,
    form=OnOff,
    audit="switch contact network",
)
async def switch(visit: Visit) -> Answer:
    """Switch whether contacts act for this client at all."""
    client = await chart_to_change(visit)
    on = visit.form.on
    await switch_network(client, on)
    visit.note(on=on)
    return go(tab_of(client))


# --- Somebody more -----------------------------------------------------------------------------


@staff("GET /staff/clients/{client}/contacts/new", Permission.CONTACT_NETWORK)
async def new(visit: Visit) -> Answer:
    return await _new(visit, await _growing(visit), 200)


@staff("POST /staff/clients/{client}/contacts/search", Permission.CONTACT_NETWORK, form=KnownPersonSearch, audit=None)
async def search(visit: Visit) -> Answer:
    """Somebody who is known already, by name or email; the words stand in no address."""
    client = await _growing(visit)
    if visit.errors:
        raise Refused(422, "Search for a name or an email.")
    words = visit.form.words
    people = await known_people(visit.me.see(Contact), visit.me.see(Client), words, client.id)
    visit.sent.pop("words", None)
    return await _new(visit, client, 200, words=words, people=people)


@staff("POST /staff/clients/{client}/contacts", Permission.CONTACT_NETWORK, form=NewContact, audit=None, once=True)
async def create(visit: Visit) -> Answer:
    client = await _growing(visit, chart_to_change)
    people: list[dict[str, Any]] = []
    if not any(visit.sent.get(who, "").strip() for who in ("contact", "person", "name")):
        visit.fault("name", visit.say("Fill this in."))
    if not visit.errors:
        form: NewContact = visit.form
        terms = terms_of(visit, None)
        people = await _same_email(visit, client)
        try:
            await check_for_contact(client.id, form.email)
        except SharedAddress as reason:
            visit.fault("email", visit.say(reason.why))
    if visit.errors:
        return await _new(visit, client, 422, people=people)
    link = await tie(client.id, (await _who(visit, client)).id, terms)
    await link.note("add contact", visit.me.side, visit.me.id, None)
    return go(tab_of(client))


async def _same_email(visit: Visit, client: Client) -> list[dict[str, Any]]:
    """Somebody known by the address of somebody new: very likely the same, and one person should stand here once."""
    form: NewContact = visit.form
    if form.contact or form.person or not form.email:
        return []
    contact = await known_people(visit.me.see(Contact), visit.me.see(Client), form.email, client.id)
    same = [row for row in contact if row["email"] and canonical_email(row["email"]) == canonical_email(form.email)]
    if same:
        visit.fault("email", visit.say("Someone with this email is known already. Choose them above."))
    return same


async def _who(visit: Visit, client: Client) -> Contact:
    form: NewContact = visit.form
    if form.contact:
        return await visit.me.find(Contact, form.contact)
    if form.person:
        if form.person == client.id:
            raise Refused(422, "Nobody is their own contact. The client acts for themselves.")
        return await Contact.of_client(await visit.me.find(Client, form.person))
    return await Contact.add(form.model_dump(include={"name", "email", "phone", "address"}))


async def _new(
    visit: Visit, client: Client, status: int, words: str = "", people: list[dict[str, Any]] | None = None
) -> Answer:
    sent = visit.sent
    contact, person = _id(sent.get("contact") or visit.query("contact")), None
    name, reach, values = "", [], sent
    if contact is not None:
        chosen = await visit.me.find(Contact, contact)
        name, reach = chosen.name, ways_to_reach(chosen.email, shown(chosen, "phone"))
        ties = visit.me.see(ContactLink).where("r.client_id = :of", of=client.id)
        before = await ties.where("r.contact_id = :who", who=contact).first()
        values = terms_before(before) if before and not sent else sent
    else:
        person = _id(sent.get("person") or visit.query("person"))
        if person is not None:
            name = (await visit.me.find(Client, person)).name
    address = tab_of(client)
    return await contact_form(
        visit,
        client,
        status,
        back_href=tab_of(client),
        new=True,
        action=address,
        known_name=name,
        reach=reach,
        hidden={
            "key": sent.get("key") or uuid7(),
            **({"contact": contact} if contact else {}),
            **({"person": person} if person else {}),
        },
        search={
            "action": f"{address}/search",
            "words": words,
            "asked": bool(words),
            "people": [
                {
                    "name": row["name"],
                    "email": row["email"] or "",
                    "for": row["for"],
                    "client": row["kind"] == "client",
                    "href": f"{address}/new?{'person' if row['kind'] == 'client' else 'contact'}={row['id']}",
                }
                for row in people or []
            ],
        },
        values=values,
    )


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


# --- Somebody who is there ----------------------------------------------------------------------


@staff("GET /staff/clients/{client}/contacts/{link}", Permission.CONTACT_NETWORK, opens="open contact")
async def edit(visit: Visit) -> Answer:
    client = await open_chart(visit)
    link, contact = await tied(visit, client)
    return await edit_form(visit, client, link, contact, await agreed(visit, link, contact))


@staff("POST /staff/clients/{client}/contacts/{link}", Permission.CONTACT_NETWORK, form=KnownPerson, audit=None)
async def update(visit: Visit) -> Answer:
    client = await chart_to_change(visit)
    link, contact = await tied_to_change(visit, client)
    if link.has_ended:
        raise Refused(409, "They are no longer a contact of this client. Add them again.")
    form_state = await agreed(visit, link, contact)
    if not visit.errors:
        if not visit.form.name and await is_theirs(visit, contact):
            visit.fault("name", visit.say("Fill this in."))
        terms = terms_of(visit, link)
    if form_state.refused:
        return await edit_form(visit, client, link, contact, form_state)
    # A form that was opened before says more than one of today would offer: that is refused, and not passed over.
    if contact.client_id is None and visit.form.name:
        try:
            details = visit.form.model_dump(include={"name", "email", "phone", "address"})
            await change_contact(contact, details, visit.me.see(Client))
        except SharedAddress as reason:
            visit.fault("email", visit.say(reason.why))
            return await edit_form(visit, client, link, contact, form_state)
    before = link.terms
    await change_terms(link, terms)
    await link.note("change contact", visit.me.side, visit.me.id, before)
    return go(tab_of(client))


@staff("POST /staff/clients/{client}/contacts/{link}/end", Permission.CONTACT_NETWORK, audit=None)
async def end(visit: Visit) -> Answer:
    """They are no contact of this client any more, from now on."""
    client = await chart_to_change(visit)
    link, _ = await tied_to_change(visit, client)
    before = link.terms
    for id in await end_tie(link, visit.me.id):
        await outbox.tell_ended(await account_of(id), client.id, client.first_name)
    await link.note("end contact", visit.me.side, visit.me.id, before)
    return go(tab_of(client))


@staff("GET /staff/clients/{client}/contacts/{link}/history", Permission.CONTACT_NETWORK, opens="open contact history")
async def history(visit: Visit) -> Answer:
    """Show what was agreed about one contact, from when, by whom, and on what it rested."""
    client = await visit.find(Client)
    link, contact = await tied(visit, client)
    return await chart_page(
        visit,
        "staff/people/contacts/history.html",
        title=visit.say("Chart: history of a contact"),
        name=contact.name,
        client_name=client.name,
        back_href=tab_of(client),
        regions={"history": await visit.draw(contact_history, client=client.id, link=link.id)},
    )


async def tied(visit: Visit, client: Client) -> tuple[ContactLink, Contact]:
    link = await visit.me.find(ContactLink, visit.id("link"))
    if link.client_id != client.id:
        raise Refused(404, "There is no such contact.")
    return link, await visit.me.find(Contact, link.contact_id)


async def tied_to_change(visit: Visit, client: Client) -> tuple[ContactLink, Contact]:
    """The same, both found with a lock: the contact first, as everywhere."""
    link, contact = await tied(visit, client)
    contact = await visit.me.hold(Contact, contact.id)
    return await visit.me.hold(ContactLink, link.id), contact


async def edit_form(
    visit: Visit, client: Client, link: ContactLink, contact: Contact, form_state: FormState, notice: str = ""
) -> Answer:
    """The form of somebody who is there; `notice` says what became of a look at what they would see."""
    address, theirs = f"{tab_of(client)}/{link.id}", await is_theirs(visit, contact)
    return await contact_form(
        visit,
        client,
        form_state.status,
        back_href=tab_of(client),
        new=False,
        action=address,
        known_name="" if theirs else contact.name,
        reach=ways_to_reach(contact.email, shown(contact, "phone")),
        apart=contact.client_id is None and not theirs,
        chart_href=await _chart_of(visit, contact),
        becoming_href=f"{address}/client"
        if contact.client_id is None and await visit.me.may(Permission.PORTAL_ACCESS)
        else None,
        hidden={},
        search=None,
        form_state=form_state,
        values=form_state.values,
        unreadable=emptied(visit, link, contact),
        contact_name=contact.name,
        end_action=f"{address}/end",
        history_href=f"{address}/history",
        preview_action=f"{address}/preview"
        if await visit.me.may(Permission.PORTAL_ACCESS) and await account_by(visit, link)
        else None,
        notice=notice,
    )


async def account_by(visit: Visit, link: ContactLink) -> UUID | None:
    """The account that acts by this link, or would if nothing were kept from it."""
    acts = visit.me.see(Access).where(f"r.contact_link_id = :link and {live('r')}", link=link.id)
    rows = await acts.order("r.from_at desc, r.id").columns("r.account_id", 1)
    return rows[0]["account_id"] if rows else None


async def _chart_of(visit: Visit, contact: Contact) -> str | None:
    """The address of the contact's own chart; none where they have none that the viewer may open, who is then not told
    that they have one."""
    own = contact.client_id and await visit.me.see(Client).find(contact.client_id)
    return f"/staff/clients/{own.id}" if own else None


# --- What both have in common ---------------------------------------------------------------------


def tab_of(client: Client) -> str:
    return f"/staff/clients/{client.id}/contacts"


async def open_chart(visit: Visit) -> Client:
    client = await visit.find(Client)
    if client.archived_at is not None:
        raise Refused(409, "This chart is archived. Restore it first.")
    return client


async def chart_to_change(visit: Visit) -> Client:
    """The same, found with a lock: who acts for a client is changed by one at a time."""
    client = await visit.me.hold(Client, visit.id("client"))
    if client.archived_at is not None:
        raise Refused(409, "This chart is archived. Restore it first.")
    return client


async def _growing(visit: Visit, chart: Callable[[Visit], Awaitable[Client]] = open_chart) -> Client:
    """The same, where somebody is to be added."""
    client = await chart(visit)
    if network_of(await the_practice(), client) != "on":
        raise Refused(409, "The contact network is off. Switch it on first.")
    return client
