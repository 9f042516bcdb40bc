"""Searching a conversation: in any script, whatever the accents, and only where one may read."""

from time import process_time
from uuid import UUID

import pytest

from portal.demo import rows
from portal.models.ground.fact import unit
from portal.models.ground.person import words_of
from portal.models.ground.record import Kind
from portal.models.ground.scope import Scope
from portal.models.messages.conversation import Conversation
from portal.models.messages.message import Message
from portal.models.messages.search import STEP, holds, marked, search
from tests.cast import Person
from tests.deployment import Deployment, own_practice
from tests.html import Element, parse
from tests.messages.thread import Thread, begin

SAID = {
    "Después del colegio, en el jardín": ["despues", "COLEGIO jardin", "jardín"],
    "Мы придём в среду": ["придем", "СРЕДУ мы"],
    "明日の予約を変更したいです": ["予約", "明日の"],
    "نلتقي يوم الثلاثاءِ": ["الثلاثاء", "يوم"],
    "Straße, Ζωής, ﬁt, İstanbul": ["strasse", "ζωησ", "fit", "istanbul"],
    "I’ll bring Noa’s “blue” folder": ["i'll", 'noa\'s "blue"', "FOLDER bring"],
    "오늘은 조금 늦어요": ["늦어요"],
}


@pytest.mark.parametrize("text", SAID)
def test_words_are_found_across_scripts_accents_and_quotation_marks(text: str) -> None:
    for query in SAID[text]:
        assert holds(text, words_of(query)), query
        hit = [piece for piece, is_hit in marked(text, words_of(query)) if is_hit]
        assert hit, query
    assert not holds(text, words_of("kestrel"))
    assert "".join(piece for piece, _ in marked(text, words_of(SAID[text][0]))) == text


def test_of_a_long_message_the_part_with_the_word_is_shown() -> None:
    pieces = marked("before " * 200 + "kestrel " + "after " * 200, ["kestrel"])
    text = "".join(piece for piece, _ in pieces)
    assert text.startswith("…") and text.endswith("…") and len(text) < 260
    assert [piece for piece, is_hit in pieces if is_hit] == ["kestrel"]


async def look(thread: Thread, person: Person, q: str, **more: str) -> tuple[Element, list[str]]:
    answer = await person.post(f"{thread.path(person)}/search", None, {}, q=q, **more)
    assert answer.status_code == 303, answer.text
    page = parse((await person.get(answer.headers["location"])).text)
    found = [one for one in page.walk() if "found" in one.classes]
    return page, [row.text for row in found[0].elements] if found else []


