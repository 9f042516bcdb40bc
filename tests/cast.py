"""The people of the demo practice, signed in by the front door.

dana = await deployment.cast.sign_in("dana")
page = await dana.get(f"/clients/{deployment.cast.client['noa']}/home")
"""

import re
import ssl
from collections import defaultdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import httpx2

from portal.demo import PASSWORD
from tests.rooms import brought_by_name

if TYPE_CHECKING:
    from tests.deployment import Deployment

STAFF = ("miriam", "jo", "idris", "ada", "theo")
ACCOUNTS = ("dana", "ravi", "eli", "sam")

_CERTIFICATES = ssl.create_default_context()  # read once: a browser of its own takes as long as ten pages


class Person:
    """A browser on one worker: it keeps its cookies, and asks as a page of the portal does."""

    def __init__(self, cast: "Cast", name: str, side: str, worker: int) -> None:
        self.cast, self.name, self.side, self.worker = cast, name, side, worker
        # A connection is let go well before the server does so in the midst of a request.
        self.browser = httpx2.AsyncClient(timeout=30, limits=httpx2.Limits(keepalive_expiry=1), verify=_CERTIFICATES)

    @property
    def id(self) -> str:
        """The id of the staff member or the account."""
        return (self.cast.staff if self.side == "staff" else self.cast.account)[self.name]

    @property
    def ids(self) -> dict[str, str]:
        """Everybody's client ids by first name."""
        return self.cast.client

    def base(self, worker: int | None = None) -> str:
        return self.cast.deployment.bases[self.worker if worker is None else worker]

    @property
    def cookies(self) -> str:
        """The Cookie header that this browser sends."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.browser.cookies.jar)

    async def get(self, path: str, worker: int | None = None, follow: bool = False, **headers: str) -> httpx2.Response:
        if "#q=" in path:
            path = await self.search(path.partition("#q=")[2], worker)

        async def ask() -> httpx2.Response:
            return await self.browser.get(self.base(worker) + path, headers=headers, follow_redirects=follow)

        try:
            return await ask()
        except httpx2.RemoteProtocolError:  # a kept connection was closed at that moment: browsers ask again too
            return await ask()

    async def search(self, q: str, worker: int | None = None) -> str:
        """The address of the clients that this person finds so; of all of them, where they may not search. `get` knows
        it as `/staff/clients#q=…`."""
        answer = await self.post("/staff/clients/search", worker, q=q)
        return str(answer.headers.get("location", "/staff/clients"))

    async def htmx(self, path: str, worker: int | None = None) -> httpx2.Response:
        """Ask for a part of a page, as live.js does."""
        return await self.get(path, worker, **{"HX-Request": "true"})

    async def post(
        self, path: str, worker: int | None = None, headers: dict[str, str] | None = None, /, **form: Any
    ) -> httpx2.Response:
        """Send a form from a page of the portal. `headers` are further ones, or others. One that carries a whole state
        is sent as from a page that was opened just now, unless it names the version it was made on."""
        sent = {"Sec-Fetch-Site": "same-origin"} | (headers or {})
        answer = await self.browser.post(self.base(worker) + path, data=form, headers=sent)
        if answer.status_code == 409 and "version" not in form and (version := version_in(answer, path)):
            form |= {"version": version}
            answer = await self.browser.post(self.base(worker) + path, data=form, headers=sent)
        return answer

    async def send(self, path: str, worker: int | None = None, /, **form: Any) -> httpx2.Response:
        """Post as live.js does: the answer is a part of a page."""
        return await self.post(path, worker, {"HX-Request": "true"}, **form)

    async def close(self) -> None:
        await self.browser.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, reason: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class Cast:
    """Everybody's ids, as text, by first name in small letters: `client`, `account`, `staff`, `email`; and
    `conversation` by "noa clinical", "eli confidential"."""

    def __init__(self, deployment: "Deployment") -> None:
        self.deployment = deployment
        self.client: dict[str, str] = {}
        self.account: dict[str, str] = {}
        self.staff: dict[str, str] = {}
        self.email: dict[tuple[str, str], str] = {}  # by side and name
        self.conversation: dict[str, str] = {}
        self.threads: dict[str, list[str]] = defaultdict(list)  # a client's conversations
        self.notice: dict[str, str] = {}  # each person's newest notice about Noa, an unread one before others
        self.message: dict[str, str] = {}  # a conversation's newest message
        self.template: dict[str, str] = {}  # "practice", or whose own
        self.device = ""  # the last that somebody had told
        self.named: dict[str, str] = {}  # what rooms say that `{leave}` in an address is, by its name
        self.link = ""  # between a client and a contact: Dana's with Noa, or the newest that a sample made
        self.filled = False  # each table has a row (tests/rooms.py)
        self._people: list[Person] = []

    @classmethod
    async def of(cls, deployment: "Deployment") -> "Cast":
        cast, look = cls(deployment), deployment.sql
        for row in await look("select id, first_name from client order by id desc"):
            cast.client[_first(row["first_name"])] = str(row["id"])
        for side, known, table in (("client", cast.account, "portal_account"), ("staff", cast.staff, "staff_member")):
            for row in await look(f"select id, name, email from {table} order by id desc"):
                known[_first(row["name"])] = str(row["id"])
                cast.email[side, _first(row["name"])] = row["email"]
        names = {id: name for name, id in cast.client.items()}
        for row in await look("select id, client_id, audience, confidential from conversation order by id"):
            name = names.get(str(row["client_id"]))
            if name is not None:
                kind = "confidential" if row["confidential"] else row["audience"]
                cast.conversation[f"{name} {kind}"] = str(row["id"])
                cast.threads[name].append(str(row["id"]))
        newest = "select id, conversation_id from message where number = (select last_number from conversation c "
        for row in await look(f"{newest}where c.id = message.conversation_id)"):
            cast.message[str(row["conversation_id"])] = str(row["id"])
        for row in await look(
            "select l.id from contact_link l join contact c on c.id = l.contact_id "
            "join client k on k.id = l.client_id where k.first_name = 'Noa' and c.name like 'Dana%'"
        ):
            cast.link = str(row["id"])
        await cast.look_at_templates()
        for name, query in brought_by_name("NAMED").items():
            for row in await look(query):
                cast.named[name] = str(row["id"])
        return cast

    async def look_at_templates(self) -> None:
        people = {id: name for name, id in self.staff.items()}
        for row in await self.deployment.sql("select id, staff_id from message_template order by id"):
            self.template[people.get(str(row["staff_id"]), "practice")] = str(row["id"])

    async def look_at_notices(self) -> None:
        people = {id: name for known in (self.staff, self.account) for name, id in known.items()}
        for row in await self.deployment.sql(
            "select id, coalesce(staff_id, account_id) as person from notice where client_id = :noa "
            "order by read_at is null, number",
            noa=UUID(self.client["noa"]),
        ):
            self.notice[people[str(row["person"])]] = str(row["id"])

    async def sign_in(self, name: str, worker: int = 0) -> Person:
        """A new browser in which this person is signed in; its worker is where it goes unless told otherwise."""
        side = "staff" if name in self.staff else "client"
        person = self.stranger(worker, name, side)
        answer = await person.post("/sign-in", email=self.email[side, name], password=PASSWORD, side=side)
        assert answer.status_code == 303, f"{name} could not sign in: {answer.status_code}\n{answer.text}"
        return person

    def stranger(self, worker: int = 0, name: str = "", side: str = "") -> Person:
        """A new browser in which nobody is signed in."""
        person = Person(self, name, side, worker)
        self._people.append(person)
        return person

    async def close(self) -> None:
        for person in self._people:
            await person.close()


def version_in(page: httpx2.Response, action: str) -> str | None:
    """The version in the form of this page that is sent to this address, by one of its buttons."""
    for one in re.findall(r"<form.*?</form>", page.text, re.DOTALL):
        version = re.search(r'name="version" value="([^"]*)"', one)
        if version and f'action="{action}"' in one:
            return version[1]
    return None


def _first(name: str) -> str:
    return name.split()[0].lower()
