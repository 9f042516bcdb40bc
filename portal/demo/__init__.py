"""Willow Street Counselling: a practice with people in it, made in a second, to try Portal with."""

import asyncio
import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from portal import clock, passwords
from portal.demo import rows
from portal.demo.crowd import make_crowd
from portal.demo.people import (
    CONTACTS,
    LOCATIONS,
    NAMED_ACCOUNTS,
    NAMED_STAFF,
    PASSWORD,
    PATIENTS,
    PRACTICE,
    STAFF,
    Tie,
)
from portal.demo.threads import TEMPLATES, THREADS, Thread
from portal.demo.times import HERE, born, last, spoken
from portal.models.access.account import Access, PortalAccount
from portal.models.access.minors import grow_up_all
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.ground.person import canonical_email, first_of, folded
from portal.models.ground.record import Kind
from portal.models.ground.scope import Scope
from portal.models.messages.availability import set_reply
from portal.models.messages.conversation import Conversation, Participant
from portal.models.messages.message import Message
from portal.models.messages.message_notices import conversations_to_tell, tell_of_messages
from portal.models.messages.note import Note
from portal.models.messages.template import Template
from portal.models.people.client import CareTeam, Client
from portal.models.people.contact import Contact, ContactLink
from portal.models.people.leave import Leave
from portal.models.practice import hours
from portal.models.practice.practice import Location, Practice
from portal.models.staff.staff_member import StaffMember

__all__ = ["PASSWORD", "NotEmpty", "cast", "keep_hours", "make_crowd", "make_practice"]

DAY = dt.timedelta(days=1)


class NotEmpty(Exception):
    """The database holds a practice: accounts whose password everyone knows are not added to it."""


@dataclass
class Made:
    """The people and threads made so far, by the names that people.py and threads.py use."""

    staff: dict[str, StaffMember] = field(default_factory=dict)  # by first name
    clients: dict[str, Client] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    accounts: dict[str, PortalAccount] = field(default_factory=dict)
    threads: list[tuple[Conversation, Thread, list[dt.datetime]]] = field(default_factory=list)

    @property
    def voices(self) -> dict[str, dict[str, UUID]]:
        """The columns of a message that name its author, by first name."""
        staff = {name: {"staff_id": member.id} for name, member in self.staff.items()}
        return staff | {first_of(a.name): {"account_id": a.id} for a in self.accounts.values()}


async def make_practice() -> None:
    """Make the practice in an empty database. Raises NotEmpty where there is one already.

    Past what the models' own verbs announce there are no facts: no page can be open yet.
    """
    password_hash = await asyncio.to_thread(passwords.hash_now, PASSWORD)
    async with unit():
        if await Practice.exists() or await StaffMember.exists():
            raise NotEmpty("This database holds a practice already: the demo wants an empty one.")
        await Practice.create(**PRACTICE)
        for name, address, phone in LOCATIONS:
            await Location.create(name=name, address=address, phone=phone)
        made = Made()
        await _employ(made, password_hash)
        await _take_on(made, password_hash)
        await _bring_relatives(made, password_hash)
        await grow_up_all()
        await _let_them_write(made)
        await _keep_templates(made)
        await _let_them_read(made)
        await _tell_the_others()
        await _let_one_go(made)
        # What was there before anybody came by is told by the bell alone.
        await sql.rows("update notice set mail_at = null")


async def keep_hours() -> None:
    """Open on weekdays, as the practice's own line says, with an automatic reply. A demo that people look at keeps
    hours; one that is measured or tested is open to writing at any hour."""
    async with unit():
        ada = await StaffMember.get(name="Ada Lindqvist")
        await hours.keep_hours([[(8 * 60 + 30, 17 * 60 + 30)]] * 5 + [[], []])
        await set_reply(await Practice.get(), None, ada.id)


