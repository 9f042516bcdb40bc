"""Conversations between a client, or contacts acting for one, and staff: by audience, numbered, encrypted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from portal import clock
from portal.facts import (
    ConversationAnswered,
    ConversationRead,
    ConversationStarted,
    MessageSent,
    MessagesSeen,
)
from portal.models import sql
from portal.models.client import Client
from portal.models.draft import Draft
from portal.models.fact import announce, write
from portal.models.handling import Handled
from portal.models.message import Message, author_name
from portal.models.record import Kind, live, seal, unseal, uuid7
from portal.models.rights import allows
from portal.models.scope import Scope
from portal.models.staff import holds
from portal.permissions import Permission, Right

AT_A_GLANCE = dt.timedelta(seconds=0.5)  # who looks at a conversation has read a message by then


class Audience(Enum):
    """Who of the staff reads: those who hold the permission `<audience>_messages` and may see the client."""

    CLINICAL = "Clinical"
    ADMINISTRATIVE = "Administrative"
    BILLING = "Billing"

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def permission(self) -> Permission:
        return Permission[f"{self.name}_MESSAGES"]


class Conversation(Handled):
    client_id = fields.UUIDField()
    audience = fields.CharField(max_length=16)
    confidential = fields.BooleanField(default=False)
    last_number = fields.IntField(default=0)
    last_at = fields.DatetimeField(null=True)
    last_side = fields.CharField(max_length=8, null=True)  # staff or client: who spoke last
    started_at = fields.DatetimeField(default=clock.now)
    tell_at = fields.DatetimeField(null=True)  # when those who have not read by then get a notice
    # When the first message was written of which no one was told by e-mail yet; the worker empties it.
    mail_since = fields.DatetimeField(null=True)
    answered_at = fields.DatetimeField(null=True)  # when somebody of the practice first wrote here

    class Meta:
        table = "conversation"

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Staff: the client, and the permission for its audience. Accounts: a live access whose person takes
        part, and for a contact the right to messages. A confidential one has only the client as participant."""
        if kind is Kind.STAFF:
            return f"({_may_read(r)}) and {Client.seen_by_staff(f'{r}.client_id')}"
        rule = (
            f"exists (select 1 from access oa join client oc on oc.id = oa.client_id "
            f"join participant op on op.conversation_id = {r}.id "
            f"left join contact_link ol on ol.id = oa.contact_link_id "
            f"where oa.account_id = :viewer and oa.client_id = {r}.client_id and {live('oa')} "
            f"and {Client.visible_to(Kind.ACCOUNT, 'oc')} and ((ol.id is null and op.client_id = oa.client_id) or "
            f"(op.contact_id = ol.contact_id and {allows('ol', Right.MESSAGES)})))"
        )
        return f"{r}.client_id = :client and {rule}" if kind is Kind.PROFILE else rule

    @classmethod
    async def start(
        cls,
        client: UUID,
        audience: Audience,
        contacts: list[UUID],
        with_client: bool,
        confidential: bool = False,
    ) -> Conversation:
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
        keep_draft: bool = False,
        automatic: bool = False,
    ) -> int:
        """Add a message and give its number; raises Closed where the client's chart is archived. Who writes
        has read what was there, and what they had begun is sent, unless that is something else (`keep_draft`).
        An `automatic` one stands under the name of the practice: nobody has read or answered anything by it.

        Numbers follow the order of commits: the row of the conversation is locked by taking one. What was
        written at another time (`at`) is history, of which nobody is told by e-mail.
        """
        sent_at, side, writer = at or clock.now(), "staff" if staff else "client", staff or account
        answers = staff is not None and not automatic
        taken = await sql.row(
            "update conversation set last_number = last_number + 1, last_at = :at, "
            + ("" if automatic else "last_side = :side, stirs_at = :at, snoozed_by = null, ")
            + ("answered_at = coalesce(answered_at, :at), " if answers else "")
            + ("" if staff else "done_at = null, done_by = null, ")
            + "tell_at = coalesce(tell_at, :tell_at), "
            f"mail_since = {'mail_since' if at or automatic else 'coalesce(mail_since, :at)'} "
            "where id = :id and exists (select 1 from client c "
            "where c.id = conversation.client_id and c.archived_at is null) "
            "returning last_number, answered_at, (select d.number from reading d "
            "where d.conversation_id = conversation.id and d.reader_id = :writer) as had_read, "
            "exists (select 1 from draft k where k.conversation_id = conversation.id "
            "and (k.staff_id = :writer or k.account_id = :writer)) as drafted",
            id=self.id,
            at=sent_at,
            side=side,
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
        if answers and sql.moment(taken["answered_at"]) == sent_at:
            await announce(ConversationAnswered(client=self.client_id, conversation=self.id))
        await write(_READ_TO, conversation=self.id, reader=writer, number=number, at=sent_at)
        if taken["drafted"] and not keep_draft:
            await Draft.drop(self.id, staff, account)
        had_read = int(taken["had_read"] or 0)
        if had_read < number - 1:
            await self._seen(had_read, number - 1, staff, account, sent_at)
            await announce(
                ConversationRead(conversation=self.id, number=number, staff=staff, account=account)
            )
            await _read_notices(self.id, staff, account)
        return number

    async def read(self, number: int, staff: UUID | None = None, account: UUID | None = None) -> None:
        """Note that someone has read up to a number. Never goes backwards; says nothing if nothing moved."""
        number, reader, now = min(number, self.last_number), staff or account, clock.now()
        if sql.is_postgres():
            # Whoever is being told of it at this moment has been told after this line: no notice comes later.
            await sql.rows("select 1 from conversation where id = :id for share", id=self.id)
        before = await sql.row(
            "select number from reading where conversation_id = :conversation and reader_id = :reader",
            conversation=self.id,
            reader=reader,
        )
        moved = await sql.rows(
            f"{_READ_TO} returning number", conversation=self.id, reader=reader, number=number, at=now
        )
        if moved:
            await self._seen(before["number"] if before else 0, number, staff, account, now)
            await announce(
                ConversationRead(conversation=self.id, number=number, staff=staff, account=account)
            )
        await _read_notices(self.id, staff, account)

    async def _seen(
        self, before: int, number: int, staff: UUID | None, account: UUID | None, at: dt.datetime
    ) -> None:
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
                client=self.client_id,
                conversation=self.id,
                first=before + 1,
                last=number,
                staff=staff,
                account=account,
            )
        )


