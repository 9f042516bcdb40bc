"""Facts and bookmarks: each is read once, however late it is committed, and a bookmark that says nothing is known
to say nothing."""

import asyncio
import random
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.facts import ClientChanged, Fact, MessageSent
from portal.models.ground import sql
from portal.models.ground.fact import FORGOTTEN_AFTER, Bookmark, _unit, announce, begin_era, bookmark, since, unit
from tests.deployment import Deployment


def changed() -> ClientChanged:
    return ClientChanged(client=uuid4())


async def say(fact: Fact) -> None:
    async with unit():
        await announce(fact)


async def news(seen: Bookmark) -> tuple[list[Fact], Bookmark]:
    found = await since(seen)
    assert found.facts is not None
    return found.facts, found.bookmark


async def test_a_fact_is_read_once(unserved: Deployment) -> None:
    async with unserved.models():
        here, first, second = await bookmark(), changed(), changed()
        await say(first)
        facts, here = await news(here)
        assert facts == [first]
        await say(second)
        facts, here = await news(here)
        assert facts == [second]
        assert (await news(here))[0] == []


async def test_a_fact_keeps_its_ids_and_numbers(unserved: Deployment) -> None:
    async with unserved.models():
        here, fact = await bookmark(), MessageSent(client=uuid4(), conversation=uuid4(), number=7)
        await say(fact)
        (read,), _ = await news(here)
        assert read == fact
        assert isinstance(read, MessageSent) and isinstance(read.client, UUID) and read.number == 7


async def _send() -> None:
    said = _unit.get()
    assert said is not None
    waiting, said.writes[:] = list(said.writes), []
    await sql.together(waiting)


async def test_many_writers_at_once_are_all_heard_once(unserved: Deployment) -> None:
    async with unserved.models():
        here, dice = await bookmark(), random.Random(7)
        said = [changed() for _ in range(60)]
        pauses = {fact: (dice.random() / 50, dice.random() / 20) for fact in said}

        async def write(fact: ClientChanged) -> None:
            before, within = pauses[fact]
            await asyncio.sleep(before)
            async with unit():
                await announce(fact)
                if not unserved.sqlite:
                    await _send()
                    await asyncio.sleep(within)

        writing = [asyncio.create_task(write(fact)) for fact in said]
        heard: list[Fact] = []
        while not all(task.done() for task in writing):
            facts, here = await news(here)
            heard += facts
            await asyncio.sleep(0.002)
        await asyncio.gather(*writing)
        heard += (await news(here))[0]
        assert len(heard) == len(said)
        assert set(heard) == set(said)


async def test_a_later_state_never_has_a_lower_version(unserved: Deployment) -> None:
    async with unserved.models():
        versions = []
        for _ in range(5):
            versions.append((await bookmark()).version)
            await say(changed())
        assert versions == sorted(set(versions))


async def test_what_is_rolled_back_was_never_announced(unserved: Deployment) -> None:
    async with unserved.models():
        here = await bookmark()
        with pytest.raises(ZeroDivisionError):
            async with unit() as said:
                await announce(changed())
                assert said.facts
                raise ZeroDivisionError
        assert (await news(here))[0] == []


async def test_nothing_is_announced_outside_a_transaction(unserved: Deployment) -> None:
    async with unserved.models():
        with pytest.raises(RuntimeError, match="ClientChanged was announced outside a unit of work"):
            await announce(changed())


async def test_a_kind_that_this_version_does_not_know_is_passed_over(unserved: Deployment) -> None:
    async with unserved.models():
        here, known = await bookmark(), changed()
        await say(known)
        await sql.rows("update fact set kind = 'FromTheFuture'")
        assert (await news(here))[0] == []


def moved(seen: Bookmark, **change: object) -> Bookmark:
    return Bookmark(**({"era": seen.era, "place": seen.place, "taken": seen.taken} | change))  # type: ignore[arg-type]


