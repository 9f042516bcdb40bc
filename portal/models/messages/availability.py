"""The availability of messages to the client's side: by the client's setting, by the office's hours, and the automatic
answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from portal import clock
from portal.models.ground import sql
from portal.models.ground.scope import Scope
from portal.models.messages.conversation import Conversation
from portal.models.people.client import Client
from portal.models.practice.hours import Office, OfficeState, office
from portal.models.practice.practice import Practice

ON, REPLY, OFF = "on", "reply", "off"


@dataclass(frozen=True)
class Availability:
    """The client's side's leave to write. `mode` is what staff set, `answered` whether the practice has written in the
    conversation, `standing` how the office is (None where no hours are kept)."""

    mode: str
    answered: bool
    office: Office
    standing: OfficeState | None

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
        .columns("c.messaging, r.answered_at, p.week is not null as keeps")
    )
    if not rows:
        return None
    row = rows[0]
    return await _with_office(row["messaging"], row["answered_at"] is not None, bool(row["keeps"]))


async def of_client(clients: Scope[Client], id: UUID) -> Availability | None:
    """Return the availability before a conversation begins: nobody has answered yet."""
    charts = await (
        clients.where("r.id = :id", id=id)
        .join("left join practice p on true")
        .columns("r.messaging, p.week is not null as keeps")
    )
    return await _with_office(charts[0]["messaging"], False, bool(charts[0]["keeps"])) if charts else None


async def _with_office(mode: str, answered: bool, keeps: bool) -> Availability:
    # A practice that keeps no hours has none to be asked for.
    kept = await office() if keeps else Office("UTC", None)
    return Availability(mode, answered, kept, kept.at(clock.now()))


async def answer_by_itself(conversation: Conversation, now: OfficeState, words: str, by: UUID) -> int | None:
    """Answer the first message of this closure in the practice's name, and give the answer's number; None where that
    was done. Two messages at once share one answer: the row goes to the first."""
    first = await sql.rows(
        "insert into automatic_reply (conversation_id, closed_at) values (:conversation, :closed) "
        "on conflict (conversation_id, closed_at) do nothing returning closed_at",
        conversation=conversation.id,
        closed=now.since or dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
    )
    return await conversation.post(words, staff=by, automatic=True) if first else None


async def set_reply(practice: Practice, words: dict[str, str] | None, by: UUID | None) -> None:
    """Answer by itself while the office is closed, in these words by language (None: the built-in ones), on behalf of
    whoever switched it on; `by` None switches it off."""
    await practice.hold()
    await practice.keep(reply_words=words, reply_by=by)
