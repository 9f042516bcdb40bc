"""A valid request for a route, as rooms bring them."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2
from starlette.routing import Route

from tests.cast import Cast, Person

OTHERS = itertools.count()  # another each time, and not by luck

Form = Callable[[Cast], dict[str, str]]


@dataclass(frozen=True)
class Sample:
    """`who` asks (empty: somebody not signed in) about a client, in a conversation, and is answered `status`."""

    who: str
    status: int
    client: str = "noa"
    account: str = "dana"  # as whom staff look
    conversation: str = "noa clinical"
    notice: str = ""  # whose newest one
    template: str = ""  # whose newest one, or the practice's
    form: Form = lambda cast: {}
    before: "Callable[[Sample, Route, Person], Awaitable[None]] | None" = None  # brings about what it is about
    sampled: bool = False  # a write that is tried with sockets, workers and Redis in every run
    script: bool = False  # sent as live.js does, answered with a part of a page
    headers: dict[str, str] = field(default_factory=dict)

    def path(self, route: Route, cast: Cast) -> str:
        return route.path.replace(":path}", "}").format(
            client=cast.client[self.client],
            conversation=cast.conversation[self.conversation],
            account=cast.account[self.account],
            notice=cast.notice.get(self.notice, ""),
            message=cast.message[cast.conversation[self.conversation]],
            day=uuid4(),
            offer=uuid4(),
            token="A" * 43,
            template=cast.template.get(self.template, ""),
            **cast.named,
            link=cast.link,
            colleague=cast.staff["grace"],
            version="v",
            path="portal.css",
        )

    async def prepare(self, route: Route, person: Person) -> None:
        """Bring about what the request is about."""
        if self.before is not None:
            await self.before(self, route, person)

    async def find(self, cast: Cast) -> None:
        """Look up what the path is to name, and only what happened can tell."""
        if self.notice:
            await cast.look_at_notices()
        if self.template:
            await cast.look_at_templates()

    async def ask(self, route: Route, person: Person, worker: int | None = None, **headers: str) -> httpx2.Response:
        """Make the request as this person."""
        await self.find(person.cast)
        path = self.path(route, person.cast)
        more = self.headers | ({"HX-Request": "true"} if self.script else {}) | headers
        if is_write(route):
            return await person.post(path, worker, more, **self.form(person.cast))
        return await person.get(path, worker, **more)


def is_write(route: Route) -> bool:
    return "POST" in (route.methods or ())


def name_of(route: Route) -> str:
    return f"{'POST' if is_write(route) else 'GET'} {route.path}"


def wishes(**form: str) -> Form:
    return lambda cast: form
