"""Something that can happen in a practice, and the practice in which it does."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import uuid4

from portal.models.ground.fact import unit
from tests.cast import Cast, Person
from tests.deployment import Deployment


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
        thread = f"{self.cast.client['noa']}/conversations/{self.cast.conversation['noa clinical']}"
        for who, clients in (("dana", "/clients"), ("miriam", "/staff/clients")):
            person = await self.person(who)
            await person.send(f"{clients}/{thread}/messages", key=str(uuid4()), body=f"A word, {uuid4().hex}.")
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
    sampled: bool = False  # tried with sockets, workers and Redis in every run
    last: bool = False  # it can't be taken back

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


class Verbs(list[Act]):
    """The verbs of a room's models, in an order in which it can happen.

        @VERBS("a colleague joins a care team", "noa")
        async def _(cast: Cast) -> None: ...

    Each is done in this process by one unit of work. One that begins with "and" goes on from the one before, which
    happens first where it has not."""

    def __call__(
        self, name: str, client: str = "", sampled: bool = False, last: bool = False
    ) -> Callable[[Callable[[Cast], Awaitable[None]]], None]:
        def register(run: Callable[[Cast], Awaitable[None]]) -> None:
            before = self[-1] if name.startswith("and ") else None

            async def happen(stage: Stage) -> None:
                if before is not None and before.name not in stage.happened:
                    await before.happen(stage)
                stage.happened.add(name)
                async with stage.deployment.models(), unit():
                    await run(stage.cast)
                await stage.settled()

            self.append(Act(name, happen, client, sampled=sampled, last=last))

        return register
