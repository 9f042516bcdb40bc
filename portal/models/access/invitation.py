"""Invitations: from the chart to an account of one's own, and every way that can go wrong."""

import datetime as dt
import secrets
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from portal import clock
from portal.crypto import digest
from portal.facts import (
    AccountOpened,
    BirthDateConfirmed,
    BirthDateMissed,
    InvitationEnded,
    InvitationExpired,
    InvitationLocked,
    InvitationOpened,
    InvitationSent,
    InvitationUnlocked,
    ResendAllowed,
)
from portal.models.access.account import Access, PortalAccount
from portal.models.access.candidate_holder import CandidateHolder, CannotInvite, as_on_file, hindrance, of_holder
from portal.models.access.link_session import LinkSession
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.moment import Moment
from portal.models.ground.outbox import drop_letters
from portal.models.ground.person import an_address, canonical_email
from portal.models.ground.record import Kind, Record, live
from portal.models.ground.rules import is_open, leads, sees_client
from portal.models.ground.throttle import Limit, Network
from portal.models.notices.kinds import NoticeKind, call_off, read_by_all
from portal.models.notices.notice import tell
from portal.models.people.client import CareTeam, Client, who_cares
from portal.models.people.contact import Contact, ContactLink

LIVES = dt.timedelta(days=7)
LATE = dt.timedelta(hours=1)  # a letter that left later than this after it was written
RESEND_AFTER = dt.timedelta(minutes=5)
A_DAY = 5  # letters to one holder in 24 hours
TRIES = 5  # dates of birth behind one link
FOR_CLIENT = Limit("birth-client", 15, dt.timedelta(days=1))
FROM_NETWORK = Limit("birth-address", 20, dt.timedelta(minutes=10))


