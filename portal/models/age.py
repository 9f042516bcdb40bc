"""Birthdays as the practice counts them: the day somebody turns so many years, and the moment it begins."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo


def birthday(born: dt.date, years: int) -> dt.date:
    """The day on which somebody turns so many years. Born on 29 February: 1 March where the year has none, so that
    nobody is taken to be older than they are."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return dt.date(born.year + years, 3, 1)


def begins(day: dt.date, zone: str) -> dt.datetime:
    """The first moment of a day in a zone, in UTC: midnight, the first where there are two, or where clocks go
    forward over midnight, the moment at which they do."""
    return dt.datetime.combine(day, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)


def turns(born: dt.date, years: int, zone: str) -> dt.datetime:
    """The moment at which somebody turns so many years."""
    return begins(birthday(born, years), zone)
