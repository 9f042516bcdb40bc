"""Contacts: parents, guardians, partners and payers, and their rights for a client."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.facts import ComingOfAge, ContactsChanged
from portal.models.ground import audit, sql
from portal.models.ground.fact import announce
from portal.models.ground.moment import Moment
from portal.models.ground.person import a_name, an_address, canonical_email, folded
from portal.models.ground.record import Kind, Lasting, Record, Sealed, Unacceptable, known, live, write_anew
from portal.models.ground.rules import (
    account_sees,
    acted,
    acts,
    by_access,
    is_open,
    leads,
    sees_a_client,
    sees_client,
    staff_only,
)
from portal.models.ground.scope import Scope
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.notice import tell
from portal.models.people.client import Client
from portal.models.practice import age
from portal.models.practice.practice import Practice, the_practice
from portal.permissions import Restriction, Right

NAME = 120  # letters of a contact's, at most
SEALED = ("phone", "address")


class Contact(Record):
    name = fields.CharField(max_length=NAME, validators=[a_name])
    search = fields.CharField(max_length=260, default="")  # the name as the search box compares it
    email = fields.CharField(max_length=254, null=True, validators=[an_address])
    email_key = fields.CharField(max_length=254, null=True)
    phone_sealed = fields.BinaryField(null=True)
    address_sealed = fields.BinaryField(null=True)
    client_id = fields.UUIDField(null=True)  # where this contact is a client too

    phone = Sealed()
    address = Sealed()

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a contact to staff who may see a client it is linked to. Accounts never list contacts."""
        return staff_only(kind, sees_a_client(kind, "contact_link", f"tie.contact_id = {r}.id"))

    @classmethod
    async def add(cls, details: Mapping[str, str]) -> "Contact":
        """Add somebody new: name, email, phone, address, as far as they are known."""
        contact = cls()
        contact._take_name(details["name"])
        contact._take_address(details.get("email") or None)
        contact.phone, contact.address = details.get("phone") or None, details.get("address") or None
        await contact.save(force_create=True)
        return contact

    @classmethod
    async def of_client(cls, client: Client) -> "Contact":
        """Return a client as somebody's contact: one contact each, however many they act for."""
        await client.hold()
        existing = await cls.filter(client_id=client.id).order_by("id").first()
        if existing is not None:
            return existing
        contact = cls(client_id=client.id)
        contact._take_name(client.name)
        contact._take_address(client.email)
        await contact.save(force_create=True)
        return contact

    async def keep(self, details: Mapping[str, Any]) -> None:
        """Save their name, phone and postal address: this row alone; see `changed_details.change_contact`."""
        self._take_name(details["name"])
        for name in SEALED:
            write_anew(self, name, details.get(name))
        await self.save(update_fields=["name", "search", "phone_sealed", "address_sealed"])

    async def keep_address(self, email: str | None) -> None:
        """Save another email, or none: this row alone; see `changed_details.change_contact_address`."""
        self._take_address(email)
        await self.save(update_fields=["email", "email_key"])

    def _take_name(self, name: str) -> None:
        self.name = name[:NAME]
        self.search = folded(self.name.strip())[:260]

    def _take_address(self, email: str | None) -> None:
        self.email, self.email_key = email, canonical_email(email) if email else None


@dataclass(frozen=True)
class Terms:
    """The relation of a contact to a client and the contact's rights, from when, until when, what is kept from them
    since when, and what that rests on."""

    relationship: str
    guardian: bool = False
    rights: Collection[Right] = ()
    from_at: dt.datetime | None = None  # now, where it is not said
    until_at: dt.datetime | None = None  # of a minor's guardian it may end before, when they come of age
    restrictions: Mapping[Restriction, dt.datetime] = field(default_factory=dict)
    basis: str | None = None

    def written(self) -> dict[str, Any]:
        """Return the terms as the audit log keeps them, for anybody who asks later what was agreed."""
        return {
            "relationship": self.relationship,
            "guardian": self.guardian,
            "rights": [right.name.lower() for right in Right if right in self.rights],
            "from": self.from_at and self.from_at.isoformat(),
            "until": self.until_at and self.until_at.isoformat(),
            "restrictions": {one.key: at.isoformat() for one, at in self.restrictions.items()},
            "basis": self.basis,
        }


