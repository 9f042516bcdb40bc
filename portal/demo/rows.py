"""Rows that are made by the hundred: filled in as their models would, written many at a time."""

import datetime as dt
from typing import Any
from uuid import UUID

from portal.models.access.account import PortalAccount
from portal.models.ground import sql
from portal.models.ground.person import canonical_email, colour_for
from portal.models.messages.message import Message
from portal.models.messages.note import Note
from portal.models.people.client import Client


def client(**details: Any) -> Client:
    row = Client(colour="slate", first_name="", last_name="", search="", sorting="")
    row.colour = colour_for(row.id)
    row._take(details)
    return row


def account(name: str, email: str, password_hash: str, **more: Any) -> PortalAccount:
    return PortalAccount(name=name, email=email, email_key=canonical_email(email), password_hash=password_hash, **more)


async def note_answers() -> None:
    """Note when somebody of the practice first wrote in each conversation, as post() notes it."""
    await sql.rows(
        "update conversation set answered_at = (select min(m.sent_at) from message m "
        "where m.conversation_id = conversation.id and m.staff_id is not null) where answered_at is null"
    )


def note(conversation: UUID, number: int, last_at: dt.datetime, text: str, by: UUID) -> Note:
    """A while after the message it stands under."""
    at = last_at + dt.timedelta(minutes=6)
    row = Note(conversation_id=conversation, number=number, staff_id=by, body_sealed=b"", written_at=at)
    row.body = text
    return row


def message(conversation: UUID, number: int, at: dt.datetime, text: str, author: dict[str, UUID]) -> Message:
    """`author` is the one column that names who wrote it: staff_id or account_id."""
    row = Message(conversation_id=conversation, number=number, sent_at=at, body_sealed=b"", **author)
    row.body = text
    return row
