"""The mailbox to which mail comes back, read over IMAP with TLS. Nothing in it is changed, moved or deleted."""

import asyncio
import datetime as dt
import imaplib
import re
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass

import structlog

from portal import clock, crypto
from portal.language import say
from portal.logs import where
from portal.mail import bounces
from portal.models.ground.database import is_away
from portal.models.ground.fact import unit
from portal.models.ground.stuck_work import RETURNED, set_aside
from portal.models.mail.mailbox import Mailbox
from portal.realtime.bus import Bus
from portal.settings import settings
from portal.web.public_hosts import Forbidden, looked_up

log = structlog.get_logger()

PORT = 993
PATIENCE = 20.0  # seconds for one answer of the server
AT_MOST = 120.0  # seconds for a whole look, however chatty the server
AT_ONCE = 50  # messages of one look
BACK = dt.timedelta(days=7)  # how far back a mailbox is read that is new to us


class Trouble(Exception):
    """A mailbox that can't be read: one of our codes (`trouble_in_words`)."""


@dataclass(frozen=True)
class Place:
    """The place of a mailbox, and how to get in."""

    host: str
    port: int
    username: str
    password: str
    folder: str


@dataclass(frozen=True)
class Look:
    """The result of a look: the bounces, in order, each with the number of its message; why others could not be read;
    and up to which message the mailbox was read."""

    validity: int
    last_uid: int
    messages: int
    bounces: list[tuple[int, bounces.BounceReport]]
    odd: list[Exception]


async def read_returned(bus: Bus) -> bool:
    """Look into the mailbox if it is time; return whether it was."""
    box = await Mailbox.due()
    if box is None:
        return False
    try:
        place = Place(box.host, box.port, box.username, box.password or "", box.folder)
        result = await asyncio.to_thread(look, place, box.validity, box.last_uid)
    except (Trouble, crypto.Unreadable) as reason:
        log.warning("returned mail could not be read", reason=str(reason)[:60])
        async with unit() as facts:
            await box.failed(str(reason) if isinstance(reason, Trouble) else "unreadable")
        if facts.facts:
            bus.hint(facts.keys)
    else:
        await _note(box, result, bus)
    return True


async def _note(box: Mailbox, found: Look, bus: Bus) -> None:
    """Keep the result of a look, each message alone, and up to where it was read. A message that can't be read, or
    kept, is passed over and reported: it would be in the way again and again."""
    for reason in found.odd:
        await set_aside(RETURNED, str(box.id), reason, bus.hint, passed_over=True)
    for number, bounce in [*found.bounces, (found.last_uid, None)]:
        try:
            async with unit() as facts:
                await box.found(found.validity, number, [bounce] if bounce else [])
        except Exception as reason:
            if is_away(reason):
                raise  # nothing is wrong with the message: the next look begins with it
            await set_aside(RETURNED, str(box.id), reason, bus.hint, passed_over=True)
        else:
            if facts.facts:
                bus.hint(facts.keys)


def look(place: Place, validity: int | None = None, last_uid: int = 0) -> Look:
    """Read the messages that are new since one, or of the last days where the numbers are not those we know. Blocks:
    for a thread. Raises Trouble, with one code for all that can't be reached: else a test of the mailbox would tell
    which machines and doors there are."""
    line: _Line | None = None
    try:
        line = _Line(place)
        return _read(line, place, validity, last_uid)
    except Trouble:
        raise
    except Exception as reason:  # a server may answer anything
        log.info("a mailbox could not be opened", reason=where(reason))
        raise Trouble("unreachable") from None
    finally:
        if line is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                line.logout()


class _Line(imaplib.IMAP4_SSL):
    """A line to an address of the server that was looked at, which ends by itself. Raises Forbidden."""

    def __init__(self, place: Place) -> None:
        named = settings().names_mail_host(place.host, place.port)
        if place.port != PORT and not named:
            raise Forbidden
        self._addresses = looked_up(place.host, place.port, anywhere=named)
        trust = ssl.create_default_context()
        super().__init__(place.host, place.port, ssl_context=trust, timeout=PATIENCE)

    def _create_socket(self, timeout: float) -> ssl.SSLSocket:
        plain = self._connected(timeout)
        # Each answer may take its time; this ends them all, a handshake too, whatever the server does.
        self._held = plain.dup()
        self._ending = threading.Timer(AT_MOST, self._held.shutdown, [socket.SHUT_RDWR])
        self._ending.daemon = True
        self._ending.start()
        try:
            return self.ssl_context.wrap_socket(plain, server_hostname=self.host)  # type: ignore[no-any-return]
        except BaseException:
            self._let_go()
            raise

    def shutdown(self) -> None:
        try:
            super().shutdown()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        self._ending.cancel()
        self._held.close()

    def _connected(self, timeout: float) -> socket.socket:
        for address in self._addresses[:-1]:
            with suppress(OSError):
                return socket.create_connection((address, self.port), timeout)
        return socket.create_connection((self._addresses[-1], self.port), timeout)

    def read(self, size: int) -> bytes:
        """Refuse more bytes than we ask for: a server can announce any number."""
        if size > bounces.LARGEST:
            raise self.abort(f"{size} bytes are more than was asked for")
        return super().read(size)


def _read(line: imaplib.IMAP4_SSL, place: Place, validity: int | None, last_uid: int) -> Look:
    try:
        line.login(place.username, place.password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        raise Trouble("password") from None
    answer, _ = line.select(f'"{_quoted(place.folder)}"', readonly=True)
    if answer != "OK":
        raise Trouble("folder")
    now_valid = int((line.response("UIDVALIDITY")[1] or [b"0"])[0] or 0)
    if now_valid == validity:
        wanted = f"UID {last_uid + 1}:*"
    else:
        last_uid, day = 0, clock.now() - BACK
        wanted = f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}"
    answer, numbers = line.uid("SEARCH", wanted)
    if answer != "OK":
        raise Trouble("unreachable")
    # “12:*” names the last message even where that is before 12.
    numbers = sorted(n for n in map(int, (numbers[0] or b"").split()) if n > last_uid)[:AT_ONCE]
    read, odd = [], []
    for number in numbers:
        raw = _message(line, number)
        try:
            bounce = bounces.read(raw) if raw is not None else None
            if bounce is not None:
                read.append((number, bounce))
        except Exception as reason:  # whatever strangers thought of: the next one is read
            odd.append(reason)
        last_uid = number
    return Look(now_valid, last_uid, len(numbers), read, odd)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _message(line: imaplib.IMAP4_SSL, number: int) -> bytes | None:
    """Return a message as it is, or as much of it as is read of any; None where it has gone meanwhile."""
    answer, parts = line.uid("FETCH", str(number), f"(BODY.PEEK[]<0.{bounces.LARGEST}>)")
    if answer != "OK":
        raise Trouble("unreachable")
    return next((part[1] for part in parts or [] if isinstance(part, tuple)), None)


def _quoted(folder: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", folder)


def trouble_in_words(language: str, trouble: str) -> str:
    match trouble:
        case "password":
            return say(language, "The server didn’t accept the user name and password.")
        case "folder":
            return say(language, "There is no such folder.")
        case "unreadable":
            return say(language, "The password can’t be opened with the keys at hand. Enter it again.")
    return say(
        language,
        "No mailbox could be opened there. Check the server’s name and port: Portal reads over TLS, on port 993 of a "
        "public server. Another one has to be named by whoever runs the machine.",
    )
