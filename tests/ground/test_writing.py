"""A unit of work writes at its end, all of it or nothing, on both databases."""

from uuid import UUID, uuid4

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from portal.models.access.archive import archive_client
from portal.models.ground import audit, sql
from portal.models.ground.database import close_database, open_database
from portal.models.ground.fact import Bookmark, bookmark, since, unit, write
from portal.models.ground.idempotency import AnotherRequest, claim, free, settle
from portal.models.ground.record import uuid7
from portal.models.messages.conversation import Closed, Conversation
from portal.models.people.client import Client
from portal.settings import Settings
from tests.servers import PostgreSQL


async def a_conversation() -> tuple[Conversation, UUID]:
    """One that staff take part in, and one of its staff."""
    found = await sql.row(
        "select v.id, t.staff_id from conversation v join care_team t on t.client_id = v.client_id "
        "join client c on c.id = v.client_id where c.archived_at is null and t.until_at is null limit 1"
    )
    assert found is not None
    return await Conversation.get(id=found["id"]), found["staff_id"]


async def kinds_since(seen: Bookmark) -> list[str]:
    news = await since(seen)
    assert news.facts is not None
    return [type(fact).__name__ for fact in news.facts]


async def audited(action: str) -> int:
    return len(await sql.rows("select 1 as one from audit where action = :action", action=action))


async def test_a_message_its_number_and_its_facts_are_written_once(practice: None) -> None:
    conversation, staff = await a_conversation()
    before, last = await bookmark(), conversation.last_number
    await sql.rows("delete from reading where reader_id = :staff", staff=staff)
    await sql.rows("delete from notice where staff_id = :staff", staff=staff)
    async with unit() as said:
        assert await conversation.post("Until Tuesday.", staff=staff) == last + 1
    assert [type(fact).__name__ for fact in said.facts] == ["MessageSent", "MessagesSeen", "ConversationRead"]
    assert await kinds_since(before) == ["MessageSent", "MessagesSeen", "ConversationRead"]
    rows = await sql.rows(
        "select number from message where conversation_id = :id and number > :last", id=conversation.id, last=last
    )
    assert [row["number"] for row in rows] == [last + 1]
    before = await bookmark()
    async with unit():
        await conversation.post("At ten.", staff=staff)
    assert await kinds_since(before) == ["MessageSent"], "who was up to date has nothing new read"
    read = await sql.row(
        "select number from reading where conversation_id = :id and reader_id = :staff", id=conversation.id, staff=staff
    )
    assert read == {"number": last + 2}


async def test_nothing_is_left_of_a_unit_that_fails(practice: None) -> None:
    conversation, staff = await a_conversation()
    before = await bookmark()
    with pytest.raises(ZeroDivisionError):
        async with unit():
            await conversation.post("Never said.", staff=staff)
            await audit.note("never done")
            raise ZeroDivisionError
    assert (await Conversation.get(id=conversation.id)).last_number == conversation.last_number
    assert await kinds_since(before) == []
    assert await audited("never done") == 0


async def test_a_write_that_is_refused_at_the_end_undoes_all_before_it(practice: None) -> None:
    conversation, staff = await a_conversation()
    before = await bookmark()
    with pytest.raises((IntegrityError, OperationalError)):
        async with unit():
            await conversation.post("Never said.", staff=staff)
            await write(
                "insert into staff_permission (staff_id, permission) values (:staff, 'schedule')", staff=uuid4()
            )
    assert (await Conversation.get(id=conversation.id)).last_number == conversation.last_number
    assert await kinds_since(before) == []


async def test_many_writes_of_one_unit_are_all_made(practice: None) -> None:
    async with unit():
        for _ in range(2 * sql.AT_ONCE + 3):
            await audit.note("look twice")
        assert await audited("look twice") == 0, "they wait for the end"
    assert await audited("look twice") == 2 * sql.AT_ONCE + 3


async def test_what_is_written_outside_a_unit_is_written_at_once(practice: None) -> None:
    await audit.note("knock")
    assert await audited("knock") == 1


async def test_nothing_is_written_for_an_archived_chart(practice: None) -> None:
    conversation, staff = await a_conversation()
    async with unit():
        await archive_client(await Client.get(id=conversation.client_id))
    with pytest.raises(Closed):
        async with unit():
            await conversation.post("Too late.", staff=staff)


async def test_a_key_gives_its_first_result_again(practice: None) -> None:
    owner, key = uuid7(), uuid7()
    async with unit():
        assert await claim(owner, key, "a") is None
        await settle(owner, key, {"message": "1"})
    async with unit():
        assert await claim(owner, key, "a") == {"message": "1"}
    with pytest.raises(AnotherRequest):
        async with unit():
            await claim(owner, key, "b")


async def test_a_key_that_came_to_nothing_is_new_again(practice: None) -> None:
    owner, key = uuid7(), uuid7()
    async with unit():
        assert await claim(owner, key, "a") is None
        await free(owner, key)
    async with unit():
        assert await claim(owner, key, "corrected") is None


async def test_a_connection_comes_back_without_a_transaction(postgres: PostgreSQL) -> None:
    """The pool does not clean connections by a query; what was begun and left must not stay open."""
    await open_database(Settings(DATABASE_URL=postgres.url(), REDIS_URL=""))
    try:
        await sql.rows("select 1 as one")
        pool = sql.connection()._pool
        connection = await pool.acquire()
        await connection.execute("begin")
        await pool.release(connection)
        state = "select state from pg_stat_activity where application_name = 'portal' and pid <> pg_backend_pid()"
        assert "idle in transaction" not in postgres.sql(state)
        assert "idle" in postgres.sql(state)
    finally:
        await close_database()
