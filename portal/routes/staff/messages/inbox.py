"""Staff's inbox: the list, and a conversation open beside it."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from portal.models.messages.conversation import Conversation
from portal.models.people.client import Client
from portal.regions.messages.handling import about, handling
from portal.regions.messages.inbox import inbox_list
from portal.regions.messages.inbox_filter import InboxFilter
from portal.regions.messages.recipient_finder import recipient_finder
from portal.routes.messages import reading, searching
from portal.routes.staff.messages import conversations
from portal.routes.staff.people import finder
from portal.routes.staff.shell import page
from portal.web.doors import staff
from portal.web.sealed_words import open_words, seal_words
from portal.web.slots import Link, link
from portal.web.visit import Answer, Visit

link("staff places", Link("inbox", "Inbox", "/staff/inbox", "inbox", count="unread_count"))


@staff("GET /staff/inbox", opens="open inbox")
async def index(visit: Visit) -> Answer:
    return await _page(visit, None)


@staff("GET /staff/inbox/new")
async def new(visit: Visit) -> Answer:
    """Ask which client a new message is for. Then it goes on as on their chart."""
    wanted = open_words(finder.NameSearch, visit.query("sealed"), visit.me.id) or finder.NameSearch()
    return await page(
        visit,
        "staff/messages/inbox/new.html",
        title=visit.say("New message"),
        place="inbox",
        q=wanted.q,
        regions={"finder": await visit.draw(recipient_finder, q=wanted.q or None)},
    )


@staff("POST /staff/inbox/search", form=finder.NameSearch, audit=None, transaction=False)
async def find_recipient(visit: Visit) -> Answer:
    sealed = seal_words(finder.NameSearch(q=visit.sent.get("q", "")[:200]), visit.me.id)
    return await finder.look(visit, recipient_finder, f"/staff/inbox/new?sealed={sealed}")


@staff("GET /staff/inbox/{conversation}", opens="read conversation")
async def show(visit: Visit) -> Answer:
    conversation = await visit.find(Conversation)
    older = await reading.older(visit, conversation)
    return older or await _page(visit, conversation)


@staff("POST /staff/inbox/{conversation}/search", form=searching.Search, audit=None, transaction=False)
async def search(visit: Visit) -> Answer:
    conversation = await visit.find(Conversation)
    found = await searching.look(visit, conversation, _filter(visit).href(conversation.id))
    return found or await _page(visit, conversation)


def _filter(visit: Visit) -> InboxFilter:
    client = None
    with suppress(ValueError):
        client = UUID(visit.query("client"))
    return InboxFilter.read(visit.query("view"), visit.query("audience"), client, visit.query("after"))


async def _page(visit: Visit, conversation: Conversation | None) -> Answer:
    narrowed = _filter(visit)
    current = conversation.id if conversation else None
    regions = {"list": await visit.draw(inbox_list, **narrowed.args, current=current)}
    more: dict[str, Any] = {"chosen": False}
    if conversation is not None:
        client = await visit.me.find(Client, conversation.client_id)
        label = visit.say("Message about %(name)s", name=client.name)
        regions |= await reading.parts(visit, conversation) | {
            "handling": await visit.draw(handling, conversation=conversation.id),
            "about": await visit.draw(about, client=client.id, current=conversation.id),
        }
        more = {
            "chosen": True,
            "list_href": narrowed.href(),
            "search": await reading.panel(visit, conversation, narrowed.href(conversation.id)),
            "status": 422 if visit.errors else 200,
            "thread_id": f"thread-{conversation.id}",
            "composer": await conversations.composer(visit, conversation, label),
        }
    return await page(
        visit, "staff/messages/inbox/show.html", title=visit.say("Inbox"), place="inbox", q="", regions=regions, **more
    )