class ContactLink(Lasting):
    """A contact's tie to one client. Rights live here alone; nothing copies them. models/ground/rules.py says which of
    them hold at a moment."""

    client_id = fields.UUIDField()
    contact_id = fields.UUIDField()
    relationship = fields.CharField(max_length=40, validators=[a_name])
    guardian = fields.BooleanField(default=False)
    # What holds is `until_at`, the earlier of these two.
    agreed_until = fields.DatetimeField(null=True)
    of_age_at = fields.DatetimeField(null=True)  # when the client comes of age, for a guardian of a minor
    may_forms = fields.BooleanField(default=False)
    may_appointments = fields.BooleanField(default=False)
    may_messages = fields.BooleanField(default=False)
    may_documents = fields.BooleanField(default=False)
    may_billing = fields.BooleanField(default=False)
    pay_only_from = fields.DatetimeField(null=True)
    no_contact_from = fields.DatetimeField(null=True)
    no_records_from = fields.DatetimeField(null=True)
    no_scheduling_from = fields.DatetimeField(null=True)
    basis_sealed = fields.BinaryField(null=True)

    basis = Sealed()

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a link to staff who may see the client, and to the client in person, if the contact acts for them, or
        did until they came of age. Two contacts of one client learn nothing of each other."""
        if kind is Kind.ACCOUNT:
            return "false"
        if kind is Kind.PROFILE:
            return (
                f"{r}.client_id = :client and ({acts(r)} or {acted(r)}) and {sees_client(kind, f'{r}.client_id')} "
                f"and {by_access(f'{r}.client_id', 'k', 'ka.contact_link_id is null')}"
            )
        return sees_client(kind, f"{r}.client_id")

    @classmethod
    async def lock(cls, id: UUID) -> None:
        """Lock the client before the link, because the client's date of birth says when a guardian's link ends."""
        client = await sql.row("select client_id from contact_link where id = :id", id=id)
        if client is not None:
            await Client.lock(client["client_id"])
        await super().lock(id)

    async def allow(self, right: Right, on: bool) -> None:
        """Give or take one right, and leave all else as it is. The contact hears of it, and so does the client in
        person. Raises HasEnded."""
        await self.hold()
        if self.has_ended:
            raise HasEnded
        if getattr(self, right.value) != on:
            setattr(self, right.value, on)
            await self.save(update_fields=[right.value])
            await announce(ContactsChanged(client=self.client_id))
            await self.tell_those_concerned()

    async def come_of_age(self, practice: Practice, born: dt.date | None) -> bool:
        """Note that the client comes of age at another moment than was known. Return whether the link's end is another
        by it. A link that has ended stays so, whatever is found out later: access is given anew, by somebody, or not.
        """
        await self.hold()
        if self.has_ended:
            return False
        before = (self.of_age_at, self.until_at)
        self._cap(practice.of_age(born))
        if (self.of_age_at, self.until_at) == before:
            return False
        await self.save(update_fields=["of_age_at", "until_at"])
        if self.until_at is not None and self.until_at > clock.now():
            await Moment.plan(self.until_at, ContactsChanged(client=self.client_id))
        await self._plan(practice, before[0])
        return True

    async def _plan(self, practice: Practice, before: dt.datetime | None) -> None:
        """Have those concerned told of another coming of age in time."""
        if self.of_age_at is not None and self.of_age_at != before:
            for when in age.steps(self.of_age_at, practice.zone):
                if when >= clock.now():
                    await Moment.plan(when, ComingOfAge(client=self.client_id))

    def _cap(self, at: dt.datetime | None) -> None:
        """End a guardian's link that was made while the client was a minor when they come of age. One that is made
        later is an adult's own arrangement, and stays. `at` is None where nobody knows: then nothing is new."""
        now = clock.now()
        if not self.guardian:
            self.of_age_at = None
        elif at is not None and at > now:
            self.of_age_at = at if at > self.from_at else None
        elif at is not None and self.of_age_at is not None and self.of_age_at > now:
            # They turn out to be of age already: it ends as this becomes known, not before.
            self.of_age_at = max(now, self.from_at)
        ends = [end for end in (self.agreed_until, self.of_age_at) if end is not None]
        self.until_at = min(ends, default=None)

    @property
    def rights(self) -> list[Right]:
        return [right for right in Right if getattr(self, right.value)]

    @property
    def terms(self) -> Terms:
        """Return the terms as they stand."""
        kept = {one: at for one in Restriction if (at := self.since(one)) is not None}
        return Terms(
            self.relationship, self.guardian, self.rights, self.from_at, self.agreed_until, kept, known(self, "basis")
        )

    async def note(self, action: str, side: str, by: UUID, before: Terms | None) -> None:
        """Write into the audit log what was agreed and what is now, by a colleague or the client in person."""
        await audit.note(
            action,
            side=side,
            actor=by,
            client=self.client_id,
            record=self.id,
            before=before and before.written(),
            after=self.terms.written(),
        )

    def since(self, restriction: Restriction) -> dt.datetime | None:
        """Return from when this is kept from them; None where it is not."""
        at: dt.datetime | None = getattr(self, restriction.column)
        return at

    async def agree(self, terms: Terms, new: bool) -> None:
        """Save these terms, of a `new` row or one that is held: no other row; see contact_links.py."""
        self.relationship, self.guardian = terms.relationship, terms.guardian
        self.from_at, self.agreed_until = terms.from_at or self.from_at, terms.until_at
        practice, before = await the_practice(), self.of_age_at
        self._cap(practice.of_age((await Client.get(id=self.client_id)).born_if_known))
        for right in Right:
            setattr(self, right.value, right in terms.rights)
        for restriction in Restriction:
            setattr(self, restriction.column, terms.restrictions.get(restriction))
        write_anew(self, "basis", terms.basis)
        await self.save(force_create=new, update_fields=None if new else [*_TERMS, "until_at", "of_age_at"])
        changed = ContactsChanged(client=self.client_id)
        for at in (self.from_at, self.until_at, *terms.restrictions.values()):
            if at is not None and at > clock.now():
                await Moment.plan(at, changed)
        await self._plan(practice, before)
        await announce(changed)

    def told(self) -> tuple[Any, ...]:
        """Return the part of the terms that the people concerned hear of, when it changes."""
        kept = [self.since(restriction) for restriction in Restriction]
        return (self.guardian, self.from_at, self.until_at, *self.rights, *kept)

    async def tell_those_concerned(self) -> None:
        """Send a notice to the contact and to the client in person, where they have accounts."""
        accounts = await sql.rows(
            f"select x.account_id, x.contact_link_id from access x where x.client_id = :client and {live('x')} "
            "and (x.contact_link_id = :link or x.contact_link_id is null)",
            client=self.client_id,
            link=self.id,
            now=clock.now(),
        )
        holder = next((row["account_id"] for row in accounts if row["contact_link_id"]), None)
        await tell(
            NoticeKind.RIGHTS,
            accounts=[row["account_id"] for row in accounts],
            client=self.client_id,
            record=self.id,
            by=holder,
        )


