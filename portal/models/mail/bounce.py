"""Bounces: addresses that mail does not reach, a task for staff until the address is put right or confirmed."""

import datetime as dt
from contextlib import suppress
from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.facts import AddressFailed, AddressSettled, LetterBounced, LetterDelayed, LetterFailed
from portal.models.access.account import PortalAccount
from portal.models.access.changed_details import (
    OthersUnseen,
    change_account_address,
    change_client_address,
    change_contact_address,
    sees_all_behind,
)
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.outbox import tell_way
from portal.models.ground.record import Kind, Record, live, uuid7
from portal.models.ground.rules import holds, sees_client, staff_only, works_here
from portal.models.ground.scope import Scope
from portal.models.notices.kinds import NoticeKind, read_by_all
from portal.models.notices.notice import hold_numbers, tell
from portal.models.people.client import Client
from portal.models.people.contact import Contact
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Permission

SHOWN = 100
HELD = "held"  # the reason of a letter that waits because its address has failed
FULL_TRIED = dt.timedelta(days=4)  # for so long after it was written a letter goes to a full mailbox again
FULL_EVERY = dt.timedelta(hours=12)
FOLLOWS = "follows"  # a contact who is a client too: their address is put right on their own chart


class Cause(StrEnum):
    """The thing that a mail server's refusal speaks against."""

    ADDRESS = "address"  # there is no such mailbox, or it is closed
    FULL = "full"  # the mailbox is there, and full
    OURS = "ours"  # our mail server, our letter, or nothing that could be understood


def _charts(key: str) -> str:
    """Return on whose charts an address stands (`key`, a condition on it): the client's own, a contact's, an
    account's."""
    return (
        "select ac.id as client_id, ac.email_key, ac.id as record_id, 'client' as kind, "
        f"ac.first_name || ' ' || ac.last_name as name from client ac where ac.email_key {key} "
        "union all select al.client_id, ak.email_key, ak.id, "
        f"case when ak.client_id is null then 'contact' else '{FOLLOWS}' end, ak.name from contact ak "
        f"join contact_link al on al.contact_id = ak.id and {live('al')} where ak.email_key {key} "
        "union all select ax.client_id, ap.email_key, ap.id, 'account', ap.name from portal_account ap "
        f"join access ax on ax.account_id = ap.id and {live('ax')} where ap.email_key {key}"
    )


class Bounce(Record):
    """An address from which mail came back, or where it was refused. One for each address, until it is settled."""

    email_key = fields.CharField(max_length=254)
    letter_id = fields.UUIDField()
    status = fields.CharField(max_length=16)  # the enhanced status code of RFC 3463
    reason = fields.CharField(max_length=300)  # the mail server's words
    held = fields.BooleanField()  # no letter goes there meanwhile
    at = fields.DatetimeField(default=clock.now)
    settled_at = fields.DatetimeField(null=True)
    settled_by = fields.UUIDField(null=True)

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a bounce to staff who may see a client on whose chart the address stands; one of a colleague's address,
        to the colleague and to those who manage staff."""
        charts = _charts(f"= {r}.email_key")
        return staff_only(
            kind,
            f"(exists (select 1 from ({charts}) bo where {sees_client(kind, 'bo.client_id')}) "
            f"or ({works_here(':viewer')} and exists (select 1 "
            f"from staff_member bs where bs.email_key = {r}.email_key and bs.ended_at is null "
            f"and (bs.id = :viewer or {holds(':viewer', Permission.STAFF)}))))",
        )

    async def confirm(self, by: UUID) -> None:
        """Note that the address is right: letters go there again, and those that waited leave now."""
        await self._settle(by)
        freed = await sql.rows(
            "update outbox set failed_at = null, reason = null, tries = 0, leased_until = null, due_at = :now "
            f"where email_key = :key and reason = '{HELD}' and payload_sealed is not null "
            "and done_at is null returning id",
            key=self.email_key,
            now=clock.now(),
        )
        for row in freed:
            await tell_way(row["id"])

    async def put_right(
        self, email: str, holders: list[dict[str, Any]], seen: Scope[Client]
    ) -> list[tuple[PortalAccount, str]]:
        """Write the right address wherever this one stands for these holders, as far as the colleague (`seen`) may:
        with an account, or a contact, who acts for somebody they don't see, it stays. Return the accounts that sign in
        with it from now on, each with its old address. Raises AddressTaken, SharedAddress. It is settled when it stands
        nowhere any more: others may hold it who this member of staff can't see."""
        of = {
            kind: sorted({h["record_id"] for h in holders if h["kind"] == kind})
            for kind in ("client", "contact", "account")
        }
        clients = [await (await Client.get(id=id)).hold() for id in of["client"]]
        contacts = [await (await Contact.get(id=id)).hold() for id in of["contact"]]
        moved = []
        for id in of["account"]:
            account = await (await PortalAccount.get(id=id)).hold()
            # Somebody else may have put it right a moment ago.
            if account.email_key != self.email_key:
                continue
            with suppress(OthersUnseen):
                before = account.email
                await change_account_address(account, email, seen)
                moved.append((account, before))
        for contact in contacts:
            with suppress(OthersUnseen):
                if contact.email_key == self.email_key:
                    await change_contact_address(contact, email, seen)
        for client in clients:
            if client.email_key == self.email_key:
                await change_client_address(client, email, seen)
        if not await sql.exists(
            f"select 1 from ({_charts('= :key')}) o "
            "union all select 1 from staff_member where email_key = :key and ended_at is null limit 1",
            key=self.email_key,
            now=clock.now(),
        ):
            await self._settle(seen.viewer)
        else:
            await announce(AddressSettled())
        return moved

    async def _settle(self, by: UUID) -> None:
        if await self.claim("settled_at = :now, settled_by = :by", "settled_at is null", by=by):
            await _has_settled(self.id)


