"""E-mails about messages: one for a burst, when it is still unread after some minutes, and never in quiet hours."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from portal import clock
from portal.mail.delivery import deliver
from portal.mail.unread_letters import tell_of_unread
from portal.models.access.account import Access, PortalAccount
from portal.models.access.changed_details import change_account_address
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.ground.outbox import Outbox
from portal.models.ground.record import Kind
from portal.models.ground.scope import Scope
from portal.models.mail.bounce import Bounce, Cause, note_bounce
from portal.models.messages.conversation import Conversation
from portal.models.notices.mail_choice import MailChoice, choose_mail
from portal.models.people.client import CareTeam, Client
from portal.models.practice.practice import Practice
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Audience, Role
from portal.realtime.bus import Bus
from tests.mail.post_office import PostOffice

MINUTE = dt.timedelta(minutes=1)
ZONE = "America/New_York"


@dataclass
class Office:
    """Miriam, who cares for Noa; Noa's account; their conversation; and the mail that leaves."""

    miriam: UUID
    noa: UUID
    account: UUID
    thread: UUID
    post: PostOffice
    bus: Bus

    async def writes(self, body: str = "See you Tuesday.", by_staff: bool = True) -> None:
        async with unit():
            thread = await Conversation.get(id=self.thread)
            await (thread.post(body, staff=self.miriam) if by_staff else thread.post(body, account=self.account))

    async def reads(self, number: int = 10_000) -> None:
        async with unit():
            await (await Conversation.get(id=self.thread)).read(number, account=self.account)

    async def mails(self, after: dt.timedelta = dt.timedelta()) -> list[str]:
        """To whom letters leave when so much time has passed."""
        clock.move(clock.now() - dt.datetime.now(dt.UTC) + after)
        before = len(self.post.recipients)
        await tell_of_unread(self.bus)
        await deliver(self.bus)
        return self.post.recipients[before:]


@pytest.fixture
async def office(client: UUID, office: PostOffice, bus: Bus) -> AsyncIterator[Office]:
    async with unit():
        practice = await Practice.all().first()
        assert practice is not None
        await practice.hold()
        practice.zone = ZONE
        await practice.save(update_fields=["zone"])
        miriam = await StaffMember.add("Miriam Katz", "miriam@willow.example", Role.THERAPIST, "x")
        await CareTeam.join_team(client, miriam.id, lead=True)
        account = await PortalAccount.open("Noa Reyes", "noa@family.example", "x", client_id=client)
        await sql.rows(
            "update client set email = :email, email_key = :email where id = :id", email="noa@family.example", id=client
        )
        await _born(client)
        assert await Access.grant(account.id, client)
        thread = await Conversation.start(client, Audience.CLINICAL, [], with_client=True)
    yield Office(miriam.id, client, account.id, thread.id, office, bus)


async def _born(client: UUID) -> None:
    async with unit():
        noa = await (await Client.get(id=client)).hold()
        noa.date_of_birth = "1990-05-01"
        await noa.save(update_fields=["date_of_birth_sealed"])


async def test_a_burst_is_one_letter_and_says_nothing(office: Office) -> None:
    await office.writes("Your test came back positive.")
    await office.writes("Call me.")
    assert await office.mails(4 * MINUTE) == []
    assert await office.mails(2 * MINUTE) == ["noa@family.example"]
    await office.writes("Please do.")
    assert await office.mails(60 * MINUTE) == []
    [letter] = office.post.letters
    for kind in ("plain", "html"):
        text = str(letter) + letter.get_body((kind,)).get_content()
        for word in ("positive", "Call", "Reyes", "Miriam", "Katz", "message", str(office.thread)):
            assert word not in text
    assert letter["Subject"] == "Something new for you at Willow Street"


async def test_the_next_burst_is_told_of_again(office: Office) -> None:
    await office.writes()
    assert await office.mails(6 * MINUTE) == ["noa@family.example"]
    await office.reads()
    await office.writes("And Thursday.")
    assert await office.mails(4 * MINUTE) == []
    assert await office.mails(2 * MINUTE) == ["noa@family.example"]


async def test_what_was_read_in_time_is_not_told_of(office: Office) -> None:
    await office.writes()
    clock.move(4 * MINUTE)
    await office.reads()
    assert await office.mails(30 * MINUTE) == []


