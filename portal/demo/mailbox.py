"""The demo's mail: a real SMTP server on loopback, which keeps every letter as a file, and those files to read."""

import asyncio
import email.policy
import os
import re
import socket
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

_NAME = re.compile(r"\d{19,20}-[0-9a-f]{8}", re.ASCII)


class DemoMailbox:
    """An SMTP server in a thread of its own, for whoever runs this process and those it starts.

    with DemoMailbox(folder) as mailbox: ... mailbox.url
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mailbox", daemon=True)
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        server = self._loop.run_until_complete(
            self._loop.create_server(
                lambda: SMTP(self, hostname="localhost", enable_SMTPUTF8=True, loop=self._loop), sock=self._socket
            )
        )
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._hang_up())
        self._loop.close()

    async def _hang_up(self) -> None:
        lines = asyncio.all_tasks() - {asyncio.current_task()}
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the letter, whole or not at all."""
        assert isinstance(envelope.content, bytes)
        name = f"{time.time_ns()}-{os.urandom(4).hex()}"
        await asyncio.to_thread(self._keep, name, envelope.content)
        return "250 Kept for reading"

    def _keep(self, name: str, content: bytes) -> None:
        part = self.folder / f"{name}.part"
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.rename(self.folder / f"{name}.eml")


@dataclass(frozen=True)
class Mail:
    """A letter as it arrived."""

    name: str
    to: str
    subject: str
    text: str
    at: datetime | None


def newest(folder: Path, most: int = 50) -> list[Mail]:
    """The letters that have come in, the newest first. Reads files: call it in a thread."""
    found = sorted((path for path in folder.glob("*.eml") if _NAME.fullmatch(path.stem)), reverse=True)
    return [_read(path) for path in found[:most]]


def _read(path: Path) -> Mail:
    message: Any = email.message_from_bytes(path.read_bytes(), EmailMessage, policy=email.policy.default)
    body = message.get_body(("plain",))
    date = message["Date"]
    return Mail(
        path.stem,
        str(message["To"] or ""),
        str(message["Subject"] or ""),
        body.get_content() if body is not None else "",
        date.datetime if date is not None else None,
    )
