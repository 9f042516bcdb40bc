"""The demo practice: made quickly, and everyone in it sees what the rules let them see."""

import datetime as dt
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from portal import clock, crypto, demo, passwords
from portal.demo.people import STAFF
from portal.demo.threads import THREADS
from portal.demo.times import HERE, born, office_minutes_ago, spoken
from portal.models.access.account import PortalAccount
from portal.models.ground import sql
from portal.models.ground.database import close_database, migrate, open_database
from portal.models.ground.record import Kind
from portal.models.ground.scope import Scope
from portal.models.messages.conversation import Conversation, threads, unread
from portal.models.messages.message import Message, messages_before
from portal.models.people.client import Client
from portal.models.staff.staff_member import StaffMember
from portal.settings import Settings
from tests.deployment import Deployment
from tests.pages import open_page


@pytest.fixture(scope="module")
async def seconds(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[float]:
    """An open database with the demo practice; how long it took to make."""
    folder: Path = tmp_path_factory.mktemp("demo")
    settings = Settings(data=folder, DATABASE_URL="")
    crypto.make_key_file(folder / "key")
    crypto.load_keys(folder / "key")
    await migrate(settings)
    await open_database(settings)
    try:
        started = time.perf_counter()
        await demo.make_practice()
        yield time.perf_counter() - started
    finally:
        await close_database()


async def viewer(name: str) -> tuple[Kind, UUID]:
    """A member of staff by first name, or an account by its holder's."""
    member = await StaffMember.filter(name__startswith=f"{name} ").first()
    if member is not None:
        return Kind.STAFF, member.id
    return Kind.ACCOUNT, (await PortalAccount.get(name__startswith=f"{name} ")).id


async def clients_seen_by(name: str) -> set[str]:
    return {client.first_name for client in await Scope(Client, *await viewer(name), None).all()}


async def test_the_practice_is_made_in_two_seconds(seconds: float) -> None:
    assert seconds < 2


async def test_a_practice_that_is_there_is_left_alone(seconds: float) -> None:
    with pytest.raises(demo.NotEmpty):
        await demo.make_practice()


async def test_a_supervisor_sees_the_interns_clients_and_not_the_reverse(seconds: float) -> None:
    assert await clients_seen_by("Idris") == {"Gus", "Marguerite", "Freya"}
    assert await clients_seen_by("Miriam") >= {"Noa", "Eli", "Sam", "Lena", "Gus", "Marguerite", "Freya"}


@pytest.mark.parametrize(("name", "count"), [("Miriam", 2), ("Dana", 1), ("Gus", 2), ("Sam", 0)])
async def test_some_is_unread_on_either_side(seconds: float, name: str, count: int) -> None:
    assert await unread(Scope(Conversation, *await viewer(name), None)) == count


async def test_everyone_may_read_what_they_wrote(seconds: float) -> None:
    wrote = await sql.rows(
        "select distinct m.conversation_id as thread, s.id as staff, a.id as account "
        "from message m "
        "left join staff_member s on s.id = m.staff_id "
        "left join portal_account a on a.id = m.account_id "
        "join conversation v on v.id = m.conversation_id join client c on c.id = v.client_id "
        "where c.archived_at is null or m.staff_id is not null"
    )
    assert len(wrote) > 40
    for row in wrote:
        kind = Kind.STAFF if row["staff"] else Kind.ACCOUNT
        reader = row["staff"] or row["account"]
        found = await Scope(Conversation, kind, reader, None).find(row["thread"])
        assert found is not None, row


async def test_a_long_thread_has_older_pages(seconds: float) -> None:
    kind, priya = await viewer("Priya")
    [thread] = await threads(Scope(Conversation, kind, priya, None))
    assert thread["last_number"] == 140
    newest = await messages_before(Scope(Message, kind, priya, None), thread["id"], None)
    assert len(newest) == 51
    assert newest[-1]["body"] == "Thank you, I have both forms. See you at 9 next Tuesday."
    assert newest[-1]["from_name"] == "Miriam Adler"


async def test_the_cast_can_sign_in(seconds: float) -> None:
    named = await demo.cast()
    assert [person["name"].split()[0] for person in named] == (
        ["Miriam", "Jo", "Idris", "Ada", "Theo", "Dana", "Eli", "Sam", "Ravi"]
    )
    everyone = await demo.cast(everyone=True)
    assert len(everyone) > 20
    assert not any(person["name"] == "Lena Brandt" for person in everyone)
    eli, dana = named[6], named[5]
    assert (eli["role"], dana["role"]) == ("Client, 15", "Mother of Noa and Eli")
    assert dana["chart"] is None
    kind, miriam = await viewer("Miriam")
    found = await Scope(Client, kind, miriam, None).find(UUID(eli["chart"].rpartition("/")[2]))
    assert found is not None and found.name == "Eli Reyes-Menon"
    account = await PortalAccount.get(email=dana["email"])
    assert await passwords.matches(dana["password"], account.password_hash)


@pytest.mark.parametrize("hours", range(0, 168, 11))
def test_at_any_hour_threads_are_in_order_and_in_the_past(another_hour: None, hours: int) -> None:
    clock.move(dt.timedelta(hours=hours))
    for thread in THREADS:
        times = [said.at for said in spoken(thread.said)]
        assert times == sorted(set(times))
        assert times[-1] <= clock.now()
    newest = office_minutes_ago(3).astimezone(HERE)
    assert newest.weekday() < 5 and dt.time(8, 30) <= newest.time() <= dt.time(17, 30)


def test_threads_that_wait_were_ended_by_the_other_side() -> None:
    staff = {colleague.name.split()[0] for colleague in STAFF}
    for thread in THREADS:
        said = spoken(thread.said)
        assert not {who for _, who, _ in said[len(said) - thread.unread :]} & staff
        assert {who for _, who, _ in said[len(said) - thread.unseen :]} <= staff


def test_ages_are_right_today() -> None:
    today = clock.now().astimezone(HERE).date()
    for birthday in {"01-01", f"{today:%m-%d}", "12-31"} - {"02-29"}:  # nobody of nine was born on that
        date = born(9, birthday)
        assert today.year - date.year - ((date.month, date.day) > (today.month, today.day)) == 9


async def test_a_crowd_can_join(seconds: float) -> None:
    await demo.make_crowd(30, 100)
    await demo.make_crowd(30, 5)
    assert len(await Scope(Client, *await viewer("Ada"), None).all()) == 44 + 60
    counted = await sql.row(
        "select count(*) as n from message m join conversation c on c.id = m.conversation_id "
        "join client l on l.id = c.client_id where l.email like '%crowd.example'"
    )
    assert counted == {"n": 105}
    wrong = await sql.rows(
        "select c.id from conversation c left join message m on m.conversation_id = c.id "
        "and m.number = c.last_number where c.last_number <> (select count(*) from message n "
        "where n.conversation_id = c.id) or (c.last_side = 'staff') <> (m.staff_id is not null) "
        "or c.last_at <> m.sent_at"
    )
    assert wrong == []


async def test_the_cast_lives_on() -> None:
    """With `bin/demo --alive` an open page has something to show by itself: somebody types, and writes."""
    async with Deployment.embedded(PORTAL_ALIVE="1") as deployment:
        cast = deployment.cast
        miriam = await cast.sign_in("miriam")
        thread = f"/staff/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}"
        async with open_page(miriam, thread) as page:
            await page.until(lambda: "He will be glad of that." in str(page.live), 20, "what Dana writes")
            assert "Dana Reyes" in [frame.get("writing") for frame in page.frames]
            await page.current()


def test_only_a_demo_lives() -> None:
    assert any("PORTAL_ALIVE" in problem for problem in Settings(alive=3).problems())
    assert not any("PORTAL_ALIVE" in problem for problem in Settings(alive=3, demo=True).problems())