async def stay(seen: Scope[Client], holders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those of these accounts and contacts whose address isn't for this colleague to change."""
    return [
        holder
        for holder in holders
        if holder["kind"] in ("account", "contact")
        and not await sees_all_behind(seen, holder["kind"], holder["record_id"])
    ]


async def _has_settled(bounce: UUID) -> None:
    await read_by_all(bounce)
    await announce(AddressSettled())


async def is_held(letter: UUID) -> bool:
    """Tell whether the address of a letter has failed and nobody has looked yet. The letter that was refused there may
    be tried again: that is how one finds out."""
    return await sql.exists(
        "select 1 from outbox o join bounce b on b.email_key = o.email_key "
        "where o.id = :letter and b.letter_id <> o.id and b.settled_at is null and b.held",
        letter=letter,
    )


async def note_arrival(letter: UUID) -> None:
    """Note that the letter that was refused there has been taken after all: the address works."""
    settled = await sql.rows(
        "update bounce set settled_at = :now where letter_id = :letter and settled_at is null returning id",
        letter=letter,
        now=clock.now(),
    )
    for row in settled:
        await _has_settled(row["id"])


async def note_bounce(letter: UUID, cause: Cause, status: str, reason: str) -> bool:
    """Note that a letter that had left came back. Return False where it is none of ours, or was told before. Only a bad
    address is to blame; any other letter waits in the outbox again, as if it had not left."""
    if cause is not Cause.ADDRESS and await _put_back(letter, reason, cause is Cause.FULL):
        return True
    letters = await sql.rows(
        "update outbox set bounced_at = :now, reason = :reason where id = :id and bounced_at is null "
        "and message_id is not null and (done_at is not null or :address) returning client_id",
        id=letter,
        now=clock.now(),
        reason=reason,
        address=cause is Cause.ADDRESS,
    )
    if not letters:
        return False
    await announce(LetterBounced(client=letters[0]["client_id"], letter=letter))
    await tell_way(letter)
    if cause is Cause.ADDRESS:
        await note_failure(letter, status, reason)
    return True


async def _put_back(letter: UUID, reason: str, full: bool) -> bool:
    """Have a letter wait again: to be tried by itself where the mailbox was full, else until somebody has it tried.
    Return False where its words are no longer kept."""
    now = clock.now()
    waiting = await sql.rows(
        "update outbox set done_at = null, reason = :reason, due_at = :due, "
        "failed_at = case when posted_at > :since then failed_at else :now end where id = :id "
        "and done_at is not null and bounced_at is null and payload_sealed is not null returning client_id, failed_at",
        id=letter,
        reason=reason,
        now=now,
        due=now + FULL_EVERY,
        since=now - FULL_TRIED if full else now,
    )
    for row in waiting:
        came_to = LetterDelayed if row["failed_at"] is None else LetterFailed
        await announce(came_to(client=row["client_id"], letter=letter))
        await tell_way(letter)
    return bool(waiting)


async def note_failure(letter: UUID, status: str, reason: str) -> None:
    """Note that the address of this letter has failed. For one that has failed already, the newest reason is kept; for
    one that had not, the staff who care for the people it belongs to are told."""
    new = uuid7()
    noted = await sql.rows(
        "insert into bounce (id, email_key, letter_id, status, reason, held, at) "
        "select :id, o.email_key, o.id, :status, :reason, true, :now from outbox o "
        "where o.id = :letter and o.email_key is not null "
        "on conflict (email_key) where settled_at is null do update set letter_id = excluded.letter_id, "
        "status = excluded.status, reason = excluded.reason, held = true, "
        "at = excluded.at returning id, email_key",
        id=new,
        letter=letter,
        status=status,
        reason=reason,
        now=clock.now(),
    )
    for row in noted:
        await announce(AddressFailed())
        if row["id"] == new:
            await _tell_the_teams(new, row["email_key"])


async def _tell_the_teams(bounce: UUID, address: str) -> None:
    """Tell each colleague once, by the first chart of their own that the address stands on, and whoever has invited
    somebody there."""
    inviters = (
        "select i.client_id, i.sent_by as staff_id from invitation i "
        "where i.email_key = :key and i.used_at is null and i.ended_at is null"
    )
    colleagues = await sql.rows(
        "select t.staff_id, min(cast(t.client_id as text))::uuid as client_id from ("
        f"select o.client_id, ct.staff_id from ({_charts('= :key')}) o "
        f"join care_team ct on ct.client_id = o.client_id and {live('ct')} union all {inviters}) t group by t.staff_id",
        key=address,
        now=clock.now(),
    )
    await hold_numbers(row["staff_id"] for row in colleagues)
    charts: dict[UUID, list[UUID]] = {}
    for row in colleagues:
        charts.setdefault(row["client_id"], []).append(row["staff_id"])
    for client, staff in sorted(charts.items()):
        await tell(NoticeKind.BOUNCED, staff=staff, client=client, record=bounce)


async def failed_addresses(
    bounces: Scope[Bounce], clients: Scope[Client], colleagues: Scope[StaffMember], client: UUID | None = None
) -> list[dict[str, Any]]:
    """Return the addresses that wait for somebody, newest first, each with the people whose it is, as far as the viewer
    may see them: `holders` of kind, name and id, with the client on whose chart they stand. Of one chart, where a
    client is named."""
    failing = await (
        bounces.where("r.settled_at is null")
        .order("r.at desc, r.id desc")
        .columns("r.id, r.email_key, r.status, r.reason, r.held, r.at", SHOWN)
    )
    keys = [row["email_key"] for row in failing]
    holders = await holders_of(clients, colleagues, keys) if keys else {}
    waiting = []
    for row in failing:
        row["holders"] = holders.get(row["email_key"], [])
        if client is None or any(holder["client_id"] == client for holder in row["holders"]):
            waiting.append(row)
    return waiting


async def holders_of(
    clients: Scope[Client], colleagues: Scope[StaffMember], keys: list[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return the holders of each of these addresses, by the address."""
    rows = await (
        clients.join(f"join ({_charts('= any(:keys)')}) o on o.client_id = r.id", keys=keys)
        .where("r.archived_at is null")
        .order("o.kind, o.name, r.sorting, r.id")
        .columns("o.email_key, o.kind, o.record_id, o.name, r.id as client_id, r.first_name, r.last_name, r.colour")
    )
    rows += await (
        colleagues.where("r.email_key = any(:keys)", keys=keys)
        .where("r.ended_at is null")
        .columns("r.email_key, 'staff' as kind, r.id as record_id, r.name, null::uuid as client_id")
    )
    holders: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        holders.setdefault(row["email_key"], []).append(row)
    return holders
