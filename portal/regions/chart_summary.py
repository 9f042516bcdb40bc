"""The first lines of a chart: the client's state on the portal, the last message, and what is to do next."""

from typing import Any
from uuid import UUID

from portal.facts import OfChart, OfLetter, OfPortalStatus, OfPractice, OfStaff, OfThreadList, OfTriage
from portal.language import at_in_words, listed, say, say_many
from portal.models.access.portal_status import PortalStatus, portal_status_of
from portal.models.messages.conversation import Conversation, threads
from portal.models.messages.inbox import OPEN
from portal.models.people.client import Client
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.phrases import thread_href, thread_row, zone
from portal.viewer import Viewer

_STATES = {
    "not_invited": "Not invited",
    "has_account": "Not invited",
    "offered": "To be confirmed",
    "waiting": "Waiting for a mail server",
    "invited": "Invited",
    "opened": "Opened",
    "expired": "Link expired",
    "trouble": "Undeliverable",
    "locked": "Locked",
    "offer_locked": "Locked",
    "active": "Active",
    "paused": "Paused",
    "removed": "Access removed",
}
# The kind of its tag.
_KINDS = {"active": "ok", "trouble": "bad", "locked": "bad", "offer_locked": "bad", "expired": "bad"} | dict.fromkeys(
    ("offered", "waiting", "invited", "opened", "paused"), "wait"
)


@region(
    "chart-summary",
    "staff/people/clients/_summary.html",
    side="staff",
    needs=None,
    on=(OfPortalStatus, OfLetter, OfPractice, OfStaff, OfThreadList, OfTriage),
    on_any=(OfChart,),  # an account that another chart names may be this client's
)
async def chart_summary(viewer: Viewer, client: UUID) -> Context | None:
    chart = await viewer.find(Client, client)
    status = await portal_status_of(chart)
    about = viewer.see(Conversation).where("r.client_id = :of", of=client).where("r.last_number > 0")
    last = next(iter(await threads(about, 1)), None)
    waiting = next(iter(await threads(about.where(OPEN).where("r.last_side = 'client'"), 1)), None)
    archived = chart.archived_at is not None
    return {
        "kind": "neutral" if archived else _KINDS.get(status.state, "neutral"),
        "state": say(viewer.language, "Closed while archived" if archived else _STATES[status.state]),
        "line": _line(viewer.language, status),
        "portal_href": f"/staff/clients/{client}/portal",
        "last": last and thread_row(viewer.language, last, viewer.id, thread_href(viewer, client, last["id"])),
        "steps": [] if archived else [*_to_answer(viewer, client, waiting), *await _to_invite(viewer, status)],
    }


def _line(language: str, status: PortalStatus) -> str:
    """Say who is there, or what was sent to whom."""
    if status.accounts:
        acting = [account for account in status.accounts if account["sees"]]
        names = listed(language, [account["name"] for account in acting])
        seen = max((account["last_seen_at"] for account in acting if account["last_seen_at"]), default=None)
        if not names or seen is None:
            return names
        when = at_in_words(seen, zone(), language)
        return say(language, "%(names)s, last here %(when)s", names=names, when=when)
    return listed(language, [person.invitation.email for person in status.people if person.invitation])


def _to_answer(viewer: Viewer, client: UUID, waiting: dict[str, Any] | None) -> list[dict[str, str]]:
    if waiting is None:
        return []
    label = (
        say_many(viewer.language, "Read %(num)s new message", "Read %(num)s new messages", waiting["unread"])
        if waiting["unread"]
        else say(viewer.language, "Reply to the last message")
    )
    return [{"label": label, "href": thread_href(viewer, client, waiting["id"])}]


async def _to_invite(viewer: Viewer, status: PortalStatus) -> list[dict[str, str]]:
    """Return the next step on the way to the portal, for those who may take it."""
    if not status.portal_on or not await viewer.may(Permission.PORTAL_ACCESS):
        return []
    chart = f"/staff/clients/{status.client.id}"
    edit, portal = f"{chart}/edit", f"{chart}/portal"
    label, href, email = None, portal, status.first.email if status.first else None
    match status.state:
        case "locked" | "offer_locked":
            label = "Call them, then lift the lock"
        case "trouble":
            label = "Check the email address: the welcome email didn’t arrive"
        case "expired":
            label = "Send the welcome email again: the link has expired"
        case "not_invited" | "paused" if status.client.date_of_birth_sealed is None:
            label, href = "Add the date of birth", f"{edit}#field-date_of_birth"
        case "has_account":
            label = "Link the account that has this email already"
        case "not_invited" if status.too_young and not email:
            label, href = "Add a contact with an email", f"{chart}/contacts"
        case "not_invited" | "paused" if not email and (status.cleared or not status.accounts):
            label, href = "Add the email", f"{edit}#field-email"
        case "not_invited" if not status.missing:
            label = "Send the welcome email"
    return [{"label": say(viewer.language, label), "href": href}] if label else []
