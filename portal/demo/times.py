"""The times of the demo, counted back from now: it is as fresh on any day, at any hour.

What people say is written in threads.py as lines that begin with a time: `5d 9:04` is five working
days ago at 9:04; `40m` and `3h` are minutes and hours of office time ago, so that at night and at
weekends the newest message came in before the office closed.
"""

import datetime as dt
import re
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal import clock
from portal.demo.people import ZONE

HERE = ZoneInfo(ZONE)
OPENS, CLOSES = dt.time(8, 30), dt.time(17, 30)
_LINE = re.compile(r"(?:(\d+)d (\d+):(\d\d)|(\d+)([hm])) (\w+): (.+)")


class SpokenLine(NamedTuple):
    at: dt.datetime
    who: str
    text: str


def today() -> dt.date:
    return clock.now().astimezone(HERE).date()


def born(age: int, birthday: str) -> dt.date:
    """Return when someone was born who is `age` years old today and has this birthday (month-day)."""
    month, day = map(int, birthday.split("-"))
    to_come = (month, day) > (today().month, today().day)
    return dt.date(today().year - age - to_come, month, day)


def last(month: int, day: int, hour: int, minute: int) -> dt.datetime:
    """Return the latest time in the past that it was this date and hour."""
    at = dt.datetime(today().year, month, day, hour, minute, tzinfo=HERE)
    return (at if at < clock.now() else at.replace(year=at.year - 1)).astimezone(dt.UTC)


def working_day(back: int, hour: int, minute: int) -> dt.datetime:
    """Return the moment that many working days before today, at a time of the clock on the wall."""
    day = today()
    while back:
        day -= dt.timedelta(days=1)
        back -= day.weekday() < 5
    return dt.datetime.combine(day, dt.time(hour, minute), HERE).astimezone(dt.UTC)


def office_minutes_ago(minutes: int) -> dt.datetime:
    """So many minutes ago, counting only those in which the office was open."""
    now, day, left = clock.now(), today(), dt.timedelta(minutes=minutes)
    while True:
        opened = dt.datetime.combine(day, OPENS, HERE).astimezone(dt.UTC)
        until = min(now, dt.datetime.combine(day, CLOSES, HERE).astimezone(dt.UTC))
        if day.weekday() < 5 and until > opened:
            if until - left >= opened:
                return until - left
            left -= until - opened
        day -= dt.timedelta(days=1)


def spoken(lines: str) -> list[SpokenLine]:
    """The messages of a thread, in the order written.

    Early in the day "three hours ago" can fall before "yesterday at five": then the earlier line
    moves.
    """
    said: list[SpokenLine] = []
    for line in lines.strip().splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"This line has no time or no speaker: {line}")
        days, hour, minute, count, per, who, text = match.groups()
        if days:
            at = working_day(int(days), int(hour), int(minute))
        else:
            at = office_minutes_ago(int(count) * (60 if per == "h" else 1))
        said.append(SpokenLine(at, who, text))
    for i in reversed(range(len(said) - 1)):
        latest = said[i + 1].at - dt.timedelta(minutes=1)
        said[i] = said[i]._replace(at=min(said[i].at, latest))
    return said


def paced(paragraphs: str, every: int) -> str:
    """Lines without times, given one paragraph per `every` working days, the last one yesterday."""
    lines: list[str] = []
    days = paragraphs.strip().split("\n\n")
    for i, paragraph in enumerate(days):
        back, minute = 1 + every * (len(days) - 1 - i), 520 + i * 97 % 340
        for line in paragraph.splitlines():
            lines.append(f"{back}d {minute // 60}:{minute % 60:02} {line}")
            minute += 6 + len(line) % 37
    return "\n".join(lines)