async def cast(everyone: bool = False) -> list[dict[str, Any]]:
    """Return the people who can sign in: the named cast, in the order one tries things, or everyone with a login.

    Each has name, side (staff or client), role, email, password, and chart: the path at which staff
    find the client who this is, or None.
    """
    labels = {patient.email: patient.label for patient in PATIENTS if patient.account}
    labels |= {relative.email: relative.label for relative in CONTACTS}
    accounts = await PortalAccount.filter(email__in=list(labels)).order_by("name")
    named = [a for name in NAMED_ACCOUNTS for a in accounts if a.name == name]
    others = [a for a in accounts if a.name not in NAMED_ACCOUNTS and everyone]
    employed = {member.email: member async for member in StaffMember.filter(ended_at=None)}
    colleagues = STAFF if everyone else STAFF[:NAMED_STAFF]
    staff = [employed[c.email] for c in colleagues if c.email in employed]
    return [_entry("staff", member.name, member.role_label, member.email, None) for member in staff] + [
        _entry("client", a.name, labels[a.email], a.email, a.client_id) for a in named + others
    ]


def _entry(side: str, name: str, role: str, email: str, client: UUID | None) -> dict[str, Any]:
    return {
        "name": name,
        "side": side,
        "role": role,
        "email": email,
        "password": PASSWORD,
        "chart": f"/staff/clients/{client}" if client else None,
    }


async def _employ(made: Made, password_hash: str) -> None:
    for colleague in STAFF:
        supervisor = made.staff.get(colleague.supervisor)
        member = await StaffMember.add(
            colleague.name,
            colleague.email,
            colleague.role,
            password_hash,
            supervisor_id=supervisor.id if supervisor else None,
            subscribed=colleague.subscribed,
            added_at=clock.now() - 900 * DAY,
        )
        for permission, yes in ((colleague.given, True), (colleague.taken, False)):
            if permission is not None:
                await member.allow(permission, yes)
        made.staff[first_of(colleague.name)] = member


async def _take_on(made: Made, password_hash: str) -> None:
    """The clients, their care teams, and the accounts that some of them hold."""
    now, teams, accesses = clock.now(), [], []
    for patient in PATIENTS:
        since = now - patient.days * DAY
        client = rows.client(
            first_name=patient.first,
            last_name=patient.last,
            email=patient.email,
            date_of_birth=born(patient.age, patient.birthday) if patient.age else None,
            phone=patient.phone,
            address=patient.address,
        )
        client.colour = patient.colour or client.colour
        client.added_at = since
        client.archived_at = now - patient.archived * DAY if patient.archived else None
        made.clients[patient.name] = client
        for name in filter(None, (patient.lead, patient.second)):
            lead = name == patient.lead
            staff = made.staff[name].id
            teams.append(CareTeam(client_id=client.id, staff_id=staff, lead=lead, from_at=since))
        if patient.account and patient.email:
            account = rows.account(
                patient.holder or patient.name,
                patient.email,
                password_hash,
                client_id=client.id,
                language=patient.language,
                added_at=since + DAY,
            )
            made.accounts[account.name] = account
            accesses.append(Access(account_id=account.id, client_id=client.id, from_at=account.added_at))
    await Client.bulk_create(made.clients.values())
    await CareTeam.bulk_create(teams)
    await PortalAccount.bulk_create(made.accounts.values())
    await Access.bulk_create(accesses)


async def _bring_relatives(made: Made, password_hash: str) -> None:
    """Contacts, what they are to whom, and the accounts with which they act."""
    links, accesses = [], []
    for relative in CONTACTS:
        contact = Contact(
            name=relative.name,
            search=folded(relative.name),
            email=relative.email,
            email_key=canonical_email(relative.email),
        )
        contact.phone = relative.phone
        since = max(made.clients[tie.client].added_at for tie in relative.ties) + 2 * DAY
        account = rows.account(relative.name, relative.email, password_hash, contact_id=contact.id, added_at=since)
        made.contacts[relative.name], made.accounts[relative.name] = contact, account
        for i, tie in enumerate(relative.ties):
            link = _link(made, contact, tie, since + dt.timedelta(minutes=i))
            links.append(link)
            accesses.append(
                Access(
                    account_id=account.id,
                    client_id=link.client_id,
                    contact_link_id=link.id,
                    from_at=link.from_at,
                    until_at=link.until_at,
                    ended_by=made.staff["Ada"].id if tie.ended else None,
                )
            )
    await Contact.bulk_create(made.contacts.values())
    await ContactLink.bulk_create(links)
    await PortalAccount.bulk_create([made.accounts[name] for name in made.contacts])
    await Access.bulk_create(accesses)