async def test_both_sides_find_what_was_written(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    for person in (dana, miriam):
        page, rows = await look(thread, person, "Guinea PIG")
        assert len(rows) == 1 and "guinea pig" in rows[0]
        assert {one.text for one in page.all(tag="mark")} == {"guinea", "pig"}
        there = next(one.get("href") for one in page.all("data-hit"))
        assert "guinea pig" in (await person.get(there)).text
    _, rows = await look(thread, dana, "kestrel nowhere")
    assert rows == []


async def test_nothing_of_another_conversation_is_ever_found(deployment: Deployment) -> None:
    secret, (eli, miriam, dana) = await begin(deployment, "eli", "miriam", "dana", thread="eli confidential")
    await secret.write(eli, "The word is heliotrope.")
    shared = Thread(deployment.cast, "eli clinical")
    for person in (eli, miriam, dana):
        page, rows = await look(shared, person, "heliotrope")
        shown = page if person is dana else page.by_id(f"search-{shared.id}")
        assert rows == [] and shown is not None and "The word is" not in shown.text
    assert (await dana.post(f"{secret.path(dana)}/search", q="heliotrope")).status_code == 404
    _, rows = await look(secret, eli, "heliotrope")
    assert len(rows) == 1


async def test_what_was_withdrawn_or_reworded_is_found_no_more(deployment: Deployment) -> None:
    thread, (dana,) = await begin(deployment, "dana")
    gone, changed = await thread.write(dana, "A quetzal."), await thread.write(dana, "Two quetzals.")
    assert len((await look(thread, dana, "quetzal"))[1]) == 2
    await thread.withdraw(dana, gone)
    await thread.edit(dana, changed, "Two herons.")
    assert (await look(thread, dana, "quetzal"))[1] == []
    assert len((await look(thread, dana, "heron"))[1]) == 1


async def test_the_words_are_in_no_address_and_in_no_log(deployment: Deployment) -> None:
    thread, (dana,) = await begin(deployment, "dana")
    page, _ = await look(thread, dana, "zanzibarian")
    assert not [one for one in page.all("href") if "zanzibarian" in one.get("href")]
    led = (await dana.post(f"{thread.path(dana)}/search", q="zanzibarian")).headers["location"]
    assert "zanzibarian" not in led and "zanzibarian" in (await dana.get(led)).text
    assert all("zanzibarian" not in deployment.log(worker) for worker in range(len(deployment.workers)))
    noted = await deployment.sql("select details_sealed from audit where action = 'search conversation'")
    assert noted and all(row["details_sealed"] is None for row in noted)


@pytest.mark.parametrize("q", ["", "   ", "x" * 101])
async def test_a_search_for_nothing_or_for_too_much_says_so(deployment: Deployment, q: str) -> None:
    thread, people = await begin(deployment, "dana", "miriam")
    for person in people:
        answer = await person.post(f"{thread.path(person)}/search", q=q)
        assert answer.status_code == 422
        page = parse(answer.text)
        assert page.all("data-hit") == [] and page.all("data-number"), "it is said in the conversation"
        assert page.by_id("why-q") is not None


async def test_whose_search_it_is_nobody_else_opens_it(deployment: Deployment) -> None:
    """The page of a search is the conversation's, with the panel open; for others the panel stays closed."""
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    led = (await dana.post(f"{thread.path(dana)}/search", q="guinea")).headers["location"]
    for person, path in ((dana, led), (miriam, f"/staff{led}")):
        page = parse((await person.get(path)).text)
        panel = page.by_id(f"search-{thread.id}")
        assert panel is not None
        assert ("open" in panel.attributes) is (person is dana)
        assert bool(page.all("data-hit")) is (person is dana)
    for sealed in ("x", "é", led.rpartition("=")[2][:-3]):
        assert (await dana.get(f"{thread.path(dana)}?sealed={sealed}")).status_code == 200


async def test_a_search_in_the_inbox_stays_there(deployment: Deployment) -> None:
    thread, (miriam,) = await begin(deployment, "miriam")
    place = f"/staff/inbox/{thread.id}?view=mine"
    answer = await miriam.post(place.replace("?", "/search?"), q="guinea")
    assert answer.headers["location"].startswith(f"{place}&sealed=")
    page = parse((await miriam.get(answer.headers["location"])).text)
    hits = [one.get("href") for one in page.all("data-hit")]
    assert hits and all(href.startswith(f"{place}&at=") for href in hits)
    assert page.by_id("inbox-list") is not None


willow = own_practice(scope="function", workers=0)


async def test_ten_thousand_messages_are_searched_in_a_moment_and_more_in_steps(willow: Deployment) -> None:
    cast = willow.cast
    async with willow.models():
        conversation = await Conversation.get(id=cast.conversation["sam clinical"])
        author = {"staff_id": UUID(cast.staff["miriam"])}
        first = conversation.last_number + 1
        more = [
            rows.message(
                conversation.id,
                first + i,
                conversation.started_at,
                "I’ll be there at the usual time, thank you." if i != 7 else "An aardvark came by.",
                author,
            )
            for i in range(STEP + 500)
        ]
        async with unit():
            await Message.bulk_create(more, 2000)
        scope = Scope(Message, Kind.STAFF, UUID(cast.staff["miriam"]), None)
        found = await search(scope, conversation.id, ["aardvark"])
        assert found.numbers == [] and found.before is not None
        found = await search(scope, conversation.id, ["aardvark"], found.before)
        assert found.numbers == [first + 7] and found.before is None
        took = []
        for _ in range(3):
            began = process_time()  # of this process alone, for others may be at work here: it is what opens messages
            found = await search(scope, conversation.id, ["aardvark"], first + 10_000)
            took.append(process_time() - began)
            assert found.numbers == [first + 7]
        assert min(took) < 0.6, took
        many = await search(scope, conversation.id, ["usual"])
        assert len(many.numbers) == 30 and many.before == many.numbers[-1]
