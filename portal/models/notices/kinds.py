"""Kinds of notices, and the end of their news: it was seen, or is no longer so."""

from enum import Enum
from typing import Any
from uuid import UUID

from portal import clock
from portal.facts import NoticesRead
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.rules import news_to


class About(Enum):
    """The thing a notice leads to, which one must be able to see or it is not shown. Of each that names a client, the
    client too."""

    CONVERSATION = "conversation"
    CLIENT = "client"
    NOTHING = "nothing"


class NoticeLetter(Enum):
    """The way a person who has not seen a notice is written to."""

    NEWS = "together with other notices, where they want letters of its kind"
    BURST = "once for the messages of a while, where they want letters of its kind"
    OWN = "by a letter of its own, at once"


class NoticeKind(Enum):
    """A kind of notice. Icons and words are in regions/notices/notice_words.py, a row for each."""

    MESSAGE = ("message", About.CONVERSATION, NoticeLetter.BURST)
    HANDED_OVER = ("handed_over", About.CONVERSATION)
    JOINED = ("joined", About.CLIENT)  # somebody who was invited has signed up
    LOCKED = ("locked", About.CLIENT)  # somebody whom one invited gave too many wrong dates of birth
    UNSENT = ("unsent", About.CLIENT)  # an invitation of one's own couldn't be delivered
    IN_CARE = ("in_care", About.CLIENT)  # a client was given to one's care
    STANDS_IN = ("stands_in", About.NOTHING)  # one was asked to stand in for a colleague who is away
    RIGHTS = ("rights", About.CLIENT)  # what somebody may do for a client has changed
    GRANTED = ("granted", About.CLIENT)  # an account was given access to a client
    TO_CONFIRM = ("to_confirm", About.NOTHING, NoticeLetter.OWN)  # one is offered access, and confirms a date of birth
    COMING_OF_AGE = ("coming_of_age", About.CLIENT)  # a client comes of age soon
    CAME_OF_AGE = ("came_of_age", About.CLIENT)  # a client is of age; to former guardians it names nobody
    BOUNCED = ("bounced", About.CLIENT)  # mail to somebody on a client's chart comes back
    ADDRESS = ("address", About.CLIENT)  # how somebody who acts for a client, or oneself, is reached has changed

    def __init__(self, key: str, about: About, letter: NoticeLetter = NoticeLetter.NEWS) -> None:
        self.key, self.about, self.letter = key, about, letter


async def read_about(record: UUID, staff: UUID | None = None, account: UUID | None = None) -> None:
    """Mark as read the notices about these, because the person has looked at them."""
    column = "staff_id" if staff else "account_id"
    await mark_read(f"{column} = :person and record_id = :record", person=staff or account, record=record)


async def read_by_all(record: UUID) -> None:
    """Mark as read by all the notices about these: they are settled, so there is nothing left to look at."""
    await mark_read("record_id = :record", record=record)


async def call_off(kind: NoticeKind, record: UUID, only: UUID | None = None, but: UUID | None = None) -> None:
    """Call off notices of something that is no longer so: for `only` one person, or for everybody `but` one. No letter
    and no push goes out about it, and told again it is new again."""
    whom = "coalesce(staff_id, account_id)"
    which = f"kind = :kind and record_id = :record{f' and {whom} = :only' if only else ''}"
    await mark_read(f"{which}{f' and {whom} <> :but' if but else ''}", kind=kind.key, record=record, only=only, but=but)


async def call_off_messages(conversation: UUID) -> None:
    """Call off the news of a message that was taken back, for everybody who has nothing else to read there."""
    person, of = "coalesce(notice.staff_id, notice.account_id)", "notice.record_id"
    read_to = f"coalesce((select d.number from reading d where d.conversation_id = {of} and d.reader_id = {person}), 0)"
    await mark_read(
        f"kind = :kind and record_id = :record and not exists (select 1 {news_to(person, of, read_to)})",
        kind=NoticeKind.MESSAGE.key,
        record=conversation,
    )


async def mark_read(which: str, **values: Any) -> None:
    marked = await sql.rows(
        f"update notice set read_at = :now where read_at is null and {which} returning staff_id, account_id",
        now=clock.now(),
        **values,
    )
    for staff, account in {(row["staff_id"], row["account_id"]) for row in marked}:
        await announce(NoticesRead(staff=staff, account=account))
