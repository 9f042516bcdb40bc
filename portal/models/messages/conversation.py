"""Conversations between a client, or contacts acting for one, and staff: by audience, numbered, encrypted."""

import datetime as dt
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from portal import clock
from portal.facts import ConversationAnswered, ConversationRead, ConversationStarted, MessageSent, MessagesSeen
from portal.models.ground import sql
from portal.models.ground.fact import announce, write
from portal.models.ground.record import Kind, Unacceptable, opened, seal, uuid7
from portal.models.ground.rules import conversation_is_seen, news_to, within_reach
from portal.models.ground.scope import Scope
from portal.models.messages.draft import Draft
from portal.models.messages.message import Message
from portal.models.messages.triage import Handled
from portal.models.notices.kinds import read_about
from portal.permissions import Audience

AT_A_GLANCE = dt.timedelta(seconds=0.5)  # who looks at a conversation has read a message by then


class Conversation(Handled):
    """A conversation. Besides its fields its row has `read_by`: those to whom nothing in it is new, for statements
    alone."""

    client_id = fields.UUIDField()
    audience = fields.CharField(max_length=16)
    confidential = fields.BooleanField(default=False)
    last_number = fields.IntField(default=0)
    last_said = fields.IntField(default=0)  # the last message that a person wrote and that still stands; 0: none
    last_at = fields.DatetimeField(null=True)
    last_side = fields.CharField(max_length=8, null=True)  # staff or client: whose that is
    started_at = fields.DatetimeField(default=clock.now)
    tell_at = fields.DatetimeField(null=True)  # when those who have not read by then get a notice
    # When the first message was written of which no one was told by e-mail yet; the worker empties it.
    mail_since = fields.DatetimeField(null=True)
    answered_at = fields.DatetimeField(null=True)  # when somebody of the practice first wrote here

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        return conversation_is_seen(kind, r)

    @classmethod
    async def start(
        cls, client: UUID, audience: Audience, contacts: list[UUID], with_client: bool, confidential: bool = False
    ) -> "Conversation":
        conversation = await cls.create(client_id=client, audience=audience.key, confidential=confidential)
        if with_client:
            await Participant.create(conversation_id=conversation.id, client_id=client)
        for contact in contacts:
            await Participant.create(conversation_id=conversation.id, contact_id=contact)
        await announce(ConversationStarted(client=client, conversation=conversation.id))
        return conversation

    async def post(
        self,
        body: str,
        staff: UUID | None = None,
        account: UUID | None = None,
        at: dt.datetime | None = None,
        id: UUID | None = None,
        reply_to: UUID | None = None,
        draft: UUID | None = None,
        automatic: bool = False,
        seen: int | None = None,
    ) -> int:
        """Add a message and return its number; raises Closed where the client's chart is archived. Its writer has read
        everything up to the number `seen`, by default all of it, and the draft they had begun is sent, where it is this
        one (`draft`, a version) or holds no other words. An `automatic` one stands under the name of the practice:
        nobody has read or answered anything by it.

        Numbers follow the order of commits: the row of the conversation is locked by taking one. A message written at
        another time (`at`) is history, of which nobody is told by email.
        """
        sent_at, side, writer = at or clock.now(), "staff" if staff else "client", staff or account
        answers = staff is not None and not automatic
        taken = await sql.row(
            "update conversation set last_number = last_number + 1, last_at = :at, "
            + ("" if automatic else "last_said = last_number + 1, last_side = :side, read_by = :read_by, ")
            + ("" if automatic else "stirs_at = :at, snoozed_by = null, ")
            + ("answered_at = coalesce(answered_at, :at), " if answers else "")
            + ("" if staff else "done_at = null, done_by = null, ")
            + "tell_at = coalesce(tell_at, :tell_at), "
            f"mail_since = {'mail_since' if at or automatic else 'coalesce(mail_since, :at)'} "
            "where id = :id and exists (select 1 from client c "
            "where c.id = conversation.client_id and c.archived_at is null) "
            "returning last_number, answered_at, (select d.number from reading d "
            "where d.conversation_id = conversation.id and d.reader_id = :writer) as had_read, "
            "exists (select 1 from draft k where k.conversation_id = conversation.id "
            "and (k.staff_id = :writer or k.account_id = :writer))::boolean as drafted",
            id=self.id,
            at=sent_at,
            side=side,
            read_by=[writer],
            tell_at=clock.now() + AT_A_GLANCE,
            writer=writer,
        )
        if taken is None:
            raise Closed
        id, number = id or uuid7(), int(taken["last_number"])
        await write(
            "insert into message (id, conversation_id, number, staff_id, account_id, body_sealed, sent_at, "
            "reply_to_id, automatic) "
            "values (:id, :conversation, :number, :staff, :account, :body, :at, :reply_to, :automatic)",
            id=id,
            conversation=self.id,
            number=number,
            staff=staff,
            account=account,
            body=seal(Message, "body_sealed", id, body),
            at=sent_at,
            reply_to=reply_to,
            automatic=automatic,
        )
        await announce(MessageSent(client=self.client_id, conversation=self.id, number=number))
        if automatic:
            return number
        if answers and taken["answered_at"] == sent_at:
            await announce(ConversationAnswered(client=self.client_id, conversation=self.id))
        if taken["drafted"]:
            await Draft.sent(self.id, body, draft, staff, account)
        had_read = taken["had_read"] or 0
        read_to = number if seen is None else await self._before_news(max(had_read, seen), writer, number)
        await write(_READ_TO, conversation=self.id, reader=writer, number=read_to, at=sent_at)
        if read_to < number and await self._is_new(read_to, writer):
            await write("update conversation set read_by = :nobody where id = :id", id=self.id, nobody=[])
        if had_read < min(read_to, number - 1):
            await self._seen(had_read, min(read_to, number - 1), staff, account, sent_at)
            await announce(ConversationRead(conversation=self.id, number=read_to, staff=staff, account=account))
        if had_read < number - 1 and read_to == number:
            await read_about(self.id, staff, account)
        return number

    async def _before_news(self, seen: int, reader: UUID | None, last: int) -> int:
        """Return the number up to which nothing is new to somebody who has seen up to a number: their own words after
        it are not."""
        news = await sql.row(
            "select min(m.number) as number from message m where m.conversation_id = :id and m.number > :seen "
            "and m.withdrawn_at is null and (m.automatic or coalesce(m.account_id, m.staff_id) <> :reader)",
            id=self.id,
            seen=seen,
            reader=reader,
        )
        return last if news is None or news["number"] is None else int(news["number"]) - 1

    async def _is_new(self, seen: int, reader: UUID | None) -> bool:
        """Tell whether there is something to read beyond a number."""
        return await sql.exists(_NEWS, id=self.id, seen=seen, reader=reader)

    async def read(self, number: int, staff: UUID | None = None, account: UUID | None = None) -> None:
        """Note that someone has read up to a number. Never goes backwards; says nothing if nothing moved."""
        reader, now = staff or account, clock.now()
        # Whoever is being told of it at this moment has been told after this line: no notice comes later. And what is
        # its newest message, and who has read it, stays as it is until this is kept.
        (newest,) = await sql.rows(
            "select last_number, last_said, read_by from conversation where id = :id for no key update", id=self.id
        )
        number = await self._before_news(min(number, self.last_number), reader, newest["last_number"])
        before = await sql.row(
            "select number from reading where conversation_id = :conversation and reader_id = :reader",
            conversation=self.id,
            reader=reader,
        )
        moved = await sql.rows(
            f"{_READ_TO} returning number", conversation=self.id, reader=reader, number=number, at=now
        )
        if moved:
            if number >= newest["last_said"] and str(reader) not in map(str, newest["read_by"]):
                await write(
                    "update conversation set read_by = :read_by where id = :id",
                    id=self.id,
                    read_by=[*newest["read_by"], reader],
                )
            await self._seen(before["number"] if before else 0, number, staff, account, now)
            await announce(ConversationRead(conversation=self.id, number=number, staff=staff, account=account))
        await read_about(self.id, staff, account)

    async def _seen(self, before: int, number: int, staff: UUID | None, account: UUID | None, at: dt.datetime) -> None:
        """Keep when someone came to a number, for the other side to see."""
        await write(
            "insert into reading_step (conversation_id, reader_id, number, at) "
            "values (:conversation, :reader, :number, :at) on conflict do nothing",
            conversation=self.id,
            reader=staff or account,
            number=number,
            at=at,
        )
        await announce(
            MessagesSeen(
                client=self.client_id, conversation=self.id, first=before + 1, last=number, staff=staff, account=account
            )
        )


