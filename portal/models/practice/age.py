"""Birthdays as the practice counts them: the day somebody turns so many years, and the moment it begins."""

import datetime as dt
from zoneinfo import ZoneInfo


def birthday(born: dt.date, years: int) -> dt.date:
    """Return the day on which somebody turns so many years. Born on 29 February: 1 March where the year has none, so
    that nobody is taken to be older than they are."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return dt.date(born.year + years, 3, 1)


def begins(day: dt.date, zone: str) -> dt.datetime:
    """Return the first moment of a day in a zone, in UTC: midnight, the first where there are two, or where clocks go
    forward over midnight, the moment at which they do."""
    return dt.datetime.combine(day, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)


def turns(born: dt.date, years: int, zone: str) -> dt.datetime:
    """Return the moment at which somebody turns so many years."""
    return begins(birthday(born, years), zone)


def horizon(now: dt.datetime, zone: str) -> dt.datetime:
    """Return the last moment at which somebody comes of age within the ninety days that are looked ahead."""
    return begins(now.astimezone(ZoneInfo(zone)).date() + dt.timedelta(days=STEPS[0]), zone)


STEPS = (90, 30, 7)  # days before somebody comes of age on which people are told


def steps(at: dt.datetime, zone: str) -> list[dt.datetime]:
    """Return the moments at which something about a coming of age changes by itself: as the last year and the last
    ninety days begin, for pages; in the morning of each of STEPS, because people are told; and the moment itself."""
    day = at.astimezone(ZoneInfo(zone)).date()
    before = [begins(day - dt.timedelta(days=days), zone) for days in STEPS]
    return [comes_near(at, zone), before[0], *(midnight + MORNING for midnight in before), at]


def comes_near(at: dt.datetime, zone: str) -> dt.datetime:
    """Return from when charts tell of a coming of age: the beginning of the day a year before."""
    return begins(at.astimezone(ZoneInfo(zone)).date() - YEAR, zone)


def step(at: dt.datetime, now: dt.datetime, zone: str) -> int | None:
    """Return how many days before a coming of age people are to be told of it now: one of STEPS in its morning, or
    within the two days after it; 0 from the moment itself; None where they are not."""
    local = now.astimezone(ZoneInfo(zone))
    left = (at.astimezone(ZoneInfo(zone)).date() - local.date()).days
    if now >= at:
        return 0 if left > -LATE else None
    morning = now >= begins(local.date(), zone) + MORNING
    return next((days for days in STEPS if morning and days - LATE < left <= days), None)


YEAR = dt.timedelta(days=365)
MORNING = dt.timedelta(hours=8)
LATE = 3  # days
