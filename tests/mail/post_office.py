"""A mail server for tests, as real ones can be: it takes letters, refuses them, makes them wait, or hangs up.

async with PostOffice() as office:
    office.to_rcpt.append("451 4.7.1 Come back later")
    ...
    await office.arrived(1)
"""

import asyncio
import email.policy
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Self, TypeVar

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

SOON = 20.0  # seconds after which what should have happened has not


T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T]], seconds: float = SOON) -> T:
    """Return what a look gives as soon as it gives something."""
    async with asyncio.timeout(seconds):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(0.05)


async def until(holds: Callable[[], bool], seconds: float = SOON) -> None:
    """Return as soon as something holds."""

    async def look() -> bool:
        return holds()

    await eventually(look, seconds)


@dataclass(frozen=True)
class To:
    """The holder of the account that a letter is about."""

    name: str
    email: str
    language: str = "en"
    discreet: bool = False


class PostOffice:
    """`to_rcpt` are answers to the next recipients, "250 …" where there is none; those in `unknown` are refused,
    whoever is written to before them. `hang_up` cuts the line so many
    times after a letter was taken whole, before saying so. Addresses in `slow` wait until `go` is set."""

    def __init__(self, password: str = "") -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.senders: list[str] = []  # of the envelopes: where a letter comes back to
        self.to_rcpt: deque[str] = deque()
        self.unknown: set[str] = set()
        self.hang_up = 0
        self.slow: set[str] = set()
        self.go = asyncio.Event()
        self.waiting = 0
        self.most_waiting = 0
        self.password = password
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._line, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._lines: list[SMTP] = []
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for line in self._lines:
            if line.transport is not None:
                line.transport.abort()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def ids(self) -> list[str]:
        return [str(letter["Message-ID"]) for letter in self.letters]

    async def arrived(self, number: int) -> None:
        await self.until(lambda: len(self.letters) >= number)

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(SOON), self._changed:
            await self._changed.wait_for(true)

    def _line(self) -> SMTP:
        more: dict[str, Any] = {}
        if self.password:
            more = {"authenticator": self._knows, "auth_required": True, "auth_require_tls": False}
        line = SMTP(self, hostname="office.example", enable_SMTPUTF8=False, **more)
        self._lines.append(line)
        return line

    def _knows(self, server: SMTP, session: Session, envelope: Envelope, way: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == self.password.encode(), handled=False)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.slow:
            await self._wait()
        if address in self.unknown:
            return "550 5.1.1 No such user here"
        answer = self.to_rcpt.popleft() if self.to_rcpt else "250 Fine"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        async with self._changed:
            letter: Any = email.message_from_bytes(envelope.content, EmailMessage, policy=email.policy.default)
            self.letters.append(letter)
            self.recipients += envelope.rcpt_tos
            self.senders.append(envelope.mail_from or "")
            self._changed.notify_all()
        if self.hang_up:
            self.hang_up -= 1
            server.transport.abort()
        return "250 Taken"

    async def _wait(self) -> None:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        async with self._changed:
            self._changed.notify_all()
        await self.go.wait()
        self.waiting -= 1