_NEWS = f"select 1 {news_to(':reader', ':id', ':seen')}"
_READ_TO = (
    "insert into reading (conversation_id, reader_id, number, at) "
    "values (:conversation, :reader, :number, :at) on conflict (conversation_id, reader_id) "
    "do update set number = excluded.number, at = excluded.at where reading.number < excluded.number"
)


class Closed(Unacceptable):
    """A conversation in which nothing can be written: the client's chart is archived."""

    why = "This conversation is closed. Nothing was sent."


class Participant(Model):
    """A person who takes part on the client's side: the client in person, or a contact."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    conversation_id = fields.UUIDField()
    client_id = fields.UUIDField(null=True)
    contact_id = fields.UUIDField(null=True)

    class Meta:
        table = "participant"


# Whether there is something in `r` that the viewer has not read, for each of thousands: its own row says to whom
# nothing is new (see docs/decisions/0024-who-has-read-the-newest.md).
HAS_UNREAD = "(r.last_said > 0 and not :viewer = any(r.read_by))"
_READ_BY_VIEWER = "(select rd.number from reading rd where rd.conversation_id = r.id and rd.reader_id = :viewer)"
_UNREAD = f"(select count(*) {news_to(':viewer', 'r.id', f'coalesce({_READ_BY_VIEWER}, 0)')})"


def _within_reach(conversations: Scope[Conversation]) -> Scope[Conversation]:
    return conversations.where(within_reach(conversations.kind, "r.client_id"))


async def unread(conversations: Scope[Conversation]) -> int:
    """Count the messages from others that the viewer has not read. Derived, never kept."""
    rows = await _within_reach(conversations).where(HAS_UNREAD).columns(f"coalesce(sum({_UNREAD}), 0) as n")
    return int(rows[0]["n"])


async def unread_by_client(conversations: Scope[Conversation]) -> dict[UUID, int]:
    rows = await _within_reach(conversations).where(HAS_UNREAD).columns(f"r.client_id, {_UNREAD} as n")
    counts: dict[UUID, int] = {}
    for row in rows:
        counts[row["client_id"]] = counts.get(row["client_id"], 0) + row["n"]
    return counts


async def listed(conversations: Scope[Conversation], columns: str, joins: str = "") -> list[dict[str, Any]]:
    """Return conversations as lists show them: with the client's name, and the last words of a person that still stand,
    whose they are and since when. `columns` are those that a list has besides."""
    rows = await conversations.join(f"{_WITH_LAST_MESSAGE} {joins}").columns(f"{_LISTED}, {columns}")
    for row in rows:
        box = row.pop("body_sealed")
        row["body"] = None if box is None else opened(Message, "body_sealed", row["message_id"], box)
    return rows


_LISTED = (
    "r.id, r.client_id, r.audience, r.confidential, r.last_number, r.last_at, r.last_side, "
    "c.first_name, c.last_name, c.colour, lm.id as message_id, lm.body_sealed, lm.sent_at, lm.staff_id, lm.account_id, "
    "coalesce(ls.name, la.name) as from_name"
)
_WITH_LAST_MESSAGE = (
    "join client c on c.id = r.client_id "
    "left join message lm on lm.conversation_id = r.id and lm.number = r.last_said "
    "left join staff_member ls on ls.id = lm.staff_id left join portal_account la on la.id = lm.account_id"
)


async def threads(conversations: Scope[Conversation], limit: int = 200) -> list[dict[str, Any]]:
    """Return conversations as lists show them, with the viewer's unread count, newest first."""
    wanted = _within_reach(conversations).order("r.last_at is null, r.last_at desc, r.id desc")
    return await listed(wanted.only(limit), f"case when {HAS_UNREAD} then {_UNREAD} else 0 end as unread")


async def writer_name(side: str, person: UUID) -> str:
    """Return the name of the person who is writing. The caller has asked who may see the conversation."""
    writer = await sql.row(
        f"select name from {'staff_member' if side == 'staff' else 'portal_account'} where id = :id", id=person
    )
    return str(writer["name"]) if writer else ""


async def may_read(conversation: Conversation, staff: UUID) -> bool:
    """Tell whether this colleague may read it, and so answer it."""
    return await Scope(Conversation, Kind.STAFF, staff, None).find(conversation.id) is not None
