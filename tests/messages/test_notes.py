"""Notes among staff in a conversation stay with staff, and a colleague who is put on it hears of it."""

import asyncio
import re
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

from tests.cast import Cast, Person
from tests.deployment import Deployment
from tests.laws.sample import is_write
from tests.laws.samples import ALL_ROUTES, sample_of
from tests.messages.reading import act, says
from tests.messages.thread import Thread
from tests.pages import Page, are_current, open_page

SECRET = "Zimtschnecke"  # a word that stands in notes alone


async def notes(person: Person, conversation: str, body: str) -> None:
    await act(person, conversation, "notes", key=str(uuid4()), body=body)


async def test_a_note_shows_to_all_colleagues_who_read_it_at_once(full: Deployment) -> None:
    conversation = full.cast.conversation["noa clinical"]
    chart = f"/staff/clients/{full.cast.client['noa']}/conversations/{conversation}"
    async with (
        await full.cast.sign_in("miriam") as miriam,
        await full.cast.sign_in("henrik", worker=1) as henrik,
        open_page(miriam, f"/staff/inbox/{conversation}") as hers,
        open_page(henrik, chart) as his,
    ):
        await notes(miriam, conversation, f"{SECRET}: room 2 has the low table.")
        for page in (hers, his):
            await page.until(lambda page=page: says(page, f"{SECRET}: room 2"), what="the note")  # type: ignore[misc]
            assert says(page, "Note by Miriam Adler") and says(page, "Staff only")
            await page.current()


async def test_a_note_says_something(embedded: Deployment) -> None:
    conversation = embedded.cast.conversation["noa clinical"]
    async with await embedded.cast.sign_in("miriam") as miriam:
        for body in ("", " ", "\u200b\u2060", "x" * 10_001):
            refused = await miriam.send(f"/staff/inbox/{conversation}/notes", key=str(uuid4()), body=body)
            assert refused.status_code == 422 and ("Note: fill this in." in refused.text) == (len(body) < 3)


def _everything_of(cast: Cast, name: str) -> list[str]:
    """The address of every page and part that a client's side has."""
    return [
        sample_of(route).path(route, cast)
        for route in ALL_ROUTES
        if not is_write(route) and not route.path.startswith("/staff") and sample_of(route).who == name
    ]


async def test_no_page_frame_count_search_or_letter_of_the_clients_side_knows_of_a_note(full: Deployment) -> None:
    cast, noa = full.cast, full.cast.client["noa"]
    conversation = cast.conversation["noa clinical"]
    here = f"/clients/{noa}/conversations/{conversation}"
    async with AsyncExitStack() as stack:
        miriam = await stack.enter_async_context(await cast.sign_in("miriam"))
        dana = await stack.enter_async_context(await cast.sign_in("dana"))
        paths = [*_everything_of(cast, "dana"), here, f"/clients/{noa}/home", f"/clients/{noa}/notices"]
        before = {path: _still((await dana.get(path)).text) for path in paths}
        pages: list[Page] = [
            await stack.enter_async_context(open_page(dana, path, worker))
            for path, worker in ((here, 0), (f"/clients/{noa}/home", 1))
        ]
        heard = [len(page.pushes) for page in pages]
        letters = await full.sql("select id from outbox")

        await notes(miriam, conversation, f"{SECRET} and nothing else.")
        await act(miriam, conversation, "handover", key=str(uuid4()), staff=cast.staff["henrik"], body=SECRET)

        for page in pages:
            await page.ask()
        assert [len(page.pushes) for page in pages] == heard
        for path in paths:
            assert _still((await dana.get(path)).text) == before[path], path
        part = await dana.htmx(f"{here}?before=9999")
        assert "data-number" in part.text and SECRET not in part.text and 'class="note"' not in part.text
        searched = await dana.post(f"{here}/search", q=SECRET)
        assert "No message here says that." in (await dana.get(searched.headers["location"])).text
        assert await full.sql("select id from outbox") == letters
        # The one beside it in the list of all that a client may ask for: what can be done with the message it is under.
        newest = await full.sql(
            "select id from message where conversation_id = :c order by number desc limit 1", c=UUID(conversation)
        )
        one = await dana.htmx(f"{here}/messages/{newest[0]['id']}")
        assert one.status_code == 200 and SECRET not in one.text
        # Staff's own search is for what was said to the client, and the reader of the text at rest finds nothing.
        for table in ("fact", "audit", "notice", "moment"):
            assert SECRET not in str(await full.sql(f"select * from {table}"))
        (row,) = await full.sql("select body_sealed from note order by written_at desc limit 1")
        assert SECRET.encode() not in bytes(row["body_sealed"])


