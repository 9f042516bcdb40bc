"""Messages: their words, their words before a change, who has seen them, and how a conversation is read."""

import datetime as dt
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.facts import MessageEdited, MessageWithdrawn, QuoteChanged
from portal.models.ground import sql
from portal.models.ground.fact import Bookmark, announce, here, write
from portal.models.ground.record import Kind, Record, Sealed, opened, seal, uuid7
from portal.models.ground.rules import is_news, news_to, sees_conversation, staff_only
from portal.models.ground.scope import Scope
from portal.models.notices.kinds import call_off_messages

LONGEST = 10_000  # characters of one message
PAGE = 50  # messages a page shows, and an older page adds
_BLANK = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_EMPTY_SIGNS = "\u115f\u1160\u2800\u3164\uffa0"  # of Hangul and Braille: letters by name, with nothing to see


def says_something(text: str) -> bool:
    """Tell whether there is anything to see in it: signs without width alone would be an empty bubble."""
    return any(unicodedata.category(sign) not in _BLANK and sign not in _EMPTY_SIGNS for sign in text)


class NotTheWriter(Exception):
    """A change by somebody else than the writer of a message."""


class TooLate(Exception):
    """A change that comes too late: the practice's time for it is over, or the chart is archived, or the message was
    withdrawn."""


class Message(Record):
    conversation_id = fields.UUIDField()
    number = fields.IntField()
    staff_id = fields.UUIDField(null=True)
    account_id = fields.UUIDField(null=True)
    body_sealed = fields.BinaryField()
    sent_at = fields.DatetimeField()
    reply_to_id = fields.UUIDField(null=True)  # a message of the same conversation
    edited_at = fields.DatetimeField(null=True)
    withdrawn_at = fields.DatetimeField(null=True)  # from then on its body is empty
    automatic = fields.BooleanField(default=False)  # written by Portal in the practice's name

    body = Sealed()

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        return sees_conversation(kind, f"{r}.conversation_id")

    @property
    def author(self) -> UUID | None:
        return None if self.automatic else self.staff_id or self.account_id

    def may_change_until(self, writer: UUID, minutes: int) -> dt.datetime | None:
        """Return until when its writer may change it; None for anybody else, and for a message that was withdrawn."""
        if writer != self.author or self.withdrawn_at is not None:
            return None
        return self.sent_at + dt.timedelta(minutes=minutes)

    async def edit(self, body: str, writer: UUID, minutes: int, client: UUID) -> None:
        """Say it in other words; the words before stay for staff. Raises NotTheWriter and TooLate."""
        if body == self.body:
            return
        await self._change(body, writer, minutes, "edited_at")
        await announce(MessageEdited(client=client, conversation=self.conversation_id, number=self.number))
        await self._tell_replies(client)

    async def withdraw(self, writer: UUID, minutes: int, client: UUID) -> None:
        """Take it back: it says nothing any more, and its words stay for staff. Raises as `edit` does."""
        if self.withdrawn_at is not None and writer == self.author:
            return
        # Whoever is being told of it at this moment has been told after this line, or will not be.
        await sql.row("select 1 from conversation where id = :id for no key update", id=self.conversation_id)
        await self._change("", writer, minutes, "withdrawn_at")
        await announce(MessageWithdrawn(client=client, conversation=self.conversation_id, number=self.number))
        await self._tell_replies(client)
        await self._leave_no_news()
        await call_off_messages(self.conversation_id)

    async def _leave_no_news(self) -> None:
        """Let its conversation say which words stand last, and who has nothing else to read. The caller holds that
        row."""
        last = await sql.row(
            f"select number, staff_id from message m where conversation_id = :id and {is_news('m')} "
            "order by number desc limit 1",
            id=self.conversation_id,
        )
        up_to_date = await sql.column(
            "select d.reader_id from reading d where d.conversation_id = :id "
            f"and not exists (select 1 {news_to('d.reader_id', ':id', 'd.number')})",
            id=self.conversation_id,
        )
        await write(
            "update conversation set last_said = :number, last_side = :side, read_by = :read_by where id = :id",
            id=self.conversation_id,
            number=last["number"] if last else 0,
            side=None if last is None else "staff" if last["staff_id"] else "client",
            read_by=up_to_date,
        )

    async def _change(self, body: str, writer: UUID, minutes: int, column: str) -> None:
        if writer != self.author:
            raise NotTheWriter
        now, until = clock.now(), self.may_change_until(writer, minutes)
        if until is None or until <= now:
            raise TooLate
        # Two tabs may change it at once: whoever still finds the words they began with keeps them as a version.
        changed = await self.claim(
            f"body_sealed = :new, {column} = :now",
            "body_sealed = :old and withdrawn_at is null and exists (select 1 from conversation v join client c "
            "on c.id = v.client_id where v.id = message.conversation_id and c.archived_at is null)",
            new=seal(Message, "body_sealed", self.id, body),
            old=bytes(self.body_sealed),
            now=now,
        )
        if not changed:
            raise TooLate
        id = uuid7()
        await write(
            "insert into message_version (id, message_id, body_sealed, from_at, until_at) "
            "values (:id, :message, :body, :since, :now)",
            id=id,
            message=self.id,
            body=seal(MessageVersion, "body_sealed", id, self.body or ""),
            since=self.edited_at or self.sent_at,
            now=now,
        )

    async def _tell_replies(self, client: UUID) -> None:
        """Announce that the messages which quote it show its new words too."""
        for row in await sql.rows("select number from message where reply_to_id = :id", id=self.id):
            await announce(QuoteChanged(client=client, conversation=self.conversation_id, number=row["number"]))


