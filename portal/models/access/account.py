"""Portal accounts, and the accesses that say for which clients each may act."""

import datetime as dt
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from portal import clock
from portal.facts import AccessEnded, AccessEndPlanned, AccessGranted, SignedIn
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.moment import Moment
from portal.models.ground.outbox import drop_letters
from portal.models.ground.person import a_name, an_address, canonical_email
from portal.models.ground.record import Kind, Lasting, Record, live
from portal.models.ground.rules import access_is_seen, allows, client_is_seen, right_of, sees_a_client
from portal.models.ground.scope import Scope
from portal.models.notices.kinds import NoticeKind, call_off
from portal.models.people.client import Client
from portal.permissions import Restriction, Right, Rights


class PortalAccount(Record):
    """A login. It says nothing of what may be seen: that is Access alone."""

    name = fields.CharField(max_length=120, validators=[a_name])
    email = fields.CharField(max_length=254, validators=[an_address])
    email_key = fields.CharField(max_length=254, unique=True)
    password_hash = fields.CharField(max_length=255)
    client_id = fields.UUIDField(null=True)  # who holds it: a client,
    contact_id = fields.UUIDField(null=True)  # or a contact
    language = fields.CharField(max_length=8, default="en")
    theme = fields.CharField(max_length=8, default="")
    discreet = fields.BooleanField(default=False)  # its pages say "Portal" and no more where others may look
    added_at = fields.DatetimeField(default=clock.now)
    password_set_at = fields.DatetimeField(null=True)
    last_seen_at = fields.DatetimeField(null=True)

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show an account to its holder, and to staff who may see a client it has, or had, access to."""
        if kind is not Kind.STAFF:
            return f"{r}.id = :viewer"
        return sees_a_client(kind, "access", f"tie.account_id = {r}.id")

    @classmethod
    async def open(cls, name: str, email: str, password_hash: str, **holder: Any) -> "PortalAccount":
        return await cls.create(
            name=name, email=email, email_key=canonical_email(email), password_hash=password_hash, **holder
        )

    async def choose_password(self, password_hash: str) -> None:
        """Sign in with another password from now on: this row alone; see `Reset.use`."""
        self.password_hash, self.password_set_at = password_hash, clock.now()
        await self.save(update_fields=["password_hash", "password_set_at"])

    async def check_address(self, email: str) -> None:
        """Raise AddressTaken where another account signs in with this address."""
        if await PortalAccount.filter(email_key=canonical_email(email)).exclude(id=self.id).exists():
            raise AddressTaken

    async def keep_address(self, email: str) -> None:
        """Sign in with another address from now on: this row alone; see changed_details.py. Raises AddressTaken."""
        self.email, self.email_key = email, canonical_email(email)
        try:
            async with in_transaction():
                await self.save(update_fields=["email", "email_key"])
        except IntegrityError:
            raise AddressTaken from None


class AddressTaken(Exception):
    """An address with which another account signs in."""


class Access(Lasting):
    """An account's access to a client, as the client or through a contact link: it may act for them as long as this
    lives."""

    account_id = fields.UUIDField()
    client_id = fields.UUIDField()
    contact_link_id = fields.UUIDField(null=True)
    granted_by = fields.UUIDField(null=True)
    ended_by = fields.UUIDField(null=True)

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        return access_is_seen(kind, r)

    @classmethod
    async def grant(
        cls,
        account: UUID,
        client: UUID,
        link: UUID | None = None,
        until: dt.datetime | None = None,
        by: UUID | None = None,
        since: dt.datetime | None = None,
    ) -> "Access | None":
        """Give an account access; None where it has it already. An end in the future becomes a Moment."""
        # Who changes the account's address has looked whom it acts for.
        await PortalAccount.lock(account)
        try:
            async with in_transaction():
                access = await cls.create(
                    account_id=account,
                    client_id=client,
                    contact_link_id=link,
                    until_at=until,
                    granted_by=by,
                    from_at=since or clock.now(),
                )
        except IntegrityError:
            return None
        if until is not None and until > clock.now():
            await Moment.plan(until, AccessEnded(client=client, account=account))
        await announce(AccessGranted(client=client, account=account))
        return access

    async def end(self, by: UUID | None = None) -> None:
        """End it now. Pages that are open close within two seconds on every worker."""
        await self.hold()
        self.until_at = clock.now()
        self.from_at = min(self.from_at, self.until_at)
        self.ended_by = by
        await self.save(update_fields=["from_at", "until_at", "ended_by"])
        await call_off(NoticeKind.GRANTED, self.id)
        await drop_letters(self.id)
        await announce(AccessEnded(client=self.client_id, account=self.account_id))

    async def end_on(self, when: dt.datetime, by: UUID | None = None) -> None:
        """Plan the end of the access."""
        await self.hold()
        self.until_at = when
        self.ended_by = by
        await self.save(update_fields=["until_at", "ended_by"])
        await Moment.plan(when, AccessEnded(client=self.client_id, account=self.account_id))
        await announce(AccessEndPlanned(client=self.client_id, account=self.account_id))


async def holds_right(account: UUID, client: UUID, right: Rights) -> bool:
    """Tell whether the door of a page that takes this right would let the account in."""
    text = right_of(":account", right)
    answer = await sql.row(text, account=account, client=client, now=clock.now())
    return bool(answer and answer["held"])


_RIGHTS = ", ".join(f"(cl.id is null or {allows('cl', right)})::boolean as {right.value}" for right in Right)


async def profiles(accesses: Scope[Access]) -> list[dict[str, Any]]:
    """Return the clients an account may act for, youngest access last: id, names, colour, date of birth, as self or
    not, and the rights held for each; in person all of them."""
    rows = await (
        accesses.join("join client c on c.id = r.client_id left join contact_link cl on cl.id = r.contact_link_id")
        .order("r.contact_link_id is not null, r.from_at, r.id")
        .columns(
            "c.id, c.first_name, c.last_name, c.colour, c.date_of_birth_sealed, "
            f"(r.contact_link_id is null)::boolean as self, {_RIGHTS}"
        )
    )
    return [row | {"rights": frozenset(right for right in Right if row[right.value])} for row in rows]


async def clients_of(kind: Kind, viewer: UUID) -> dict[UUID, bool]:
    """Return the clients a socket is indexed under, and whether its viewer may see each now. An account's are all it
    has a living access to, archived ones too: else it could not hear of their return."""
    if kind is Kind.STAFF:
        return {row["id"]: True for row in await Scope(Client, kind, viewer, None).columns("r.id")}
    clients = await sql.rows(
        f"select c.id, ({client_is_seen(Kind.ACCOUNT, 'c')})::boolean as seen from client c where c.id in "
        f"(select a.client_id from access a where a.account_id = :viewer and {live('a')})",
        viewer=viewer,
        now=clock.now(),
    )
    return {row["id"]: row["seen"] for row in clients}


async def note_visit(account: UUID) -> None:
    """Note that the holder has signed in: the Portal tab of each client says when they were last here."""
    await sql.rows("update portal_account set last_seen_at = :now where id = :id", now=clock.now(), id=account)
    for client in await clients_of(Kind.ACCOUNT, account):
        await announce(SignedIn(client=client, account=account))


async def next_end(kind: Kind, viewer: UUID) -> dt.datetime | None:
    """Return when the next of a viewer's accesses, links, care teams or covers ends or changes by itself; None when
    none does."""
    if kind is Kind.STAFF:
        text = (
            "select min(at)::timestamptz as at from ("
            "select t.until_at as at from care_team t where t.staff_id = :viewer "
            "or t.staff_id in (select id from staff_member where supervisor_id = :viewer) union all "
            "select l.until_at from leave l where l.cover_id = :viewer) ends where at > :now"
        )
    else:
        text = (
            "select min(at)::timestamptz as at from ("
            "select a.until_at as at from access a where a.account_id = :viewer "
            + "".join(
                f"union all select l.{column} from access a join contact_link l on l.id = a.contact_link_id "
                "where a.account_id = :viewer "
                for column in ("from_at", "until_at", *(one.column for one in Restriction))
            )
            + ") ends where at > :now"
        )
    soonest = await sql.row(text, viewer=viewer, now=clock.now())
    return soonest["at"] if soonest else None
