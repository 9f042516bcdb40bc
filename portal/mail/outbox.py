"""The way into the outbox: letters are written by the transaction that caused them, so that neither is ever without the
other."""

import datetime as dt
import json
from urllib.parse import urlsplit
from uuid import UUID

from portal import clock
from portal.language import say
from portal.mail import letters
from portal.mail.composing import Letter
from portal.models.access.account import PortalAccount
from portal.models.ground.outbox import Outbox, drop_letters, forget_old_letters
from portal.models.ground.person import canonical_email
from portal.models.ground.record import uuid7
from portal.settings import settings

__all__ = ["drop_letters", "forget_old_letters", "host", "post", "reason_in_words", "tell_ended", "tell_linked"]


async def post(
    letter: Letter, *, client: UUID | None = None, about: UUID | None = None, due: dt.datetime | None = None
) -> UUID:
    """Put a letter into the outbox, inside the caller's unit of work; the worker sends it after that is committed.

    `client` is the client it is about, for those who may see its way; `about` the invitation or reset whose link it
    carries (see `drop_letters`); `due` when it may leave, at once by default.
    """
    now, id = clock.now(), uuid7()
    await Outbox.put(
        id,
        json.dumps(vars(letter), ensure_ascii=False),
        client_id=client,
        about_id=about,
        message_id=f"<{id}@{host()}>",
        email_key=canonical_email(letter.to),
        posted_at=now,
        due_at=due or now,
    )
    return id


async def tell_ended(account: PortalAccount, client: UUID, name: str | None) -> None:
    """Write to somebody who has lost access to a client, by first name, or to several; inside the caller's unit of
    work."""
    await post(letters.access_ended(account, who=name), client=client, about=account.id)


async def tell_linked(account: PortalAccount, client: UUID, name: str, access: UUID) -> None:
    """Write to somebody who was given access to a client; inside the caller's unit of work."""
    letter = letters.access_linked(account, who=name, link=settings().link("/home"))
    await post(letter, client=client, about=access)


def host() -> str:
    """Return the host by which this deployment is known to people, and so to mail servers."""
    return urlsplit(settings().base_url).hostname or "localhost"


REASONS = {
    "unreachable": "The mail server couldn’t be reached.",
    "silent": "The mail server took too long to answer.",
    "dropped": "The mail server ended the connection.",
    "insecure": "No encrypted connection to the mail server could be made.",
    "address": "The mail server can’t send to this address.",
    "held": "Mail to this address came back. Put the address right, or confirm it, first.",
    "unforeseen": "Something in this email can’t be sent.",
    "unreadable": "The email can’t be opened with the keys at hand.",
}


def reason_in_words(language: str, reason: str) -> str:
    """Say why a letter is not delivered: one of our own codes in words, or the mail server's words."""
    return say(language, REASONS[reason]) if reason in REASONS else reason
