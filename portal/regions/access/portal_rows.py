"""A person's row on the chart's Portal tab: who they are, what they may see and do, and what happened last."""

import datetime as dt
from typing import Any
from uuid import UUID

from portal import clock
from portal.language import at_in_words, date_in_words, local_day, say
from portal.mail.outbox import reason_in_words
from portal.models.access.invitation import TRIES, Invitation
from portal.models.access.portal_status import PortalPerson, PortalStatus
from portal.models.ground.person import canonical_email, initial
from portal.permissions import Restriction, Right
from portal.regions.people.contacts import rights_line
from portal.regions.phrases import relation_in_words, zone


def row_of(language: str, status: PortalStatus, person: PortalPerson, senders: dict[UUID, str]) -> dict[str, Any]:
    """Return what the row says. `senders`: the names of those who sent what is on its way."""
    tie = person.tie
    kind, word, icon = _tag(language, person)
    return {
        "id": f"person-{person.key}",
        "name": person.name,
        "initial": initial(person.name),
        "colour": "slate" if tie else status.client.colour,
        "email": (person.access or person.past or {}).get("email") or person.email or "",
        "as_label": relation_in_words(language, tie) if tie else say(language, "The client"),
        "may": _may_do(language, status, person),
        "kind": kind,
        "state": word,
        "icon": icon,
        "lines": [line for line in _lines(language, status, person, senders) if line],
    }


def _may_do(language: str, status: PortalStatus, person: PortalPerson) -> str:
    tie, name = person.tie, status.client.first_name
    if tie is None:
        return say(language, "Everything")
    if status.network != "on":
        return say(language, "The contact network is off")
    if not person.acts and person.access is None:
        return say(language, "No longer acts for %(name)s", name=name)
    now = clock.now()
    kept = any(tie[one.column] is not None and tie[one.column] <= now for one in Restriction)
    if not kept and all(tie[right.value] for right in Right):
        return say(language, "Everything for %(name)s", name=name)
    return rights_line(language, tie)


def _tag(language: str, person: PortalPerson) -> tuple[str, str, str]:
    """Return how the state of somebody is marked: kind, word and icon."""
    match person.state:
        case "active":
            return "ok", say(language, "Active"), "check"
        case "paused":
            return "wait", say(language, "Paused"), "circle-pause"
        case "locked" | "offer_locked":
            return "bad", say(language, "Locked"), "lock"
        case "trouble" if person.letter and person.letter["failed_at"]:
            return "bad", say(language, "Undeliverable"), "mail-warning"
        case "trouble":
            return "wait", say(language, "Not delivered yet"), "mail-warning"
        case "waiting":
            return "wait", say(language, "Waiting for a mail server"), "clock"
        case "opened":
            return "wait", say(language, "Opened"), "mail-check"
        case "invited" if person.letter and person.letter["done_at"] is None:
            return "wait", say(language, "On its way"), "clock"
        case "invited":
            return "wait", say(language, "Invited"), "mail-check"
        case "expired":
            return "bad", say(language, "Expired"), "circle-x"
        case "offered":
            return "wait", say(language, "To be confirmed"), "clock"
        case "has_account":
            return "line", say(language, "Has an account"), "link"
        case "removed":
            return "bad", say(language, "Access ended"), "link-2-off"
    return "neutral", say(language, "Not invited"), ""


def _lines(language: str, status: PortalStatus, person: PortalPerson, senders: dict[UUID, str]) -> list[str | None]:
    """Say what is to be known about the state of somebody."""
    if person.access is not None:
        return _of_account(language, status, person, person.access)
    if person.invitation is not None:
        return _of_invitation(language, person, person.invitation, senders)
    if person.offer is not None:
        return [
            say(language, "Five wrong dates of birth.")
            if person.offer.locked_at
            else say(language, "Until %(when)s", when=_at(person.offer.expires_at, language)),
            _by(language, person.offer, senders),
        ]
    if person.past is not None and person.state == "removed":
        return _of_past(language, person.past)
    return [say(language, person.hindrance)] if person.hindrance and person.state == "not_invited" else []


