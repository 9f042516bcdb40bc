"""Everything that can happen in the practice: each write route's sample, and each verb of the models that
announces a fact and has no route yet."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from starlette.routing import Route

from portal import clock, passwords
from portal.demo import PASSWORD
from portal.facts import (
    ClientChanged,
    InvitationEnded,
    InvitationExpired,
    LetterDelayed,
    LetterDelivered,
    LetterFailed,
    PortalSettingsChanged,
    ResendAllowed,
)
from portal.mail import letters
from portal.mail.delivery import _settle
from portal.mail.outbox import post
from portal.models.access.account import Access, PortalAccount
from portal.models.access.archive import archive_client, restore_client
from portal.models.access.candidate_holder import possible_holders
from portal.models.access.changed_details import change_account_address, change_client, change_contact_address
from portal.models.access.invitation import Invitation
from portal.models.access.network import switch_all_networks, switch_network
from portal.models.access.reset import Reset
from portal.models.ground import sql
from portal.models.ground.fact import announce, unit
from portal.models.ground.moment import Moment
from portal.models.ground.outbox import LeasedLetter, Outbox, drop_letters
from portal.models.ground.record import Kind, uuid7
from portal.models.ground.scope import Scope
from portal.models.ground.stuck_work import WISHES, note_done, note_failed
from portal.models.ground.throttle import Network
from portal.models.mail.bounce import Bounce, note_bounce
from portal.models.mail.burst import Burst
from portal.models.mail.mailbox import Mailbox
from portal.models.messages.conversation import Conversation
from portal.models.messages.message import Message
from portal.models.messages.template import Template
from portal.models.people.client import CareTeam, Client
from portal.models.people.contact import Contact, ContactLink
from portal.models.practice.practice import hold_practice
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Audience, Permission, Role
from portal.realtime.bus import Bus
from tests.cast import Cast, Person
from tests.deployment import Deployment
from tests.laws.samples import WRITES, name_of, sample_of
from tests.mail.post_office import To


@dataclass
class Stage:
    """A deployment, and its people as they are already signed in."""

    deployment: Deployment
    people: dict[str, Person] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)  # digests, where a test left them for the next
    happened: set[str] = field(default_factory=set)  # verbs, by name
    last: tuple[str, str | None] = ("", None)  # what the last act was about

    @property
    def cast(self) -> Cast:
        return self.deployment.cast

    async def person(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = await self.cast.sign_in(name)
        return self.people[name]

    async def has_news(self) -> None:
        """Noa's mother and her therapist each have a notice about Noa."""
        for who in ("dana", "miriam"):
            send = next(r for r in WRITES if r.path.endswith("/messages") and sample_of(r).who == who)
            await sample_of(send).ask(send, await self.person(who))
            await self.settled()

    async def settled(self) -> None:
        """Return when the worker has done what it does of itself: what was planned has happened, and those who
        had not read a message have a notice."""
        await self.moments_have_come()
        async with asyncio.timeout(20):
            while True:
                if not await self.deployment.sql("select 1 from conversation where tell_at is not null"):
                    return
                await asyncio.sleep(0.02)

    async def moments_have_come(self) -> None:
        """Return when what was planned for about now has happened: only then can it be shown."""
        soon = self.deployment.now + dt.timedelta(seconds=30)
        async with asyncio.timeout(20):
            while True:
                if not await self.deployment.sql(
                    "select 1 from moment where done_at is null and due_at < :soon", soon=soon
                ):
                    return
                await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Act:
    """Something that happens, about a client of the cast or (empty) about none."""

    name: str
    act: Callable[[Stage], Awaitable[None]]
    client: str = ""
    before: Callable[[Stage], Awaitable[None]] | None = None  # brings about what it is about

    async def prepare(self, stage: Stage) -> None:
        if self.before is not None:
            await self.before(stage)
            await stage.settled()

    async def happen(self, stage: Stage) -> None:
        """All of it, with what must have been before."""
        if self.before is not None:
            await self.before(stage)
        await self.act(stage)

    def __str__(self) -> str:
        return self.name


