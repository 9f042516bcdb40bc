"""Facts that commit late, and pages that load while something commits: nothing falls between two looks."""

import asyncio
from contextlib import AsyncExitStack
from time import monotonic
from uuid import UUID

from portal.models.ground.fact import unit
from portal.models.messages.conversation import Conversation
from portal.models.messages.recipients import party_of
from portal.permissions import Audience
from tests.deployment import Deployment
from tests.faults.telling import LATE, Telling, becomes, by_hand, hearing, waits_for_a_lock, writes
from tests.pages import Page, open_page


async def has_looked(deployment: Deployment, times: int) -> None:
    """Wait until the second worker has looked for facts so many times more."""
    before = await deployment.metric("portal_follower_looks", 1)

    async def often_enough() -> bool:
        return await deployment.metric("portal_follower_looks", 1) >= before + times

    await becomes(often_enough)


async def test_a_message_that_commits_long_after_it_was_written_arrives(ground: Deployment) -> None:
    cast = ground.cast
    miriam, dana = await cast.sign_in("miriam", worker=0), await cast.sign_in("dana", worker=1)
    noa, eli = cast.client["noa"], cast.client["eli"]
    late = Telling(miriam, noa, cast.conversation["noa clinical"])
    others = Telling(miriam, eli, cast.conversation["eli clinical"])
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        before = await enter(open_page(dana, late.path.removeprefix("/staff")))
        elsewhere = await enter(open_page(dana, others.path.removeprefix("/staff"), worker=0))
        asleep = await enter(open_page(dana, late.path.removeprefix("/staff"), worker=0))
        text = f"{late.word} number 1."
        async with ground.models(), by_hand(ground) as transaction:
            # The row, its number and its fact are written now; others come and go meanwhile.
            await writes(transaction, late, noa, text)
            await asleep.leave()
            await others.say(3)
            await elsewhere.until(lambda: others.shown(elsewhere) == list(others.told))
            # The count of that other talk takes this page's bookmark past what is not committed.
            await before.next_push("switch")
            during = await enter(open_page(dana, late.path.removeprefix("/staff"), worker=0))
            for page in (before, during, asleep):
                assert late.shown(page) == []
        late.told[text] = monotonic()
        await asleep.come_back(worker=1)
        for page in (before, during, asleep):
            # Nobody has hinted: each worker finds it at its next look.
            async with hearing(page, late) as ears:
                print(f"committed late: {await ears.all(LATE):.2f} s")
            await page.current()
        assert others.shown(elsewhere) == list(others.told)
        await elsewhere.current()


async def test_a_page_that_loads_while_a_message_commits_shows_it_once(ground: Deployment) -> None:
    cast = ground.cast
    miriam, dana = await cast.sign_in("miriam", worker=0), await cast.sign_in("dana", worker=1)
    noa = cast.client["noa"]
    told = Telling(miriam, noa, cast.conversation["noa clinical"])
    path = told.path.removeprefix("/staff")
    texts = [f"{told.word} number {n}." for n in (1, 2)]
    async with ground.models(), open_page(dana, path, socket=False) as early:
        page = Page(dana, path, worker=1)
        async with by_hand(ground, "lock table message in access exclusive mode") as transaction:
            # It has taken its bookmark, and waits to read the messages.
            loading = asyncio.create_task(page.load())
            await waits_for_a_lock(ground, "message")
            await writes(transaction, told, noa, texts[0])
        await loading
        assert told.shown(page) == texts[:1]
        async with by_hand(ground) as transaction:
            await writes(transaction, told, noa, texts[1])
        # One had read nothing of either, the other the first of them, when their sockets opened.
        for each in (early, page):
            await each.come_back()
            await each.settle()
            assert told.shown(each) == texts
            await each.current()
            await each.leave()


async def test_pages_that_load_in_the_middle_of_a_talk_miss_nothing(ground: Deployment) -> None:
    cast = ground.cast
    miriam, dana = await cast.sign_in("miriam", worker=0), await cast.sign_in("dana", worker=1)
    noa, thread = cast.client["noa"], cast.conversation["noa clinical"]
    told, answers = Telling(miriam, noa, thread), Telling(dana, noa, thread)
    async with AsyncExitStack() as stack:
        talk = asyncio.gather(told.say(20), answers.say(20))
        pages = []
        for number in range(8):
            reader, path = ((dana, answers.path), (miriam, told.path))[number % 2]
            # Half of them open their sockets at once, the others when all is said.
            opened = open_page(reader, path, worker=number // 4, socket=number % 4 < 2)
            pages.append(await stack.enter_async_context(opened))
        await talk
        for page in pages:
            if page.connections == 0:
                await page.come_back()
            await page.until(lambda page=page: len(told.shown(page) + answers.shown(page)) >= 40)
            assert told.shown(page) == list(told.told)
            assert answers.shown(page) == list(answers.told)
            await page.current()


async def test_a_page_from_far_behind_takes_no_message_from_one_that_is_ahead(ground: Deployment) -> None:
    cast = ground.cast
    miriam, dana = await cast.sign_in("miriam", worker=0), await cast.sign_in("dana", worker=1)
    noa = cast.client["noa"]
    told = Telling(miriam, noa, cast.conversation["noa clinical"])
    path = told.path.removeprefix("/staff")
    texts = [f"{told.word} number {n}." for n in range(1, 453)]
    async with ground.models(), AsyncExitStack() as stack:
        awake = await stack.enter_async_context(open_page(dana, path))
        asleep = await stack.enter_async_context(open_page(dana, path))
        await asleep.leave()
        async with by_hand(ground) as transaction:
            for text in texts[:450]:
                await writes(transaction, told, noa, text)
        await awake.until(lambda: told.shown(awake) == texts[:450], what="all but the last two")
        # Both are asked for in one round, which begins when the counts, held up here, are rendered.
        async with by_hand(ground, "lock table reading in access exclusive mode"):
            async with by_hand(ground) as transaction:
                await writes(transaction, told, noa, texts[450])
            await waits_for_a_lock(ground)
            asleep.stay()
            async with by_hand(ground) as transaction:
                await writes(transaction, told, noa, texts[451])
            await has_looked(ground, 3)
        for page in (awake, asleep):
            await page.until(lambda page=page: told.shown(page) == texts, what="every message")
            await page.current()


async def test_a_page_that_was_empty_when_it_fell_asleep_is_told_everything(ground: Deployment) -> None:
    cast = ground.cast
    miriam, dana = await cast.sign_in("miriam", worker=0), await cast.sign_in("dana", worker=1)
    noa = cast.client["noa"]
    async with ground.models():
        async with unit():
            _, parents = (await party_of(UUID(noa), "family")).people
            begun = await Conversation.start(UUID(noa), Audience.CLINICAL, parents, with_client=False)
        told = Telling(miriam, noa, str(begun.id))
        texts = [f"{told.word} number {n}." for n in range(1, 421)]
        async with open_page(dana, told.path.removeprefix("/staff")) as page:
            await page.leave()
            async with by_hand(ground) as transaction:
                for text in texts:
                    await writes(transaction, told, noa, text)
            # The worker has told these facts to whom was there: the page hears of them by its bookmark alone.
            await has_looked(ground, 2)
            await page.come_back()
            await page.until(lambda: told.shown(page) == texts, what="every message")
            await page.current()
