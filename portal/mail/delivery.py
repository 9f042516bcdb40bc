"""Delivery: letters go from the outbox to the mail server, several at once, none of them lost.

A worker leases what it sends. One that is killed after the mail server took a letter and before that was noted leaves
it leased: another sends it again when the lease is over, with the same Message-ID, by which mail programs know it.
"""

import asyncio
import datetime as dt
import json
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as AS_SENT
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from aiosmtplib import SMTP, SMTPException, SMTPNotSupported, SMTPRecipientsRefused, SMTPResponseException

from portal import clock, crypto
from portal.facts import LetterDelayed, LetterDelivered, LetterDropped, LetterFailed
from portal.logs import where
from portal.mail.bounces import cause_of, status_of
from portal.mail.composing import one_line
from portal.mail.outbox import host
from portal.models.access.invitation import call_off_unsent, live_from_now, tell_unsent
from portal.models.ground.fact import unit
from portal.models.ground.outbox import LeasedLetter, Outbox, Settled, take_letters
from portal.models.ground.record import unseal
from portal.models.mail.bounce import HELD, Cause, is_held, note_arrival, note_failure
from portal.models.mail.mailbox import return_address
from portal.models.mail.unread_letter import when_wanted
from portal.models.practice.practice import the_practice
from portal.realtime.bus import Bus
from portal.settings import settings

log = structlog.get_logger()

IN_FLIGHT = 4
PATIENCE = 20.0  # seconds for one answer of the mail server
AT_MOST = 60.0  # seconds for one letter, however chatty the server
LOOK = 0.5  # seconds between looks for more while letters are in flight
LAST_MOMENT = 5.0  # seconds for letters in flight when the worker is told to end
MOST_TRIES = 15  # four and a half days
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(minutes=1), dt.timedelta(hours=24)
LONGEST_REASON = 300  # characters
NOTE_AGAIN = (1.0, 5.0, 15.0)  # seconds: what was delivered is worth some patience to note


class Later(Exception):
    """A letter that can't go now: the reason to keep."""


class NotBefore(Exception):
    """A letter that waits because the reader's quiet hours have begun."""

    def __init__(self, at: dt.datetime) -> None:
        self.at = at


class Unneeded(Exception):
    """A letter whose news was read meanwhile."""


class Never(Exception):
    """A letter that the mail server refused for good: the reason to show."""


class NotThere(Never):
    """A letter that was refused because of its address."""