def _by_route(route: Route) -> Act:
    sample = sample_of(route)

    async def person_of(stage: Stage) -> Person:
        if not sample.who:
            return stage.cast.stranger()
        if route.path == "/sign-out":  # ends the session it is asked with
            return await stage.cast.sign_in(sample.who)
        return await stage.person(sample.who)

    async def prepare(stage: Stage) -> None:
        await sample.prepare(route, await person_of(stage))

    async def happen(stage: Stage) -> None:
        person = await person_of(stage)
        answer = await sample.ask(route, person)
        assert answer.status_code == sample.status, f"{answer.status_code}: {answer.text}"
        await stage.settled()

    about = "noa" if "{client}" in route.path or "{conversation}" in route.path else ""
    if about and route.endpoint.door == "client":  # type: ignore[attr-defined]
        about = sample_of(route).client
    if about and "/conversations" in route.path and "{conversation}" not in route.path:
        about = ""
    prepared = sample.fresh or "{link}" in route.path or route.path.endswith("/devices/removal")
    return Act(name_of(route), happen, about, prepare if prepared else None)


VERBS: list[Act] = []


def verb(name: str, client: str = "") -> Callable[[Callable[[Cast], Awaitable[None]]], None]:
    """Something the models can do, done in this process by one unit of work. One that begins with "and" goes on from
    the one before, which happens first where it has not."""

    def register(run: Callable[[Cast], Awaitable[None]]) -> None:
        before = VERBS[-1] if name.startswith("and ") else None

        async def happen(stage: Stage) -> None:
            if before is not None and before.name not in stage.happened:
                await before.happen(stage)
            stage.happened.add(name)
            async with stage.deployment.models(), unit():
                await run(stage.cast)
            await stage.settled()

        VERBS.append(Act(name, happen, client))

    return register


async def _access(cast: Cast, account: str, client: str) -> Access:
    return await Access.get(account_id=cast.account[account], client_id=cast.client[client], until_at=None)


async def _link(cast: Cast, contact: str, client: str) -> ContactLink:
    email = cast.email["client", contact]
    return await ContactLink.get(client_id=cast.client[client], contact_id=(await Contact.get(email=email)).id)


async def _team(cast: Cast, staff: str, client: str) -> CareTeam:
    return await CareTeam.get(staff_id=cast.staff[staff], client_id=cast.client[client], until_at=None)


async def _grant(cast: Cast, account: str, client: str, until: dt.datetime | None = None) -> None:
    link = await _link(cast, account, client)
    granted = await Access.grant(UUID(cast.account[account]), UUID(cast.client[client]), link.id, until)
    assert granted is not None


# --- Access ------------------------------------------------------------------------------------


@verb("a mother's access to one child ends", "noa")
async def _(cast: Cast) -> None:
    await (await _access(cast, "dana", "noa")).end(UUID(cast.staff["ada"]))


@verb("and she is given it again", "noa")
async def _(cast: Cast) -> None:
    await _grant(cast, "dana", "noa")


@verb("her access to the other child ends by itself", "eli")
async def _(cast: Cast) -> None:
    await (await _access(cast, "dana", "eli")).end_on(clock.now() + dt.timedelta(seconds=1))


@verb("and she is given that again, for a moment", "eli")
async def _(cast: Cast) -> None:
    await _grant(cast, "dana", "eli", clock.now() + dt.timedelta(seconds=3))


@verb("and again, for good", "eli")
async def _(cast: Cast) -> None:
    await _grant(cast, "dana", "eli")


@verb("a father is given access to his daughter", "noa")
async def _(cast: Cast) -> None:
    link = await (await _link(cast, "ravi", "noa")).hold()
    link.until_at = None
    await link.save(update_fields=["until_at"])
    await _grant(cast, "ravi", "noa")


@verb("and it ends", "noa")
async def _(cast: Cast) -> None:
    await (await _access(cast, "ravi", "noa")).end()


@verb("a grown client's own access ends", "sam")
async def _(cast: Cast) -> None:
    await (await _access(cast, "sam", "sam")).end()


@verb("and is given back", "sam")
async def _(cast: Cast) -> None:
    assert await Access.grant(UUID(cast.account["sam"]), UUID(cast.client["sam"])) is not None


@verb("no contact acts for a child any more", "noa")
async def _(cast: Cast) -> None:
    await switch_network(await Client.get(id=cast.client["noa"]), False)


@verb("and they act for her again", "noa")
async def _(cast: Cast) -> None:
    await switch_network(await Client.get(id=cast.client["noa"]), True)


@verb("no contact acts for anybody any more")
async def _(cast: Cast) -> None:
    await switch_all_networks(False)


