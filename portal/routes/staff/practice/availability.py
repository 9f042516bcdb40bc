"""Settings → Availability: office hours, days that differ, the automatic reply, and whom to call in danger (D7)."""

import dataclasses
import datetime as dt
import re
from typing import Annotated, Any, Literal

from markupsafe import Markup
from pydantic import AfterValidator, Field, create_model

from portal import clock
from portal.language import LANGUAGES, say, weekday
from portal.language.office_hours import reply_words, standing_line, week_line
from portal.models.ground.person import dialled
from portal.models.messages.availability import set_reply
from portal.models.practice.hours import DAY, Office, Span, drop_day, keep_hours, office, set_day, special_days
from portal.models.practice.practice import Practice, hold_practice, the_practice
from portal.permissions import Permission
from portal.regions.practice import availability
from portal.routes.staff.shell import page
from portal.web import rendering
from portal.web.doors import staff
from portal.web.edit_conflict import FormState, WholeState, form_state, whole_status
from portal.web.rendering import learn_practice
from portal.web.slots import Link, link
from portal.web.visit import Answer, Name, Visit, go

link("settings", Link("availability", "Availability", "/staff/settings/availability", needs=Permission.PORTAL_SETTINGS))

HERE = "/staff/settings/availability"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PARTS = ("first", "second")  # a split shift has two
NUMBERS = 4


def _hour(value: str) -> str:
    if value and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII):
        raise ValueError("Write a time like 08:30.")
    return value


_EDGES = tuple(f"{part}_{edge}" for part in PARTS for edge in ("from", "to"))
Hour = Annotated[str, Field(max_length=8), AfterValidator(_hour)]
_hours: dict[str, Any] = {
    f"{day}_{part}_{edge}": (Hour, "") for day in DAYS for part in PARTS for edge in ("from", "to")
}
_hours["none"] = (Literal["yes", ""], "")  # no hours are to be kept
_hours["weekdays"] = (Literal["yes", ""], "")  # those of Monday are to be those of each weekday


class Hours(WholeState):
    @classmethod
    def labels(cls, language: str) -> dict[str, str]:
        labels = {"none": say(language, "Remove office hours")}
        for n, name in enumerate(DAYS):
            day = weekday(n, language).capitalize()
            labels |= {
                f"{name}_first_from": say(language, "%(day)s, from", day=day),
                f"{name}_first_to": say(language, "%(day)s, to", day=day),
                f"{name}_second_from": say(language, "%(day)s, again from", day=day),
                f"{name}_second_to": say(language, "%(day)s, again to", day=day),
            }
        return labels


Week = create_model("Week", __base__=Hours, **_hours)


class NewDay(WholeState):
    day: Annotated[dt.date, Field(title="Date")]
    label: Annotated[Name, Field(title="Why", max_length=80)] = ""
    begins: Annotated[Hour, Field(title="Open from")] = ""
    ends: Annotated[Hour, Field(title="Open until")] = ""


class Texts(WholeState):
    """Words in each language."""

    @classmethod
    def labels(cls, language: str) -> dict[str, str]:
        return super().labels(language) | {f"text_{one}": name for one, name in LANGUAGES.items()}


class Reply(Texts):
    on: Annotated[Literal["yes", "no"], Field(title="Automatic reply")]
    text_en: Annotated[str, Field(max_length=1000)] = ""
    text_es: Annotated[str, Field(max_length=1000)] = ""


def _number(value: str) -> str:
    if value and not re.fullmatch(r"\+?[\d\s().-]{2,25}", value, re.ASCII):
        raise ValueError("Write digits, with a plus, spaces, dots or hyphens where you like.")
    return value


_numbers: dict[str, Any] = {f"label_{n}": (Annotated[Name, Field(max_length=40)], "") for n in range(NUMBERS)}
_numbers |= {f"number_{n}": (Annotated[str, Field(max_length=30), AfterValidator(_number)], "") for n in range(NUMBERS)}


class CrisisTexts(Texts):
    text_en: Annotated[str, Field(max_length=300)] = ""
    text_es: Annotated[str, Field(max_length=300)] = ""

    @classmethod
    def labels(cls, language: str) -> dict[str, str]:
        labels = super().labels(language)
        for n in range(NUMBERS):
            labels[f"number_{n}"] = say(language, "Number %(n)s", n=n + 1)
            labels[f"label_{n}"] = say(language, "Number %(n)s, shown as", n=n + 1)
        return labels


Crisis = create_model("Crisis", __base__=CrisisTexts, **_numbers)


@staff("GET /staff/settings/availability", Permission.PORTAL_SETTINGS)
async def show(visit: Visit) -> Answer:
    return await _page(visit, await the_practice())