async def deliver(bus: Bus) -> int:
    """Send the letters that are due, and those that become due meanwhile; return how many were tried. Without SMTP_URL
    letters stay."""
    flying: set[asyncio.Task[None]] = set()
    tried = 0
    try:
        while settings().smtp_url:
            taken = await take_letters(IN_FLIGHT - len(flying)) if len(flying) < IN_FLIGHT else []
            flying |= {asyncio.create_task(_send(letter, bus)) for letter in taken}
            tried += len(taken)
            if not flying:
                break
            # A slow one must not keep the others waiting.
            _, flying = await asyncio.wait(flying, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if flying:
            _, late = await asyncio.wait(flying, timeout=LAST_MOMENT)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
    return tried


async def _send(letter: LeasedLetter, bus: Bus) -> None:
    """Send one letter, and keep its outcome."""
    line = SMTP(**server(settings().smtp_url), timeout=PATIENCE, local_hostname=host())
    try:
        try:
            if await is_held(letter.id):
                raise Never(HELD)
            async with asyncio.timeout(AT_MOST):
                returnable = await _hand_over(letter, line)
        except (Later, TimeoutError) as reason:
            await _put_off(letter, str(reason) or "silent", bus)
        except NotBefore as quiet:
            await _settle(letter, None, bus, due_at=quiet.at)
        except Unneeded:
            await _settle(letter, LetterDropped, bus, failed_at=clock.now(), payload_sealed=None)
        except Never as reason:
            await _give_up(letter, str(reason), bus, isinstance(reason, NotThere))
        else:
            await _note_delivered(letter, bus, returnable)
            with suppress(SMTPException, OSError):
                await line.quit(timeout=1)
    except Exception as reason:
        log.warning("a letter is left for later", letter=str(letter.id), reason=where(reason))
        # Where that can't be noted either, the lease ends, and it is tried again.
        with suppress(Exception):
            await _put_off(letter, "unforeseen", bus)
    finally:
        line.close()


async def _hand_over(letter: LeasedLetter, line: SMTP) -> bool:
    """Give it to the mail server. Return whether it would be heard of if it came back. Raises Later or Never."""
    try:
        words = json.loads(unseal(Outbox, "payload_sealed", letter.id, letter.box))
    except crypto.Unreadable:
        raise Later("unreadable") from None
    sender = await _sender()
    returned_to = await return_address()
    try:
        await line.connect()
    except SMTPResponseException as reason:
        # A wrong password, say: no fault of the letter's, so it waits until that is put right.
        raise Later(_said(reason.code, reason.message)) from None
    except Exception as reason:
        raise Later(_trouble(reason)) from None
    try:
        to = _by_wire(words["to"])
        # As late as can be: the reader may have opened the page in the last second, or while a mail server let
        # us wait for days.
        if words["kind"] == "unread":
            await _check_wanted(letter)
        envelope = returned_to or sender.addr_spec
        await line.send_message(written(letter, words, sender), sender=envelope, recipients=[to])
    except SMTPRecipientsRefused as refused:
        raise _refusal(refused.recipients[0].code, refused.recipients[0].message, of_recipient=True) from None
    except SMTPResponseException as reason:
        raise _refusal(reason.code, reason.message) from None
    except (SMTPNotSupported, ValueError):
        raise Never("address") from None
    except (SMTPException, OSError) as reason:
        raise Later(_trouble(reason)) from None
    return returned_to is not None


async def _check_wanted(letter: LeasedLetter) -> None:
    """Refuse a letter that is no longer wanted, or not yet. Raises Unneeded or NotBefore."""
    when = await when_wanted(letter.id)
    if when is None:
        raise Unneeded
    if when > clock.now():
        raise NotBefore(when)


def _refusal(code: int, message: str, of_recipient: bool = False) -> Exception:
    """Return what a refusal comes to. A full mailbox is worth another try, whatever the server calls it."""
    words = _said(code, message)
    cause = cause_of(words)
    if not 500 <= code < 600 or cause is Cause.FULL:
        return Later(words)
    return NotThere(words) if of_recipient and cause is Cause.ADDRESS else Never(words)


def _said(code: int, message: str) -> str:
    """Return the server's words, as one line that can be shown."""
    words = " ".join("".join(c if c.isprintable() else " " for c in f"{code} {message}").split())
    return words[:LONGEST_REASON]


def _trouble(reason: Exception) -> str:
    if isinstance(reason, TimeoutError):
        return "silent"
    if isinstance(reason, ssl.SSLError) or isinstance(reason.__cause__, ssl.SSLError):
        return "insecure"
    if "STARTTLS" in str(reason):
        return "insecure"
    if isinstance(reason, SMTPException) and not type(reason).__name__.startswith("SMTPConnect"):
        return "dropped"
    return "unreachable"


# --- What became of it -------------------------------------------------------------------------


async def _note_delivered(letter: LeasedLetter, bus: Bus, returnable: bool) -> None:
    """Note that the mail server took it. The words of one that may come back are kept for a while."""
    columns: dict[str, Any] = {"done_at": clock.now(), "reason": None} | (
        {} if returnable else {"payload_sealed": None}
    )
    for pause in NOTE_AGAIN:
        try:
            return await _settle(letter, LetterDelivered, bus, **columns)
        except Exception:
            await asyncio.sleep(pause)
    await _settle(letter, LetterDelivered, bus, **columns)


async def _put_off(letter: LeasedLetter, reason: str, bus: Bus) -> None:
    if letter.tries >= MOST_TRIES:
        return await _give_up(letter, reason, bus)
    kind = LetterDelayed if reason != letter.reason else None
    await _settle(letter, kind, bus, due_at=clock.now() + wait_after(letter.tries), reason=reason)


async def _give_up(letter: LeasedLetter, reason: str, bus: Bus, not_there: bool = False) -> None:
    await _settle(letter, LetterFailed, bus, not_there, failed_at=clock.now(), reason=reason)


def wait_after(tries: int) -> dt.timedelta:
    """Return how long to wait after so many tries: 1, 2, 4, … minutes, 24 hours at most."""
    return min(FIRST_WAIT * int(2 ** min(tries - 1, 20)), LONGEST_WAIT)


async def _settle(
    letter: LeasedLetter, fact: type[Settled] | None, bus: Bus, not_there: bool = False, **columns: Any
) -> None:
    """End the lease with the letter's outcome. An address that was refused is a task for staff from then on."""
    async with unit() as facts:
        if fact is LetterDelivered:
            await live_from_now(letter.id)  # before the letter, as whoever ends an invitation holds the two
        settled = await letter.settle(fact, **columns)
        if settled and fact is LetterDelivered and letter.tries:
            await note_arrival(letter.id)
            await call_off_unsent(letter.id)
        if settled and not_there:
            await note_failure(letter.id, status_of("", columns["reason"]), columns["reason"])
        elif settled and fact is LetterFailed:
            await tell_unsent(letter.id)
    if facts.facts:
        bus.hint(facts.keys)


# --- The letter as it is sent ------------------------------------------------------------------


def written(letter: LeasedLetter, words: dict[str, str], sender: Address) -> EmailMessage:
    """Return the letter as the same bytes each time but for the boundary between text and HTML. A header never takes a
    line break: the library refuses it."""
    message = EmailMessage(AS_SENT)
    message["From"] = sender_of(words["sender"], sender.addr_spec) if words.get("sender") else sender
    message["To"] = _by_wire(words["to"])
    message["Subject"] = words["subject"]
    message["Date"] = format_datetime(letter.posted_at)
    message["Message-ID"] = letter.message_id
    # Some services put a Message-ID of their own in its place; this one they leave (decision 0015).
    message["X-Portal-Letter"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words["text"], cte="quoted-printable")
    message.add_alternative(words["html"], subtype="html", cte="quoted-printable")
    return message


async def _sender() -> Address:
    """Return the practice as sender, by its own address where it has given one."""
    return sender_of((await the_practice()).name, settings().mail_from or f"no-reply@{host()}")


def sender_of(name: str, address: str) -> Address:
    return Address(display_name=one_line(name), addr_spec=_by_wire(address))


def _by_wire(address: str) -> str:
    """Return the address with its domain as mail servers write it. Raises ValueError where there is no such domain."""
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{domain.encode('idna').decode()}"


def server(url: str) -> dict[str, Any]:
    """Return where and how to connect: `smtp://` takes encryption where it is offered, `smtp+starttls://` asks for it,
    `smtps://` begins with it."""
    parts = urlsplit(url)
    usual = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}[parts.scheme]
    return {
        "hostname": parts.hostname,
        "port": parts.port or usual,
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_tls": parts.scheme == "smtps",
        "start_tls": {"smtp": None, "smtp+starttls": True, "smtps": False}[parts.scheme],
    }
