"""The messages that a search of a conversation has found."""

from uuid import UUID

from pydantic import BaseModel

from portal.facts import OfMessageText
from portal.language import date_in_words, local_day, say, time_of_day
from portal.models.ground.person import words_of
from portal.models.messages.message import Message, messages_numbered
from portal.models.messages.search import MOST, holds, marked
from portal.permissions import Right
from portal.regions import Context, region
from portal.regions.messages.thread import thread_of
from portal.regions.phrases import zone
from portal.viewer import Viewer
from portal.web.sealed_words import open_words


class Hits(BaseModel):
    """A search of a conversation: what for, on which page, and the numbers of the messages that hold it, newest first;
    and before which number to go on, where there is more to look at."""

    q: str
    place: str
    numbers: list[int] = []
    before: int | None = None

    def at(self, query: str) -> str:
        """Return the address of the page with more in its query."""
        return f"{self.place}{'&' if '?' in self.place else '?'}{query}"


@region("found", "messages/_found.html", side="both", needs=Right.MESSAGES, on=(OfMessageText,))
async def found_messages(viewer: Viewer, client: UUID, conversation: UUID, sealed: str | None) -> Context | None:
    """Show the messages a search has found, as long as they still hold its words. Later ones are for the next
    search."""
    hits = open_words(Hits, sealed or "", viewer.id)
    if hits is None or await thread_of(viewer, client, conversation) is None:
        return None
    words, language = words_of(hits.q), viewer.language
    rows = await messages_numbered(viewer.see(Message), conversation, hits.numbers[:MOST])
    return {
        "rows": [
            {
                "href": hits.at(f"at={row['number']}&sealed={sealed}") + f"#message-{row['id']}",
                "from_name": say(language, "You") if row["author"] == viewer.id else row["from_name"],
                "at": f"{date_in_words(local_day(row['sent_at'], zone()), language)}, "
                f"{time_of_day(row['sent_at'], zone(), language)}",
                "at_iso": row["sent_at"].isoformat(),
                "pieces": marked(row["body"], words),
            }
            for row in rows
            if holds(row["body"], words)
        ]
    }