@verb("and they act again, each for whom they did")
async def _(cast: Cast) -> None:
    await switch_all_networks(True)


# --- Clients and their care team -----------------------------------------------------------------


@verb("a client is added for a therapist by somebody else")
async def _(cast: Cast) -> None:
    added = await Client.add({"first_name": "Ines", "last_name": "Falk"}, UUID(cast.staff["miriam"]))
    cast.client["ines"] = str(added.id)


@verb("what is on file of that client changes", "ines")
async def _(cast: Cast) -> None:
    added = await Client.get(id=cast.client["ines"])
    await change_client(added, {"first_name": "Inés", "last_name": "Falk"}, _seen(cast))


@verb("another client of the same mother is put away", "eli")
async def _(cast: Cast) -> None:
    await archive_client(await Client.get(id=cast.client["eli"]))


@verb("and taken out again", "eli")
async def _(cast: Cast) -> None:
    await restore_client(await Client.get(id=cast.client["eli"]))


@verb("a colleague joins a care team", "noa")
async def _(cast: Cast) -> None:
    await CareTeam.join_team(UUID(cast.client["noa"]), UUID(cast.staff["theo"]))


@verb("and leaves it", "noa")
async def _(cast: Cast) -> None:
    await (await _team(cast, "theo", "noa")).end()


@verb("a therapist leaves a client's care team", "sam")
async def _(cast: Cast) -> None:
    await (await _team(cast, "miriam", "sam")).end()


@verb("and leads it again", "sam")
async def _(cast: Cast) -> None:
    await CareTeam.join_team(UUID(cast.client["sam"]), UUID(cast.staff["miriam"]), lead=True)


@verb("an intern joins the care team of a client that his supervisor did not see", "walter")
async def _(cast: Cast) -> None:
    await CareTeam.join_team(UUID(cast.client["walter"]), UUID(cast.staff["idris"]))


@verb("and leaves it again", "walter")
async def _(cast: Cast) -> None:
    await (await _team(cast, "idris", "walter")).end()


# --- Conversations -------------------------------------------------------------------------------


@verb("a message comes about another child of the same mother", "eli")
async def _(cast: Cast) -> None:
    thread = await Conversation.get(id=cast.conversation["eli clinical"])
    await thread.post("The concert is at seven.", staff=UUID(cast.staff["miriam"]))


@verb("a message comes in a confidential thread", "eli")
async def _(cast: Cast) -> None:
    thread = await Conversation.get(id=cast.conversation["eli confidential"])
    await thread.post("A quiet word.", staff=UUID(cast.staff["miriam"]))


@verb("and is read there", "eli")
async def _(cast: Cast) -> None:
    thread = await Conversation.get(id=cast.conversation["eli confidential"])
    await thread.read(9999, account=UUID(cast.account["eli"]))


@verb("a message is answered, and then changed", "eli")
async def _(cast: Cast) -> None:
    thread = await Conversation.get(id=cast.conversation["eli clinical"])
    dana, first = UUID(cast.account["dana"]), uuid7()
    await thread.post("Is there parking?", account=dana, id=first)
    await thread.post("Behind the house.", staff=UUID(cast.staff["miriam"]), reply_to=first)


@verb("in other words", "eli")
async def _(cast: Cast) -> None:
    dana = UUID(cast.account["dana"])
    found = await Message.filter(account_id=dana, conversation_id=cast.conversation["eli clinical"]).order_by("-number")
    await found[0].edit("Is there anywhere to park?", dana, 15, UUID(cast.client["eli"]))


@verb("a conversation with the office begins, and is answered for the first time", "eli")
async def _(cast: Cast) -> None:
    thread = await Conversation.start(UUID(cast.client["eli"]), Audience.ADMINISTRATIVE, [], with_client=True)
    await thread.post("May I come ten minutes late?", account=UUID(cast.account["eli"]))
    await thread.post("Of course.", staff=UUID(cast.staff["jo"]))


@verb("the practice keeps a template")
async def _(cast: Cast) -> None:
    await Template.keep("The stairs", "Hello {name}, take the stairs.", None)


@verb("and changes it")
async def _(cast: Cast) -> None:
    kept = await Template.filter(staff_id=None).order_by("-id").first()
    assert kept is not None
    await kept.change("The lift", "Hello {name}, the lift waits.")


# --- Mail --------------------------------------------------------------------------------------------


