"""Why: everybody who can see a chart or read a conversation, each with the reason in plain words."""

import datetime as dt
from collections.abc import Iterable
from itertools import groupby
from typing import Any
from uuid import UUID

from portal.facts import OfChart, OfStaff
from portal.language import date_in_words, listed, local_day, say
from portal.models.access.account import holds_right
from portal.models.ground.person import initial
from portal.models.ground.record import Kind
from portal.models.messages.conversation import Conversation
from portal.models.messages.readers import OFFICE, SUPERVISOR, TEAM, why_read, why_see
from portal.models.people.client import Client
from portal.permissions import CARE, Audience, Right, Role
from portal.regions import Context, region
from portal.regions.phrases import base, beside_the_team, of_role, relation_in_words, role_label, zone
from portal.viewer import Viewer

READS = {
    Audience.CLINICAL.key: "Reads clinical messages",
    Audience.ADMINISTRATIVE.key: "Reads administrative messages",
    Audience.BILLING.key: "Reads billing messages",
}


@region("readers", "access/_why.html", side="both", needs=Right.MESSAGES, on=(OfChart, OfStaff))
async def readers(viewer: Viewer, client: UUID, conversation: UUID) -> Context | None:
    """Show everybody who can read a conversation."""
    thread, about = await viewer.find(Conversation, conversation), await viewer.find(Client, client)
    why = await why_read(viewer.see(Conversation), conversation)
    if why is None or thread.client_id != client:
        return None
    language = viewer.language
    reads = say(language, READS[thread.audience])
    return {
        "title": say(language, "Who can read this conversation, and why"),
        "people_label": say(language, "On the client’s side"),
        "people": [_person(viewer, about, rows, read=True) for rows in _each(why["people"])],
        "staff": _staff(viewer, about, why["staff"], reads),
    }


@region("who-sees", "access/_why.html", side="both", needs=CARE, on=(OfChart, OfStaff))
async def who_sees(viewer: Viewer, client: UUID) -> Context | None:
    """Show everybody who sees a client's chart; a conversation in it says for itself who reads it."""
    about, why = await viewer.find(Client, client), await why_see(viewer.see(Client), client)
    if why is None:
        return None
    language, colleague = viewer.language, viewer.kind is Kind.STAFF
    # No contact learns of another here, nor that the client has an account.
    people = [row for row in why["people"] if colleague or row["id"] == viewer.id]
    return {
        "title": say(language, "Who can see %(name)s’s chart, and why", name=about.first_name)
        if colleague
        else say(language, "Who at the practice can see what is here about %(name)s, and why", name=about.first_name),
        "people_label": say(language, "On the client’s side") if colleague else say(language, "You"),
        "people": [_person(viewer, about, rows, read=False) for rows in _each(people)],
        "staff": _staff(viewer, about, why["staff"], None),
    }


@region("seen-by", "access/_seen_by.html", side="both", needs=None, on=(OfChart, OfStaff), slots=("home",))
async def seen_by(viewer: Viewer, client: UUID) -> Context | None:
    """Sum up in one line who sees the chart, with the way to the reasons; nothing for a contact who only pays."""
    about, why = await viewer.find(Client, client), await why_see(viewer.see(Client), client)
    if why is None:
        return None
    if viewer.kind is not Kind.STAFF and not await holds_right(viewer.id, client, CARE):
        return {"line": None}
    language, names, others = viewer.language, [], []
    for own in _each(why["staff"]):
        if own[0]["id"] == viewer.id:
            names.append(say(language, "you"))
        elif own[0]["nearest"] == TEAM:
            names.append(own[0]["name"])
        else:
            others.append(own[0])
    names += beside_the_team(viewer, others)
    return {
        "line": say(
            language,
            "At the practice %(names)s can see what is here about %(name)s",
            names=listed(language, names) or say(language, "nobody"),
            name=about.first_name,
        ),
        "href": f"{base(viewer, client)}/who-sees",
    }


