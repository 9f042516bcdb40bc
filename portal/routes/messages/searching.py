"""Searching a conversation, the same on both sides."""

from typing import Annotated, Any

from pydantic import Field

from portal.language import say_many
from portal.models.ground import audit
from portal.models.ground.person import words_of
from portal.models.messages.conversation import Conversation
from portal.models.messages.message import Message
from portal.models.messages.search import Found, search
from portal.regions import key_of
from portal.regions.messages.found import found_messages
from portal.regions.messages.head import head
from portal.routes.messages.reading import here
from portal.web.visit import Form, Visit


class Search(Form):
    q: Annotated[str, Field(min_length=1, max_length=100)]
    before: Annotated[int | None, Field(ge=0, lt=2**31)] = None


async def outcome(visit: Visit) -> dict[str, Any]:
    """A conversation's page of searching. The words come in the body: an address is written down everywhere."""
    conversation = await visit.find(Conversation)
    ids = {"client": conversation.client_id, "conversation": conversation.id}
    asked: Search | None = visit.form
    results: dict[str, Any] = {
        "action": f"{here(visit, conversation)}/search",
        "with": key_of("thread-head", ids),
        "q": visit.sent.get("q", "")[:100],
        "error": visit.errors.get("q"),
        "looked": asked is not None and bool(words_of(asked.q)),
    }
    regions = {"conversation": await visit.draw(head, **ids)}
    if asked is not None and results["looked"]:
        hits = await search(visit.me.see(Message), conversation.id, words_of(asked.q), asked.before)
        numbers = "-".join(str(number) for number in hits.numbers)
        regions["found"] = await visit.draw(found_messages, **ids, q=asked.q, numbers=numbers)
        results |= {"before": hits.before, "all_line": _found_line(visit, hits)}
        # Outside any transaction: it may take a while, and writes this one row.
        await audit.note(
            "search conversation",
            side=visit.me.side,
            actor=visit.me.id,
            client=conversation.client_id,
            record=conversation.id,
        )
    return {"search": results, "back_href": here(visit, conversation), "regions": regions}


def _found_line(visit: Visit, hits: Found) -> str:
    if hits.numbers:
        return say_many(
            visit.language, "One message, newest first", "%(num)s messages, newest first", len(hits.numbers)
        )
    if hits.before is None:
        return visit.say("No message here says that.")
    return visit.say("None of the newer messages says that.")
