"""The history of one contact of a client: what was agreed, by whom, from when, and on what it rests (J5)."""

import datetime as dt
from typing import Any
from uuid import UUID

from portal.facts import ContactsChanged
from portal.language import at_in_words, listed, say
from portal.models.ground.audit import noted_about
from portal.models.ground.record import UNREADABLE
from portal.models.people.contact import ContactLink
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.people.contacts import RESTRICTION_WORDS, RIGHT_WORDS, day_in_words
from portal.regions.phrases import zone
from portal.viewer import Viewer

_ACTIONS = {"add contact": "Added by %(by)s", "change contact": "Changed by %(by)s", "end contact": "Ended by %(by)s"}


@region(
    "contact-history",
    "staff/people/contacts/_history.html",
    side="staff",
    needs=Permission.CONTACT_NETWORK,
    on=(ContactsChanged,),
)
async def contact_history(viewer: Viewer, client: UUID, link: UUID) -> Context | None:
    contact_link = await viewer.find(ContactLink, link)
    if contact_link.client_id != client:
        return None
    events: list[Context] = []
    for noted in await noted_about(link, _ACTIONS):
        details = noted["details"] or {}
        before, after = details.get("before"), details.get("after")
        lines = changes(viewer.language, before or {}, after) if after else []
        if noted["details"] is None:
            lines = [UNREADABLE]
        basis = after["basis"] if after and after["basis"] != (before or {}).get("basis") else None
        if noted["action"] == "end contact":
            lines, basis = [], None
        elif not lines and not basis and noted["action"] == "change contact":
            continue  # what a contact is called and how they are reached is no part of what was agreed
        by = noted["by"] or say(viewer.language, "the practice")
        events.append(
            {
                "text": say(viewer.language, _ACTIONS[noted["action"]], by=by),
                "at": at_in_words(noted["at"], zone(), viewer.language),
                "lines": lines,
                "basis": basis,
                "kind": "warn" if noted["action"] == "end contact" else "hot" if not events else "",
            }
        )
    return {"events": events}


def changes(language: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return what is agreed now and was not before, and the other way round, in a line each. The basis of both stands
    apart; here is said only that it was taken out."""
    lines = []
    if after["relationship"] != before.get("relationship"):
        lines.append(say(language, after["relationship"]))
    if after["guardian"] != before.get("guardian", False):
        lines.append(say(language, "Legal guardian" if after["guardian"] else "No longer legal guardian"))
    had, has = set(before.get("rights", [])), set(after["rights"])
    if has - had:
        lines.append(say(language, "May act in %(rights)s", rights=_rights(has - had, language)))
    if had - has:
        lines.append(say(language, "May not act in %(rights)s any more", rights=_rights(had - has, language)))
    if after["from"] != before.get("from"):
        lines.append(say(language, "From %(date)s", date=_day(after["from"], language)))
    if after["until"] != before.get("until"):
        last = after["until"] and dt.datetime.fromisoformat(after["until"]) - dt.timedelta(microseconds=1)
        ends = say(language, "Until %(date)s", date=day_in_words(last, language)) if last else None
        lines.append(ends or say(language, "Without an end"))
    stood = before.get("restrictions", {})
    for restriction, words in RESTRICTION_WORDS.items():
        at, label = after["restrictions"].get(restriction.key), say(language, words)
        if at and at != stood.get(restriction.key):
            lines.append(say(language, "%(what)s from %(date)s", what=label, date=_day(at, language)))
        elif not at and restriction.key in stood:
            lines.append(say(language, "%(what)s: lifted", what=label))
    if before.get("basis") and not after["basis"]:
        lines.append(say(language, "The basis was removed"))
    return lines


def _rights(keys: set[str], language: str) -> str:
    named = (words for right, words in RIGHT_WORDS.items() if right.name.lower() in keys)
    return listed(language, [say(language, words) for words in named])


def _day(written: str, language: str) -> str:
    return day_in_words(dt.datetime.fromisoformat(written), language)
