"""Office hours: split shifts, holidays, worked Saturdays, midnight, and the days on which clocks change."""

import datetime as dt
from zoneinfo import ZoneInfo

from portal import clock
from portal.facts import OfficeTurned
from portal.language.office_hours import reply_text, standing_line, week_line
from portal.models.ground import sql
from portal.models.ground.fact import unit
from portal.models.ground.moment import Moment
from portal.models.practice import hours
from portal.models.practice.hours import Office, Span, Special, plan_turns

NEW_YORK = "America/New_York"
WEEKDAYS: tuple[tuple[Span, ...], ...] = (((510, 1050),),) * 5 + ((), ())  # 8:30 to 17:30
SPLIT: tuple[tuple[Span, ...], ...] = (((480, 720), (780, 1020)),) * 5 + ((), ())  # a break from 12 to 1


def local(text: str, zone: str = NEW_YORK) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def says(office: Office, at: str, language: str = "en") -> str:
    standing = office.at(local(at, office.zone))
    assert standing is not None
    return standing_line(language, office, standing).replace("\u202f", " ")


def test_a_day_as_it_passes() -> None:
    office = Office(NEW_YORK, WEEKDAYS)
    assert says(office, "2026-11-25T08:29") == "Office closed until 8:30 am"
    assert says(office, "2026-11-25T08:30") == "Office open until 5:30 pm"
    assert says(office, "2026-11-25T17:19") == "Office open until 5:30 pm"
    assert says(office, "2026-11-25T17:20") == "Office closes within ten minutes, at 5:30 pm"
    assert says(office, "2026-11-25T17:30") == "Office closed until tomorrow, 8:30 am"
    assert says(office, "2026-11-27T18:00") == "Office closed until Monday, 8:30 am"
    assert says(office, "2026-11-25T17:20", "es").startswith("El consultorio cierra en menos de diez minutos: 5:30")


def test_a_break_closes_it_and_shifts_that_touch_do_not() -> None:
    office = Office(NEW_YORK, SPLIT)
    assert says(office, "2026-11-25T11:55") == "Office closes within ten minutes, at 12:00 pm"
    assert says(office, "2026-11-25T12:30") == "Office closed until 1:00 pm"
    whole = Office(NEW_YORK, (((480, 720), (720, 1020)),) * 7)
    assert says(whole, "2026-11-25T11:55") == "Office open until 5:00 pm"


def test_midnight_is_no_closing_and_always_open_never_closes() -> None:
    night = Office(NEW_YORK, (((1320, 1440),), ((0, 360),)) + ((),) * 5)
    assert says(night, "2026-11-23T23:55") == "Office open until tomorrow, 6:00 am"
    always = Office(NEW_YORK, (((0, 1440),),) * 7)
    assert says(always, "2026-11-25T03:00") == "Office open"
    assert says(Office(NEW_YORK, ((),) * 7), "2026-11-25T12:00") == "Office closed until further notice"
    assert Office(NEW_YORK, None).at(clock.now()) is None


def test_holidays_and_days_that_are_worked_for_once() -> None:
    days = (("2026-11-26", Special("Thanksgiving", ())), ("2026-11-28", Special("", ((540, 720),))))
    office = Office(NEW_YORK, WEEKDAYS, days)
    assert says(office, "2026-11-25T18:00") == "Office closed until Friday, 8:30 am"
    assert says(office, "2026-11-26T10:00") == "Office closed: Thanksgiving. Open again tomorrow, 8:30 am"
    assert says(office, "2026-11-28T10:00") == "Office open until 12:00 pm"
    long = tuple((f"2026-12-{day}", Special("", ())) for day in range(14, 32))
    assert says(Office(NEW_YORK, WEEKDAYS, long), "2026-12-14T09:00") == (
        "Office closed until Friday, January 1, 8:30 am"
    )


def test_whoever_was_away_is_back_when_the_office_is_open() -> None:
    office = Office(NEW_YORK, WEEKDAYS, (("2026-11-30", Special("A day out", ())),))
    friday, saturday = dt.date(2026, 11, 27), dt.date(2026, 11, 28)
    assert office.open_from(friday) == friday
    assert office.open_from(saturday) == dt.date(2026, 12, 1), "after the weekend and the day out"
    assert Office(NEW_YORK, None).open_from(saturday) == saturday, "no hours are kept"
    assert Office(NEW_YORK, ((),) * 7).open_from(saturday) == saturday, "it never opens"


def test_a_closure_is_one_from_its_first_minute_to_its_last() -> None:
    """Its beginning is by what the automatic reply is given once."""
    office = Office(NEW_YORK, WEEKDAYS)
    times = ["2026-11-27T17:30", "2026-11-28T12:00", "2026-11-30T08:29"]
    begun = {standing.since for at in times if (standing := office.at(local(at)))}
    assert begun == {local("2026-11-27T17:30")}


