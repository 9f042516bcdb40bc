"""Messages on the client side: the conversations about one profile, and one of them open."""

from __future__ import annotations

from portal.doors import Answer, Visit, client, go
from portal.models.client import Client
from portal.models.conversation import Audience, Conversation, participant_for, threads
from portal.models.record import uuid7
from portal.permissions import Right
from portal.regions.conversations import client_threads
from portal.routes import writing
from portal.routes.client.shell import page


@client(Right.MESSAGES, opens="open messages")
async def index(visit: Visit) -> Answer:
    """The one conversation there is, or the list of several."""
    found = await visit.me.find(Client, visit.id("client"))
    rows = await threads(visit.me.see(Conversation))
    if len(rows) == 1:
        return go(f"/clients/{found.id}/conversations/{rows[0]['id']}")
    start = None
    if not rows:
        start = {
            "action": f"/clients/{found.id}/conversations",
            "label": visit.say("Write to the care team"),
            "body": visit.say("What you write here is read by the care team, and by nobody else."),
            "key": uuid7(),
        }
    return await page(
        visit,
        "client/conversations/index.html",
        found,
        place="messages",
        name=found.first_name,
        start=start,
        regions={"threads": await visit.draw(client_threads, client=found.id)},
    )


@client(Right.MESSAGES, opens="read conversation")
async def show(visit: Visit) -> Answer:
    conversation = await writing.found(visit)
    older = await writing.older(visit, conversation)
    if older is not None:
        return older
    found = await visit.me.find(Client, conversation.client_id)
    several = await visit.me.see(Conversation).count() > 1
    label = visit.say("Message about %(name)s", name=found.first_name)
    return await page(
        visit,
        "client/conversations/show.html",
        found,
        place="messages",
        threads_href=f"/clients/{found.id}/messages" if several else None,
        composer=writing.composer(visit, conversation, label),
        regions=await writing.parts(visit, conversation),
    )


@client(Right.MESSAGES, form=writing.Begin)
async def create(visit: Visit) -> Answer:
    """Begin the clinical conversation between this person and the care team."""
    found = await visit.me.find(Client, visit.id("client"))

    async def start() -> Conversation:
        with_client, contacts = await participant_for(visit.me.id, found.id)
        return await Conversation.start(found.id, Audience.CLINICAL, contacts, with_client)

    return go(f"/clients/{found.id}/conversations/{await writing.begun(visit, start)}")


send = client(Right.MESSAGES, form=writing.NewMessage)(writing.send)
read = client(Right.MESSAGES, form=writing.Reading)(writing.read)