def _still(text: str) -> str:
    """A page without what is another each time: its bookmark, its clock, its keys, its nonces."""
    text = re.sub(r'(data-since|data-now|data-idle-until|nonce|content)="[^"]*"', "", text)
    return re.sub(r'name="key" value="[^"]*"', "", text)


async def test_a_colleague_to_whom_it_is_handed_over_has_a_notice(full: Deployment) -> None:
    conversation = full.cast.conversation["eli clinical"]
    async with (
        await full.cast.sign_in("miriam") as miriam,
        await full.cast.sign_in("henrik", worker=1) as henrik,
        open_page(henrik, "/staff/today") as his,
        open_page(henrik, f"/staff/inbox/{conversation}?view=mine") as mine,
    ):
        await act(miriam, conversation, "handover", key=str(uuid4()), staff=henrik.id, body="I’m away until Monday.")
        await his.until(
            lambda: any("Miriam Adler handed this conversation over to you" in str(frame) for frame in his.frames),
            what="a toast",
        )
        await mine.until(lambda: says(mine, "You’re on it"), what="who is on it")
        assert says(mine, "Miriam Adler handed it over to you") and says(mine, "I’m away until Monday.")
        assert "Miriam Adler handed this conversation over to you" in (await henrik.get("/staff/notices")).text
        await are_current(his, mine)


async def test_only_who_may_read_it_can_be_put_on_it(embedded: Deployment) -> None:
    conversation = embedded.cast.conversation["noa clinical"]
    async with await embedded.cast.sign_in("miriam") as miriam:
        asked = await miriam.htmx(f"/staff/inbox/{conversation}/handover")
        assert "Henrik Vasquez" in asked.text and "Jo Marsh" not in asked.text and "Miriam" not in asked.text
        for who, status in (("jo", 409), ("ada", 409), ("theo", 409)):
            answer = await miriam.send(
                f"/staff/inbox/{conversation}/handover", key=str(uuid4()), staff=embedded.cast.staff[who], body=""
            )
            assert answer.status_code == status
        unknown = await miriam.send(
            f"/staff/inbox/{conversation}/handover", key=str(uuid4()), staff=str(uuid4()), body=""
        )
        assert unknown.status_code == 404


async def test_it_is_handed_over_while_a_message_arrives(full: Deployment) -> None:
    conversation = full.cast.conversation["noa clinical"]
    async with (
        await full.cast.sign_in("miriam") as miriam,
        await full.cast.sign_in("henrik", worker=1) as henrik,
        await full.cast.sign_in("dana") as dana,
        open_page(miriam, f"/staff/inbox/{conversation}") as hers,
        open_page(henrik, f"/staff/inbox/{conversation}", 1) as his,
    ):
        for round in range(5):
            to = henrik if round % 2 == 0 else miriam
            await asyncio.gather(
                Thread(dana.cast).write(dana, f"In the very moment, {round}."),
                act(
                    miriam if to is henrik else henrik,
                    conversation,
                    "handover",
                    key=str(uuid4()),
                    staff=to.id,
                    body=f"Over to you, {round}.",
                ),
            )
        for page in (hers, his):
            await page.until(
                lambda page=page: says(page, "In the very moment, 4.") and says(page, "Over to you, 4."),  # type: ignore[misc]
                what="both",
            )
            await page.current()
        for round in range(5):
            assert his.document.text.count(f"In the very moment, {round}.") >= 1
            assert his.document.text.count(f"Over to you, {round}.") == 1
