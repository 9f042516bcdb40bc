"""The messages of a conversation as a stream: the newest page of them, what comes after it, and pages further back."""

from collections.abc import Collection
from uuid import UUID

from portal.facts import Fact, MessageSent, MessagesSeen, NoteWritten, OfMessage
from portal.models.ground.record import Kind
from portal.models.messages.conversation import Conversation
from portal.models.messages.message import PAGE, Message, messages_after, messages_among, messages_before
from portal.permissions import Right
from portal.regions import Ask, Context, Fresh, Stream, region
from portal.regions.messages.bubbles import bubbles_of, items, marks_at
from portal.regions.messages.thread import thread_of
from portal.regions.phrases import thread_href
from portal.viewer import Viewer, may_see

AT_ONCE = 200  # messages one push holds
NEAR = 50  # messages before a page's last that are loaded with what is beyond it


async def _since(asks: list[Ask]) -> dict[Ask, Fresh]:
    """Return the changed and new messages, rendered for each viewer; a viewer who may not see them is not answered."""
    seen_by = await may_see(Conversation, {(viewer, of) for viewer, of, *_ in asks})
    allowed = [ask for ask in asks if (ask[0], ask[1]) in seen_by]
    if not allowed:
        return {}
    answers: dict[Ask, Fresh] = {}
    while left := [ask for ask in allowed if ask not in answers]:
        begins: dict[UUID, int] = {}
        for ask in left:
            begins[ask[1]] = min(_begin(ask), begins.get(ask[1], _begin(ask)))
        loaded = await messages_after(begins, AT_ONCE)
        # What is loaded begins with the page that is furthest behind, and need not reach the others:
        # those are asked for again, or they would seem to have it all.
        reached = [ask for ask in left if _begin(ask) < begins[ask[1]] + AT_ONCE // 2]
        lasts = {of: max((message["number"] for message in some), default=0) for of, some in loaded.items()}
        if far := {(of, n) for _, of, cursor, changed in reached for n in changed if n < cursor - NEAR}:
            for of, some in (await messages_among(far)).items():
                known = {message["number"] for message in loaded[of]}
                loaded[of] += [message for message in some if message["number"] not in known]
        marks = await marks_at(loaded, any(ask[0].kind is Kind.STAFF for ask in reached))
        for ask in reached:
            viewer, of, cursor, changed = ask
            wanted = {message["number"] for message in loaded[of] if message["number"] > cursor} | changed
            fresh = items(viewer, loaded[of], marks[of], wanted)
            # By the number, not by how many there are: before the first message there is none.
            more = lasts[of] == begins[of] + AT_ONCE - 1
            answers[ask] = Fresh(fresh, max(lasts[of], cursor), more)
    return answers


def _begin(ask: Ask) -> int:
    """From which number on messages are loaded for it: what changed just before its end is loaded with that."""
    _, _, cursor, changed = ask
    return min([cursor, *(n - 1 for n in changed if n >= cursor - NEAR)])


def _changed(fact: Fact, viewer: Viewer) -> Collection[int] | None:
    """Return the numbers of the messages that a fact changed for this viewer. What only the other side is told of
    has changed nothing, so nothing tells that there is something to tell."""
    of_staff = viewer.kind is Kind.STAFF
    match fact:
        case MessagesSeen():
            return range(fact.first, fact.last + 1) if of_staff is (fact.staff is None) else ()
        case NoteWritten() if not of_staff:
            return ()
        case OfMessage():
            return (fact.number,)
    return None


@region(
    "messages",
    "messages/_messages.html",
    side="both",
    needs=Right.MESSAGES,
    on=(MessageSent, MessagesSeen, OfMessage),
    stream=Stream(_since, of="conversation", changed=_changed),
)
async def messages(viewer: Viewer, client: UUID, conversation: UUID) -> Context | None:
    thread = await thread_of(viewer, client, conversation)
    if thread is None:
        return None
    return await window(viewer, thread, None)


@region("passage", "messages/_passage.html", side="both", needs=Right.MESSAGES, on=(MessagesSeen, OfMessage))
async def passage(viewer: Viewer, client: UUID, conversation: UUID, at: int) -> Context | None:
    """The messages around a number, further back than the newest page of them."""
    thread = await thread_of(viewer, client, conversation)
    if thread is None:
        return None
    return await window(viewer, thread, at + PAGE // 2) | {"later_at": min(at, 2**30) + PAGE}


def is_far_back(conversation: Conversation, at: int) -> bool:
    """Tell whether the newest page of messages begins after this number, well enough to show what is around it."""
    return at + PAGE // 2 < conversation.last_number


async def window(viewer: Viewer, conversation: Conversation, before: int | None) -> Context:
    """A page of messages: the newest, or those before a number."""
    loaded = await messages_before(viewer.see(Message), conversation.id, before)
    older = len(loaded) > PAGE
    page = loaded[1:] if older else loaded
    marks = await marks_at({conversation.id: page}, viewer.kind is Kind.STAFF)
    href = thread_href(viewer, conversation.client_id, conversation.id)
    return {
        "items": bubbles_of(viewer, loaded, marks[conversation.id], {message["number"] for message in page}),
        "cursor": page[-1]["number"] if page else 0,
        "older_href": f"{href}?before={page[0]['number']}" if older else None,
        "reading_action": None if viewer.lens else f"{href}/reading",
    }