class Invitation(Record):
    client_id = fields.UUIDField()
    contact_link_id = fields.UUIDField(null=True)
    account_id = fields.UUIDField(null=True)  # an account that is there already, whose holder is to confirm
    email = fields.CharField(max_length=254, validators=[an_address])
    email_key = fields.CharField(max_length=254)
    token_hash = fields.CharField(max_length=64, unique=True)
    language = fields.CharField(max_length=8, default="en")
    sent_by = fields.UUIDField()
    sent_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    letter_id = fields.UUIDField(null=True)
    opened_at = fields.DatetimeField(null=True)
    verified_at = fields.DatetimeField(null=True)
    tries = fields.IntField(default=0)
    locked_at = fields.DatetimeField(null=True)
    unlocked_by = fields.UUIDField(null=True)
    unlocked_at = fields.DatetimeField(null=True)
    used_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    ended_why = fields.CharField(max_length=16, null=True)

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show an invitation to staff who may see the client it is about; one that the holder of an account is to
        confirm, to that account, while it can be."""
        if kind is not Kind.STAFF:
            return f"({r}.account_id = :viewer and {is_open(r)} and {leads(r)})"
        return sees_client(kind, f"{r}.client_id")

    @classmethod
    def seen_through(cls, r: str) -> str:
        """Show no offer that somebody is to confirm: it is never of the client that they see already."""
        return "false"

    @classmethod
    async def send(cls, client: Client, holder: CandidateHolder, by: UUID, language: str) -> "tuple[Invitation, str]":
        """Make a new invitation, and return it with the token for its link, which is kept nowhere. The older link
        dies.

        Raises CannotInvite: something missing on file, an account there already, five minutes not over, or
        five letters today.
        """
        # Two who press Send in the same moment send one letter; and what was read before may be so no more.
        holder = await as_on_file(client, holder.link)
        why = await hindrance(client, holder)
        if why is not None:
            raise CannotInvite(why)
        assert holder.email is not None
        now = clock.now()
        same, values = of_holder(holder.link)
        sent = await sql.rows(
            f"select sent_at from invitation where client_id = :client and sent_at > :since and {same} "
            "order by sent_at desc",
            client=client.id,
            since=now - dt.timedelta(days=1),
            **values,
        )
        if sent and sent[0]["sent_at"] + RESEND_AFTER > now:
            raise CannotInvite("The last email was sent less than five minutes ago.", sent[0]["sent_at"] + RESEND_AFTER)
        if len(sent) >= A_DAY:
            raise CannotInvite("Five emails were sent within a day. Call, or try again tomorrow.")
        await end_invitations(client.id, holder.link, "replaced")
        token = secrets.token_urlsafe(32)
        invitation = await cls.create(
            client_id=client.id,
            contact_link_id=holder.link,
            email=holder.email,
            email_key=canonical_email(holder.email),
            token_hash=digest(token),
            language=language,
            sent_by=by,
            sent_at=now,
            expires_at=now + LIVES,
        )
        await announce(InvitationSent(client=client.id))
        # After the fifth of a day the next may go when the first of them is a day old.
        again = sent[-1]["sent_at"] + dt.timedelta(days=1) if len(sent) + 1 >= A_DAY else None
        await Moment.plan(again or now + RESEND_AFTER, ResendAllowed(client=client.id))
        await Moment.plan(invitation.expires_at, InvitationExpired(client=client.id))
        return invitation, token

    async def state(self) -> str:
        """Return what stands behind the link now: open, used, replaced, locked or expired. One whose contact may not
        act any more, or whose chart was put away, leads no further than one that was replaced."""
        if self.used_at is not None:
            return "used"
        if self.ended_at is not None or not await self._leads():
            return "replaced"
        if self.locked_at is not None:
            return "locked"
        return "open" if self.expires_at > clock.now() else "expired"

    async def _leads(self) -> bool:
        text = f"select 1 as yes from invitation i where i.id = :id and {leads('i')}"
        return await sql.exists(text, id=self.id, now=clock.now())

    async def open(self) -> str:
        """Begin a link session, because the button behind the link was pressed. Return its token."""
        await self.hold()
        if self.opened_at is None:
            self.opened_at = clock.now()
            await self.save(update_fields=["opened_at"])
            await announce(InvitationOpened(client=self.client_id))
        return await LinkSession.start(invitation_id=self.id)

    async def try_birth_date(self, typed: dt.date | None, network: Network) -> bool:
        """Tell whether this is the client's date of birth. The try is counted before it is compared, so that parallel
        ones can't share it, and given back where it was right. After the fifth wrong one the link is locked until staff
        unlock it."""
        counted = await sql.row(
            "update invitation set tries = tries + 1 where id = :id and tries < :most and locked_at is null "
            f"and {is_open('invitation')} and {leads('invitation')} returning tries",
            id=self.id,
            most=TRIES,
            now=clock.now(),
        )
        if counted is None:
            return False
        may_be_tried = await FOR_CLIENT.count(self.client_id)
        heard = await FROM_NETWORK.count(network)
        client = await Client.get(id=self.client_id)
        if typed is not None and client.born_if_known == typed and may_be_tried and heard:
            await sql.rows(
                "update invitation set verified_at = :now, tries = tries - 1 where id = :id",
                now=clock.now(),
                id=self.id,
            )
            await announce(BirthDateConfirmed(client=self.client_id))
            return True
        if counted["tries"] >= TRIES or not may_be_tried:
            await sql.rows("update invitation set locked_at = :now where id = :id", now=clock.now(), id=self.id)
            await announce(InvitationLocked(client=self.client_id, account=self.account_id))
            await self._tell_inviter(NoticeKind.LOCKED)
        else:
            await announce(BirthDateMissed(client=self.client_id, account=self.account_id))
        return False

    async def unlock(self, by: UUID) -> None:
        """Give five new tries on the same link, and a seventh day from now if it had run out."""
        await self.hold()
        self.tries, self.locked_at = 0, None
        self.unlocked_by, self.unlocked_at = by, clock.now()
        self.expires_at = max(self.expires_at, clock.now() + LIVES)
        await self.save(update_fields=["tries", "locked_at", "unlocked_by", "unlocked_at", "expires_at"])
        await FOR_CLIENT.forget(self.client_id)
        await call_off(NoticeKind.LOCKED, self.id)
        await announce(InvitationUnlocked(client=self.client_id, account=self.account_id))
        await Moment.plan(self.expires_at, InvitationExpired(client=self.client_id, account=self.account_id))

    async def accept(self, password_hash: str) -> PortalAccount | None:
        """Make the account and its access; None when someone else was quicker with this link or this address."""
        if not await self.use():
            return None
        link = await ContactLink.get_or_none(id=self.contact_link_id) if self.contact_link_id else None
        if link is not None:
            name = (await Contact.get(id=link.contact_id)).name
            holder: dict[str, Any] = {"contact_id": link.contact_id}
        else:
            name = (await Client.get(id=self.client_id)).name
            holder = {"client_id": self.client_id}
        try:
            async with in_transaction():
                account = await PortalAccount.open(
                    name, self.email, password_hash, language=self.language, password_set_at=clock.now(), **holder
                )
        except IntegrityError:
            return None
        await grant(account.id, self.client_id, self.contact_link_id, by=self.sent_by, to_holder=False)
        await announce(AccountOpened(client=self.client_id, account=account.id))
        team = await CareTeam.filter(client_id=self.client_id)
        carers = {carer.staff_id for carer in team if not carer.has_ended}
        await tell(
            NoticeKind.JOINED, staff={self.sent_by, *carers}, client=self.client_id, record=self.id, by=account.id
        )
        return account

    async def _tell_inviter(self, kind: NoticeKind) -> None:
        """Tell whoever sent it; where they work here no more, those who care for the client."""
        sender = "select id from staff_member where id = :id and ended_at is null"
        staff = await sql.column(sender, id=self.sent_by) or await who_cares(self.client_id)
        await tell(kind, staff=staff, client=self.client_id, record=self.id)

    async def carried_by(self, letter: UUID) -> None:
        """Note the letter its link goes out with."""
        self.letter_id = letter
        await self.save(update_fields=["letter_id"])

    async def end(self, why: str) -> None:
        """End it, where it can still be used."""
        await _end(why, "id = :id", id=self.id)

    async def use(self) -> bool:
        """Take it, as the first and only one, while it leads somewhere."""
        usable = f"{is_open('invitation')} and {leads('invitation')}"
        used = await self.claim("used_at = :now", f"locked_at is null and verified_at is not null and {usable}")
        if used:
            await read_by_all(self.id)
        return used


async def grant(
    account: UUID, client: UUID, link: UUID | None, by: UUID | None, to_holder: bool = True
) -> Access | None:
    """Give an account access; None where it has it already. The client in person is told, and so is the account's
    holder, unless they have just signed up for it."""
    access = await Access.grant(account, client, link, by=by)
    if access is not None:
        told = await sql.column(
            f"select x.account_id from access x where x.client_id = :client and {live('x')} "
            "and x.contact_link_id is null and x.account_id <> :account",
            client=client,
            account=account,
            now=clock.now(),
        )
        told += [account] if to_holder else []
        await tell(NoticeKind.GRANTED, accounts=told, client=client, record=access.id, by=account)
    return access


async def tell_unsent(letter: UUID) -> None:
    """Tell whoever invited somebody by this letter that it couldn't be delivered."""
    for invitation in await Invitation.filter(letter_id=letter, used_at=None, ended_at=None):
        await invitation._tell_inviter(NoticeKind.UNSENT)