async def _read_notices(conversation: UUID, staff: UUID | None, account: UUID | None) -> None:
    # Imported here: notices know conversations.
    from portal.models.notice import read_about

    await read_about(conversation, staff, account)


_READ_TO = (
    "insert into reading (conversation_id, reader_id, number, at) "
    "values (:conversation, :reader, :number, :at) on conflict (conversation_id, reader_id) "
    "do update set number = excluded.number, at = excluded.at where reading.number < excluded.number"
)


class Closed(Exception):
    """Nothing can be written in this conversation: the client's chart is archived."""


def _may_read(r: str) -> str:
    """The viewer holds the permission for its audience. Said of each audience by itself, for a database asks that
    once and not of every row."""
    return " or ".join(
        f"{r}.audience = '{one.key}' and " + holds(":viewer", f"'{one.permission.key}'") for one in Audience
    )


class Participant(Model):
    """Who takes part on the client's side: the client in person, or a contact."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    conversation_id = fields.UUIDField()
    client_id = fields.UUIDField(null=True)
    contact_id = fields.UUIDField(null=True)

    class Meta:
        table = "participant"


_UNREAD = (
    "(select count(*) from message um where um.conversation_id = r.id "
    "and um.number > coalesce(rd.number, 0) "
    "and not um.automatic and coalesce(um.staff_id, um.account_id) <> :viewer)"
)
_READING = "left join reading rd on rd.conversation_id = r.id and rd.reader_id = :viewer"


def _within_reach(conversations: Scope[Conversation]) -> Scope[Conversation]:
    return conversations.where(Client.within_reach(conversations.kind, "r.client_id"))


async def unread(conversations: Scope[Conversation]) -> int:
    """How many messages from others the viewer has not read. Derived, never kept."""
    found = await (
        _within_reach(conversations)
        .join(_READING)
        .where("r.last_number > coalesce(rd.number, 0)")
        .columns(f"coalesce(sum({_UNREAD}), 0) as n")
    )
    return int(found[0]["n"])


async def unread_by_client(conversations: Scope[Conversation]) -> dict[UUID, int]:
    found = await (
        _within_reach(conversations)
        .join(_READING)
        .where("r.last_number > coalesce(rd.number, 0)")
        .columns(f"r.client_id, {_UNREAD} as n")
    )
    counts: dict[UUID, int] = {}
    for row in found:
        client = sql.uuid(row["client_id"])
        counts[client] = counts.get(client, 0) + int(row["n"])
    return counts


async def threads(conversations: Scope[Conversation], limit: int = 200) -> list[dict[str, Any]]:
    """Conversations with their last message, the viewer's unread count and the client's name, newest first."""
    wanted = _within_reach(conversations).join(_READING).order("r.last_at is null, r.last_at desc, r.id desc")
    found = await (
        wanted.only(limit)
        .join(
            "join client c on c.id = r.client_id "
            "left join message lm on lm.conversation_id = r.id and lm.number = r.last_number "
            "left join staff_member ls on ls.id = lm.staff_id "
            "left join portal_account la on la.id = lm.account_id"
        )
        .columns(
            "r.id, r.client_id, r.audience, r.confidential, r.last_number, r.last_at, r.last_side, "
            "c.first_name, c.last_name, c.colour, lm.id as message_id, lm.body_sealed, lm.withdrawn_at, "
            "case when not lm.automatic then lm.staff_id end as staff_id, lm.account_id, lm.automatic, "
            f"{author_name('lm', 'ls', 'la')} as from_name, "
            f"case when r.last_number > coalesce(rd.number, 0) then {_UNREAD} else 0 end as unread"
        )
    )
    for row in found:
        row["id"], row["client_id"] = sql.uuid(row["id"]), sql.uuid(row["client_id"])
        row["last_at"] = sql.maybe_moment(row["last_at"])
        row["confidential"] = bool(row["confidential"])
        box, row["withdrawn"] = row.pop("body_sealed"), row.pop("withdrawn_at") is not None
        row["body"] = None if box is None else unseal(Message, "body_sealed", row["message_id"], box)
    return found


async def readers(conversations: Scope[Conversation], ids: list[UUID]) -> dict[UUID, dict[str, list[Any]]]:
    """Who can read each of these conversations now, beside the one who asks: the participants on the client's
    side, and the staff of the care team, and who covers for one of them, where they hold the audience's
    permission, and others of the practice who do. The rows the viewer may not see are not answered."""
    allowed = [
        sql.uuid(row["id"]) for row in await conversations.where("r.id = any(:ids)", ids=ids).columns("r.id")
    ]
    answer: dict[UUID, dict[str, list[Any]]] = {
        id: {"people": [], "staff": [], "others": []} for id in allowed
    }
    people = await sql.rows(
        "select distinct p.conversation_id, a.id, a.name, p.client_id is not null as self "
        "from participant p join conversation r on r.id = p.conversation_id "
        "join access x on x.client_id = r.client_id left join contact_link l on l.id = x.contact_link_id "
        "join portal_account a on a.id = x.account_id "
        f"where p.conversation_id = any(:ids) and {live('x')} and ((l.id is null and "
        f"p.client_id = x.client_id) or (l.contact_id = p.contact_id and {allows('l', Right.MESSAGES)})) "
        "order by a.name",
        ids=allowed,
        now=clock.now(),
    )
    for row in people:
        answer[sql.uuid(row["conversation_id"])]["people"].append(
            {"id": sql.uuid(row["id"]), "name": row["name"]}
        )
    asked = "select r.id, r.client_id, r.audience from conversation r where r.id = any(:ids)"
    for row in await _staff_who_read(asked, ids=allowed):
        group = "staff" if row["team"] else "others"
        answer[sql.uuid(row["id"])][group].append({"id": sql.uuid(row["staff_id"]), "name": row["name"]})
    return answer


async def _staff_who_read(asked: str, **values: Any) -> list[dict[str, Any]]:
    """The staff who may read, for each (id, client_id, audience) that `asked` selects; `team` of the client or not."""
    team = f"asked join care_team t on t.client_id = asked.client_id and {live('t')}"
    return await sql.rows(
        f"with asked (id, client_id, audience) as ({asked}), may (id, audience, staff_id, team) as ("
        f"select asked.id, asked.audience, t.staff_id, 1 from {team} "
        f"union all select asked.id, asked.audience, m.supervisor_id, 0 from {team} "
        "join staff_member m on m.id = t.staff_id where m.supervisor_id is not null "
        f"union all select asked.id, asked.audience, l.cover_id, 1 from {team} "
        f"join leave l on l.staff_id = t.staff_id and {live('l')} "
        "union all select asked.id, asked.audience, h.staff_id, 0 from asked "
        "join staff_permission h on h.permission = 'see_all_clients') "
        "select may.id, s.id as staff_id, s.name, max(may.team) = 1 as team from may "
        "join staff_member s on s.id = may.staff_id and s.ended_at is null "
        "join staff_permission p on p.staff_id = s.id and p.permission = may.audience || '_messages' "
        "group by may.id, s.id, s.name order by s.name, s.id",
        now=clock.now(),
        **values,
    )


async def would_read(
    clients: Scope[Client], client: UUID, with_client: bool, contacts: list[UUID]
) -> dict[Audience, dict[str, list[Any]]]:
    """Who would read a conversation between the client or these contacts and an audience, as `readers` says it.

    Of a client the viewer may not see nothing is answered. An audience that nobody of the practice reads is left
    out: words there would reach no one."""
    found: dict[Audience, dict[str, list[Any]]] = {}
    if await clients.find(client) is None:
        return found
    people = await sql.rows(
        "select distinct a.id, a.name from access x join portal_account a on a.id = x.account_id "
        "left join contact_link l on l.id = x.contact_link_id "
        f"where x.client_id = :client and {live('x')} and ((l.id is null and :with_client) or "
        f"(l.contact_id = any(:contacts) and {allows('l', Right.MESSAGES)})) order by a.name",
        client=client,
        with_client=with_client,
        contacts=contacts,
        now=clock.now(),
    )
    asked = " union all ".join(
        f"select '{audience.key}', c.id, '{audience.key}' from client c where c.id = :client"
        for audience in Audience
    )
    for row in await _staff_who_read(asked, client=client):
        who = found.setdefault(
            Audience[row["id"].upper()],
            {
                "people": [{"id": sql.uuid(p["id"]), "name": p["name"]} for p in people],
                "staff": [],
                "others": [],
            },
        )
        group = "staff" if row["team"] else "others"
        who[group].append({"id": sql.uuid(row["staff_id"]), "name": row["name"]})
    return {audience: found[audience] for audience in Audience if audience in found}


async def between(
    conversations: Scope[Conversation], client: UUID, with_client: bool, contacts: list[UUID]
) -> dict[Audience, UUID]:
    """The conversations there are between exactly these people and each audience, the confidential ones aside."""
    rows = await (
        conversations.where("r.client_id = :of and not r.confidential", of=client)
        .join("join participant p on p.conversation_id = r.id")
        .order("r.id desc")
        .columns("r.id, r.audience, p.contact_id")
    )
    people: dict[tuple[UUID, str], set[UUID | None]] = {}
    for row in rows:
        contact = None if row["contact_id"] is None else sql.uuid(row["contact_id"])
        people.setdefault((sql.uuid(row["id"]), row["audience"]), set()).add(contact)
    wanted = {*contacts, *([None] if with_client else [])}
    # The first of them comes last, and stays.
    return {Audience[audience.upper()]: id for (id, audience), who in people.items() if who == wanted}


async def begin(
    conversations: Scope[Conversation],
    client: UUID,
    audience: Audience,
    with_client: bool,
    contacts: list[UUID],
) -> tuple[UUID, bool]:
    """The conversation between these people and this audience, and whether it is new: there is one of a kind,
    whoever presses twice or at the same moment. The caller has asked who may see the client."""
    if sql.is_postgres():
        await sql.rows("select 1 from client where id = :id for no key update", id=client)
    known = (await between(conversations, client, with_client, contacts)).get(audience)
    if known is not None:
        return known, False
    return (await Conversation.start(client, audience, contacts, with_client)).id, True


async def writer_name(side: str, person: UUID) -> str:
    """Who is writing, by name. The caller has asked who may see the conversation."""
    found = await sql.row(
        f"select name from {'staff_member' if side == 'staff' else 'portal_account'} where id = :id",
        id=person,
    )
    return str(found["name"]) if found else ""


async def may_read(conversation: Conversation, staff: UUID) -> bool:
    """Whether this colleague may read it, and so answer it."""
    return await Scope(Conversation, Kind.STAFF, staff, None).find(conversation.id) is not None


@dataclass(frozen=True)
class Party:
    """Between whom on the client's side a conversation is: the client in person, contacts, or both."""

    key: str  # "client", "family", or the contact's id
    with_client: bool
    contacts: tuple[tuple[UUID, str], ...] = ()  # id and name

    @property
    def people(self) -> tuple[bool, list[UUID]]:
        return self.with_client, [id for id, _ in self.contacts]