async def _letter_to(cast: Cast, name: str, client: str) -> UUID:
    """One that has left."""
    letter = letters.password_changed(To(name, cast.email["client", name]))
    return await _left(await post(letter, client=UUID(cast.client[client])))


async def _left(letter: UUID) -> UUID:
    await sql.rows("update outbox set done_at = :now, payload_sealed = null where id = :id", id=letter, now=clock.now())
    return letter


@verb("a letter to a mother comes back")
async def _(cast: Cast) -> None:
    assert await note_bounce(await _letter_to(cast, "dana", "noa"), "5.1.1", "550 5.1.1 No such user", True)


@verb("an email about messages comes back")  # its address may stand on any chart: all staff hear of that
async def _(cast: Cast) -> None:
    letter = await _letter_to(cast, "sam", "sam")
    await Burst.create(
        conversation_id=cast.conversation["sam clinical"],
        reader_id=cast.account["sam"],
        side="client",
        from_number=1,
        to_number=1_000,
        letter_id=letter,
    )
    assert await note_bounce(letter, "5.1.1", "550 5.1.1 No such user", True)


@verb("a letter to a colleague comes back")
async def _(cast: Cast) -> None:
    letter = letters.password_changed(To("Theo", cast.email["staff", "theo"]))
    assert await note_bounce(await _left(await post(letter)), "5.2.2", "552 5.2.2 Full", True)


@verb("somebody says that her address is right")
async def _(cast: Cast) -> None:
    bounce = await Bounce.get(email_key=cast.email["client", "dana"], settled_at=None)
    await bounce.confirm(UUID(cast.staff["miriam"]))


@verb("her address is put right wherever it stands")
async def _(cast: Cast) -> None:
    account = await PortalAccount.get(id=cast.account["dana"])
    for email in ("dana.elsewhere@example.com", cast.email["client", "dana"]):
        await change_account_address(account, email, _seen(cast))
    contact = await Contact.get(email=cast.email["client", "dana"])
    await change_contact_address(contact, cast.email["client", "dana"], _seen(cast))


def _seen(cast: Cast) -> Scope[Client]:
    """Whom Ada sees."""
    return Scope(Client, Kind.STAFF, UUID(cast.staff["ada"]), None)


@verb("the worker can’t grant a wish")
async def _(cast: Cast) -> None:
    await note_failed(WISHES, "a wish", ValueError(), passed_over=True)


@verb("and grants it")
async def _(cast: Cast) -> None:
    await note_done(WISHES, ["a wish"])


@verb("the mailbox for returned mail is set")
async def _(cast: Cast) -> None:
    await Mailbox.keep(host="localhost", port=1, username="x", password="x", folder="INBOX", address="x@example.com")


# --- Getting in ----------------------------------------------------------------------------------


async def _invitation(cast: Cast) -> Invitation:
    """Lena's newest."""
    found = await Invitation.filter(client_id=cast.client["lena"]).order_by("-sent_at").first()
    assert found is not None
    return found


async def _invite(cast: Cast) -> None:
    # Five a day are sent at most, one in five minutes.
    await Invitation.filter(client_id=cast.client["lena"]).update(sent_at=clock.now() - dt.timedelta(days=2))
    client = await Client.get(id=cast.client["lena"])
    holder = (await possible_holders(client))[0]
    await Invitation.send(client, holder, UUID(cast.staff["miriam"]), "en")


async def _say_birth_date(cast: Cast, said: dt.date | None) -> None:
    invitation = await _invitation(cast)
    await invitation.try_birth_date(said, Network("203.0.113.7"))


@verb("a client is invited", "lena")
async def _(cast: Cast) -> None:
    await _invite(cast)


@verb("and opens the link", "lena")
async def _(cast: Cast) -> None:
    await (await _invitation(cast)).open()


@verb("and gives a wrong date of birth", "lena")
async def _(cast: Cast) -> None:
    await _say_birth_date(cast, None)


@verb("and too many of them", "lena")
async def _(cast: Cast) -> None:
    for _ in range(4):
        await _say_birth_date(cast, None)


@verb("and staff lift the lock", "lena")
async def _(cast: Cast) -> None:
    await (await _invitation(cast)).unlock(UUID(cast.staff["miriam"]))


