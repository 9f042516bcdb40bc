"""The messages that a search of a conversation has found."""

from uuid import UUID

from portal.facts import OfMessageText
from portal.language import date_in_words, local_day, say, time_of_day
from portal.models.ground.person import words_of
from portal.models.messages.message import Message, messages_numbered
from portal.models.messages.search import MOST, holds, marked
from portal.permissions import Right
from portal.regions import Context, region
from portal.regions.messages.thread import thread_of
from portal.regions.phrases import thread_href, zone
from portal.viewer import Viewer


@region("found", "messages/_found.html", side="both", needs=Right.MESSAGES, on=(OfMessageText,))
async def found_messages(viewer: Viewer, client: UUID, conversation: UUID, q: str, numbers: str) -> Context | None:
    """Show the messages a search has found, as long as they still hold its words. Later ones are for the next
    search."""
    if await thread_of(viewer, client, conversation) is None:
        return None
    words, asked = words_of(q), [int(n) for n in numbers.split("-") if n.isascii() and n.isdigit()]
    rows = await messages_numbered(viewer.see(Message), conversation, [n for n in asked if n < 2**31][:MOST])
    href, language = thread_href(viewer, client, conversation), viewer.language
    return {
        "rows": [
            {
                "href": f"{href}?at={row['number']}#message-{row['id']}",
                "from_name": say(language, "You") if row["author"] == viewer.id else row["from_name"],
                "at": f"{date_in_words(local_day(row['sent_at'], zone()), language)}, "
                f"{time_of_day(row['sent_at'], zone(), language)}",
                "at_iso": row["sent_at"].isoformat(),
                "pieces": marked(row["body"], words),
            }
            for row in rows
            if words and holds(row["body"], words)
        ]
    }