# The columns in which terms lie.
_TERMS = [
    *("relationship", "guardian", "from_at", "agreed_until", "basis_sealed"),
    *(right.value for right in Right),
    *(restriction.column for restriction in Restriction),
]


class IsClient(Unacceptable):
    """A contact who is a client already."""

    why = "This can’t be done from here. Ask an administrator."


class HasEnded(Unacceptable):
    """A contact of this client who is none any more."""

    why = "They are no longer a contact of this client. Add them again."


class AlreadyTied(Unacceptable):
    """A contact of this client already."""

    why = "They are a contact of this client already."


async def contacts_of(links: Scope[ContactLink], client: UUID) -> list[dict[str, Any]]:
    """Return everybody who is or was tied to a client, guardians first, and what each has on the portal: the account's
    name since when, or to where an invitation is on its way."""
    tied = await (
        links.where("r.client_id = :of", of=client)
        .join(
            "join contact c on c.id = r.contact_id "
            f"left join access x on x.contact_link_id = r.id and {live('x')} "
            f"left join invitation i on i.contact_link_id = r.id "
            f"and {is_open('i')} and {leads('i')}"
        )
        .order("r.guardian desc, r.from_at, r.id")
        .columns(
            "r.id, r.contact_id, r.relationship, r.guardian, r.from_at, r.until_at, r.of_age_at, c.name, c.email, "
            "c.client_id as own, c.phone_sealed, x.from_at as joined_at, x.account_id, i.sent_at as invited_at, "
            f"{account_sees('r.client_id', 'x.account_id')}::boolean as sees, "
            + ", ".join(f"r.{right.value}" for right in Right)
            + ", "
            + ", ".join(f"r.{restriction.column}" for restriction in Restriction)
        )
    )
    return list({row["id"]: row for row in tied}.values())