def test_the_days_on_which_clocks_change() -> None:
    """In New York clocks went back on November 1, 2026 at 2:00, and forward on March 8 at 2:00."""
    nights = Office(NEW_YORK, (((0, 150),),) * 7)  # open until 2:30
    back = nights.at(local("2026-11-01T00:30"))
    assert back is not None and back.until == dt.datetime(2026, 11, 1, 7, 30, tzinfo=dt.UTC)
    twice = Office(NEW_YORK, (((60, 90),),) * 7).at(local("2026-11-01T00:30"))
    assert twice is not None and twice.until == dt.datetime(2026, 11, 1, 5, 0, tzinfo=dt.UTC)  # the first 1:00
    inside = Office(NEW_YORK, (((60, 90),),) * 7).at(dt.datetime(2026, 11, 1, 6, 10, tzinfo=dt.UTC))
    assert inside is not None and inside.open  # the second 1:10
    assert inside.until == dt.datetime(2026, 11, 1, 6, 30, tzinfo=dt.UTC)
    left_out = nights.at(local("2026-03-08T00:30"))
    assert left_out is not None and left_out.until == dt.datetime(2026, 3, 8, 7, 30, tzinfo=dt.UTC)
    day = Office(NEW_YORK, (((510, 1050),),) * 7)
    for date in ("2026-03-07", "2026-03-08", "2026-11-01", "2026-11-02"):
        assert says(day, f"{date}T12:00") == "Office open until 5:30 pm"
    assert {turn.astimezone(ZoneInfo(NEW_YORK)).hour for turn in day.turns(local("2026-03-07T12:00"))} == {0, 8, 17}


def test_a_week_as_a_line() -> None:
    assert week_line("en", WEEKDAYS).replace("\u202f", " ") == "Monday to Friday, 8:30 am to 5:30 pm"
    mixed = (*SPLIT[:4], (), ((0, 1440),), ())
    line = week_line("en", mixed).replace("\u202f", " ")
    assert line == "Monday to Thursday, 8:00 am to 12:00 pm, 1:00 pm to 5:00 pm; Saturday, all day"
    assert week_line("es", WEEKDAYS).startswith("Lunes a viernes, de 8:30")
    assert week_line("en", ((),) * 7) == "Closed every day"
    assert week_line("en", None) == ""


def test_the_automatic_reply_names_the_date() -> None:
    office = Office(NEW_YORK, WEEKDAYS)
    standing = office.at(local("2026-11-27T18:00"))
    assert standing is not None
    said = reply_text("en", office, standing, "Willow", {"en": "{practice} opens {opens}. {other}"})
    assert said.replace("\u202f", " ") == "Willow opens Monday, November 30, 8:30 am. {other}"
    assert "lunes 30 de noviembre, 8:30" in reply_text("es", office, standing, "Willow", {})


# --- Moments -------------------------------------------------------------------------------------


async def planned() -> list[dt.datetime]:
    rows = await sql.rows("select due_at from moment where kind = 'OfficeTurned' and done_at is null order by due_at")
    return [row["due_at"] for row in rows]


async def test_each_turn_is_planned_once_and_struck_for_ever(practice: None, another_hour: None) -> None:
    async with unit():
        await hours.keep_hours([list(day) for day in WEEKDAYS])
    office, first = await hours.office(), await planned()
    assert office.week == WEEKDAYS and first == office.turns(clock.now())
    for _ in range(2):
        async with unit():
            await plan_turns()
    assert await planned() == first

    clock.move(dt.timedelta(days=30))  # as if the worker had been away: it goes on from there
    async with unit() as said:
        assert len(await Moment.strike(await Moment.due())) == len(first)
        assert {type(fact) for fact in said.facts} == {OfficeTurned}
        await plan_turns()
    again = await planned()
    assert again and min(again) > clock.now() and again == (await hours.office()).turns(clock.now())


async def test_other_hours_and_days_move_what_is_planned(practice: None) -> None:
    async with unit():
        await hours.keep_hours([[(0, 1440)]] * 7)
    assert all(turn.astimezone(ZoneInfo(NEW_YORK)).hour == 0 for turn in await planned())
    day = (await hours.office()).local_day(clock.now()) + dt.timedelta(days=3)
    async with unit():
        await hours.set_day(day, "A day out", [(600, 660)])
        await hours.set_day(day, "A day out", [(600, 690)])
    (special,) = await hours.special_days(day)
    assert special["spans"] == ((600, 690),) and special["label"] == "A day out"
    office = await hours.office()
    assert office.spans(day) == ((600, 690),)
    assert {office.local_day(turn) for turn in await planned() if turn.astimezone(ZoneInfo(NEW_YORK)).hour} == {
        day - dt.timedelta(days=1),
        day,
    }  # the evening before, it is said that it closes at midnight
    async with unit():
        await hours.drop_day(special["id"])
        await hours.keep_hours(None)
    assert await planned() == [] and await hours.special_days(day) == []