async def test_minutes_count_from_the_first_that_is_unread(office: Office) -> None:
    await office.writes()
    clock.move(3 * MINUTE)
    await office.reads()
    await office.writes("One more thing.")
    assert await office.mails(3 * MINUTE) == []
    assert await office.mails(3 * MINUTE) == ["noa@family.example"]


async def test_one_who_reads_at_the_last_second_gets_none(office: Office) -> None:
    await office.writes()
    clock.move(6 * MINUTE)
    await tell_of_unread(office.bus)
    await office.reads()  # the letter is written, and about to leave
    await deliver(office.bus)
    assert office.post.letters == []
    [row] = await sql.rows("select done_at, failed_at, payload_sealed from outbox")
    assert row["done_at"] is None and row["failed_at"] and row["payload_sealed"] is None
    await office.writes("Something else.")
    assert await office.mails(6 * MINUTE) == ["noa@family.example"]


async def test_one_who_reads_while_the_mail_server_hesitates_gets_none(office: Office) -> None:
    office.post.to_rcpt.extend(["451 4.7.1 Come back in a while"] * 2)
    await office.writes()
    assert await office.mails(6 * MINUTE) == []
    await office.reads()
    assert await office.mails(2 * MINUTE) == []
    assert office.post.letters == []


async def test_a_hesitating_mail_server_gets_it_later(office: Office) -> None:
    office.post.to_rcpt.extend(["451 4.7.1 Come back in a while"] * 2)
    await office.writes()
    assert await office.mails(6 * MINUTE) == []
    assert await office.mails(1.5 * MINUTE) == []
    assert await office.mails(2.5 * MINUTE) == ["noa@family.example"]


async def test_staff_are_told_of_what_clients_write_and_not_of_each_other(office: Office) -> None:
    async with unit():
        theo = await StaffMember.add("Theo Brandt", "theo@willow.example", Role.THERAPIST, "x")
        await CareTeam.join_team(office.noa, theo.id)
        await StaffMember.add("Cleo Marsh", "cleo@willow.example", Role.CLINICAL_ADMINISTRATOR, "x")
    await office.writes()
    assert await office.mails(6 * MINUTE) == ["noa@family.example"]
    await office.writes("I can’t come.", by_staff=False)
    # The clinical administrator may read it, but two of the care team do.
    assert sorted(await office.mails(6 * MINUTE)) == ["miriam@willow.example", "theo@willow.example"]


async def test_what_is_administrative_concerns_the_office(office: Office) -> None:
    async with unit():
        await StaffMember.add("Jo Lind", "jo@willow.example", Role.SCHEDULER, "x")
        thread = await Conversation.start(office.noa, Audience.ADMINISTRATIVE, [], with_client=True)
        await thread.post("When are you open?", account=office.account)
    assert "jo@willow.example" in await office.mails(6 * MINUTE)


async def test_who_may_no_more_see_it_is_not_told(office: Office) -> None:
    await office.writes()
    clock.move(6 * MINUTE)
    await tell_of_unread(office.bus)
    async with unit():
        await (await Access.get(account_id=office.account)).end()
    await deliver(office.bus)
    assert office.post.letters == []


async def test_several_conversations_are_one_letter(office: Office) -> None:
    await office.writes()
    async with unit():
        other = await Conversation.start(office.noa, Audience.BILLING, [], with_client=True)
        await other.post("The bill is paid.", staff=office.miriam)
    assert await office.mails(6 * MINUTE) == ["noa@family.example"]
    assert await office.mails(60 * MINUTE) == []


async def test_two_workers_write_one_letter(office: Office) -> None:
    await office.writes()
    clock.move(6 * MINUTE)
    await asyncio.gather(*(tell_of_unread(office.bus) for _ in range(4)))
    await tell_of_unread(office.bus)
    assert len(await sql.rows("select 1 as yes from outbox")) == 1


async def came_back() -> None:
    """The only letter comes back: there is no such mailbox."""
    [letter] = await Outbox.all()
    async with unit():
        assert await note_bounce(letter.id, Cause.ADDRESS, "5.1.1", "550 No such user")


async def correct(office: Office) -> None:
    """Miriam puts the account's address right."""
    sees = Scope(Client, Kind.STAFF, office.miriam, None)
    await change_account_address(await PortalAccount.get(id=office.account), "noa@better.example", sees)