@verb("and enough time has passed for another letter", "lena")
async def _(cast: Cast) -> None:
    invitation = await (await _invitation(cast)).hold()
    invitation.sent_at -= dt.timedelta(minutes=6)
    await invitation.save(update_fields=["sent_at"])
    await Moment.plan(clock.now(), ResendAllowed(client=invitation.client_id))


@verb("and the link is too old", "lena")
async def _(cast: Cast) -> None:
    invitation = await (await _invitation(cast)).hold()
    invitation.expires_at = clock.now()
    await invitation.save(update_fields=["expires_at"])
    await Moment.plan(clock.now(), InvitationExpired(client=invitation.client_id))


@verb("and is invited again, and that is withdrawn", "lena")
async def _(cast: Cast) -> None:
    await _invite(cast)
    await (await _invitation(cast)).end("withdrawn")
    await announce(InvitationEnded(client=UUID(cast.client["lena"])))


@verb("and is invited once more, and gives the right one", "lena")
async def _(cast: Cast) -> None:
    await _invite(cast)
    await _say_birth_date(cast, (await Client.get(id=cast.client["lena"])).born)


@verb("and chooses a password", "lena")
async def _(cast: Cast) -> None:
    assert await (await _invitation(cast)).accept(passwords.hash_now(PASSWORD)) is not None


@verb("somebody wishes for a new password", "sam")
async def _(cast: Cast) -> None:
    await Reset.make(await PortalAccount.get(id=cast.account["sam"]), None)


@verb("and chooses it", "sam")
async def _(cast: Cast) -> None:
    found = await Reset.filter(account_id=cast.account["sam"]).order_by("-made_at").first()
    assert found is not None
    await found.use(passwords.hash_now(PASSWORD))


@verb("what an invitation needs is cleared", "eli")
async def _(cast: Cast) -> None:
    client = await Client.get(id=cast.client["eli"])
    await change_client(client, _on_file(client) | {"date_of_birth": None}, _seen(cast))


@verb("and is there again", "eli")
async def _(cast: Cast) -> None:
    client = await Client.get(id=cast.client["eli"])
    born = clock.now().date() - dt.timedelta(days=5600)
    await change_client(client, _on_file(client) | {"date_of_birth": born}, _seen(cast))


def _on_file(client: Client) -> dict[str, Any]:
    kept = ("first_name", "last_name", "email", "phone", "address")
    return {name: getattr(client, name) for name in kept} | {"date_of_birth": client.born}


@verb("whoever holds an account is to confirm that a client is linked to it")
async def _(cast: Cast) -> None:
    practice = await hold_practice()
    practice.confirm_links = not practice.confirm_links
    await practice.save(update_fields=["confirm_links"])
    await announce(PortalSettingsChanged())


async def _letter_became(
    cast: Cast, fact: type[LetterDelivered] | type[LetterDelayed] | type[LetterFailed], **columns: Any
) -> None:
    """What a worker notes of the newest letter to Noa's mother, whose lease it holds."""
    letter = (await Outbox.filter(client_id=cast.client["noa"]).order_by("-posted_at", "-id"))[0]
    taken = LeasedLetter(letter.id, letter.client_id, b"", "", letter.posted_at, letter.tries, letter.reason)
    await _settle(taken, fact, Bus.make(""), **columns)


@verb("a letter can't be handed over", "noa")
async def _(cast: Cast) -> None:
    await post(letters.password_changed(To("dana", cast.email["client", "dana"])), client=UUID(cast.client["noa"]))
    await _letter_became(cast, LetterDelayed, due_at=clock.now() + dt.timedelta(hours=1), reason="silent")


@verb("and is given up", "noa")
async def _(cast: Cast) -> None:
    await _letter_became(cast, LetterFailed, failed_at=clock.now(), reason="silent")


@verb("and is to be tried again", "noa")
async def _(cast: Cast) -> None:
    letter = (await Outbox.filter(client_id=cast.client["noa"]).order_by("-posted_at", "-id"))[0]
    assert await letter.retry()


@verb("and has left", "noa")
async def _(cast: Cast) -> None:
    await _letter_became(cast, LetterDelivered, done_at=clock.now(), payload_sealed=None, reason=None)


@verb("what an undelivered letter was about is over", "noa")
async def _(cast: Cast) -> None:
    about = uuid7()
    id = await post(letters.password_changed(To("dana", cast.email["client", "dana"])), client=UUID(cast.client["noa"]))
    await sql.rows(
        "update outbox set about_id = :about, reason = 'silent', due_at = :later where id = :id",
        id=id,
        about=about,
        later=clock.now() + dt.timedelta(hours=1),
    )
    await drop_letters(about)


