"""Many clients with much to say, for benchmarks and tests that need a full practice."""

import asyncio
import datetime as dt
from random import Random
from uuid import UUID

from portal import clock, passwords
from portal.demo import rows
from portal.demo.people import PASSWORD, address_of
from portal.models.access.account import Access, PortalAccount
from portal.models.ground.fact import unit
from portal.models.messages.conversation import Conversation, Participant
from portal.models.messages.message import Message
from portal.models.people.client import CareTeam, Client
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Role

BATCH = 500  # rows of one statement
SHARE = 5_000  # messages of one transaction

_FIRST = """\
Abena Adriana Ahmed Alasdair Alma Amara Anders Anjali Antonia Arjun Astrid Aurora Aylin Basil
Beatriz Benedikt Bianca Bo Camille Carlos Chioma Clara Connor Daniela Darius Deepa Diego Dora
Edith Elif Elliot Emeka Enzo Esther Fatima Felix Fiona Francesca Gabriel Georgina Giulia Hana
Harold Henrik Hugo Ilse Indira Isaac Ivy Jasper Joaquín Josephine Jun Kamal Katya Keiko Lars
Leopold Lila Lucía Magnus Malik Mara Mateo Mina Nadia Nikhil Nora Olga Omar Pablo Petra Quentin
Rafael Rania Rosa Saoirse Sergei Simone Tariq Thea Tobias Uma Valentín Vera Wanda Wei Yara Zofia
"""
_LAST = """\
Abara Achterberg Alvarez Andersen Bakker Banerjee Barros Bauer Bianchi Blackwood Castro Chen
Choi Claesson Cohen Cruz Dahl Daniels Delacroix Diallo Dubois Ekwueme Evans Farouk Fischer
Fontaine Gallagher García Gill Greene Gupta Hassan Hayashi Herrera Hughes Ibrahim Ivanova
Jansen Jiménez Johnson Kaplan Kaur Keller Khan Kim Kovács Larsen Lee Lindgren López Mahmoud
Marino Mbeki Mendoza Mitchell Murphy Nakamura Ndiaye Nelson Novotný Nowak Okafor Olsen Park
Patel Pereira Petrov Popescu Quinn Rahman Ramos Reid Rossi Sato Schmidt Silva Singh Tanaka
Torres Tran Usman Vargas Vega Walsh Weber Wilson Xu Yamada Yilmaz Young Zhang Zimmermann
"""
_FROM_STAFF = (
    "Thank you for letting me know.",
    "That sounds like a good week.",
    "I have the page here, we can look at it together.",
    "The same time suits me well.",
    "Take it slowly, there is no hurry.",
    "I’m glad you wrote.",
)
_FROM_CLIENT = (
    "I’ll be there at the usual time.",
    "It went better than I thought.",
    "Could we talk about the list next time?",
    "I did the walk, twice.",
    "Thank you, that helps.",
    "Quiet week, nothing much to tell.",
)


async def make_crowd(clients: int, messages: int) -> None:
    """Add clients to the practice that is there, each with an account and a conversation, and this
    many messages in all, shared out evenly.

    The clients are spread over the therapists; the same numbers give the same names. It may be
    called again for more. Nothing is announced: an open page learns of it when it next re-reads.
    """
    chance, now = Random(clients), clock.now()
    therapists = await StaffMember.filter(role=Role.THERAPIST.key, ended_at=None).order_by("id")
    if not therapists:
        raise LookupError("There is no therapist to care for a crowd: make the practice first.")
    password_hash = await asyncio.to_thread(passwords.hash_now, PASSWORD)
    charts: list[Client] = []
    accounts: list[PortalAccount] = []
    conversations: list[Conversation] = []
    before = await Client.all().count()
    first_names, last_names = _FIRST.split(), _LAST.split()
    for i in range(clients):
        first, last = chance.choice(first_names), chance.choice(last_names)
        # A number, because names repeat and addresses may not.
        email = address_of(f"{first} {last} {before + i}", "crowd.example")
        born = dt.date(1940, 1, 1) + dt.timedelta(days=chance.randrange(24_000))
        chart = rows.client(first_name=first, last_name=last, email=email, date_of_birth=born)
        said, newest = _share(messages, clients, i), now - dt.timedelta(seconds=37 * i)
        charts.append(chart)
        accounts.append(rows.account(chart.name, email, password_hash, client_id=chart.id))
        conversations.append(
            Conversation(
                client_id=chart.id,
                audience="clinical",
                last_number=said,
                last_said=said,
                last_at=newest if said else None,
                stirs_at=newest if said else None,
                last_side=_side(said) if said else None,
                started_at=newest - said * _PAUSE,
            )
        )
    people = list(zip(charts, accounts, conversations, strict=True))
    cared_by = [therapists[i % len(therapists)].id for i in range(clients)]
    async with unit():
        await Client.bulk_create(charts, BATCH)
        await CareTeam.bulk_create(
            [
                CareTeam(client_id=chart.id, staff_id=staff, lead=True)
                for chart, staff in zip(charts, cared_by, strict=True)
            ],
            BATCH,
        )
        await PortalAccount.bulk_create(accounts, BATCH)
        await Access.bulk_create(
            [Access(account_id=account.id, client_id=chart.id) for chart, account, _ in people], BATCH
        )
        await Conversation.bulk_create(conversations, BATCH)
        await Participant.bulk_create(
            [Participant(conversation_id=c.id, client_id=c.client_id) for c in conversations], BATCH
        )
    share: list[Message] = []
    for (_, account, conversation), staff in zip(people, cared_by, strict=True):
        for number in range(1, conversation.last_number + 1):
            share.append(_message(conversation, number, staff, account, chance))
            if len(share) == SHARE:
                await _write(share)
                share = []
    await _write(share)
    await rows.note_answers()


_PAUSE = dt.timedelta(hours=5)


def _share(messages: int, clients: int, i: int) -> int:
    return messages // clients + (i < messages % clients)


def _side(number: int) -> str:
    return "client" if number % 2 else "staff"


def _message(conversation: Conversation, number: int, staff: UUID, account: PortalAccount, chance: Random) -> Message:
    assert conversation.last_at is not None
    at = conversation.last_at - (conversation.last_number - number) * _PAUSE
    if _side(number) == "staff":
        return rows.message(conversation.id, number, at, chance.choice(_FROM_STAFF), {"staff_id": staff})
    return rows.message(conversation.id, number, at, chance.choice(_FROM_CLIENT), {"account_id": account.id})


async def _write(messages: list[Message]) -> None:
    async with unit():
        await Message.bulk_create(messages, BATCH)