async def test_an_address_that_failed_waits_until_it_is_put_right(office: Office) -> None:
    await office.writes()
    assert await office.mails(6 * MINUTE) == ["noa@family.example"]
    await came_back()
    await office.reads()
    await office.writes("Are you there?")
    assert await office.mails(60 * MINUTE) == ["miriam@willow.example"], "she has a notice that it comes back"
    async with unit():
        await correct(office)
    assert await office.mails(60 * MINUTE) == ["noa@better.example"]


async def test_what_came_back_is_written_to_the_right_address(office: Office) -> None:
    await office.writes()
    await office.mails(6 * MINUTE)
    await came_back()
    async with unit():
        await correct(office)
        await (await Bounce.get(settled_at=None)).confirm(office.miriam)
    assert await office.mails(MINUTE) == ["noa@better.example"]


# --- Quiet hours and once a day ----------------------------------------------------------------


async def chooses(office: Office, **choice: object) -> None:
    async with unit():
        await choose_mail(office.account, MailChoice(**choice), ZONE)  # type: ignore[arg-type]


def minute_now() -> int:
    """Return the minute of the day, in the practice's zone."""
    local = clock.now().astimezone(ZoneInfo(ZONE))
    return local.hour * 60 + local.minute


async def test_who_wants_none_gets_none(office: Office) -> None:
    await chooses(office, often="never")
    await office.writes()
    assert await office.mails(600 * MINUTE) == []


async def test_nothing_leaves_in_quiet_hours(office: Office) -> None:
    minute = minute_now()
    await chooses(office, quiet_from=minute, quiet_until=(minute + 120) % 1440)
    await office.writes()
    assert await office.mails(6 * MINUTE) == []
    assert await office.mails(100 * MINUTE) == []
    assert await office.mails(20 * MINUTE) == ["noa@family.example"]


async def test_quiet_that_begins_while_a_letter_waits_holds_it(office: Office) -> None:
    office.post.to_rcpt.append("451 Later")
    await office.writes()
    assert await office.mails(6 * MINUTE) == []
    minute = minute_now()
    await chooses(office, quiet_from=minute, quiet_until=(minute + 60) % 1440)
    assert await office.mails(2 * MINUTE) == []
    assert await office.mails(60 * MINUTE) == ["noa@family.example"]


async def test_once_a_day_is_one_letter_for_all_of_it(office: Office) -> None:
    await chooses(office, often="daily", daily_at=(minute_now() + 180) % 1440)
    await office.writes()
    async with unit():
        other = await Conversation.start(office.noa, Audience.BILLING, [], with_client=True)
    assert await office.mails(60 * MINUTE) == []
    async with unit():
        await other.post("The bill is paid.", staff=office.miriam)
    assert await office.mails(100 * MINUTE) == []
    assert await office.mails(30 * MINUTE) == ["noa@family.example"]


@pytest.mark.parametrize(
    ("at", "frm", "until", "expected"),
    [
        ("2026-06-10 23:30", "22:00", "07:00", "2026-06-11 07:00"),
        ("2026-06-10 03:00", "22:00", "07:00", "2026-06-10 07:00"),
        ("2026-06-10 21:59", "22:00", "07:00", "2026-06-10 21:59"),
        ("2026-06-10 07:00", "22:00", "07:00", "2026-06-10 07:00"),
        ("2026-06-10 12:30", "12:00", "13:00", "2026-06-10 13:00"),
        ("2026-06-10 22:15", "22:00", "00:00", "2026-06-11 00:00"),
        # 2:30 does not exist in the night of March 8: the quiet ends with the hour that was leapt over.
        ("2026-03-08 01:30", "22:00", "02:30", "2026-03-08 03:30"),
        ("2026-03-07 23:00", "22:00", "07:00", "2026-03-08 07:00"),
        ("2026-10-31 23:00", "22:00", "07:00", "2026-11-01 07:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(at: str, frm: str, until: str, expected: str) -> None:
    choice = MailChoice(quiet_from=_minute(frm), quiet_until=_minute(until))
    assert choice.after_quiet(_there(at), ZONE) == _there(expected)


def test_the_hour_that_comes_twice_is_quiet_twice() -> None:
    choice = MailChoice(quiet_from=_minute("22:00"), quiet_until=_minute("01:45"))
    second = dt.datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=ZoneInfo(ZONE)).astimezone(dt.UTC)
    end = choice.after_quiet(second, ZONE)
    assert end == dt.datetime(2026, 11, 1, 1, 45, fold=1, tzinfo=ZoneInfo(ZONE)).astimezone(dt.UTC)


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _there(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).astimezone(dt.UTC)
