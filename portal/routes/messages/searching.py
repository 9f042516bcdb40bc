"""Searching a conversation, the same on both sides: a panel in the conversation's page."""

from typing import Annotated, Any

from pydantic import Field

from portal.language import say_many
from portal.models.ground import audit
from portal.models.ground.person import words_of
from portal.models.messages.conversation import Conversation
from portal.models.messages.message import Message
from portal.models.messages.search import search
from portal.regions import key_of
from portal.regions.messages.found import Hits, found_messages
from portal.web.sealed_words import open_words, seal_words
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


async def panel(visit: Visit, conversation: Conversation, place: str) -> dict[str, Any]:
    """Return the panel in which the conversation at `place` is searched, open where a search was made."""
    ids = {"client": conversation.client_id, "conversation": conversation.id}
    sealed = visit.query("sealed")
    hits = open_words(Hits, sealed, visit.me.id) if sealed else None
    path, _, query = place.partition("?")
    shown: dict[str, Any] = {
        "id": f"search-{conversation.id}",
        "action": f"{path}/search" + (f"?{query}" if query else ""),
        "with": key_of("thread-head", ids),
        "is_open": hits is not None or bool(visit.errors),
        "q": hits.q if hits else visit.sent.get("q", "")[:100],
        "error": visit.errors.get("q"),
        "found": None,
    }
    if hits is not None:
        shown |= {
            "found": await visit.draw(found_messages, **ids, sealed=sealed),
            "before": hits.before,
            "line": _line(visit, hits),
        }
    return shown


def _line(visit: Visit, hits: Hits) -> str:
    if hits.numbers:
        return say_many(
            visit.language, "One message, newest first", "%(num)s messages, newest first", len(hits.numbers)
        )
    if hits.before is None:
        return visit.say("No message here says that.")
    return visit.say("None of the newer messages says that.")
