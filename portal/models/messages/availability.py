"""The availability of messages to the client's side: by the client's setting and the office's hours; what that side
writes by it, and the practice's automatic answer."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal import clock
from portal.models.ground import sql
from portal.models.ground.record import Unacceptable
from portal.models.ground.scope import Scope
from portal.models.messages.conversation import Conversation
from portal.models.people.client import Client
from portal.models.practice.hours import Office, OfficeState, office
from portal.models.practice.practice import Practice

ON, REPLY, OFF = "on", "reply", "off"

# The text of an automatic answer: how the office stands, the practice's name, and its own words by language.
ReplyText = Callable[[Office, OfficeState, str, Mapping[str, str]], str]


class MayNotWrite(Unacceptable):
    """A message from the client's side where it may write nothing."""

    why = "Nothing can be written here at the moment. Nothing was sent."


class OfficeClosed(Unacceptable):
    """A message after hours, from somebody who did not say that they know that it isn't read now."""

    why = "The office is closed, so nothing was sent yet. Tick “I know this isn’t read now”, then send it."


@dataclass(frozen=True)
class AutomaticReply:
    """The answer of a closed practice: its name, its own words by language, and on whose behalf it answers."""

    practice: str
    words: Mapping[str, str]
    by: UUID


@dataclass(frozen=True)
class Availability:
    """The client's side's leave to write. `mode` is what staff set, `answered` whether the practice has written in the
    conversation, `standing` how the office is (None where no hours are kept), `reply` the answer while it is closed."""

    mode: str
    answered: bool
    office: Office
    standing: OfficeState | None
    reply: AutomaticReply | None = None

    @property
    def may_write(self) -> bool:
        return self.mode == ON or (self.mode == REPLY and self.answered)

    @property
    def after_hours(self) -> bool:
        """Tell whether one has to say first that one knows this isn't read now."""
        return self.standing is not None and not self.standing.open


async def of_conversation(conversations: Scope[Conversation], id: UUID) -> Availability | None:
    rows = await (
        conversations.where("r.id = :id", id=id)
        .join("join client c on c.id = r.client_id left join practice p on true")
        .columns(f"c.messaging, r.answered_at, {_OF_PRACTICE}")
    )
    return await _as_of_now(rows[0], rows[0]["answered_at"] is not None) if rows else None


async def of_client(clients: Scope[Client], id: UUID) -> Availability | None:
    """Return the availability before a conversation begins: nobody has answered yet."""
    charts = await (
        clients.where("r.id = :id", id=id).join("left join practice p on true").columns(f"r.messaging, {_OF_PRACTICE}")
    )
    return await _as_of_now(charts[0], False) if charts else None


_OF_PRACTICE = "(p.week is not null)::boolean as keeps, p.name, p.reply_words, p.reply_by"


async def _as_of_now(row: dict[str, Any], answered: bool) -> Availability:
    # A practice that keeps no hours has none to be asked for.
    kept = await office() if row["keeps"] else Office("UTC", None)
    by = row["reply_by"]
    reply = None if by is None else AutomaticReply(row["name"], row["reply_words"] or {}, by)
    return Availability(row["messaging"], answered, kept, kept.at(clock.now()), reply)


async def write_to_practice(
    conversations: Scope[Conversation],
    conversation: Conversation,
    body: str,
    *,
    understood: bool,
    reply_text: ReplyText,
    **more: Any,
) -> int:
    """Post a message of the client's side, as `Conversation.post` does, and answer it by itself where the office is
    closed and the practice wants that. `understood`: its writer knows that it isn't read now. Raises MayNotWrite,
    OfficeClosed, Closed."""
    now = await of_conversation(conversations, conversation.id)
    if now is None or not now.may_write:
        raise MayNotWrite
    if now.after_hours and not understood:
        raise OfficeClosed
    number = await conversation.post(body, **more)
    if now.after_hours and now.standing is not None and now.reply is not None:
        text = reply_text(now.office, now.standing, now.reply.practice, now.reply.words)
        await _answer_by_itself(conversation, now.standing, text, now.reply.by)
    return number


async def _answer_by_itself(conversation: Conversation, now: OfficeState, text: str, by: UUID) -> None:
    """Answer the first message of this closure in the practice's name. Two messages at once share one answer: the row
    goes to the first."""
    closed_at = now.since or dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    if await sql.insert_once("automatic_reply", conversation_id=conversation.id, closed_at=closed_at):
        await conversation.post(text, staff=by, automatic=True)


async def set_reply(practice: Practice, words: dict[str, str] | None, by: UUID | None) -> None:
    """Answer by itself while the office is closed, in these words by language (None: the built-in ones), on behalf of
    whoever switched it on; `by` None switches it off."""
    await practice.hold()
    await practice.keep(reply_words=words, reply_by=by)