def _each(rows: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """The reasons of one person after another, as they come."""
    return [list(own) for _, own in groupby(rows, key=lambda row: row["id"])]


def _entry(name: str, reasons: list[str], you: str = "", staff: bool = False) -> dict[str, Any]:
    """Somebody by name, or as `you`."""
    reasons = list(dict.fromkeys(reasons))
    return {"name": you or name, "initial": initial(name), "reasons": reasons, "staff": staff}


def _person(viewer: Viewer, about: Client, rows: list[dict[str, Any]], read: bool) -> dict[str, Any]:
    """Somebody of the client's side, to staff with what they are to the client."""
    language, first = viewer.language, rows[0]
    if viewer.kind is Kind.STAFF:
        return _entry(first["name"], [reason for row in rows for reason in _by_access(language, row, read)])
    own = any(row["self"] for row in rows)
    if first["id"] == viewer.id:
        reason = (
            say(language, "It is about you")
            if own
            else say(language, "You may act for %(name)s in this", name=about.first_name)
        )
        return _entry(first["name"], [reason], say(language, "You"))
    # Of another contact no more than that they take part, which the conversation says of them already.
    reason = say(language, "It is about them") if own else say(language, "Takes part in this conversation")
    return _entry(first["name"], [reason])


def _by_access(language: str, row: dict[str, Any], read: bool) -> list[str]:
    since = say(language, "On the portal since %(date)s", date=_day(row["since"], language))
    right = [say(language, "Can read messages here")] if read and not row["self"] else []
    return [*_tie(language, row), *right, since]


def _tie(language: str, row: dict[str, Any]) -> list[str]:
    """Say what somebody is to the client."""
    if row["relationship"] is None:
        return [say(language, "The client")]
    return [relation_in_words(language, row)]


def _staff(viewer: Viewer, about: Client, rows: list[dict[str, Any]], reads: str | None) -> list[dict[str, Any]]:
    language, colleague = viewer.language, viewer.kind is Kind.STAFF
    people = []
    for own in _each(rows):
        if not colleague and own[0]["nearest"] != TEAM:
            continue
        you = own[0]["id"] == viewer.id
        reasons = [] if you else [role_label(language, own[0]["role"])]
        reasons += [_near(viewer, about, row) for row in own if colleague or row["near"] == TEAM]
        reasons += [reads] if reads and colleague else []
        people.append(_entry(own[0]["name"], reasons, say(language, "You") if you else "", staff=True))
    return people if colleague else people + _by_role(viewer, rows)


def _by_role(viewer: Viewer, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell the client's side who reads along beside the care team: by role, and why."""
    language, entries = viewer.language, []
    for role in Role:
        of_this = [own for own in _each(rows) if own[0]["nearest"] != TEAM and own[0]["role"] == role.key]
        if not of_this:
            continue
        reasons = [
            say(language, "Works for all clients")
            if row["near"] == OFFICE
            else say(language, "Supervises someone on the care team")
            for own in of_this
            for row in own
        ]
        name = of_role(language, role, len(of_this))
        entries.append(_entry(name[:1].upper() + name[1:], reasons, staff=True))
    return entries


def _near(viewer: Viewer, about: Client, row: dict[str, Any]) -> str:
    language = viewer.language
    match row["near"]:
        case near if near == TEAM and row["through"] is None:
            return (
                say(language, "In %(name)s’s care team", name=about.first_name)
                if viewer.kind is Kind.STAFF
                else say(language, "Cares for %(name)s", name=about.first_name)
            )
        case near if near == TEAM:
            last = _day(row["until"] - dt.timedelta(microseconds=1), language)
            return say(language, "Covers for %(name)s until %(date)s", name=row["through"], date=last)
        case near if near == SUPERVISOR:
            return say(language, "Supervises %(name)s", name=row["through"])
        case near if near == OFFICE:
            return say(language, "Sees all clients")
    raise LookupError(f"There are no words for a reason of the kind {row['near']}")


def _day(when: dt.datetime, language: str) -> str:
    return date_in_words(local_day(when, zone()), language)
