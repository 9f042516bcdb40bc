"""Too much of everything: names of sixty letters, a mother of twelve, three hundred messages, words without an end.

And too little: a therapist without a client, a client without a word, an account that acts for nobody.
"""

import datetime as dt

from portal import clock, passwords
from portal.demo import PASSWORD, rows
from portal.models.access.account import Access
from portal.models.ground.fact import unit
from portal.models.messages.conversation import Conversation
from portal.models.messages.message import Message
from portal.models.messages.note import Note
from portal.models.people.client import Client
from portal.models.people.contact import Contact, ContactLink
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Audience, Right, Role
from tests.deployment import Deployment

LONG_FIRST = "Maximiliana-Theodora"
LONG_LAST = "Featherstonehaugh-Cholmondeley-Castellanos"  # with the first name 63 letters
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
SAID = 300


async def make_overfull(practice: Deployment) -> None:
    """Add them to a practice, and their ids to its cast: staff `wilhelmina` and `newcomer`, accounts `hildegard`,
    `nobody` and `silent`, clients `maximiliana-theodora` and `silent`."""
    async with practice.models(), unit():
        hash = passwords.hash_now(PASSWORD)
        therapist = await StaffMember.add(
            f"Wilhelmina {LONG_LAST}-Wickramasinghe", "wilhelmina@willow.example", Role.THERAPIST, hash
        )
        newcomer = await StaffMember.add("Newcomer Nilsson", "newcomer@willow.example", Role.THERAPIST, hash)
        mother = Contact(name=f"Hildegard {LONG_LAST}", email="h@example.com", email_key="h@example.com")
        await mother.save(force_create=True)
        children = [await _child(n, therapist) for n in range(12)]
        hers = rows.account(mother.name, "hildegard@example.com", hash, contact_id=mother.id)
        nobody = rows.account("Nobody Nemo", "nobody@example.com", hash)
        silent = await _client("Silent", "Sigurdsson", therapist)
        his = rows.account("Silent Sigurdsson", "silent@example.com", hash, client_id=silent.id)
        for account in (hers, nobody, his):
            await account.save(force_create=True)
        await Access.grant(his.id, silent.id)
        for n, child in enumerate(children):
            rights = {right.value: True for right in Right}
            since = clock.now() - dt.timedelta(days=90 - n)
            link = await ContactLink.create(
                client_id=child.id, contact_id=mother.id, relationship="Mother", guardian=True, from_at=since, **rights
            )
            await Access.grant(hers.id, child.id, link.id, since=since)
            for audience in Audience:
                thread = await Conversation.start(child.id, audience, [mother.id], False)
                if audience is Audience.CLINICAL and n == 0:
                    await _talk(thread, therapist, {"account_id": hers.id})
                else:
                    await thread.post(f"{child.first_name} would like to know. {LONG_WORD}", account=hers.id)
    cast = practice.cast
    cast.staff |= {"wilhelmina": str(therapist.id), "newcomer": str(newcomer.id)}
    cast.account |= {"hildegard": str(hers.id), "nobody": str(nobody.id), "silent": str(his.id)}
    cast.client |= {"maximiliana-theodora": str(children[0].id), "silent": str(silent.id)}
    for side, people in (("staff", (therapist, newcomer)), ("client", (hers, nobody, his))):
        cast.email |= {(side, person.name.split()[0].lower()): person.email for person in people}
    thread = await practice.sql(
        "select id from conversation where client_id = :of and audience = 'clinical'", of=children[0].id
    )
    cast.conversation["maximiliana-theodora clinical"] = str(thread[0]["id"])


async def _client(first: str, last: str, therapist: StaffMember, **details: object) -> Client:
    return await Client.add({"first_name": first, "last_name": last} | details, therapist.id)


async def _child(n: int, therapist: StaffMember) -> Client:
    first = LONG_FIRST if n == 0 else f"{LONG_FIRST[: 3 + n]}{'abcdefghijkl'[n]}"
    return await _client(
        first,
        LONG_LAST,
        therapist,
        date_of_birth=dt.date(2012 + n, 1 + n, 28),
        email=f"{first.lower()}.{LONG_LAST.lower()}@a-rather-long-host-name.example.com"[:120],
        phone="+49 (0) 30 1234 5678 ext. 90123",
        address=f"{LONG_WORD[:60]} 1234, {LONG_LAST}, near the old pumping station",
    )


async def _talk(thread: Conversation, therapist: StaffMember, mother: dict[str, object]) -> None:
    newest, messages = clock.now() - dt.timedelta(minutes=3), []
    for number in range(1, SAID + 1):
        at = newest - dt.timedelta(hours=7) * (SAID - number)
        author = {"staff_id": therapist.id} if number % 3 == 0 else mother
        text = (
            f"{number} " + LONG_WORD
            if number % 50 == 49
            else f"Message {number}.\n\nhttps://example.org/" + "a" * number
        )
        messages.append(rows.message(thread.id, number, at, text, author))
    await Message.bulk_create(messages)
    long = [LONG_WORD, "https://example.org/" + "n" * 300, "A word to all.\n\nAnd one more."]
    await Note.bulk_create([rows.note(thread.id, SAID, newest, text, therapist.id) for text in long])
    await thread.hold()
    thread.last_number, thread.last_at, thread.last_side = SAID, newest, "staff"
    thread.stirs_at = newest
    await thread.save(update_fields=["last_number", "last_at", "last_side", "stirs_at"])
