"""Office hours: hours by weekday, days that differ from them, and whether the office is open at a moment.

Hours are kept as people say them, minutes after midnight in the practice's zone, and become moments of UTC only
here. Whatever changes a page by itself (opening, closing, the ten minutes before, midnight, because pages say
"tomorrow") is a Moment.
"""

import datetime as dt
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tortoise import fields
from tortoise.models import Model

from portal import clock
from portal.facts import OfficeTurned
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.moment import Moment
from portal.models.ground.person import a_name
from portal.models.ground.record import uuid7

Span = tuple[int, int]  # from and to, minutes after midnight of one day; to may be 1440
Stretch = tuple[dt.datetime, dt.datetime]

DAY = 24 * 60
CLOSING = dt.timedelta(minutes=10)  # this long before the end one is told that it comes
BACK, AHEAD = 120, 400  # days looked at, for when it closed and when it opens
PLANNED = 8  # days for which Moments are there


class SpecialDay(Model):
    """A date with hours of its own: none on a holiday, some on a Saturday that is worked."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    day = fields.CharField(max_length=36, unique=True)  # YYYY-MM-DD
    label = fields.CharField(max_length=80, default="", validators=[a_name])
    spans: Any = fields.JSONField(default=list)

    class Meta:
        table = "special_day"


@dataclass(frozen=True)
class Special:
    label: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class OfficeState:
    """The office at a moment: open or not, since when and until when (None: nobody knows, or always)."""

    now: dt.datetime
    open: bool
    since: dt.datetime | None
    until: dt.datetime | None
    label: str = ""  # why it is closed today, where today is a special day

    @property
    def closing(self) -> bool:
        return self.open and self.until is not None and self.until - self.now <= CLOSING


@dataclass(frozen=True)
class Office:
    """The hours of a practice. `week` is None where it keeps none: then nothing is said about them."""

    zone: str
    week: tuple[tuple[Span, ...], ...] | None
    days: tuple[tuple[str, Special], ...] = ()

    def at(self, now: dt.datetime) -> OfficeState | None:
        """Return whether the office is open at a moment; None where no hours are kept."""
        if self.week is None:
            return None
        today = self.local_day(now)
        since: dt.datetime | None = None
        for begin, end in stretches(self, today):
            if begin > now:
                return OfficeState(now, False, since, begin, self._label(today))
            if end > now:
                horizon = end >= _moment(self.zone, today + dt.timedelta(days=AHEAD), 0)
                return OfficeState(now, True, begin, None if horizon else end)
            since = end
        return OfficeState(now, False, since, None, self._label(today))

    def spans(self, day: dt.date) -> tuple[Span, ...]:
        """Return the hours of one date."""
        special = dict(self.days).get(day.isoformat())
        return special.spans if special is not None else (self.week or ((),) * 7)[day.weekday()]

    def open_from(self, day: dt.date) -> dt.date:
        """Return the first day from one on, within a month, on which the office opens; the day itself where none does,
        or where no hours are kept."""
        days = (day + dt.timedelta(days=n) for n in range(31))
        return day if self.week is None else next((open for open in days if self.spans(open)), day)

    def local_day(self, when: dt.datetime) -> dt.date:
        return when.astimezone(ZoneInfo(self.zone)).date()

    def turns(self, now: dt.datetime) -> list[dt.datetime]:
        """Return the moments of the coming days at which a page says something else by itself."""
        if self.week is None:
            return []
        today = self.local_day(now)
        last = now + dt.timedelta(days=PLANNED)
        moments = {_moment(self.zone, today + dt.timedelta(days=n), 0) for n in range(1, PLANNED + 1)}
        for begin, end in stretches(self, today):
            moments |= {begin, end - CLOSING, end}
        return sorted(turn for turn in moments if now < turn <= last)

    def _label(self, day: dt.date) -> str:
        special = dict(self.days).get(day.isoformat())
        return special.label if special is not None and not special.spans else ""


@lru_cache(maxsize=16)
def stretches(office: Office, today: dt.date) -> tuple[Stretch, ...]:
    """Return all times around a day at which the office is open, in order; those that touch are one."""
    joined: list[Stretch] = []
    for n in range(-BACK, AHEAD):
        day = today + dt.timedelta(days=n)
        for first, last in office.spans(day):
            begin, end = _moment(office.zone, day, first), _moment(office.zone, day, last, ends=True)
            if joined and begin <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(end, joined[-1][1])
            elif begin < end:
                joined.append((begin, end))
    return tuple(joined)


def _moment(zone: str, day: dt.date, minutes: int, ends: bool = False) -> dt.datetime:
    """Return a local time as a moment. One that comes twice, when clocks go back, begins at its first and ends at its
    second; one that is left out, when they go forward, is as long after the change as it would have been."""
    day, minutes = day + dt.timedelta(days=minutes // DAY), minutes % DAY
    local = dt.datetime.combine(day, dt.time(minutes // 60, minutes % 60), ZoneInfo(zone))
    moment = local.astimezone(dt.UTC)
    return max(moment, local.replace(fold=1).astimezone(dt.UTC)) if ends else moment


async def office() -> Office:
    """Return the hours as they are kept now, in one query."""
    today = clock.now().date()
    rows = await sql.rows(
        "select p.zone, p.week, d.day, d.label, d.spans from practice p "
        "left join special_day d on d.day between :first and :last order by d.day",
        first=(today - dt.timedelta(days=BACK + 1)).isoformat(),
        last=(today + dt.timedelta(days=AHEAD + 1)).isoformat(),
    )
    if not rows:
        return Office("UTC", None)
    week = rows[0]["week"]
    days = [(row["day"], Special(row["label"], _spans(row["spans"]))) for row in rows if row["day"]]
    return Office(rows[0]["zone"], None if week is None else tuple(_spans(day) for day in week), tuple(days))


def _spans(kept: list[list[int]]) -> tuple[Span, ...]:
    return tuple((int(first), int(last)) for first, last in kept)


async def keep_hours(week: list[list[Span]] | None) -> None:
    """Keep other hours: seven days, Monday first, each with its spans; None keeps none."""
    await sql.rows("update practice set week = :week", week=None if week is None else json.dumps(week))
    await turned()


async def set_day(day: dt.date, label: str, spans: list[Span]) -> None:
    """Give a date hours of its own; none of them is a closed day."""
    await sql.rows(
        "insert into special_day (id, day, label, spans) values (:id, :day, :label, :spans) "
        "on conflict (day) do update set label = excluded.label, spans = excluded.spans",
        id=uuid7(),
        day=day.isoformat(),
        label=label,
        spans=json.dumps(spans),
    )
    await turned()


async def drop_day(id: UUID) -> None:
    """Make the date a day as any other again."""
    await sql.rows("delete from special_day where id = :id", id=id)
    await turned()


async def special_days(first: dt.date) -> list[dict[str, Any]]:
    """Return the dates with hours of their own, from one on."""
    days = await sql.rows(
        "select id, day, label, spans from special_day where day >= :first order by day limit 200",
        first=first.isoformat(),
    )
    return [
        {
            "id": row["id"],
            "day": dt.date.fromisoformat(row["day"]),
            "label": row["label"],
            "spans": _spans(row["spans"]),
        }
        for row in days
    ]


async def turned() -> None:
    """Announce that pages say something else of the office now; plan when they will again."""
    await announce(OfficeTurned())
    await plan_turns()


async def plan_turns() -> None:
    """Have a Moment for each coming turn, and none for those that are no longer to come. Safe to repeat."""
    now = clock.now()
    turns = (await office()).turns(now)
    planned = {
        row["due_at"]: row["id"]
        for row in await sql.rows(
            "select id, due_at from moment where kind = :kind and done_at is null and due_at > :now",
            kind=OfficeTurned.__name__,
            now=now,
        )
    }
    stale = [id for due, id in planned.items() if due not in turns]
    if stale:
        await sql.rows("delete from moment where id = any(:ids)", ids=stale)
    for turn in turns:
        if turn not in planned:
            await Moment.plan(turn, OfficeTurned())