async def parties_of(client: UUID) -> list[Party]:
    """With whom staff can begin a conversation about a client: the client where they have an account or no contact
    may message, each contact who may, and the family, where that is more than one. Two contacts never come to share
    a conversation unless somebody chooses the family."""
    found = await sql.rows(
        "select l.contact_id, c.name from contact_link l join contact c on c.id = l.contact_id "
        f"where l.client_id = :client and {allows('l', Right.MESSAGES)} order by l.guardian desc, l.from_at, l.id",
        client=client,
        now=clock.now(),
    )
    own = await sql.row(
        f"select 1 as yes from access x where x.client_id = :client and x.contact_link_id is null "
        f"and {live('x')}",
        client=client,
        now=clock.now(),
    )
    contacts = tuple((sql.uuid(row["contact_id"]), str(row["name"])) for row in found)
    in_person = own is not None or not contacts
    parties = [Party("client", True)] if in_person else []
    parties += [Party(str(contact[0]), False, (contact,)) for contact in contacts]
    return [*parties, Party("family", in_person, contacts)] if len(parties) > 1 else parties


async def party_of(client: UUID, key: str | None) -> Party:
    """The one of this key; the first, where there is none of it (any more)."""
    parties = await parties_of(client)
    return next((party for party in parties if party.key == key), parties[0])


async def participant_for(account: UUID, client: UUID) -> tuple[bool, list[UUID]]:
    """As whom an account takes part in a conversation about a client: in person, or as a contact."""
    found = await sql.rows(
        "select l.contact_id from access a left join contact_link l on l.id = a.contact_link_id "
        f"where a.account_id = :account and a.client_id = :client and {live('a')}",
        account=account,
        client=client,
        now=clock.now(),
    )
    contacts = [sql.uuid(row["contact_id"]) for row in found if row["contact_id"] is not None]
    return len(contacts) < len(found), contacts
