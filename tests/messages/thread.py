"""One conversation of the demo as two people have it: what they send, and what their pages show of it."""

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import httpx2

from tests.cast import Cast, Person
from tests.deployment import Deployment
from tests.html import Element, parse
from tests.pages import Page, open_page


@dataclass(frozen=True)
class Thread:
    cast: Cast
    name: str = "noa clinical"

    @property
    def id(self) -> str:
        return self.cast.conversation[self.name]

    @property
    def place(self) -> str:
        """The address at which clients have it."""
        return f"/clients/{self.cast.client[self.name.split()[0]]}/conversations/{self.id}"

    def path(self, person: Person) -> str:
        """Return the address at which this person has it."""
        return f"/staff{self.place}" if person.side == "staff" else self.place

    async def write(self, person: Person, text: str, **more: str) -> str:
        """Send a message, and give its id."""
        answer = await person.send(f"{self.path(person)}/messages", key=str(uuid4()), body=text, **more)
        assert answer.status_code == 201, answer.text
        return str(re.findall(r'id="message-([^"]+)"', answer.text)[-1])

    async def edit(self, person: Person, message: str, text: str) -> httpx2.Response:
        return await person.send(f"{self.path(person)}/messages/{message}", body=text)

    async def withdraw(self, person: Person, message: str) -> httpx2.Response:
        return await person.send(f"{self.path(person)}/messages/{message}/withdrawal")

    async def read(self, person: Person) -> None:
        assert (await person.post(f"{self.path(person)}/reading", number=9999)).status_code == 204

    async def acts(self, person: Person, message: str) -> str:
        """Return the page about one message."""
        answer = await person.get(f"{self.path(person)}/messages/{message}")
        assert answer.status_code == 200, answer.text
        return parse(answer.text).text

    @contextlib.asynccontextmanager
    async def open(self, person: Person, worker: int | None = None) -> AsyncIterator[Page]:
        async with open_page(person, self.path(person), worker) as page:
            yield page


async def begin(deployment: Deployment, *names: str, thread: str = "noa clinical") -> tuple[Thread, list[Person]]:
    """A conversation, and these people signed in."""
    return Thread(deployment.cast, thread), [await deployment.cast.sign_in(name) for name in names]


def shown(page: Page, message: str) -> Element:
    """A message as an open page shows it."""
    found = page.document.by_id(f"message-{message}")
    assert found is not None, f"{page} does not show it"
    return found


def state(page: Page, message: str) -> str:
    """Return the words below a message."""
    return next((one.text for one in shown(page, message).walk() if "state" in one.classes), "")
