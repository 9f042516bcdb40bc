"""The practice's hours in words: as a line that sums up a week, and as the state of the office at a moment."""

import datetime as dt
from collections.abc import Mapping, Sequence

from portal.language import date_of, hour_in_words, local_day, say, time_of_day, weekday
from portal.models.practice.hours import DAY, Office, OfficeState


def week_line(language: str, week: Sequence[Sequence[Sequence[int]]] | None) -> str:
    """Return “Monday to Friday, 8:30 am to 5:30 pm; Saturday, 9:00 am to 12:00 pm”; empty where no hours are kept."""
    if week is None:
        return ""
    parts, day = [], 0
    while day < 7:
        last = day
        while last < 6 and week[last + 1] == week[day]:
            last += 1
        if week[day]:
            hours = ", ".join(span_line(language, span) for span in week[day])
            parts.append(f"{_days(language, day, last)}, {hours}")
        day = last + 1
    line = "; ".join(parts) or say(language, "Closed every day")
    return line[0].upper() + line[1:]


def _days(language: str, first: int, last: int) -> str:
    if first == last:
        return weekday(first, language)
    return say(language, "%(first)s to %(last)s", first=weekday(first, language), last=weekday(last, language))


def span_line(language: str, span: Sequence[int]) -> str:
    if tuple(span) == (0, DAY):
        return say(language, "all day")
    return say(
        language, "%(begin)s to %(end)s", begin=hour_in_words(span[0], language), end=hour_in_words(span[1], language)
    )


def spans_line(language: str, spans: Sequence[Sequence[int]]) -> str:
    """Return the hours of one date."""
    return ", ".join(span_line(language, span) for span in spans) or say(language, "Closed")


def standing_line(language: str, office: Office, standing: OfficeState) -> str:
    """Return whether the office is open now, and until when. True until its next turn (`Office.turns`)."""
    until = standing.until
    if standing.open:
        if until is None:
            return say(language, "Office open")
        if standing.closing:
            return say(
                language,
                "Office closes within ten minutes, at %(time)s",
                time=time_of_day(until, office.zone, language),
            )
        return say(language, "Office open until %(when)s", when=coming(language, office, until, standing.now))
    when = coming(language, office, until, standing.now) if until else ""
    if standing.label:
        if until is None:
            return say(language, "Office closed today: %(why)s", why=standing.label)
        return say(language, "Office closed: %(why)s. Open again %(when)s", why=standing.label, when=when)
    if until is None:
        return say(language, "Office closed until further notice")
    return say(language, "Office closed until %(when)s", when=when)


def coming(language: str, office: Office, when: dt.datetime, now: dt.datetime) -> str:
    """Return a moment to come: “1:00 pm”, “tomorrow, 8:30 am”, “Monday, 8:30 am”, “Monday, January 4, 8:30 am”."""
    day, today = local_day(when, office.zone), local_day(now, office.zone)
    hour = time_of_day(when, office.zone, language)
    if day == today:
        return hour
    if day == today + dt.timedelta(days=1):
        return say(language, "tomorrow, %(time)s", time=hour)
    near = (day - today).days < 7
    day_name = weekday(day.weekday(), language) if near else date_of(day, language)
    return say(language, "%(date)s, %(time)s", date=day_name, time=hour)


def reply_words(language: str) -> str:
    """Return the built-in automatic reply, with its place for when the office opens."""
    return say(
        language,
        "Thank you for your message. The office is closed now, so nobody has read it yet. We will read it when we "
        "are back: {opens}. If you or someone else is in danger, don’t wait for us: call the numbers above the box.",
    )


def reply_text(language: str, office: Office, standing: OfficeState, practice: str, words: Mapping[str, str]) -> str:
    """Return the automatic reply as it goes out, in the practice's own words (`words`, by language) or the built-in
    ones. It stays in the conversation, so it names the date."""
    opens = say(language, "as soon as the office is open again")
    if standing.until is not None:
        opens = say(
            language,
            "%(date)s, %(time)s",
            date=date_of(local_day(standing.until, office.zone), language),
            time=time_of_day(standing.until, office.zone, language),
        )
    return (words.get(language) or reply_words(language)).replace("{opens}", opens).replace("{practice}", practice)
