"""The chart's Portal tab: what matters first, a row for each person, and what is missing for all of them."""

from typing import Any
from uuid import UUID

from portal.facts import OfChart, OfLetter, OfPortalStatus, OfPractice, OfStaff
from portal.language import date_in_words, listed, say, say_many
from portal.models.access.own_address import TOO_YOUNG, UNKNOWN_AGE
from portal.models.access.portal_status import PortalStatus, portal_status_of
from portal.models.people.client import Client
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.access.portal_acts import account_label, acts_of, other_clients
from portal.regions.access.portal_rows import fix_of, row_of
from portal.viewer import Viewer
from portal.web.slots import Link, link

link("chart", Link("portal", "Portal", "/portal"))


# It names the other clients of its accounts too.
@region(
    "portal-state",
    "staff/access/portal/_state.html",
    side="staff",
    needs=None,
    on=(OfPortalStatus, OfLetter, OfPractice, OfStaff),
    on_any=(OfChart,),
)
async def state(viewer: Viewer, client: UUID) -> Context | None:
    chart = await viewer.find(Client, client)
    status = await portal_status_of(chart)
    language, may = viewer.language, await viewer.may(Permission.PORTAL_ACCESS)
    may_change = await viewer.may(Permission.CONTACT_NETWORK) and chart.archived_at is None
    others = await other_clients(viewer, status)
    senders = await _senders(viewer, status)
    rows = [
        row_of(language, status, person, senders)
        | {
            "also": [
                {"name": other["first_name"], "href": f"/staff/clients/{other['client_id']}/portal"}
                for other in (others.of(person.access["id"]) if person.access else [])
            ],
            "change_href": f"/staff/clients/{client}/contacts/{person.link}"
            if person.tie and person.acts and may_change
            else None,
            "acts": await acts_of(viewer, status, person, others) if may else [],
            "fix": fix_of(language, status, person) if may_change or not person.link else None,
        }
        for person in status.people
        if person.link or not status.too_young or person.state != "not_invited"
    ]
    foremost = [act for row in rows for act in row["acts"] if act["first"]]
    # One button leads; a lock before all else, since somebody stands before it now.
    leading = min(foremost, key=lambda act: not act["name"].startswith("unlock"), default=None)
    return {
        "state": status.state,
        "title": await _title(viewer, status),
        "sentence": _sentence(viewer, status),
        "rows": rows,
        "leading": leading and leading["id"],
        "needs": await _needs(viewer, status),
        "notes": [
            *([say(language, UNKNOWN_AGE)] if chart.birth_unreadable else []),
            *([] if may else [say(language, "Your role doesn’t include managing portal access.")]),
        ],
        "add_href": f"/staff/clients/{client}/contacts/new" if may_change and status.network == "on" else None,
    }


async def _senders(viewer: Viewer, status: PortalStatus) -> dict[UUID, str]:
    """Return who sent what is on its way, by name."""
    ids = [one.sent_by for person in status.people for one in (person.invitation, person.offer) if one is not None]
    if not ids:
        return {}
    rows = await viewer.see(StaffMember).where("r.id = any(:ids)", ids=ids).columns("r.id, r.name")
    return {row["id"]: row["name"] for row in rows}


# --- The head ----------------------------------------------------------------------------------------

_ONE = {
    "active": "%(names)s is on the portal",
    "locked": "%(names)s is locked out",
    "offer_locked": "%(names)s is locked out",
    "trouble": "The welcome email to %(names)s couldn’t be delivered",
    "waiting": "The welcome email to %(names)s is waiting",
    "opened": "%(names)s has opened the link",
    "invited": "%(names)s is invited",
    "expired": "The link of %(names)s has expired",
    "offered": "%(names)s still has to confirm the link",
    "has_account": "%(names)s already has an account",
}
_SEVERAL = {
    "active": "%(names)s are on the portal",
    "locked": "%(names)s are locked out",
    "offer_locked": "%(names)s are locked out",
    "trouble": "The welcome emails to %(names)s couldn’t be delivered",
    "waiting": "The welcome emails to %(names)s are waiting",
    "opened": "%(names)s have opened their links",
    "invited": "%(names)s are invited",
    "expired": "The links of %(names)s have expired",
    "offered": "%(names)s still have to confirm the link",
    "has_account": "%(names)s already have accounts",
}


