"""Notices: news for one person each, a row for each of them, numbered in the order of commits."""

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.facts import NoticeGiven
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.record import Kind, Record, uuid7
from portal.models.ground.rules import is_news, is_viewers, news_to, sees_client, sees_conversation
from portal.models.ground.scope import Scope, who_may_see
from portal.models.notices.devices import wish_pushes
from portal.models.notices.kinds import About, NoticeKind, NoticeLetter, mark_read
from portal.models.notices.mail_choice import wish_letters

PAGE = 50  # notices a page shows
AT_ONCE = 1000  # that are read for all the pages of a round
READ_KEPT, KEPT = dt.timedelta(days=90), dt.timedelta(days=365)


class Notice(Record):
    staff_id = fields.UUIDField(null=True)
    account_id = fields.UUIDField(null=True)
    number = fields.IntField()
    kind = fields.CharField(max_length=60)
    client_id = fields.UUIDField(null=True)  # whom it is about
    record_id = fields.UUIDField(null=True)  # and what
    up_to = fields.IntField(null=True)  # the message it tells of last
    body: Any = fields.JSONField(default=dict)  # further ids: `by`, who caused it
    made_at = fields.DatetimeField(default=clock.now)
    read_at = fields.DatetimeField(null=True)
    mail_at = fields.DatetimeField(null=True)  # when its person is to be written to, if they have not seen it
    letter_id = fields.UUIDField(null=True)  # and the letter that told of it

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a notice to the person it is for, while they may see what it is about."""
        return f"{is_viewers(kind, r)} and {_sees_what(kind, r)}"

    @classmethod
    def seen_through(cls, r: str) -> str:
        """Show somebody else's notice if it is of this client, and about something that is theirs to see too."""
        return f"{r}.client_id is not null and {_sees_what(Kind.STAFF, r)}"

    async def read(self) -> None:
        """Note that the person has seen it. Everywhere they look, it is no longer among the new ones."""
        await mark_read("id = any(:ids)", ids=[self.id])


def _sees_what(kind: Kind, r: str) -> str:
    """Ask whether the viewer sees what a notice is about."""
    return (
        f"({r}.client_id is null or {sees_client(kind, f'{r}.client_id')}) "
        f"and (({r}.kind in ({_kinds(About.CONVERSATION)}) and {sees_conversation(kind, f'{r}.record_id')}) "
        f"or {r}.kind in ({_kinds(About.CLIENT, About.NOTHING)}))"
    )


def _kinds(*about: About) -> str:
    return ", ".join(f"'{kind.key}'" for kind in NoticeKind if kind.about in about) or "''"


# --- Telling -----------------------------------------------------------------------------------


async def tell(
    kind: NoticeKind,
    *,
    staff: Iterable[UUID] = (),
    accounts: Iterable[UUID] = (),
    client: UUID | None = None,
    record: UUID | None = None,
    by: UUID | None = None,
    up_to: int | None = None,
    at: dt.datetime | None = None,
    lettered: bool = False,
) -> None:
    """Let these people know, in the caller's unit of work; by a letter too, unless one of its own goes to them
    (`lettered`).

    `record` is what it is about, by default the client; a person who was told of the same and has not read it keeps one
    notice, which becomes new. `by` is the colleague or the account that caused it, `up_to` the number of a message.
    People who may not see what it is about are not shown it, so nobody need be left out for that.
    """
    for column, people in (("staff_id", staff), ("account_id", accounts)):
        # In one order for all, so that two who tell the same people at once wait and never lock each other out.
        told = sorted(set(people))
        if not told:
            continue
        numbered = await sql.rows(_TAKE_NUMBERS.format(sql.table("v", id=("people", "uuid"))), people=told)
        taken = {row["person_id"]: row["number"] for row in numbered}
        asked = sql.table("v", id=("ids", "uuid"), person=("people", "uuid"), number=("numbers", "int"))
        ids = [uuid7() for _ in told]
        given = await sql.rows(
            f"insert into notice (id, {column}, number, kind, client_id, record_id, up_to, body, made_at) "
            f"select v.id, v.person, v.number, :kind, :client, :record, :up_to, :body::jsonb, :at "
            f"from {asked} where true "
            f"on conflict ({column}, kind, record_id) where read_at is null do update set "
            "number = excluded.number, up_to = excluded.up_to, body = excluded.body, made_at = excluded.made_at "
            f"returning id, {column} as person_id",
            ids=ids,
            people=told,
            numbers=[taken[person] for person in told],
            kind=kind.key,
            client=client,
            record=record or client,
            up_to=up_to,
            body=json.dumps({} if by is None else {"by": str(by)}),
            at=at or clock.now(),
        )
        # Who has not read the last one was told of it by a push, and a letter, and needs no second.
        new = {row["person_id"]: row["id"] for row in given if row["id"] in ids}
        await wish_pushes(column, {person: taken[person] for person in new}, kind.key)
        if new and kind.letter is NoticeLetter.NEWS and not lettered:
            await wish_letters(new, kind.key)
        for person in told:
            await announce(NoticeGiven(**{column.removesuffix("_id"): person}))


async def hold_numbers(people: Iterable[UUID]) -> None:
    """Let nobody else tell these people until the commit: for code that tells more than once in a unit of work."""
    if sql.is_postgres():
        await sql.rows(
            "select 1 from notice_place where person_id = any(:people) order by person_id for update",
            people=list(people),
        )


# The row of a person's number is locked until the commit, so numbers follow its order.
_TAKE_NUMBERS = (
    "insert into notice_place (person_id, number) select v.id, 1 from {} where true order by v.id "
    "on conflict (person_id) do update set number = notice_place.number + 1 returning person_id, number"
)