async def _page(visit: Visit, practice: Practice, form: str = "") -> Answer:
    """The page; of the `form` that was sent and not taken, what was written stands there again."""
    language = visit.language
    kept = await office()
    form_state = {
        "week": _week_state(visit, practice),
        "day": await _day_state(visit, practice),
        "reply": _reply_state(visit, practice),
        "crisis": _crisis_state(visit, practice),
    }
    return await page(
        visit,
        "staff/practice/availability.html",
        title=visit.say("Availability"),
        place="settings",
        status=whole_status(*form_state.values()),
        action=HERE,
        days=[(name, weekday(n, language)) for n, name in enumerate(DAYS)],
        parts=PARTS,
        keeps=practice.week is not None,
        form_state=form_state,
        values={name: one.values for name, one in form_state.items()},
        zone=kept.zone.replace("_", " "),
        replies=practice.reply_by is not None,
        today=kept.local_day(clock.now()).isoformat(),
        preview=Markup(_preview(visit, kept, form_state["week"].values)),
        tongues=LANGUAGES,
        errors=visit.errors,
        wrong=form,
        regions={"office": await visit.draw(availability.office_now)},
    )


def _week_state(visit: Visit, practice: Practice) -> FormState:
    labels = Week.labels(visit.language)
    now = dict.fromkeys(labels, "") | {"none": practice.week is None} | _fields(practice.week)
    return form_state(visit, Week, now, labels, practice)


async def _day_state(visit: Visit, practice: Practice) -> FormState:
    """A date that nobody has written of is empty; of another one, what is on file now."""
    labels = NewDay.labels(visit.language)
    now = dict.fromkeys(labels, "")
    if visit.asked is NewDay and visit.form is not None:
        for known in await special_days(visit.form.day):
            if known["day"] == visit.form.day:
                now = {"day": known["day"].isoformat(), "label": known["label"], "begins": "", "ends": ""}
                for begin, end in known["spans"]:
                    now |= {"begins": _clock(begin), "ends": _clock(end % DAY)}
    return form_state(visit, NewDay, now, labels, practice)


def _reply_state(visit: Visit, practice: Practice) -> FormState:
    now: dict[str, Any] = {"on": practice.reply_by is not None}
    now |= {f"text_{tongue}": _reply(practice, tongue) for tongue in LANGUAGES}
    return form_state(visit, Reply, now, Reply.labels(visit.language), practice)


def _crisis_state(visit: Visit, practice: Practice) -> FormState:
    labels = Crisis.labels(visit.language)
    now = dict.fromkeys(labels, "")
    now |= {f"text_{tongue}": (practice.crisis_words or {}).get(tongue, "") for tongue in LANGUAGES}
    for n, (label, number) in enumerate(practice.crisis[:NUMBERS]):
        now |= {f"label_{n}": label, f"number_{n}": number}
    return form_state(visit, Crisis, now, labels, practice)


def _reply(practice: Practice, language: str) -> str:
    return str((practice.reply_words or {}).get(language) or reply_words(language))


def _fields(week: list[list[Span]] | None) -> dict[str, str]:
    """The hours as the form's fields have them."""
    fields: dict[str, str] = {}
    for name, spans in zip(DAYS, week or [[]] * 7, strict=True):
        for part, (begin, end) in zip(PARTS, spans, strict=False):
            fields |= {f"{name}_{part}_from": _clock(begin), f"{name}_{part}_to": _clock(end % DAY)}
    return fields


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _week(visit: Visit, sent: dict[str, str]) -> list[list[Span]]:
    """The hours of the form; what is wrong with them goes to the errors."""
    week = []
    for name in DAYS:
        spans: list[Span] = []
        for part in PARTS:
            field = f"{name}_{part}_from"
            begin, end = sent.get(field, ""), sent.get(f"{name}_{part}_to", "")
            try:
                spans += _span(begin, end)
                if len(spans) == 2 and spans[1][0] < spans[0][1]:
                    raise ValueError("The second hours must start after the first ones end.")
            except ValueError as reason:
                visit.fault(field, visit.say(str(reason)))
        week.append(spans)
    return week


def _span(begin: str, end: str) -> list[Span]:
    """From and to as minutes; midnight ends a day too."""
    if not begin and not end:
        return []
    if not begin or not end:
        raise ValueError("Write both, from and to, or neither.")
    first, last = (int(_hour(text)[:2]) * 60 + int(text[3:]) for text in (begin, end))
    last = last or DAY
    if first >= last:
        raise ValueError("The end must be after the start.")
    return [(first, last)]