# --- Staff ---------------------------------------------------------------------------------------


async def _allow(cast: Cast, staff: str, permission: Permission, yes: bool) -> None:
    await (await StaffMember.get(id=cast.staff[staff])).allow(permission, yes)


@verb("an administrator may read clinical messages")
async def _(cast: Cast) -> None:
    await _allow(cast, "ada", Permission.CLINICAL_MESSAGES, True)


@verb("and may no more")
async def _(cast: Cast) -> None:
    await _allow(cast, "ada", Permission.CLINICAL_MESSAGES, False)


@verb("a therapist may see all clients")
async def _(cast: Cast) -> None:
    await _allow(cast, "theo", Permission.SEE_ALL_CLIENTS, True)


@verb("and only hers again")
async def _(cast: Cast) -> None:
    await _allow(cast, "theo", Permission.SEE_ALL_CLIENTS, False)


@verb("a therapist loses her clinical messages")
async def _(cast: Cast) -> None:
    await _allow(cast, "miriam", Permission.CLINICAL_MESSAGES, False)


@verb("and has them back")
async def _(cast: Cast) -> None:
    await _allow(cast, "miriam", Permission.CLINICAL_MESSAGES, True)


@verb("somebody who sees all clients is employed")
async def _(cast: Cast) -> None:
    secret = passwords.hash_now(PASSWORD)
    added = await StaffMember.add("Bea Lund", "bea@willow.example", Role.CLINICAL_ADMINISTRATOR, secret)
    cast.staff["bea"] = str(added.id)


@verb("and leaves the practice")
async def _(cast: Cast) -> None:
    await (await StaffMember.get(id=cast.staff["bea"])).leave()


@verb("a moment comes that nobody planned by hand", "noa")
async def _(cast: Cast) -> None:
    # Whatever kind a moment carries: here one about the chart, whose rows change with it.
    client = await (await Client.get(id=cast.client["noa"])).hold()
    client.phone = "(555) 010-0199"
    await client.save(update_fields=["phone_sealed"])
    await Moment.plan(clock.now(), ClientChanged(client=client.id))


# A leave can't be taken back, so it comes last.
@verb("a therapist with open pages leaves the practice")
async def _(cast: Cast) -> None:
    await (await StaffMember.get(id=cast.staff["theo"])).leave()


ACTS = [*map(_by_route, WRITES), *VERBS]


# One act for each class of facts with equal regions: what is tried with sockets, workers and Redis in every run.
# bin/test --all tries all of them; that the classes are all here is held by tests/laws/test_regions.py.
_SAMPLED = (
    "POST /staff/clients/{client}/conversations/{conversation}/messages",
    "POST /clients/{client}/conversations/{conversation}/reading",
    "POST /clients/{client}/conversations/{conversation}/messages/{message}",
    "POST /staff/inbox/{conversation}/handover",
    "POST /staff/inbox/{conversation}/completion",
    "POST /staff/clients/{client}/contacts/{link}/client",
    "POST /staff/clients/{client}/archival",
    "POST /staff/clients/{client}/restoration",
    "POST /staff/settings/minors",
    "POST /staff/settings/availability/hours",
    "POST /staff/settings/availability/crisis",
    "POST /staff/templates",
    "POST /staff/notices/devices",
    "POST /staff/clients/{client}/conversations/{conversation}/draft",
    "POST /staff/clients/{client}/care-team",
    "POST /staff/colleagues/{colleague}/departure",
    "POST /staff/leave",
    "a mother's access to one child ends",
    "and she is given it again",
    "her access to the other child ends by itself",
    "and she is given that again, for a moment",
    "no contact acts for anybody any more",
    "and they act again, each for whom they did",
    "a conversation with the office begins, and is answered for the first time",
    "an email about messages comes back",
    "her address is put right wherever it stands",
    "the worker can’t grant a wish",
    "the mailbox for returned mail is set",
    "a client is invited",
    "and opens the link",
    "and is invited again, and that is withdrawn",
    "and chooses a password",
    "somebody wishes for a new password",
    "and chooses it",
    "whoever holds an account is to confirm that a client is linked to it",
    "a letter can't be handed over",
    "and has left",
)
SAMPLED = [act for act in ACTS if act.name in _SAMPLED]