# --- Reading -----------------------------------------------------------------------------------


async def read_up_to(notices: Scope[Notice], number: int) -> None:
    """Mark as read everything the viewer was shown until then."""
    unread = notices.where("r.read_at is null").where("r.number <= :number", number=number)
    await mark_read("id = any(:ids)", ids=[row["id"] for row in await unread.columns("r.id")])


async def unread_notices(notices: Scope[Notice]) -> tuple[int, int]:
    """Return how many the viewer has not read, and the number of the last they were given: what a page that is made now
    has not missed. Each page says both, and asks once."""
    last = "(select number from notice_place where person_id = :viewer) as last"
    (unread,) = await notices.where("r.read_at is null").columns(f"count(*) as n, {last}")
    return int(unread["n"]), int(unread["last"] or 0)


async def is_unread(number: int, staff: UUID | None, account: UUID | None) -> bool:
    """Tell whether this person has something from this number on that they have not read, may see, and want pushed."""
    column, kind = ("staff_id", Kind.STAFF) if staff else ("account_id", Kind.ACCOUNT)
    if (person := staff or account) is None:
        return False
    unread = await sql.rows(
        f"select r.id from notice r where r.{column} = :person and r.number >= :number and r.read_at is null "
        "and not exists (select 1 from notice_choice q where q.person_id = :person and q.kind = r.kind "
        "and not q.push) order by r.number desc limit 50",
        person=person,
        number=number,
    )
    asked = [(person, None, row["id"]) for row in unread]
    return bool(asked and await who_may_see(Notice, kind, asked))


async def newest_unread(notices: Scope[Notice], limit: int) -> list[dict[str, Any]]:
    """Return the notices the viewer has not looked at, the newest first, without the messages: those stand in lists of
    their own."""
    unread = notices.where("r.read_at is null").where(f"r.kind <> '{NoticeKind.MESSAGE.key}'")
    return (await notices_before(unread, None, limit))[:limit]


_PERSON = "coalesce(r.staff_id, r.account_id)"
# The message it tells of last may have been withdrawn since: then it tells of the last that still stands.
_LAST = (
    "(select max(nm.number) from message nm where nm.conversation_id = v.id and nm.number <= r.up_to "
    f"and {is_news('nm')})"
)
_SHOWN = (
    "r.id, r.number, r.kind, r.client_id, r.record_id, r.body, r.made_at, r.read_at, c.first_name, c.last_name, "
    "c.colour, v.audience, v.confidential, coalesce(ms.name, ma.name) as from_name, "
    f"(select count(*) {news_to(_PERSON, 'v.id', 'coalesce(rd.number, 0)')} and nm.number <= r.up_to) as unread"
)
_WITH = (
    "left join client c on c.id = r.client_id left join conversation v on v.id = r.record_id "
    f"left join message m on m.conversation_id = v.id and m.number = {_LAST} "
    "left join staff_member ms on ms.id = m.staff_id left join portal_account ma on ma.id = m.account_id "
    f"left join reading rd on rd.conversation_id = v.id and rd.reader_id = {_PERSON}"
)


async def notices_before(notices: Scope[Notice], before: int | None, limit: int = PAGE) -> list[dict[str, Any]]:
    """Return the newest notices, or those before a number, newest first; one more than `limit` where there are older
    ones."""
    newest = await (
        notices.where("r.number < :before", before=min(2**31 - 1 if before is None else before, 2**31 - 1))
        .join(_WITH)
        .order("r.number desc")
        .columns(_SHOWN, limit=limit + 1)
    )
    return await _opened(newest)


async def notices_after(after: dict[UUID, int], limit: int = AT_ONCE) -> list[dict[str, Any]]:
    """Return the notices these people have not read and want in sight, each beyond a number, oldest first. The caller
    asks `who_may_see`."""
    asked = sql.table("a", person=("people", "uuid"), number=("numbers", "int"))
    newer: list[dict[str, Any]] = []
    for column in ("staff_id", "account_id"):
        newer += await sql.rows(
            f"select a.person, {_SHOWN} from {asked} join notice r on r.{column} = a.person "
            f"and r.number > a.number and r.read_at is null {_WITH} where not exists (select 1 from notice_choice "
            "q where q.person_id = a.person and q.kind = r.kind and not q.shown) "
            f"order by r.number limit {int(limit)}",
            people=list(after),
            numbers=list(after.values()),
        )
    return await _opened(newer)


async def _opened(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with the name of the person who caused each, where somebody did."""
    causes = [UUID(by) if (by := row["body"].get("by")) else None for row in rows]
    names = await _names({by for by in causes if by is not None})
    return [
        row
        | {
            "by": by,
            "by_name": "" if by is None else names.get(by, ""),
            "read": row["read_at"] is not None,
        }
        for row, by in zip(rows, causes, strict=True)
    ]


async def _names(people: set[UUID]) -> dict[UUID, str]:
    if not people:
        return {}
    named = await sql.rows(
        "select id, name from staff_member where id = any(:ids) "
        "union all select id, name from portal_account where id = any(:ids)",
        ids=list(people),
    )
    return {row["id"]: row["name"] for row in named}


async def forget_old_notices() -> None:
    """Forget read notices after ninety days, others after a year."""
    await sql.rows(
        "delete from notice where made_at < :long or (read_at is not null and made_at < :short)",
        long=clock.now() - KEPT,
        short=clock.now() - READ_KEPT,
    )
