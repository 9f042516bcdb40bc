"""English and Spanish from one catalogue; dates, times and ages as people say them."""

import datetime as dt
import gettext
import re
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_day_names
from babel.messages.pofile import read_po

from portal import clock
from portal.settings import ROOT

LANGUAGES = {"en": "English", "es": "Español"}


class Catalogue(gettext.NullTranslations):
    """A .po file, read as it is: there is no compile step to forget."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.one: dict[tuple[str | None, str], str] = {}  # by context, for what is one word in English only
        self.many: dict[str, tuple[str, str]] = {}
        path = ROOT / "portal" / "locale" / f"{language}.po"
        if path.exists():
            with path.open("rb") as file:
                for message in read_po(file, locale=language):
                    if not message.id or message.fuzzy:
                        continue
                    if isinstance(message.id, tuple):
                        forms = tuple(message.string or ())
                        self.many[message.id[0]] = (str(forms[0]), str(forms[1]))
                    elif message.string:
                        self.one[message.context, str(message.id)] = str(message.string)

    def gettext(self, message: str) -> str:
        return self.one.get((None, message), message)

    def pgettext(self, context: str, message: str) -> str:
        return self.one.get((context, message), message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        forms = self.many.get(singular)
        # English and Spanish both have two forms, the first for exactly one.
        return (forms or (singular, plural))[0 if n == 1 else 1]


@lru_cache
def catalogue(language: str) -> Catalogue:
    return Catalogue(_known(language))


def say(language: str, message: str, **values: object) -> str:
    """Return a sentence of the catalogue with its places filled."""
    text = catalogue(language).gettext(message)
    return text % values if values else text


def say_many(language: str, one: str, many: str, num: int) -> str:
    """Return a sentence that counts: `num` stands in it."""
    return catalogue(language).ngettext(one, many, num) % {"num": num}


# Spanish says “Ana e Idris”: y becomes e before its own sound, but not before a diphthong as in hierro.
_SOUNDS_LIKE_Y = re.compile(r"(h?[ií]|y)(?![aeiouáéíóú])", re.IGNORECASE)


def listed(language: str, names: list[str]) -> str:
    """Return names as a sentence lists them: “A, B and C”."""
    if len(names) < 2:
        return "".join(names)
    some, last = ", ".join(names[:-1]), names[-1]
    if language == "es" and _SOUNDS_LIKE_Y.match(last):
        return f"{some} e {last}"
    return say(language, "%(some)s and %(last)s", some=some, last=last)


def choose(wanted: str | None) -> str:
    """Return the language of an Accept-Language header that Portal speaks, English otherwise."""
    for part in (wanted or "").split(",")[:20]:
        code = part.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return "en"


def _local(when: dt.datetime, zone: str) -> dt.datetime:
    return when.astimezone(ZoneInfo(zone))


def time_of_day(when: dt.datetime, zone: str, language: str) -> str:
    return _time_in_words(_local(when, zone).time().replace(second=0, microsecond=0), language)


@lru_cache(maxsize=4096)
def _time_in_words(time: dt.time, language: str) -> str:
    text = format_time(time, "short", locale=_locale(language))
    return text.replace("AM", "am").replace("PM", "pm")


@lru_cache
def weekday(day: int, language: str) -> str:
    """Return the name of a day, Monday being 0."""
    return str(get_day_names("wide", locale=_locale(language))[day])


def hour_in_words(minutes: int, language: str) -> str:
    """Return a time of day given in minutes after midnight. The end of the day is said as midnight."""
    return _time_in_words(dt.time(minutes // 60 % 24, minutes % 60), language)


def date_of(when: dt.date, language: str) -> str:
    """Return a date of these months, with its weekday: “Monday, January 4”."""
    return _date(when, "weekday and date", language)


def local_day(when: dt.datetime, zone: str) -> dt.date:
    return _local(when, zone).date()


def moment_of(day: dt.date, zone: str, time: dt.time = dt.time()) -> dt.datetime:
    """Return when it is this time of a day there: its beginning, where no time is given."""
    return dt.datetime.combine(day, time, ZoneInfo(zone)).astimezone(dt.UTC)


# Babel's nearest pattern for a weekday with its date shortens the words, and sets a comma in Spanish
# that nobody writes.
_PATTERNS = {
    "en": {
        "weekday": "EEE",
        "exact": "EEE, MMM d",
        "exact, of a year": "EEE, MMM d, y",
        "weekday and date": "EEEE, MMMM d",
        "weekday and date of a year": "EEEE, MMMM d, y",
        "date": "MMM d",
        "date of a year": "MMM d, y",
    },
    "es": {
        "weekday": "EEE",
        "exact": "EEE d MMM",
        "exact, of a year": "EEE d MMM y",
        "weekday and date": "EEEE d 'de' MMMM",
        "weekday and date of a year": "EEEE d 'de' MMMM 'de' y",
        "date": "d MMM",
        "date of a year": "d MMM y",
    },
}


@lru_cache(maxsize=4096)
def _date(when: dt.date, pattern: str, language: str) -> str:
    return str(format_date(when, _PATTERNS[_known(language)][pattern], locale=_locale(language)))


def day(when: dt.date, zone: str, language: str) -> str:
    """Return “Today”, “Yesterday”, or the day in words. It stands alone, as a heading, so it begins large."""
    today = local_day(clock.now(), zone)
    if when == today:
        return say(language, "Today")
    if when == today - dt.timedelta(days=1):
        return say(language, "Yesterday")
    text = _date(when, "weekday and date" if when.year == today.year else "weekday and date of a year", language)
    return text[0].upper() + text[1:]


def short(when: dt.datetime, zone: str, language: str) -> str:
    """Return a time in a list: the hour today, the weekday this week, else the date."""
    local, today = local_day(when, zone), local_day(clock.now(), zone)
    if local == today:
        return time_of_day(when, zone, language)
    if 0 < (today - local).days < 7:
        return _date(local, "weekday", language)
    return _date(local, "date" if local.year == today.year else "date of a year", language)


def shortly_after(when: dt.datetime, before: dt.datetime, zone: str, language: str) -> str:
    """Return a moment as it stands below another one: the time on the same day, with the weekday within the week after
    it, else with the date. It is said the same on any day."""
    local, begun, time = local_day(when, zone), local_day(before, zone), time_of_day(when, zone, language)
    if local == begun:
        return time
    if (local - begun).days < 7:
        return f"{_date(local, 'weekday', language)} {time}"
    return f"{_date(local, 'date' if local.year == begun.year else 'date of a year', language)}, {time}"


def exactly(when: dt.datetime, zone: str, language: str) -> str:
    """Return a moment that is said the same on any day: “Thu, Oct 22, 9:00 am”."""
    local = local_day(when, zone)
    this_year = local.year == local_day(clock.now(), zone).year
    date = _date(local, "exact" if this_year else "exact, of a year", language)
    return f"{date}, {time_of_day(when, zone, language)}"


@lru_cache(maxsize=4096)
def date_in_words(when: dt.date, language: str) -> str:
    return str(format_date(when, "long", locale=_locale(language)))


def today_in_words(zone: str, language: str) -> str:
    return _date(local_day(clock.now(), zone), "weekday and date", language)


def age(born: dt.date, zone: str) -> int:
    today = local_day(clock.now(), zone)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def age_in_words(born: dt.date, zone: str, language: str) -> str:
    return say_many(language, "Age %(num)s", "Age %(num)s", age(born, zone))


def _known(language: str) -> str:
    return language if language in LANGUAGES else "en"


def _locale(language: str) -> str:
    return f"{_known(language)}_US"


def at_in_words(when: dt.datetime, zone: str, language: str) -> str:
    """Return a moment with its day: “today at 2:45 pm”, “March 3, 2026 at 6:12 pm”."""
    local, today = local_day(when, zone), local_day(clock.now(), zone)
    hour = time_of_day(when, zone, language)
    if local == today:
        return say(language, "today at %(time)s", time=hour)
    if local == today - dt.timedelta(days=1):
        return say(language, "yesterday at %(time)s", time=hour)
    return say(language, "%(date)s at %(time)s", date=date_in_words(local, language), time=hour)