async def test_a_bookmark_of_another_era_is_unknown(unserved: Deployment) -> None:
    async with unserved.models():
        here = await bookmark()
        assert (await since(here)).facts == []
        await begin_era()
        assert (await since(here)).facts is None
        assert (await since(await bookmark())).facts == []


async def test_a_bookmark_is_unknown_after_ten_minutes_and_before_its_time(unserved: Deployment) -> None:
    async with unserved.models():
        here = await bookmark()
        assert (await since(moved(here, taken=here.taken - 590))).facts == []
        assert (await since(moved(here, taken=here.taken - 610))).facts is None
        assert (await since(moved(here, taken=here.taken + 3600))).facts is None


async def test_a_bookmark_ahead_of_the_database_is_unknown(unserved: Deployment) -> None:
    async with unserved.models():
        here = await bookmark()
        ahead = "9999999" if unserved.sqlite else "9999999999:9999999999:"
        other = "1:1:" if unserved.sqlite else "1"
        assert (await since(moved(here, place=ahead))).facts is None
        assert (await since(moved(here, place=other))).facts is None


async def test_a_bookmark_too_many_facts_behind_is_unknown(unserved: Deployment) -> None:
    async with unserved.models():
        here = await bookmark()
        async with unit():
            for _ in range(FORGOTTEN_AFTER):
                await announce(changed())
        assert len((await since(here)).facts or []) == FORGOTTEN_AFTER
        await say(changed())
        assert (await since(here)).facts is None


# --- What a browser sends as a bookmark --------------------------------------------------------

PLACES = st.one_of(
    st.integers(-5, 2**70).map(str),
    st.tuples(st.integers(-1, 2**65), st.integers(-1, 2**65), st.lists(st.integers(-1, 2**65), max_size=4)).map(
        lambda one: f"{one[0]}:{one[1]}:{','.join(map(str, one[2]))}"
    ),
    st.text(alphabet="0123456789:,.-+ ;'", max_size=30),
)
ALMOST = st.tuples(st.text(alphabet="0123456789abcdefg", max_size=20), st.integers(-1, 2**50), PLACES).map(
    lambda one: f"{one[0]}.{one[1]}.{one[2]}"
)


@given(st.one_of(st.text(max_size=200), ALMOST))
def test_garbage_is_no_bookmark(text: str) -> None:
    read = Bookmark.read(text)
    if read is not None:
        assert str(read) == text
        assert 0 <= read.version < 2**63
        if ":" in read.place:
            low, high, running = read.place.split(":")
            assert 1 <= int(low) <= int(high) < 2**63
            assert all(int(low) <= int(n) < int(high) for n in running.split(",") if n)


@given(
    st.integers(1, 2**40),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.text(alphabet="0123456789abcdef", min_size=16, max_size=16),
)
def test_a_real_bookmark_is_read_back(low: int, more: int, taken: int, era: str) -> None:
    for place in (f"{low}:{low + more}:", str(low), f"{low}:{low + more + 2}:{low},{low + 1}"):
        mark = Bookmark(era, place, min(taken, 10**12 - 1))
        assert Bookmark.read(str(mark)) == mark


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "0123456789abcdef.1.",
        "0123456789abcdef.1.0:0:",
        "0123456789abcdef.1.9:3:",
        "0123456789abcdef.1.3:9:2",
        "0123456789abcdef.1.3:9:9",
        "0123456789abcdef.1.3:9:5,4",
        "0123456789abcdef.1.3:9:5,5",
        "0123456789abcdef.1.3:9:5;drop table fact",
        "0123456789abcdef.1.１2",
        "0123456789abcdef.1.12\n",
        "' or '1'='1.1.1",
        "0123456789abcdef.1.1:9223372036854775808:",
        "0" * 5000,
        "0123456789abcdef.1.1:9000:" + ",".join(map(str, range(1, 2000))),
    ],
)
def test_the_database_never_sees_it(text: str) -> None:
    assert Bookmark.read(text) is None