def _of_account(language: str, status: PortalStatus, person: PortalPerson, account: dict[str, Any]) -> list[str | None]:
    seen, until = account["last_seen_at"], account["until_at"]
    lines = [
        None if account["sees"] else _pause(language, status, person),
        say(language, "Last here %(when)s", when=_at(seen, language))
        if seen
        else say(language, "Signed up %(when)s, and hasn’t been here since", when=_at(account["added_at"], language)),
        say(language, "Until %(date)s", date=date_in_words(local_day(until, zone()), language)) if until else None,
        say(language, account["hindered"]) if account["hindered"] else None,
    ]
    if person.email and canonical_email(person.email) != canonical_email(account["email"]):
        text = "The email on file is now %(new)s. They still sign in with %(old)s, and need no other account."
        lines.append(say(language, text, new=person.email, old=account["email"]))
    return lines


def _pause(language: str, status: PortalStatus, person: PortalPerson) -> str:
    """Say why an account that has access sees nothing now."""
    if status.client.archived_at is not None:
        return say(language, "The chart is archived")
    if status.client.date_of_birth_sealed is None:
        return say(language, "The date of birth is missing")
    if person.link and status.network != "on":
        return say(language, "The contact network is off")
    if not person.acts:
        return say(language, "Blocked by a restriction")
    return say(language, "The email is missing")


def _of_invitation(
    language: str, person: PortalPerson, invitation: Invitation, senders: dict[UUID, str]
) -> list[str | None]:
    letter, until = person.letter, _at(invitation.expires_at, language)
    tries = say(language, "Wrong dates of birth: %(count)s of %(most)s", count=invitation.tries, most=TRIES)
    tried, by = tries if invitation.tries else None, _by(language, invitation, senders)
    match person.state:
        case "locked":
            return [say(language, "Call them first, and ask for the date of birth."), by]
        case "expired":
            return [say(language, "The link has expired. Send another one."), by]
        case "opened" if invitation.verified_at is not None:
            return [say(language, "The date of birth was right; a password is being chosen.")]
        case "opened":
            return [say(language, "The date of birth is being asked for."), tried]
        case "trouble" if letter is not None:
            reason = letter["reason"] or "silent"
            ours = reason_in_words(language, reason)
            return [ours if ours != reason else say(language, "The mail server said: %(reason)s", reason=reason)]
        case "waiting":
            return [say(language, "Since %(when)s", when=_at(invitation.sent_at, language)), by]
    taken = letter["done_at"] if letter else invitation.sent_at
    return [
        say(language, "Taken by the mail server %(when)s", when=_at(taken, language)) if taken else None,
        say(language, "Not opened yet. The link works until %(when)s.", when=until),
        by,
    ]


def _of_past(language: str, past: dict[str, Any]) -> list[str | None]:
    if past["ended_at"] is None:
        return []
    when = _at(past["ended_at"], language)
    if past["ended_by"]:
        return [say(language, "Removed %(when)s by %(name)s", when=when, name=past["ended_by"])]
    return [say(language, "Ended %(when)s", when=when)]


def _by(language: str, invitation: Invitation, senders: dict[UUID, str]) -> str | None:
    name = senders.get(invitation.sent_by)
    return say(language, "Invited by %(name)s", name=name) if name else None


def fix_of(language: str, status: PortalStatus, person: PortalPerson) -> dict[str, str] | None:
    """Return where the email is added that somebody needs."""
    if person.email or person.state != "not_invited" or not person.acts:
        return None
    at = f"contacts/{person.link}" if person.link else "edit"
    return {"href": f"/staff/clients/{status.client.id}/{at}#field-email", "label": say(language, "Add an email")}


def _at(when: dt.datetime, language: str) -> str:
    return at_in_words(when, zone(), language)
