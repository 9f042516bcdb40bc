"""The people who act for me: on the client's own pages, with what each may do, to see and, once of age, to choose
(J3)."""

import datetime as dt
from typing import Any
from uuid import UUID

from portal import clock
from portal.facts import OfChart, OfPractice
from portal.language import listed, say
from portal.models.access.account import Access
from portal.models.access.who_acts import NotTheClientsChoice, acting_for, in_person, say_for_oneself
from portal.models.ground.person import initial
from portal.models.people.client import Client
from portal.models.people.contact import ContactLink
from portal.permissions import Restriction
from portal.regions import Context, region
from portal.regions.people.contacts import RIGHT_WORDS, day_in_words
from portal.regions.phrases import base
from portal.viewer import Viewer


@region("who-acts", "client/access/who_acts/_list.html", side="client", needs=None, on=(OfChart, OfPractice))
async def who_acts(viewer: Viewer, client: UUID) -> Context | None:
    chart = await viewer.find(Client, client)
    if not await in_person(viewer.see(Access), client):
        return None
    language, why_not = viewer.language, None
    try:
        await say_for_oneself(chart)
    except NotTheClientsChoice as reason:
        why_not = say(language, reason.why)
    now, address = clock.now(), f"{base(viewer, client)}/who-acts"
    may = why_not is None and viewer.lens is None
    rows = await acting_for(viewer.see(ContactLink), client)
    return {
        "why_not": why_not,
        "rows": [_row(language, row, now) | {"action": f"{address}/{row['id']}" if may else None} for row in rows],
    }


def _row(language: str, row: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    until = row["until_at"]
    past = until is not None and until <= now
    # What is kept from somebody is said nowhere here: they may do the less, and no word says why.
    kept = [one for one in Restriction if row[one.column] is not None and row[one.column] <= now]
    dates = say(language, "Since %(date)s", date=day_in_words(row["from_at"], language))
    if past:
        dates = say(language, "Acted for you until you came of age")
    elif until is not None:
        last = day_in_words(until - dt.timedelta(microseconds=1), language)
        dates += ", " + say(language, "until %(date)s", date=last)
    return {
        "id": row["id"],
        "name": row["name"],
        "initial": initial(row["name"]),
        "relationship": say(language, row["relationship"]),
        # By law a legal guardian's part ends with coming of age, or a court has named one for an adult.
        "guardian": row["guardian"] and not past,
        "dates": dates,
        "past": past,
        "items": [
            {
                "key": right.name.lower(),
                "label": say(language, words).capitalize(),
                "on": row[right.value] and not past and all(right in one.leaves for one in kept),
            }
            for right, words in RIGHT_WORDS.items()
        ],
    }


@region(
    "acting", "client/access/who_acts/_line.html", side="client", needs=None, on=(OfChart, OfPractice), slots=("home",)
)
async def acting(viewer: Viewer, client: UUID) -> Context | None:
    """Sum up in one line on Home who acts, with the way there; nothing where nobody acts or did, or for somebody who
    acts."""
    await viewer.find(Client, client)
    rows = await acting_for(viewer.see(ContactLink), client)
    now, language = clock.now(), viewer.language
    names = [row["name"] for row in rows if row["until_at"] is None or row["until_at"] > now]
    line = None
    if rows:
        line = (
            say(language, "Who can act for you here: %(names)s", names=listed(language, names))
            if names
            else say(language, "Nobody acts for you here any more. You can allow it again.")
        )
    return {"line": line, "href": f"{base(viewer, client)}/who-acts"}
