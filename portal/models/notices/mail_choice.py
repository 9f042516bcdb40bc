"""The choice of emails about unread things: at once, once a day, never; and the hours of quiet."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from portal import clock
from portal.models.ground import sql
from portal.models.ground.outbox import tell_way
from portal.models.ground.rules import has_news
from portal.models.practice.practice import the_practice

OFTEN = ("once", "daily", "never")
EVENING = 18 * 60  # minutes of the day


@dataclass(frozen=True)
class MailChoice:
    """A person's choice of emails. Times are minutes of the day, on the practice's clocks. `quiet_from` and
    `quiet_until` are both there or neither; where the first is the later one, the quiet goes through midnight."""

    often: str = "once"
    daily_at: int = EVENING
    quiet_from: int | None = None
    quiet_until: int | None = None

    def when(self, earliest: dt.datetime, zone: str) -> dt.datetime | None:
        """Return when a letter may be written that could be written from this moment on; None for never."""
        if self.often == "never":
            return None
        if self.often == "daily":
            earliest = _next(earliest, self.daily_at, zone)
        return self.after_quiet(earliest, zone)

    def after_quiet(self, at: dt.datetime, zone: str) -> dt.datetime:
        """Return this moment, or the end of the quiet hours that it is in."""
        if self.quiet_from is None or self.quiet_until is None:
            return at
        local = at.astimezone(ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        if self.quiet_from < self.quiet_until:
            quiet = self.quiet_from <= minute < self.quiet_until
        else:
            quiet = minute >= self.quiet_from or minute < self.quiet_until
        return _next(at, self.quiet_until, zone) if quiet else at


def _next(after: dt.datetime, minute: int, zone: str) -> dt.datetime:
    """Return when clocks next show this minute of the day; now, if they do. Where they leap over it, the leap's end."""
    local = after.astimezone(ZoneInfo(zone))
    for days in (0, 1, 2):
        wall = dt.datetime.combine(local.date() + dt.timedelta(days=days), dt.time(*divmod(minute, 60)))
        # An hour that a spring night lacks becomes the one after it; one that an autumn night has twice is twice.
        for fold in (0, 1):
            at = wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(dt.UTC)
            if at >= after:
                return at
    raise AssertionError("A day has every minute, or the next one does")


async def mail_choice(person: UUID) -> MailChoice:
    return (await mail_choices([person]))[person]


async def mail_choices(people: list[UUID]) -> dict[UUID, MailChoice]:
    """Return the choices of these people; the usual one for those who have made none."""
    rows = await sql.rows(
        "select person_id, often, daily_at, quiet_from, quiet_until from mail_choice where person_id = any(:people)",
        people=people,
    )
    chosen = {row.pop("person_id"): MailChoice(**row) for row in rows}
    return {person: chosen.get(person, MailChoice()) for person in people}


async def choose_mail(person: UUID, choice: MailChoice, zone: str) -> None:
    """Keep the choice from now on; letters that wait already follow it too."""
    await sql.upsert("mail_choice", "person_id", person_id=person, **vars(choice))
    await put_off(person, choice.when(clock.now(), zone))


async def wish_letters(notices: dict[UUID, UUID], kind: str) -> None:
    """Have each of these people written to about their notice, if they don't see it within the practice's minutes and
    want letters of this kind."""
    practice, choices = await the_practice(), await mail_choices(sorted(notices))
    soon = clock.now() + dt.timedelta(minutes=practice.mail_after)
    for person, notice in notices.items():
        due = choices[person].when(soon, practice.zone)
        if due is not None:
            await sql.rows(
                "update notice set mail_at = :due where id = :notice and not exists (select 1 from notice_choice q "
                "where q.person_id = :person and q.kind = :kind and not q.mail)",
                due=due,
                notice=notice,
                person=person,
                kind=kind,
            )


async def put_off(person: UUID, at: dt.datetime | None) -> None:
    """Have the letters that wait to be written wait until then; where that is never, they wait no more."""
    if at is None:
        await sql.rows("delete from burst where reader_id = :person and letter_id is null", person=person)
    else:
        await sql.rows(
            "update burst set due_at = :at where reader_id = :person and letter_id is null", person=person, at=at
        )
    await sql.rows(
        "update notice set mail_at = :at where (staff_id = :person or account_id = :person) and mail_at is not null",
        person=person,
        at=at,
    )


async def write_again(account: UUID) -> None:
    """Write to the account's new address about everything that did not reach it at the old one."""
    for row in await sql.rows(
        "select distinct letter_id from burst where reader_id = :account and letter_id is not null", account=account
    ):
        await tell_way(row["letter_id"])
    await sql.rows(
        "update burst as b set letter_id = null, to_number = null, due_at = :now where b.reader_id = :account "
        f"and {has_news('b')} and b.letter_id in ({_NOT_REACHED.format('b')})",
        account=account,
        now=clock.now(),
    )
    await sql.rows(
        "update notice as n set letter_id = null, mail_at = :now where n.account_id = :account "
        f"and n.read_at is null and n.letter_id in ({_NOT_REACHED.format('n')})",
        account=account,
        now=clock.now(),
    )


_NOT_REACHED = "select o.id from outbox o where o.id = {}.letter_id and (o.done_at is null or o.bounced_at is not null)"
