"""Acts of the access tests: a chart is made, an invitation is sent, a link is followed.

chart = await desk.chart("Wren")
link = await desk.invite(chart)
wren = await desk.sign_up(chart, link)
chart, wren, account = await desk.registered("Wren")  # all of it
"""

import datetime as dt
import hashlib
import itertools
import re
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest

from tests.cast import Cast, Person
from tests.deployment import Deployment, begun
from tests.mail.post_office import PostOffice, eventually

BORN = "1994-08-17"
SECRET = "copper kettle under nine stars"
_number = itertools.count(1)


@dataclass(frozen=True)
class Chart:
    """A client that a test has made for itself; Miriam's, unless somebody else is named."""

    id: str
    first: str
    last: str
    email: str
    born: str

    @property
    def tab(self) -> str:
        return f"/staff/clients/{self.id}/portal"

    @property
    def home(self) -> str:
        return f"/clients/{self.id}/home"


class Desk:
    """A practice whose letters arrive, and its people signed in as they are wanted."""

    def __init__(self, deployment: Deployment, office: PostOffice) -> None:
        self.deployment, self.office = deployment, office
        self._people: dict[str, Person] = {}

    @property
    def cast(self) -> Cast:
        return self.deployment.cast

    async def sql(self, text: str, **values: Any) -> list[dict[str, Any]]:
        return await self.deployment.sql(text, **values)

    async def count(self, rows: str, **values: Any) -> int:
        return await self.deployment.count(rows, **values)

    async def comes(self, text: str, **values: Any) -> list[dict[str, Any]]:
        """The rows of a query, as soon as there are any: what the worker writes takes it a moment."""
        return await eventually(lambda: self.sql(text, **values))

    async def person(self, name: str) -> Person:
        """Someone of the cast, signed in once for all tests."""
        if name not in self._people:
            self._people[name] = await self.cast.sign_in(name)
        return self._people[name]

    async def time_passes(self, **by: float) -> None:
        """Move the practice's clock. Nobody stays signed in for a day: who is asked for again signs in again."""
        await self.deployment.move_clock(**by)
        if by.keys() & {"days", "hours"}:
            self._people.clear()

    def browser(self, worker: int = 0) -> Person:
        """A new browser in which nobody is signed in."""
        return self.cast.stranger(worker, side="client")

    # --- Staff --------------------------------------------------------------------------------

    async def chart(self, first: str = "Wren", born: str = BORN, email: str | None = None, by: str = "miriam") -> Chart:
        """A new chart, of whom nobody else knows."""
        number = next(_number)
        email = f"{first.lower()}.{number}@family.example" if email is None else email
        form = {"first_name": first, "last_name": f"Tester{number}", "email": email, "date_of_birth": born}
        answer = await (await self.person(by)).post("/staff/clients", key=str(uuid4()), **form)
        assert answer.status_code == 303, answer.text
        return Chart(
            answer.headers["location"].rpartition("/")[2], first, form["last_name"], email, form["date_of_birth"]
        )

    async def change(self, chart: Chart, **details: str) -> None:
        """Staff edit what is on file."""
        form = {"first_name": chart.first, "last_name": chart.last}
        form |= {"email": chart.email, "date_of_birth": chart.born} | details
        answer = await (await self.person("miriam")).post(f"/staff/clients/{chart.id}", **form)
        assert answer.status_code == 303, answer.text

    async def act(self, chart: Chart | str, path: str, by: str = "miriam", **form: str) -> httpx2.Response:
        """Press a button of the chart's Portal tab."""
        return await (await self.person(by)).post(f"{_tab(chart)}/{path}", **{"key": str(uuid4())} | form)

    async def tab(self, chart: Chart | str, by: str = "miriam") -> str:
        answer = await (await self.person(by)).get(_tab(chart))
        assert answer.status_code == 200, answer.text
        return answer.text

    async def due_again(self, chart: Chart, minutes: float = 6) -> None:
        """As if what was sent had been sent so much earlier."""
        await self.sql(
            "update invitation set sent_at = sent_at - cast(:by as interval) where client_id = :id",
            by=dt.timedelta(minutes=minutes),
            id=chart.id,
        )

    # --- Links --------------------------------------------------------------------------------

    async def invite(self, chart: Chart, holder: str = "client", by: str = "miriam") -> str:
        """Send the welcome e-mail to the client or, by the id of their link, to a contact, again where there was one;
        gives a token that opens it.

        The real token is in the letter alone, which takes its time: most tests have no need of the letter, and
        put a token of their own in its place."""
        await self.due_again(chart)
        answer = await self.act(chart, "invitations", by=by, holder=holder)
        assert answer.status_code == 303, answer.text
        return await self.plant("invitation", await self.newest_invitation(chart))

    async def invitation(self, chart: Chart) -> dict[str, Any]:
        """Return the newest row of a chart."""
        text = "select * from invitation where client_id = :id order by sent_at desc limit 1"
        return (await self.sql(text, id=chart.id))[0]

    async def newest_invitation(self, chart: Chart) -> str:
        return str((await self.invitation(chart))["id"])

    async def reset(self, account: str) -> str:
        """A token that opens the account's newest reset."""
        rows = await self.sql("select id from reset where account_id = :id order by made_at desc limit 1", id=account)
        return await self.plant("reset", str(rows[0]["id"]))

    async def plant(self, table: str, id: str) -> str:
        token = secrets.token_urlsafe(32)
        hashed = hashlib.sha256(token.encode()).hexdigest()
        await self.sql(f"update {table} set token_hash = :hash where id = :id", hash=hashed, id=id)
        return token

    async def mailed(self, to: str, kind: str, about: str | None = None) -> str:
        """The address of the link (`/welcome/` or `/reset/`) in the newest letter to someone, come by mail;
        `about` names the invitation or reset whose letter it must be."""
        rows = await self.sql("select message_id from outbox where about_id = :id", id=about) if about else []
        ids = {row["message_id"] for row in rows}
        letter = await self._arrived(
            lambda one: to in str(one["To"]) and kind in text_of(one) and (not about or one["Message-ID"] in ids)
        )
        found = re.search(rf"http\S*{kind}[\w-]+", text_of(letter))
        assert found is not None
        return found[0]

    async def letter(self, to: str, says: str) -> EmailMessage:
        """The letter to someone whose subject or text says this; waits for it."""
        return await self._arrived(lambda one: to in str(one["To"]) and says in str(one["Subject"]) + text_of(one))

    async def _arrived(self, is_meant: Callable[[EmailMessage], bool]) -> EmailMessage:
        await self.office.until(lambda: any(map(is_meant, self.office.letters)))
        return next(filter(is_meant, reversed(self.office.letters)))

    # --- The one who was invited --------------------------------------------------------------

    async def begin(self, token: str, browser: Person | None = None) -> Person:
        """Press the button behind the link: a browser with a half-session."""
        browser = browser or self.browser()
        answer = await browser.post("/welcome", token=token)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == "/welcome/birth-date"
        return browser

    async def verified(self, chart: Chart, token: str, browser: Person | None = None) -> Person:
        """The same, with the date of birth given."""
        browser = await self.begin(token, browser)
        answer = await browser.post("/welcome/birth-date", date_of_birth=chart.born)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == "/welcome/password"
        return browser

    async def sign_up(
        self, chart: Chart, token: str | None = None, browser: Person | None = None, secret: str = SECRET
    ) -> Person:
        """All the way: a browser that is signed in as the chart's client."""
        browser = await self.verified(chart, token or await self.invite(chart), browser)
        answer = await browser.post("/welcome/password", password=secret)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == chart.home
        browser.name = chart.first
        return browser

    async def invited(self, first: str = "Wren", **of: str) -> tuple[Chart, str]:
        """A new chart, and a token that opens its client's welcome e-mail."""
        chart = await self.chart(first, **of)
        return chart, await self.invite(chart)

    async def registered(self, first: str = "Wren", **of: str) -> tuple[Chart, Person, str]:
        """A new chart whose client has an account: a browser that is signed in, and the account's id."""
        chart = await self.chart(first, **of)
        return chart, await self.sign_up(chart), await self.account_id(chart)

    async def account(self, chart: Chart) -> dict[str, Any] | None:
        """The account with the chart's e-mail."""
        rows = await self.sql("select * from portal_account where email = :email", email=chart.email)
        assert len(rows) < 2
        return rows[0] if rows else None

    async def account_id(self, chart: Chart) -> str:
        account = await self.account(chart)
        assert account is not None
        return str(account["id"])


def own_desk(scope: Any = "module", **settings: Any) -> Any:
    """Make a fixture: a practice that a file has for itself, with a mail server that is its own, and no letter about a
    message in the midst of a test: `desk = own_desk(workers=1)`."""

    @pytest.fixture(scope=scope)
    async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
        mail = {"PORTAL_DRAIN": "1"} | settings
        async with PostOffice() as office, begun(request, "full", SMTP_URL=office.url, **mail) as deployment:
            await deployment.sql("update practice set mail_after = 240")
            yield Desk(deployment, office)

    return desk


def _tab(chart: Chart | str) -> str:
    return chart.tab if isinstance(chart, Chart) else f"/staff/clients/{chart}/portal"


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def path_of(address: str) -> str:
    return urlsplit(address).path


def token_of(address: str) -> str:
    return path_of(address).rpartition("/")[2]