async def call_off_unsent(letter: UUID) -> None:
    """Call that off: it has been delivered after all."""
    for invitation in await Invitation.filter(letter_id=letter):
        await call_off(NoticeKind.UNSENT, invitation.id)


async def live_from_now(letter: UUID) -> None:
    """Let the link in a letter that waited long, as for a mail server, work for seven days from now on: it leaves
    now."""
    until = clock.now() + LIVES
    for row in await sql.rows(
        "update invitation set expires_at = :until where letter_id = :letter and used_at is null and ended_at is null "
        "and opened_at is null and sent_at < :before returning client_id",
        until=until,
        letter=letter,
        before=clock.now() - LATE,
    ):
        await Moment.plan(until, InvitationExpired(client=row["client_id"]))


async def end_invitations(client: UUID, link: UUID | None, why: str) -> int:
    """End the outstanding invitations of one holder; return how many there were."""
    same, values = of_holder(link)
    return await _end(why, f"client_id = :client and {same}", client=client, **values)


async def end_offers(account: UUID) -> int:
    """End the offers that the holder of an account was to confirm: somebody else may read its letters by now."""
    return await _end("address", "account_id = :account", account=account)


async def end_all_invitations(client: UUID, why: str) -> int:
    """End the outstanding invitations of every holder, contacts too whose tie has ended meanwhile."""
    return await _end(why, "client_id = :client", client=client)


async def withdraw_invitation(client: UUID, link: UUID | None) -> int:
    """End what is outstanding for one holder because staff say so; return how many there were."""
    ended = await end_invitations(client, link, "withdrawn")
    await announce(InvitationEnded(client=client))
    return ended


async def end_contact_invitations(client: UUID | None) -> int:
    """End the outstanding invitations of all contacts of one client, or of everybody."""
    which = "contact_link_id is not null"
    if client is None:
        return await _end("withdrawn", which)
    return await _end("withdrawn", f"{which} and client_id = :client", client=client)


async def end_lapsed_invitations(client: UUID) -> None:
    """End, at a date that has come, the invitations to contacts who may not act any more, as if somebody had ended them
    by hand."""
    which = f"client_id = :client and contact_link_id is not null and not {leads('invitation')}"
    if await _end("withdrawn", which, client=client):
        await announce(InvitationEnded(client=client))


async def outstanding(client: UUID, which: str) -> list[Invitation]:
    """Return the invitations of a client that can still be used, or were not in time, and of these `which` (SQL over
    `i`); the first that was sent first."""
    ids = await sql.column(
        f"select i.id from invitation i where i.client_id = :client and i.used_at is null and i.ended_at is null "
        f"and {leads('i')} and {which}",
        client=client,
        now=clock.now(),
    )
    return await Invitation.filter(id__in=ids).order_by("sent_at")


async def _end(why: str, which: str, **values: Any) -> int:
    ended = await sql.rows(
        f"update invitation set ended_at = :now, ended_why = :why where {which} "
        "and used_at is null and ended_at is null returning id, client_id, account_id",
        now=clock.now(),
        why=why,
        **values,
    )
    for row in ended:
        await drop_letters(row["id"])
        await read_by_all(row["id"])
        if row["account_id"]:
            await announce(InvitationEnded(client=row["client_id"], account=row["account_id"]))
    return len(ended)


async def by_token(token: str) -> Invitation | None:
    if not 20 <= len(token) <= 100:
        return None
    return await Invitation.get_or_none(token_hash=digest(token))
