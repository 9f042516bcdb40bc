"""Messages on the client side: the conversations about one profile, and one of them open."""

from portal.models.messages.availability import MayNotWrite, of_client
from portal.models.messages.conversation import Conversation, threads
from portal.models.messages.recipients import participant_for
from portal.models.people.client import Client
from portal.permissions import Right
from portal.regions.messages.head import head
from portal.regions.messages.threads import beginnings, client_threads
from portal.regions.phrases import base
from portal.regions.practice.availability import availability
from portal.routes.client.shell import page, why_page
from portal.routes.messages import changing, reading, searching, who_can_see, writing
from portal.web.doors import client
from portal.web.slots import Link, link
from portal.web.visit import Answer, Visit, go

link("client places", Link("messages", "Messages", "/messages", "messages-square", Right.MESSAGES, count="unread"))


async def all_of_them(visit: Visit) -> Answer:
    """The one conversation there is, or the list of several."""
    rows = await threads(visit.me.see(Conversation))
    if len(rows) == 1:
        return go(f"{base(visit.me, visit.id('client'))}/conversations/{rows[0]['id']}")
    return await list_of_them(visit) if rows else await to_begin(visit)


async def list_of_them(visit: Visit) -> Answer:
    about = await visit.find(Client)
    profile_href = base(visit.me, about.id)
    return await page(
        visit,
        "client/messages/index.html",
        about,
        title=visit.say("Messages"),
        place="messages",
        name=about.first_name,
        new_href=f"{profile_href}/conversations/new",
        regions={"threads": await visit.draw(client_threads, client=about.id)},
    )


async def to_begin(visit: Visit) -> Answer:
    """Show the people one can write to, and who would read it."""
    about = await visit.find(Client)
    several = await visit.me.see(Conversation).count() > 0
    return await page(
        visit,
        "client/messages/new.html",
        about,
        title=visit.say("New message"),
        place="messages",
        name=about.first_name,
        threads_href=f"{base(visit.me, about.id)}/messages" if several else None,
        regions={
            "availability": await visit.draw(availability, client=about.id, conversation=None),
            "beginnings": await visit.draw(beginnings, client=about.id, people=None),
        },
    )


@client("GET /clients/{client}/conversations/{conversation}", Right.MESSAGES, opens="read conversation")
async def show(visit: Visit) -> Answer:
    """One of them, open."""
    conversation = await visit.find(Conversation)
    older = await reading.older(visit, conversation)
    return older or await _open(visit, conversation)


async def _open(visit: Visit, conversation: Conversation) -> Answer:
    place = reading.here(visit, conversation)
    about = await visit.me.find(Client, conversation.client_id)
    several = await visit.me.see(Conversation).count() > 1
    profile_href = base(visit.me, about.id)
    label = visit.say("Message about %(name)s", name=about.first_name)
    return await page(
        visit,
        "client/messages/show.html",
        about,
        title=visit.say("Conversation"),
        place="messages",
        status=422 if visit.errors else 200,
        search=None if visit.viewed else await reading.panel(visit, conversation, place),
        threads_href=f"{profile_href}/messages" if several else None,
        new_href=f"{profile_href}/conversations/new",
        composer=await reading.composer(visit, conversation, label),
        regions=await reading.parts(visit, conversation),
    )


@client("POST /clients/{client}/conversations", Right.MESSAGES, form=writing.Beginning, audit="start conversation")
async def create(visit: Visit) -> Answer:
    """Write to the care team, the office or billing, as oneself."""
    about = await visit.find(Client)
    now = await of_client(visit.me.see(Client), about.id)
    if now is None or not now.may_write:
        raise MayNotWrite
    return go(await writing.begun(visit, await participant_for(visit.me.id, about.id)))


@client(
    "GET /clients/{client}/conversations/{conversation}/messages/{message}",
    Right.MESSAGES,
    opens="open message",
    viewable=False,
)
async def show_message(visit: Visit) -> Answer:
    """Show the acts on one message: a part of the conversation's page, or a page of its own."""
    acts = await changing.acts(visit)
    if visit.by_script:
        return changing.acts_fragment(visit, acts)
    return await page(
        visit,
        "client/messages/message.html",
        await visit.find(Client),
        title=visit.say("This message"),
        place="messages",
        acts=acts,
        regions={"conversation": await visit.draw(head, **reading.ids(visit))},
    )


@client("GET /clients/{client}/conversations/{conversation}/readers", Right.MESSAGES, opens="open readers")
async def readers(visit: Visit) -> Answer:
    return await who_can_see.readers(visit, why_page)


@client(
    "POST /clients/{client}/conversations/{conversation}/search",
    Right.MESSAGES,
    form=searching.Search,
    audit=None,
    transaction=False,
)
async def search(visit: Visit) -> Answer:
    conversation = await visit.find(Conversation)
    found = await searching.look(visit, conversation, reading.here(visit, conversation))
    return found or await _open(visit, conversation)


index = client("GET /clients/{client}/messages", Right.MESSAGES, opens="open messages")(all_of_them)
new = client("GET /clients/{client}/conversations/new", Right.MESSAGES, opens="open messages")(to_begin)
send = client(
    "POST /clients/{client}/conversations/{conversation}/messages",
    Right.MESSAGES,
    form=writing.NewMessage,
    audit=None,
    once=writing.sent,
)(writing.send)
read = client(
    "POST /clients/{client}/conversations/{conversation}/reading", Right.MESSAGES, form=reading.Reading, audit=None
)(reading.read)
keep_draft = client(
    "POST /clients/{client}/conversations/{conversation}/draft", Right.MESSAGES, form=writing.Written, audit=None
)(writing.keep_draft)
edit = client(
    "POST /clients/{client}/conversations/{conversation}/messages/{message}",
    Right.MESSAGES,
    form=changing.Edition,
    audit="edit message",
)(changing.edit)
withdraw = client(
    "POST /clients/{client}/conversations/{conversation}/messages/{message}/withdrawal",
    Right.MESSAGES,
    audit="withdraw message",
)(changing.withdraw)
