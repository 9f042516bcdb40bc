"""A chart's contacts: who they are to the client, what they may do, and what each has on the portal."""

import datetime as dt
from typing import Any
from uuid import UUID

from portal import clock
from portal.facts import OfChart, OfInvitation, OfPractice
from portal.language import date_in_words, listed, local_day, say
from portal.models.access.network import network_of
from portal.models.ground.person import initial
from portal.models.ground.record import opened
from portal.models.people.client import Client
from portal.models.people.contact import Contact, ContactLink, contacts_of
from portal.models.practice.practice import the_practice
from portal.permissions import Permission, Restriction, Right
from portal.regions import Context, region
from portal.regions.phrases import ways_to_reach, zone
from portal.viewer import Viewer
from portal.web.slots import Link, link

link("chart", Link("contacts", "Contacts", "/contacts"))

RIGHT_WORDS = {
    Right.FORMS: "forms",
    Right.APPOINTMENTS: "appointments",
    Right.MESSAGES: "messages",
    Right.DOCUMENTS: "documents",
    Right.BILLING: "billing",
}
RESTRICTION_WORDS = {
    Restriction.PAY_ONLY: "Pays only",
    Restriction.NO_CONTACT: "No contact",
    Restriction.NO_RECORDS: "No records",
    Restriction.NO_SCHEDULING: "No scheduling",
}


@region(
    "contacts",
    "staff/people/contacts/_list.html",
    side="staff",
    needs=None,
    on=(OfChart, OfInvitation, OfPractice),
    element="contacts",
)
async def contact_list(viewer: Viewer, client: UUID) -> Context | None:
    chart = await viewer.find(Client, client)
    tied = await contacts_of(viewer.see(ContactLink), client)
    charts = await _charts(viewer, [row["own"] for row in tied if row["own"]])
    may = await viewer.may(Permission.CONTACT_NETWORK) and chart.archived_at is None
    may_look = await viewer.may(Permission.PORTAL_ACCESS)
    address, network = f"/staff/clients/{client}", network_of(await the_practice(), chart)
    rows = [
        _row(viewer.language, row, charts)
        | {"view_href": f"{address}/as/{row['account_id']}/home" if may_look and row["sees"] else None}
        for row in tied
    ]
    return {
        "name": chart.first_name,
        "network": network,
        "settings_href": "/staff/settings/portal" if await viewer.may(Permission.PORTAL_SETTINGS) else None,
        "rows": [row for row in rows if not row["ended"]],
        "ended": [row for row in rows if row["ended"]],
        "here": f"{address}/contacts" if may else None,
        "portal_href": f"{address}/portal",
    }


async def _charts(viewer: Viewer, clients: list[UUID]) -> set[UUID]:
    """Return those of these clients whose charts the viewer may open: to others it is not said that they are
    clients."""
    if not clients:
        return set()
    seen = await viewer.see(Client).where("r.id = any(:own)", own=clients).columns("r.id")
    return {row["id"] for row in seen}


def _row(language: str, row: dict[str, Any], charts: set[UUID]) -> dict[str, Any]:
    now, until = clock.now(), row["until_at"]
    own, ended = row["own"], has_ended(row)
    dates = []
    if row["from_at"] > now:
        dates.append(say(language, "From %(date)s", date=day_in_words(row["from_at"], language)))
    if until is not None:
        of_age = until == row["of_age_at"]
        was, will = ("Ended with coming of age on %(date)s", "Until coming of age on %(date)s")
        if not of_age:
            was, will = ("Ended on %(date)s", "Until %(date)s")
        # The day that is named is the last of an agreed time, and the birthday itself.
        day = day_in_words(until if of_age else until - dt.timedelta(microseconds=1), language)
        dates.append(say(language, was if ended else will, date=day))
    portal = None
    if row["joined_at"]:
        portal = say(language, "On the portal since %(date)s", date=day_in_words(row["joined_at"], language))
    elif row["invited_at"]:
        portal = say(language, "Invited on %(date)s", date=day_in_words(row["invited_at"], language))
    return {
        "id": row["id"],
        "contact": row["contact_id"],
        "name": row["name"],
        "initial": initial(row["name"]),
        "relationship": say(language, row["relationship"]),
        "guardian": row["guardian"],
        "rights": "" if ended else rights_line(language, row),
        "restrictions": [{"label": label, "now": at <= now} for label, at in restrictions_of(language, row, now)],
        "reach": reach_of(row),
        "client_href": f"/staff/clients/{own}" if own in charts else None,
        "dates": dates,
        "portal": portal,
        "ended": ended,
    }


def has_ended(row: dict[str, Any]) -> bool:
    """Tell whether a contact, a row of `contacts_of`, acts for the client no more."""
    return row["until_at"] is not None and row["until_at"] <= clock.now()


def reach_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how a contact can be called and written to."""
    phone = row["phone_sealed"] and opened(Contact, "phone_sealed", row["contact_id"], row["phone_sealed"])
    return ways_to_reach(row["email"], phone)


def day_in_words(when: dt.datetime, language: str) -> str:
    return date_in_words(local_day(when, zone()), language)


def restrictions_of(language: str, row: dict[str, Any], now: dt.datetime) -> list[tuple[str, dt.datetime]]:
    """Return the restrictions on a contact, now or later, each with the moment from which it holds."""
    restrictions = []
    for restriction, words in RESTRICTION_WORDS.items():
        at = row[restriction.column]
        if at is not None:
            label = say(language, words)
            if at > now:
                label = say(language, "%(what)s from %(date)s", what=label, date=day_in_words(at, language))
            restrictions.append((label, at))
    return restrictions


def rights_line(language: str, row: dict[str, Any]) -> str:
    """Say what a contact may do now: their rights, less what is kept from them."""
    now = clock.now()
    kept = [one for one in Restriction if row[one.column] is not None and row[one.column] <= now]
    rights = [
        say(language, words)
        for right, words in RIGHT_WORDS.items()
        if row[right.value] and all(right in one.leaves for one in kept)
    ]
    if not rights:
        return say(language, "No rights on the portal")
    return say(language, "May act in %(rights)s", rights=listed(language, rights))
