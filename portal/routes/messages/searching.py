"""Searching a conversation, the same on both sides: a panel in the conversation's page."""

from typing import Annotated

from pydantic import Field

from portal.models.ground import audit
from portal.models.ground.person import words_of
from portal.models.messages.conversation import Conversation
from portal.models.messages.message import Message
from portal.models.messages.search import search
from portal.regions.messages.found import Hits
from portal.web.sealed_words import seal_words
from portal.web.visit import Answer, Form, Visit, go


class Search(Form):
    q: Annotated[str, Field(title="Words", min_length=1, max_length=100)]
    before: Annotated[int | None, Field(ge=0, lt=2**31)] = None


async def look(visit: Visit, conversation: Conversation, place: str) -> Answer | None:
    """Look for words in a conversation, and lead to what was found, on the page at `place`: so going back comes to it
    again, and asks nothing. None where there is nothing to look for, as the panel then says."""
    if not visit.errors and not words_of(visit.form.q):
        visit.errors["q"] = visit.say("Write a word to look for.")
    if visit.errors:
        return None
    found = await search(visit.me.see(Message), conversation.id, words_of(visit.form.q), visit.form.before)
    # Outside any transaction: it may take a while, and writes this one row.
    await audit.note(
        "search conversation",
        side=visit.me.side,
        actor=visit.me.id,
        client=conversation.client_id,
        record=conversation.id,
    )
    hits = Hits(q=visit.form.q, place=place, numbers=found.numbers, before=found.before)
    return go(hits.at(f"sealed={seal_words(hits, visit.me.id)}"))