def _preview(visit: Visit, office: Office, sent: dict[str, str]) -> str:
    """Return what clients would read with these hours, and the days that differ."""
    trial = Visit(visit.request, None, visit.who, visit.since, Week)
    week = _week(trial, sent)
    kept = dataclasses.replace(office, week=tuple(map(tuple, week)))
    standing = kept.at(clock.now())
    shown = {
        "el": "preview-hours",
        "error": next(iter(trial.errors.values()), None),
        "week": week_line(visit.language, week),
        "line": standing_line(visit.language, kept, standing) if standing else "",
        "open": bool(standing and standing.open),
    }
    return rendering.render("staff/practice/_hours_preview.html", visit.language, shown)


@staff(
    "POST /staff/settings/availability/preview", Permission.PORTAL_SETTINGS, form=Week, audit=None, transaction=False
)
async def preview(visit: Visit) -> Answer:
    """Show the typed words as they would be read; nothing is saved."""
    return visit.fragment(_preview(visit, await office(), visit.sent))


@staff("POST /staff/settings/availability/hours", Permission.PORTAL_SETTINGS, form=Week, audit="change office hours")
async def save_hours(visit: Visit) -> Answer:
    """Keep these hours, or none: then clients are told nothing about them. Those of Monday come to each weekday of the
    form first, where that is asked for; nothing is kept by it."""
    practice = await hold_practice()
    if visit.sent.pop("weekdays", ""):
        visit.sent |= {f"{day}_{edge}": visit.sent.get(f"monday_{edge}", "") for day in DAYS[1:5] for edge in _EDGES}
        visit.note(acted=False)
        return await _page(visit, practice, "week")
    form_state = _week_state(visit, practice)
    week = None if visit.sent.get("none") else _week(visit, visit.sent)
    if form_state.refused:
        return await _page(visit, practice, "week")
    await keep_hours(week)
    return _saved


async def _saved() -> Any:
    """Back to the page, once this worker's other pages know it too."""
    await learn_practice()
    return go(HERE)


@staff("POST /staff/settings/availability/days", Permission.PORTAL_SETTINGS, form=NewDay, audit="change office hours")
async def save_day(visit: Visit) -> Answer:
    """A date that is not as others: closed, or open at other hours."""
    try:
        spans = _span(visit.sent.get("begins", ""), visit.sent.get("ends", ""))
    except ValueError as reason:
        visit.fault("begins", visit.say(str(reason)))
    if not visit.errors:
        today = (await office()).local_day(clock.now())
        if not today <= visit.form.day <= today + dt.timedelta(days=400):
            visit.fault("day", visit.say("Choose a day from today on, within the coming year."))
    practice = await hold_practice()
    if (await _day_state(visit, practice)).refused:
        return await _page(visit, practice, "day")
    await set_day(visit.form.day, visit.form.label, spans)
    visit.note(day=visit.form.day)
    return go(HERE)


@staff("POST /staff/settings/availability/days/{day}/removal", Permission.PORTAL_SETTINGS, audit="change office hours")
async def remove_day(visit: Visit) -> Answer:
    await drop_day(visit.id("day"))
    visit.note(day=visit.id("day"))
    return go(HERE)


@staff(
    "POST /staff/settings/availability/reply", Permission.PORTAL_SETTINGS, form=Reply, audit="change automatic reply"
)
async def save_reply(visit: Visit) -> Answer:
    """The automatic reply on or off, and its words; empty ones are the built-in ones."""
    practice = await hold_practice()
    if _reply_state(visit, practice).refused:
        return await _page(visit, practice, "reply")
    said = {tongue: getattr(visit.form, f"text_{tongue}") for tongue in LANGUAGES}
    own = {tongue: text for tongue, text in said.items() if text and text != reply_words(tongue)}
    await set_reply(practice, own or None, visit.me.id if visit.form.on == "yes" else None)
    visit.note(on=visit.form.on)
    return go(HERE)


@staff(
    "POST /staff/settings/availability/crisis", Permission.PORTAL_SETTINGS, form=Crisis, audit="change crisis notice"
)
async def save_crisis(visit: Visit) -> Answer:
    """Save the numbers to call in danger. There is always at least one number."""
    practice = await hold_practice()
    numbers = []
    for n in range(NUMBERS):
        label, number = visit.sent.get(f"label_{n}", "").strip(), visit.sent.get(f"number_{n}", "").strip()
        if number:
            numbers.append([label or number, dialled(number)])
        elif label:
            visit.fault(f"number_{n}", visit.say("Write the number that this calls, or clear what it is shown as."))
    if not numbers:
        visit.fault("number_0", visit.say("Write at least one number to call."))
    if _crisis_state(visit, practice).refused:
        return await _page(visit, practice, "crisis")
    words = {tongue: text for tongue in LANGUAGES if (text := getattr(visit.form, f"text_{tongue}"))}
    await practice.keep(crisis=numbers, crisis_words=words or None)
    return _saved
