"""A chart's messages: the list of conversations and one of them open."""

from typing import Any
from uuid import UUID

from portal.language import listed
from portal.models.ground.person import first_of
from portal.models.messages.conversation import Conversation
from portal.models.messages.readers import readers
from portal.models.messages.recipients import party_of
from portal.models.messages.template import Template, filled, templates
from portal.models.people.client import Client
from portal.models.practice.practice import the_practice
from portal.permissions import Audience
from portal.regions.messages.handling import handling
from portal.regions.messages.head import head
from portal.regions.messages.threads import beginnings, chart_threads
from portal.regions.people import clients
from portal.routes.messages import changing, reading, searching, who_can_see, writing
from portal.routes.staff.shell import chart_page, page, why_page
from portal.viewer import NotPermitted, NotVisible
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.rendering import render
from portal.web.visit import Answer, Visit, go


@staff("GET /staff/clients/{client}/messages", opens="open messages")
async def index(visit: Visit) -> Answer:
    client = await visit.find(Client)
    return await _page(visit, client, None)


@staff("GET /staff/clients/{client}/conversations/new", opens="open messages")
async def new(visit: Visit) -> Answer:
    """As whom of the practice one can write to this client, and who would read it."""
    return await _page(visit, await visit.find(Client), None, begins=True)


@staff("GET /staff/clients/{client}/conversations/{conversation}", opens="read conversation")
async def show(visit: Visit) -> Answer:
    conversation = await visit.find(Conversation)
    older = await reading.older(visit, conversation)
    if older is not None:
        return older
    return await _open(visit, conversation)


async def _open(visit: Visit, conversation: Conversation) -> Answer:
    return await _page(visit, await visit.me.find(Client, conversation.client_id), conversation)


async def _page(visit: Visit, client: Client, conversation: Conversation | None, begins: bool = False) -> Answer:
    head = await visit.draw(clients.chart_head, client=client.id, tab="messages")
    current: UUID | None = conversation.id if conversation else None
    regions = {"head": head, "threads": await visit.draw(chart_threads, client=client.id, current=current)}
    if conversation is not None:
        regions |= await reading.parts(visit, conversation)
        regions["handling"] = await visit.draw(handling, conversation=conversation.id)
    else:
        people = visit.query("people")[:40] or None
        regions["beginnings"] = await visit.draw(beginnings, client=client.id, people=people)
    label = visit.say("Message about %(name)s", name=client.name)
    title = visit.say("Chart: new message") if begins else visit.say("Chart: messages")
    return await chart_page(
        visit,
        "staff/people/clients/messages.html",
        status=422 if visit.errors else 200,
        search=await reading.panel(visit, conversation, reading.here(visit, conversation)) if conversation else None,
        title=visit.say("Chart: conversation") if conversation else title,
        threads_href=f"/staff/clients/{client.id}/messages",
        chosen=conversation is not None,
        begins=begins,
        composer=await composer(visit, conversation, label) if conversation else None,
        regions=regions,
    )


async def composer(visit: Visit, conversation: Conversation, label: str) -> dict[str, Any] | None:
    """Show the box where a message is written, with the text of a template in it where the address names one."""
    composer = await reading.composer(visit, conversation, label)
    if composer is None:
        return None
    composer["note_href"] = f"/staff/inbox/{conversation.id}/notes"
    composer["templates_href"] = f"{reading.here(visit, conversation)}/templates"
    if visit.query("template"):
        template = await visit.me.find(Template, _id(visit.query("template")))
        composer["text"] = filled(template.body or "", await _places(visit, conversation))
    return composer


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotVisible from None


async def _places(visit: Visit, conversation: Conversation) -> dict[str, str]:
    """Return the words that fill a template's places in this conversation."""
    client = await visit.me.find(Client, conversation.client_id)
    people = (await readers(visit.me.see(Conversation), [conversation.id]))[conversation.id]["people"]
    names = [client.first_name if person["name"] == client.name else first_of(person["name"]) for person in people]
    return {
        "name": listed(visit.language, names) or client.first_name,
        "client": client.first_name,
        "me": visit.holder.name,
        "practice": (await the_practice()).name,
    }


