"""Birthdays: the day of each, and the moment at which it begins."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from portal.models.practice.age import begins, birthday, turns

UTC = dt.UTC


@pytest.mark.parametrize(
    ("born", "years", "day"),
    [
        ("2008-05-12", 18, "2026-05-12"),
        ("2008-02-29", 18, "2026-03-01"),  # a year without a 29 February
        ("2008-02-29", 16, "2024-02-29"),
        ("2008-02-28", 18, "2026-02-28"),
        ("2008-03-01", 18, "2026-03-01"),
        ("1896-02-29", 4, "1900-03-01"),  # by the hundred it is no leap year
        ("2008-12-31", 18, "2026-12-31"),
    ],
)
def test_a_birthday_is_a_day(born: str, years: int, day: str) -> None:
    assert birthday(dt.date.fromisoformat(born), years) == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    ("day", "zone", "moment"),
    [
        ("2027-05-12", "America/New_York", "2027-05-12T04:00+00:00"),
        ("2027-01-12", "America/New_York", "2027-01-12T05:00+00:00"),
        # The night in which clocks change: midnight is before it, so it is still of the old time.
        ("2027-03-14", "America/New_York", "2027-03-14T05:00+00:00"),
        ("2027-11-07", "America/New_York", "2027-11-07T04:00+00:00"),
        ("2027-03-15", "America/New_York", "2027-03-15T04:00+00:00"),
        # Clocks went from midnight to one: the day began with one o'clock.
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00+00:00"),
        # Clocks went from midnight back to eleven: the day began when midnight came for good.
        ("2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00+00:00"),
        # Clocks went from one back to midnight, so there were two: the day began with the first.
        ("2023-11-05", "America/Havana", "2023-11-05T04:00+00:00"),
        ("2027-05-12", "Pacific/Kiritimati", "2027-05-11T10:00+00:00"),
    ],
)
def test_a_day_begins_in_the_practices_zone(day: str, zone: str, moment: str) -> None:
    begun = begins(dt.date.fromisoformat(day), zone)
    assert begun == dt.datetime.fromisoformat(moment)
    before = (begun - dt.timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
    assert before.date() < dt.date.fromisoformat(day) == begun.astimezone(ZoneInfo(zone)).date()


def test_both_together() -> None:
    born = dt.date(2008, 2, 29)
    assert turns(born, 18, "America/New_York") == dt.datetime(2026, 3, 1, 5, tzinfo=UTC)
    assert turns(born, 20, "America/New_York") == dt.datetime(2028, 2, 29, 5, tzinfo=UTC)
