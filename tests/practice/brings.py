"""The practice's own settings, for the tests of all rooms."""

import datetime as dt
from uuid import uuid4

from portal import clock
from portal.models.ground import sql
from portal.models.practice.hours import SpecialDay
from portal.permissions import Permission
from tests.browser.places import Place, older
from tests.cast import Cast
from tests.laws.sample import OTHERS, Sample

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def always_open(cast: Cast) -> dict[str, str]:
    """So that whatever else is tried can be written at any hour."""
    return {f"{day}_first_{edge}": "00:00" for day in DAYS for edge in ("from", "to")}


def a_day_of_its_own(cast: Cast) -> dict[str, str]:
    day = clock.now().date() + dt.timedelta(days=10 + next(OTHERS) % 200)
    return {"day": day.isoformat(), "label": "A day out", "begins": "09:00", "ends": "12:00"}


def an_answer(cast: Cast) -> dict[str, str]:
    return {"on": "yes", "text_en": f"We answer tomorrow, {uuid4().hex[:6]}."}


def ages(cast: Cast) -> dict[str, str]:
    return {"own_account_age": "13", "majority_age": "18"}


def whom_to_call(cast: Cast) -> dict[str, str]:
    return {"text_en": f"We read on weekdays, {uuid4().hex[:6]}.", "number_0": "911", "number_1": "988"}


SAMPLES = {
    "GET /staff/settings/minors": Sample("ada", 200),
    "POST /staff/settings/minors": Sample("ada", 200, form=ages, sampled=True),
    "GET /staff/settings/availability": Sample("ada", 200),
    "POST /staff/settings/availability/hours": Sample("ada", 303, form=always_open, sampled=True),
    "POST /staff/settings/availability/preview": Sample("ada", 200, form=always_open, script=True),
    "POST /staff/settings/availability/days": Sample("ada", 303, form=a_day_of_its_own),
    "POST /staff/settings/availability/days/{day}/removal": Sample("ada", 303),
    "POST /staff/settings/availability/reply": Sample("ada", 303, form=an_answer),
    "POST /staff/settings/availability/crisis": Sample("ada", 303, form=whom_to_call, sampled=True),
}

# The permission or right that a door asks for, by its address.
ASKED = {
    r"\w+ /staff/settings/.*": Permission.PORTAL_SETTINGS,
}


async def fill(cast: Cast) -> None:
    await SpecialDay.create(day="2026-12-25", label="", spans=[])
    await sql.rows("update practice set reply_by = :by", by=cast.staff["miriam"])


# A statement for each check of a table, which refuses it.
BROKEN = {
    "practice": ["update practice set mail_after = 0", "update practice set edit_minutes = -1"],
}


PLACES = [
    Place(
        "hours, changed meanwhile",
        "ada",
        "/staff/settings/availability",
        older("form[action$=hours]", "monday_first_from", "07:00"),
    ),
]