@staff("GET /staff/clients/{client}/conversations/{conversation}/templates")
async def choose_template(visit: Visit) -> Answer:
    """The templates, filled in for this conversation: in a dialog, or on a page that leads back to it."""
    conversation = await visit.find(Conversation)
    here, places = reading.here(visit, conversation), await _places(visit, conversation)
    shown: dict[str, Any] = {
        "templates": [
            {"name": one["name"], "text": filled(one["body"], places), "href": f"{here}?template={one['id']}"}
            for one in await templates(visit.me.see(Template))
        ],
        "into": f"compose-messages-{conversation.id}",
        "manage_href": "/staff/templates",
    }
    if visit.by_script:
        return visit.fragment(render("staff/messages/conversations/_choosing.html", visit.language, shown))
    return await page(
        visit,
        "staff/messages/conversations/choosing.html",
        title=visit.say("Chart: choose a template"),
        place="clients",
        back_href=here,
        **shown,
    )


@staff("POST /staff/clients/{client}/conversations", form=writing.Addressed, audit="start conversation")
async def create(visit: Visit) -> Answer:
    """Write to a client and those who act for them, as the care team, the office or billing."""
    client = await visit.find(Client)
    if not visit.errors and not await visit.me.may(Audience[visit.form.audience.upper()].permission):
        raise NotPermitted(visit.say("Others at the practice read and write these messages."))
    people: tuple[bool, list[UUID]] = (False, [])
    if not visit.errors:
        party = await party_of(client.id, visit.form.people or None)
        if visit.form.people not in ("", party.key):
            raise Refused(409, "They can’t write about this client any more. Nothing was started.")
        people = party.people
    return go(await writing.begun(visit, people))


@staff("GET /staff/clients/{client}/conversations/{conversation}/messages/{message}", opens="open message")
async def show_message(visit: Visit) -> Answer:
    """Show the acts on one message: a part of the conversation's page, or a page of its own."""
    acts = await changing.acts(visit)
    if visit.by_script:
        return changing.acts_fragment(visit, acts)
    return await chart_page(
        visit,
        "staff/messages/conversations/message.html",
        title=visit.say("Chart: one message"),
        acts=acts,
        regions={"conversation": await visit.draw(head, **reading.ids(visit))},
    )


@staff("GET /staff/clients/{client}/conversations/{conversation}/readers", opens="open readers")
async def readers_of(visit: Visit) -> Answer:
    return await who_can_see.readers(visit, why_page)


@staff(
    "POST /staff/clients/{client}/conversations/{conversation}/search",
    form=searching.Search,
    audit=None,
    transaction=False,
)
async def search(visit: Visit) -> Answer:
    conversation = await visit.find(Conversation)
    found = await searching.look(visit, conversation, reading.here(visit, conversation))
    return found or await _open(visit, conversation)


send = staff(
    "POST /staff/clients/{client}/conversations/{conversation}/messages",
    form=writing.NewMessage,
    audit=None,
    once=writing.sent,
)(writing.send)
read = staff("POST /staff/clients/{client}/conversations/{conversation}/reading", form=reading.Reading, audit=None)(
    reading.read
)
keep_draft = staff("POST /staff/clients/{client}/conversations/{conversation}/draft", form=writing.Written, audit=None)(
    writing.keep_draft
)
edit = staff(
    "POST /staff/clients/{client}/conversations/{conversation}/messages/{message}",
    form=changing.Edition,
    audit="edit message",
)(changing.edit)
withdraw = staff(
    "POST /staff/clients/{client}/conversations/{conversation}/messages/{message}/withdrawal", audit="withdraw message"
)(changing.withdraw)