class MessageVersion(Record):
    """A message's words before it was changed or withdrawn, and from when until when."""

    message_id = fields.UUIDField()
    body_sealed = fields.BinaryField()
    from_at = fields.DatetimeField()
    until_at = fields.DatetimeField()

    body = Sealed()

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show earlier words to staff who see the message. A writer who took their words back has taken them back from
        the other side."""
        seen = f"exists (select 1 from message vm where vm.id = {r}.message_id and {Message.visible_to(kind, 'vm')})"
        return staff_only(kind, seen)


def author_name(message: str, staff: str, account: str) -> str:
    """Return SQL for the name under which a message stands: its author's, or the practice's where nobody wrote it."""
    return (
        f"case when {message}.automatic then (select pn.name from practice pn) "
        f"else coalesce({staff}.name, {account}.name) end"
    )


_MESSAGE = (
    "r.id, r.conversation_id, vc.client_id, r.number, r.staff_id, r.account_id, r.body_sealed, r.sent_at, "
    "r.reply_to_id, r.edited_at, r.withdrawn_at, r.automatic, q.number as quoted_number, "
    "q.body_sealed as quoted_box, q.withdrawn_at as quoted_withdrawn_at, q.automatic as quoted_automatic, "
    f"coalesce(q.staff_id, q.account_id)::uuid as quoted_author, {author_name('r', 'ms', 'ma')} as from_name, "
    f"{author_name('q', 'qs', 'qa')} as quoted_name"
)
_AUTHORS = (
    "join conversation vc on vc.id = r.conversation_id "
    "left join staff_member ms on ms.id = r.staff_id left join portal_account ma on ma.id = r.account_id "
    "left join message q on q.id = r.reply_to_id "
    "left join staff_member qs on qs.id = q.staff_id left join portal_account qa on qa.id = q.account_id"
)


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    id = row["id"]
    return {
        "id": id,
        "conversation_id": row["conversation_id"],
        "client_id": row["client_id"],
        "number": row["number"],
        "author": None if row["automatic"] else row["staff_id"] or row["account_id"],
        "automatic": row["automatic"],
        "by_staff": row["staff_id"] is not None,
        "from_name": row["from_name"],
        "body": opened(Message, "body_sealed", id, row["body_sealed"]),
        "sent_at": row["sent_at"],
        "edited": row["edited_at"] is not None,
        "withdrawn": row["withdrawn_at"] is not None,
        "quote": _quote(row) if row["reply_to_id"] is not None else None,
    }


def _quote(row: dict[str, Any]) -> dict[str, Any]:
    id = row["reply_to_id"]
    return {
        "id": id,
        "number": row["quoted_number"],
        "author": None if row["quoted_automatic"] else row["quoted_author"],
        "from_name": row["quoted_name"],
        "body": opened(Message, "body_sealed", id, row["quoted_box"]),
        "withdrawn": row["quoted_withdrawn_at"] is not None,
    }


async def messages_before(
    messages: Scope[Message], conversation: UUID, before: int | None, limit: int = PAGE
) -> list[dict[str, Any]]:
    """Return the newest messages of a conversation, or those before a number; oldest first, one more than `limit` where
    there are older ones."""
    newest = await (
        messages.where("r.conversation_id = :conversation", conversation=conversation)
        .where("r.number < :before", before=before if before is not None else 2**31 - 1)
        .join(_AUTHORS)
        .order("r.number desc")
        .columns(_MESSAGE, limit=limit + 1)
    )
    return [_opened(row) for row in reversed(newest)]


async def message_now(
    messages: Scope[Message], conversation: UUID, number: int
) -> tuple[list[dict[str, Any]], Bookmark | None]:
    """Return a message, after the one before it where there is one, and the bookmark of the moment it was read."""
    pair = await (
        messages.where("r.conversation_id = :conversation", conversation=conversation)
        .where("r.number in (:number - 1, :number)", number=number)
        .join(_AUTHORS)
        .order("r.number")
        .columns(f"{_MESSAGE}, {here()}")
    )
    return [_opened(row) for row in pair], Bookmark.now_at(pair[-1]) if pair else None


async def messages_after(after: dict[UUID, int], limit: int = 200) -> dict[UUID, list[dict[str, Any]]]:
    """Return the messages of each conversation beyond a cursor, with the one before them, `limit` in all. The caller
    has asked who may see them (`who_may_see`): a push loads once for all its readers."""
    asked = sql.table("v", id=("conversations", "uuid"), number=("numbers", "int"))
    # Numbers have no gaps, so a range of them is a limit for each conversation.
    newer = await sql.rows(
        f"select {_MESSAGE} from {asked} join message r on r.conversation_id = v.id "
        f"and r.number >= v.number and r.number < v.number + {int(limit)} {_AUTHORS} "
        "order by r.conversation_id, r.number",
        conversations=list(after),
        numbers=list(after.values()),
    )
    messages: dict[UUID, list[dict[str, Any]]] = {id: [] for id in after}
    for row in newer:
        messages[row["conversation_id"]].append(_opened(row))
    return messages


async def messages_numbered(messages: Scope[Message], conversation: UUID, numbers: list[int]) -> list[dict[str, Any]]:
    """Return the messages of a conversation with these numbers, newest first."""
    rows = await (
        messages.where("r.conversation_id = :conversation", conversation=conversation)
        .where("r.number = any(:numbers)", numbers=numbers)
        .join(_AUTHORS)
        .order("r.number desc")
        .columns(_MESSAGE)
    )
    return [_opened(row) for row in rows]


async def messages_among(wanted: Iterable[tuple[UUID, int]]) -> dict[UUID, list[dict[str, Any]]]:
    """Return single messages by conversation and number, each with the one before it. The caller has asked who may see
    them, as for `messages_after`."""
    pairs = sorted({(of, n) for of, number in wanted for n in (number - 1, number)})
    asked = sql.table("v", id=("conversations", "uuid"), number=("numbers", "int"))
    rows = await sql.rows(
        f"select {_MESSAGE} from {asked} join message r on r.conversation_id = v.id and r.number = v.number {_AUTHORS}",
        conversations=[of for of, _ in pairs],
        numbers=[number for _, number in pairs],
    )
    messages: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        messages[row["conversation_id"]].append(_opened(row))
    return messages


@dataclass(frozen=True)
class Reader:
    """A person who has read in a conversation, in which so many of the client's side take part: when they came to which
    number, in order."""

    id: UUID
    name: str
    by_staff: bool
    taking_part: int
    numbers: tuple[int, ...]
    times: tuple[dt.datetime, ...]

    def saw(self, number: int) -> dt.datetime | None:
        """Return when they saw a message; None while they have not, or where that was not asked for."""
        at = bisect_left(self.numbers, number)
        return self.times[at] if at < len(self.numbers) else None


async def seen(spans: dict[UUID, tuple[int, int]]) -> dict[UUID, list[Reader]]:
    """Return who has read in each conversation, as far as it concerns its messages from one number to another. The
    caller has asked who may see the conversation."""
    asked = sql.table("v", id=("conversations", "uuid"), first=("firsts", "int"), last=("lasts", "int"))
    # Of each reader no more than the steps within the span, and the one that went beyond it.
    readings = await sql.rows(
        "select v.id, s.reader_id, s.number, s.at, coalesce(ms.name, ma.name) as name, ms.id as staff_id, "
        "(select count(*) from participant p where p.conversation_id = v.id) as taking_part "
        f"from {asked} join reading d on d.conversation_id = v.id "
        "join reading_step s on s.conversation_id = v.id and s.reader_id = d.reader_id "
        "and s.number >= v.first and s.number <= coalesce((select min(y.number) from reading_step y "
        "where y.conversation_id = v.id and y.reader_id = d.reader_id and y.number >= v.last), d.number) "
        "left join staff_member ms on ms.id = s.reader_id left join portal_account ma on ma.id = s.reader_id "
        "order by name, s.reader_id, s.number",
        conversations=list(spans),
        firsts=[first for first, _ in spans.values()],
        lasts=[last for _, last in spans.values()],
    )
    steps: dict[tuple[UUID, UUID], list[dict[str, Any]]] = defaultdict(list)
    for row in readings:
        steps[row["id"], row["reader_id"]].append(row)
    readers: dict[UUID, list[Reader]] = {of: [] for of in spans}
    for (of, reader), rows in steps.items():
        readers[of].append(
            Reader(
                reader,
                rows[0]["name"],
                rows[0]["staff_id"] is not None,
                rows[0]["taking_part"],
                tuple(row["number"] for row in rows),
                tuple(row["at"] for row in rows),
            )
        )
    return readers


def said_before(version: MessageVersion) -> str:
    return opened(MessageVersion, "body_sealed", version.id, version.body_sealed)


async def versions(versions: Scope[MessageVersion], message: UUID) -> list[MessageVersion]:
    """Return the earlier words of a message, oldest first."""
    return await versions.where("r.message_id = :message", message=message).order("r.until_at, r.id").all()