def _link(made: Made, contact: Contact, tie: Tie, since: dt.datetime) -> ContactLink:
    ended = last(3, 12, 9, 2) if tie.ended else None
    return ContactLink(
        client_id=made.clients[tie.client].id,
        contact_id=contact.id,
        relationship=tie.relationship,
        guardian=tie.guardian,
        from_at=since,
        until_at=ended,
        agreed_until=ended,
        **{right.value: True for right in tie.rights},
    )


async def _let_one_go(made: Made) -> None:
    """Theo has planned a week away, some weeks from now."""
    first = dt.datetime.combine(clock.now().astimezone(HERE).date() + 40 * DAY, dt.time(), HERE)
    theo, ada = made.staff["Theo"].id, made.staff["Ada"].id
    first, last = (when.astimezone(dt.UTC) for when in (first, first + 7 * DAY))
    await Leave.plan(theo, made.staff["Henrik"].id, first, last, ada)


async def _let_them_write(made: Made) -> None:
    participants, messages, notes = [], [], []
    for thread in THREADS:
        said = spoken(thread.said)
        author = made.voices[said[-1].who]
        conversation = Conversation(
            client_id=made.clients[thread.client].id,
            audience=thread.audience.key,
            confidential=thread.confidential,
            last_number=len(said),
            last_said=len(said),
            last_at=said[-1].at,
            stirs_at=said[-1].at,
            last_side="staff" if "staff_id" in author else "client",
            assigned_to=made.staff[thread.taken].id if thread.taken else None,
            done_at=said[-1].at if thread.done else None,
            done_by=made.staff[thread.done].id if thread.done else None,
            started_at=said[0].at,
        )
        made.threads.append((conversation, thread, [at for at, _, _ in said]))
        for name in thread.between or (thread.client,):
            who = (
                {"client_id": made.clients[name].id}
                if name == thread.client
                else {"contact_id": made.contacts[name].id}
            )
            participants.append(Participant(conversation_id=conversation.id, **who))
        messages += [
            rows.message(conversation.id, number, at, text, made.voices[name])
            for number, (at, name, text) in enumerate(said, 1)
        ]
        notes += [
            rows.note(conversation.id, number, said[number - 1].at, text, made.staff[name].id)
            for number, name, text in thread.noted
        ]
    await Conversation.bulk_create([conversation for conversation, _, _ in made.threads])
    await Participant.bulk_create(participants)
    await Message.bulk_create(messages)
    await rows.note_answers()
    await Note.bulk_create(notes)


async def _keep_templates(made: Made) -> None:
    for owner, name, body in TEMPLATES:
        await Template.keep(name, body, made.staff[owner].id if owner else None)


async def _let_them_read(made: Made) -> None:
    """Everyone has read what they may see, but for the newest messages where a thread says so."""
    threads = {conversation.id: (thread, times) for conversation, thread, times in made.threads}
    up_to_date: dict[UUID, list[UUID]] = {id: [] for id in threads}
    readers = [(Kind.STAFF, member.id) for member in made.staff.values()]
    readers += [(Kind.ACCOUNT, account.id) for account in made.accounts.values()]
    for kind, reader in readers:
        for row in await Scope(Conversation, kind, reader, None).columns("r.id"):
            thread, times = threads[row["id"]]
            number = len(times) - (thread.unread if kind is Kind.STAFF else thread.unseen)
            if number == len(times):
                up_to_date[row["id"]].append(reader)
            if number:
                for table in ("reading", "reading_step"):
                    await sql.rows(
                        f"insert into {table} (conversation_id, reader_id, number, at) "
                        "values (:conversation, :reader, :number, :at)",
                        conversation=row["id"],
                        reader=reader,
                        number=number,
                        at=min(times[number - 1] + dt.timedelta(minutes=4), clock.now()),
                    )
    for id, read_by in up_to_date.items():
        await sql.rows("update conversation set read_by = :read_by where id = :id", id=id, read_by=read_by)


async def _tell_the_others() -> None:
    """Give a notice to everybody who has not read something."""
    await sql.rows("update conversation set tell_at = :now where last_number > 0", now=clock.now())
    while waiting := await conversations_to_tell():
        await tell_of_messages(waiting)