async def _title(viewer: Viewer, status: PortalStatus) -> str:
    language, state, name = viewer.language, status.state, status.client.first_name
    concerned = [person for person in status.people if person.state == state]
    match state:
        case "paused":
            return say(language, "The portal is paused for %(name)s", name=name)
        case "removed":
            return say(language, "Access to %(name)s has been removed", name=name)
        case "not_invited" if len(status.people) > 1:
            return say(language, "Nobody is invited for %(name)s yet", name=name)
        case "not_invited":
            return say(language, "%(name)s isn’t invited yet", name=name)
    names = [person.name if person.link else name for person in concerned]
    if state == "has_account":
        names = list(dict.fromkeys([await account_label(viewer, person.linkable) for person in concerned]))
    several, listing = len(names) > 1, listed(language, names)
    if state == "active" and all(person.link for person in concerned):
        acting = "%(names)s act for %(name)s" if several else "%(names)s acts for %(name)s"
        return say(language, acting, names=listing, name=name)
    return say(language, _SEVERAL[state] if several else _ONE[state], names=listing)


def _sentence(viewer: Viewer, status: PortalStatus) -> str | None:
    language, first, name = viewer.language, status.first, status.client.first_name
    match status.state:
        case "not_invited" if first is None:
            return say(language, TOO_YOUNG)
        case "not_invited" if status.missing:
            return say_many(
                language,
                "One thing is missing before a welcome email can go out.",
                "%(num)s things are missing before a welcome email can go out.",
                len(status.missing),
            )
        case "not_invited" if first is not None and first.hindrance:
            return say(language, first.hindrance)
        case "not_invited":
            return say(language, "Everything a welcome email needs is on file.")
        case "has_account":
            return say(language, "A welcome email can’t go there. Link %(name)s to the account instead.", name=name)
        case "locked" | "offer_locked":
            return say(language, "Five wrong dates of birth were given. Speak with them, then lift the lock.")
        case "waiting":
            return say(language, "No mail server is set up. It will be sent automatically once there is one.")
        case "paused":
            return say(
                language,
                "Something an account needs was cleared. Access goes on when it is filled in again."
                if status.cleared
                else "The chart is archived. Access goes on when it is restored."
                if status.client.archived_at is not None
                else "Someone who acts here is blocked by a restriction. See Contacts."
                if status.network == "on"
                else "The contact network is off. What each contact may do is kept.",
            )
        case "removed":
            return say(language, "Nobody can see this record on the portal. Access can be given back.")
        case "active" if status.too_young:
            return say(language, "%(name)s is too young for an account of their own.", name=name)
        case "active" if not any(account["self"] for account in status.accounts):
            return say(language, "%(name)s has no account of their own.", name=name)
    return None


async def _needs(viewer: Viewer, status: PortalStatus) -> list[dict[str, Any]]:
    """Return what every account here needs, where some of it is missing, each with a link to where it is put right, for
    those who may. What one person lacks is said in their row."""
    if not (status.state == "not_invited" or status.client.birth_unreadable or status.cleared or not status.portal_on):
        return []
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
    needs = [
        need(
            "Date of birth",
            born,
            f"{edit}#field-date_of_birth",
            "Enter it again" if unread else "Add the date of birth",
            "Can’t be opened" if unread else "Missing",
        ),
        need("Client portal", say(language, "On") if status.portal_on else None, settings, "Switch it on"),
    ]
    return needs if any(not one["ok"] for one in needs) else []
