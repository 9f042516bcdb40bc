"""The state of a client's portal access, on the chart's Portal tab."""

from typing import Any
from uuid import UUID

from portal import clock
from portal.facts import OfChart, OfLetter, OfPortalStatus, OfPractice
from portal.language import at_in_words, date_in_words, say, say_many
from portal.mail.outbox import reason_in_words
from portal.models.access.own_address import UNKNOWN_AGE
from portal.models.access.portal_status import PortalStatus, portal_status_of
from portal.models.ground.person import canonical_email
from portal.models.people.client import Client
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.access.portal_acts import acts_of
from portal.regions.phrases import zone
from portal.viewer import Viewer
from portal.web.slots import Link, link

link("chart", Link("portal", "Portal", "/portal"))


@region(
    "portal-state",
    "staff/access/portal/_state.html",
    side="staff",
    needs=None,
    on=(OfPortalStatus, OfLetter, OfChart, OfPractice),
)
async def state(viewer: Viewer, client: UUID) -> Context | None:
    chart = await viewer.find(Client, client)
    status = await portal_status_of(chart)
    may = await viewer.may(Permission.PORTAL_ACCESS)
    return {
        "state": status.state,
        "title": _title(viewer, status),
        "sentence": _sentence(viewer, status),
        "facts": _facts(viewer, status),
        "needs": await _needs(viewer, status)
        if status.state == "not_invited" or chart.birth_unreadable or (status.accounts and status.cleared)
        else [],
        "acts": await acts_of(viewer, status, may),
        "note": _note(viewer, status),
    }


def _title(viewer: Viewer, status: PortalStatus) -> str:
    name, language = status.client.first_name, viewer.language
    others = [a for a in status.acting if not a["self"]]
    if status.state == "active" and others and len(others) == len(status.acting):
        return say(language, "%(other)s acts for %(name)s", other=others[0]["name"], name=name)
    return say(
        language,
        {
            "not_invited": "%(name)s isn’t invited yet",
            "invited": "%(name)s is invited",
            "trouble": "The welcome email couldn’t be delivered",
            "locked": "Sign-up for %(name)s is locked",
            "active": "%(name)s uses the portal",
            "paused": "The portal is paused for %(name)s",
            "removed": "Access to %(name)s has been removed",
        }[status.state],
        name=name,
    )


def _sentence(viewer: Viewer, status: PortalStatus) -> str:
    language, invitation = viewer.language, status.invitation
    match status.state:
        case "not_invited":
            return (
                say_many(
                    language,
                    "One thing is missing before a welcome email can go out.",
                    "%(num)s things are missing before a welcome email can go out.",
                    len(status.missing),
                )
                if status.missing
                else say(language, "Everything a welcome email needs is on file.")
            )
        case "invited" if invitation is not None:
            step = "Nobody has opened the link yet."
            if invitation.verified_at is not None:
                step = "The date of birth was right; a password is being chosen."
            elif invitation.opened_at is not None:
                step = "The link was opened; the date of birth is being asked for."
            if invitation.expires_at <= clock.now():
                step = "The link has expired. Send another one."
            return say(language, step)
        case "trouble" if status.letter is not None:
            reason = status.letter["reason"] or "silent"
            ours = reason_in_words(language, reason)
            return ours if ours != reason else say(language, "The mail server said: %(reason)s", reason=reason)
        case "locked":
            return say(language, "Five wrong dates of birth were given. Speak with them, then lift the lock.")
        case "paused":
            return say(
                language,
                "Something an account needs was cleared. Access goes on when it is filled in again."
                if status.cleared
                else "Someone who acts here is blocked by a restriction. See Contacts."
                if status.network == "on"
                else "The contact network is off. What each contact may do is kept.",
            )
        case "removed":
            return say(language, "Nobody can see this record on the portal. Access can be given back.")
    last = max((a["last_seen_at"] for a in status.accounts if a["last_seen_at"]), default=None)
    if last is None:
        return say(language, "Signed up, and hasn’t been here since.")
    return say(language, "Last here %(when)s.", when=at_in_words(last, zone(), viewer.language))


def _note(viewer: Viewer, status: PortalStatus) -> str | None:
    if status.state == "locked":
        return say(viewer.language, "Call them first, and ask for the date of birth.")
    if status.client.birth_unreadable:
        return say(viewer.language, UNKNOWN_AGE)
    own = next((a for a in status.accounts if a["self"]), None)
    if own is not None and own["hindered"]:
        return say(viewer.language, own["hindered"])
    on_file = status.client.email
    if own is None or on_file is None or canonical_email(on_file) == canonical_email(own["email"]):
        return None
    return say(
        viewer.language,
        "The email on file is now %(new)s. %(name)s still signs in with %(old)s, and needs no other account.",
        new=on_file,
        name=status.client.first_name,
        old=own["email"],
    )


def _facts(viewer: Viewer, status: PortalStatus) -> list[dict[str, str]]:
    language, facts = viewer.language, []

    def fact(label: str, value: str) -> None:
        facts.append({"label": say(language, label), "value": value})

    for account in status.accounts:
        fact("Signs in with", account["email"])
        if not account["acts"]:
            fact(
                "Now",
                say(
                    language,
                    "Blocked by a restriction" if status.network == "on" else "Paused: the contact network is off",
                ),
            )
        fact("Signed up", at_in_words(account["added_at"], zone(), viewer.language))
        if account["last_seen_at"]:
            fact("Last sign-in", at_in_words(account["last_seen_at"], zone(), viewer.language))
    if status.invitation is not None:
        fact("Welcome email to", status.invitation.email)
        fact("Sent", at_in_words(status.invitation.sent_at, zone(), viewer.language))
        fact("Link works until", at_in_words(status.invitation.expires_at, zone(), viewer.language))
        if status.invitation.tries:
            fact("Wrong dates of birth", f"{status.invitation.tries} / 5")
    ended = [row for row in status.past if row["until_at"]]
    if status.state == "removed" and ended:
        last = max(ended, key=lambda row: row["until_at"])
        fact("Removed", at_in_words(last["until_at"], zone(), viewer.language))
        if last["ended_by"]:
            fact("Removed by", last["ended_by"])
    return facts


async def _needs(viewer: Viewer, status: PortalStatus) -> list[dict[str, Any]]:
    """Return the fields an account needs, each with a link to where it is put right, for those who may."""
    settings = "/staff/settings/portal" if await viewer.may(Permission.PORTAL_SETTINGS) else None
    language, edit = viewer.language, f"/staff/clients/{status.client.id}/edit"

    def need(label: str, value: str | None, href: str | None, link: str, missing: str = "Missing") -> dict[str, Any]:
        return {
            "label": say(language, label),
            "value": value or say(language, missing),
            "ok": bool(value),
            "href": href,
            "link_label": say(language, "Change") if value else say(language, link),
        }

    day = status.client.born_if_known
    born = date_in_words(day, language) if day else None
    unread = status.client.birth_unreadable
    email = need("Email", status.client.email, f"{edit}#field-email", "Add an email")
    if status.too_young:
        contacts = f"/staff/clients/{status.client.id}/contacts"
        known = status.first.email if status.first.link else None
        email = need("Email of who acts for them", known, contacts, "Open contacts")
    return [
        email,
        need(
            "Date of birth",
            born,
            f"{edit}#field-date_of_birth",
            "Enter it again" if unread else "Add the date of birth",
            "Can’t be opened" if unread else "Missing",
        ),
        need("Client portal", say(language, "On") if status.portal_on else None, settings, "Switch it on"),
    ]
