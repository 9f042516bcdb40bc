"""Numbered sentences that one person tells another, and how late each is shown: once, and in order."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic
from uuid import UUID, uuid4

import asyncpg
import httpx2

from portal.facts import MessageSent
from portal.models.ground.record import seal, uuid7
from portal.models.messages.message import Message
from tests.cast import Person
from tests.deployment import Deployment
from tests.pages import Page, in_time

LATE = 2.5  # seconds: the promise is 2, and a busy machine is given a little more
SOON = 1.0  # seconds within which a message is taken, whatever is broken


class Telling:
    """Sentences that one person tells in one conversation, by one worker or by several in turn."""

    def __init__(self, teller: Person, client: str, conversation: str) -> None:
        self.teller, self.conversation = teller, conversation
        side = "/staff" if teller.side == "staff" else ""
        self.path = f"{side}/clients/{client}/conversations/{conversation}"
        self.word = f"Sentence {uuid4().hex[:6]}"
        self.told: dict[str, float] = {}  # each sentence, and when it was taken
        self.took: dict[str, float] = {}  # seconds, for each

    @property
    def slowest(self) -> float:
        return max(self.took.values())

    def was_taken_at_once(self) -> None:
        """No sentence waited: half of them not a second, and none so long that somebody would send it again."""
        if self.took:
            in_time(self.took, SOON)

    async def say(self, count: int = 1, worker: int | None = None) -> None:
        """Send sentences one after the other. Each is taken at once: sending never fails and never waits."""
        for _ in range(count):
            text = f"{self.word} number {len(self.told) + 1}."
            began = monotonic()
            answer = await self.teller.send(f"{self.path}/messages", worker, key=str(uuid4()), body=text)
            self.took[text] = monotonic() - began
            assert answer.status_code == 201, f"{answer.status_code}: {answer.text}"
            self.told[text] = monotonic()

    async def go_on(self, seconds: float, worker: int | None = None, every: float = 0.3) -> None:
        """Say a sentence now and then, for as long as that."""
        until = monotonic() + seconds
        while monotonic() < until:
            await self.say(worker=worker)
            await asyncio.sleep(every)  # the pace of talk, not a wait for anything

    def shown(self, page: Page) -> list[str]:
        """The sentences of this telling that a page's list shows, from top to bottom."""
        stream = page.document.by_id(f"messages-{self.conversation}")
        found = re.compile(rf"{self.word} number \d+\.")
        return found.findall(stream.text) if stream is not None else []


class Ears:
    """Times at which each sentence was first shown on a page."""

    def __init__(self, page: Page, telling: Telling) -> None:
        self.page, self.telling = page, telling
        self.at: dict[str, float] = {}

    async def listen(self) -> None:
        async with self.page._changed:
            while True:
                for text in self.telling.shown(self.page):
                    self.at.setdefault(text, monotonic())
                await self.page._changed.wait()

    async def all(self, late: float = LATE) -> float:
        """Wait for every sentence told so far; they are there once, in order, and half of them no later
        than allowed. Gives the greatest delay in seconds."""
        told = self.telling.told
        await self.page.until(lambda: len(self.telling.shown(self.page)) >= len(told), what="what was told")
        assert self.telling.shown(self.page) == list(told)
        await becomes(lambda: len(self.at) == len(told))
        delays = {f"{text} on {self.page}": self.at[text] - told[text] for text in told}
        in_time(delays, late)
        self.telling.was_taken_at_once()
        return max(delays.values())


@contextlib.asynccontextmanager
async def hearing(page: Page, telling: Telling) -> AsyncIterator[Ears]:
    ears = Ears(page, telling)
    task = asyncio.create_task(ears.listen())
    try:
        yield ears
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def becomes(truth: Callable[[], bool | Awaitable[bool]], within: float = 8.0) -> None:
    """Wait for what says how it is but not when that changes."""
    async with asyncio.timeout(within):
        while True:
            found = truth()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


async def up(deployment: Deployment, worker: int) -> tuple[int, dict[str, object]]:
    """Return the status with which a worker answers for itself, and its words."""
    async with httpx2.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{deployment.workers[worker].port}/up", timeout=10)
    return answer.status_code, answer.json()


async def waits_for_a_lock(deployment: Deployment, part: str = "", count: int = 1) -> None:
    """Wait until so many of the workers' statements, those that contain a text, wait for a lock."""

    async def waiting() -> bool:
        found = await deployment.sql(
            "select count(*) as n from pg_stat_activity where application_name = 'portal' "
            "and datname = current_database() and wait_event_type = 'Lock' and query like :part",
            part=f"%{part}%",
        )
        return bool(found[0]["n"] >= count)

    await becomes(waiting)


@contextlib.asynccontextmanager
async def by_hand(deployment: Deployment, *statements: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction that none of Portal's code has opened, with these statements done; it commits at the end."""
    connection = await asyncpg.connect(deployment.database_url)
    try:
        async with connection.transaction():
            for statement in statements:
                await connection.execute(statement)
            yield connection
    finally:
        await connection.close()


async def one_after_the_other(deployment: Deployment, holds: str, *acts: Awaitable[httpx2.Response]) -> list[int]:
    """Have all of them begin, in this order, before the first can end: a statement of ours, such as `lock table audit`,
    holds what each comes to. Return how each was answered."""
    begun = []
    async with by_hand(deployment, holds):
        for number, act in enumerate(acts, 1):
            begun.append(asyncio.ensure_future(act))
            await waits_for_a_lock(deployment, count=number)
    return [(await answer).status_code for answer in begun]


async def writes(connection: asyncpg.Connection, telling: Telling, client: str, text: str) -> None:
    """Write a message and its fact, as `Conversation.post` does, into an open transaction."""
    id, conversation = uuid7(), UUID(telling.conversation)
    number = await connection.fetchval(
        "update conversation set last_number = last_number + 1, last_at = now(), last_side = 'staff' "
        "where id = $1 returning last_number",
        conversation,
    )
    await connection.execute(
        "insert into message (id, conversation_id, number, staff_id, body_sealed, sent_at) "
        "values ($1, $2, $3, $4, $5, now())",
        id,
        conversation,
        number,
        UUID(telling.teller.id),
        seal(Message, "body_sealed", id, text),
    )
    fact = MessageSent(client=UUID(client), conversation=conversation, number=number)
    await connection.execute(
        "insert into fact (kind, at, keys, body) values ($1, now(), $2, $3)",
        "MessageSent",
        json.dumps(sorted(fact.keys())),
        json.dumps(fact.body()),
    )
