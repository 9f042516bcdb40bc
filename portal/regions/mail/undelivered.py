"""Letters that have not arrived, and addresses that mail does not reach."""

import json
from typing import Any
from uuid import UUID

from portal.facts import MailboxChanged, OfChart, OfLetter, OfMailAddress, OfSignInAddress, OfStaff
from portal.language import at_in_words, listed, say, short
from portal.mail.bounces import cause_of, status_of
from portal.mail.letters import name_of
from portal.mail.mailbox import trouble_in_words
from portal.mail.outbox import reason_in_words
from portal.models.ground.outbox import GIVEN_UP, UNDELIVERED, Outbox
from portal.models.ground.person import initial
from portal.models.ground.record import UNREADABLE, opened
from portal.models.ground.scope import Scope
from portal.models.mail.bounce import HELD, Bounce, Cause, failed_addresses
from portal.models.mail.mailbox import Mailbox
from portal.models.people.client import Client
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.phrases import zone
from portal.viewer import Viewer

SHOWN = 100
OF_ADDRESS = (HELD, "address")  # our own codes that speak against an address


@region(
    "undelivered",
    "staff/mail/_undelivered.html",
    side="staff",
    needs=None,
    on=(OfLetter, OfChart),
    element="undelivered",
)
async def undelivered(viewer: Viewer) -> Context | None:
    rows = await (
        viewer.see(Outbox)
        .join("left join client c on c.id = r.client_id")
        .where(UNDELIVERED)
        .order("r.posted_at desc, r.id desc")
        .columns(
            "r.id, r.client_id, r.payload_sealed, r.reason, r.posted_at, r.failed_at, c.first_name, c.last_name", SHOWN
        )
    )
    may = await viewer.may(Permission.PORTAL_ACCESS)
    given_up = sum(row["failed_at"] is not None for row in rows)
    return {
        "rows": [_row(viewer.language, row, may) for row in rows],
        "retry_all_action": "/staff/mail/retries" if may and given_up > 1 else None,
    }


def _row(language: str, row: dict[str, Any], may: bool) -> dict[str, Any]:
    text = opened(Outbox, "payload_sealed", row["id"], row["payload_sealed"])
    letter = {"to": UNREADABLE, "kind": ""} if text == UNREADABLE else json.loads(text)
    posted_at = row["posted_at"]
    return {
        "id": row["id"],
        "to": letter["to"],
        "what": name_of(language, letter["kind"]),
        "client_name": f"{row['first_name']} {row['last_name']}" if row["client_id"] else "",
        "client_href": f"/staff/clients/{row['client_id']}/portal" if row["client_id"] else None,
        "since": at_in_words(posted_at, zone(), language),
        "since_iso": posted_at.isoformat(),
        "reason": reason_in_words(language, row["reason"]),
        "failed": row["failed_at"] is not None,
        "retry_action": f"/staff/mail/{row['id']}/retry" if may else None,
    }


# --- Addresses that mail does not reach ------------------------------------------------------------


async def refused_letters(viewer: Viewer) -> dict[str, Any] | None:
    """Return how many letters did not arrive by no fault of the address, with the newest reason; None where there is
    none."""
    failed = await (
        viewer.see(Outbox).where(GIVEN_UP).order("r.failed_at desc, r.id desc").columns("r.reason, r.failed_at", SHOWN)
    )
    ours = [row for row in failed if row["reason"] not in OF_ADDRESS and cause_of(row["reason"]) is Cause.OURS]
    if not ours:
        return None
    return {
        "count": len(ours),
        "reason": reason_in_words(viewer.language, ours[0]["reason"]),
        "at": short(ours[0]["failed_at"], zone(), viewer.language),
        "at_iso": ours[0]["failed_at"].isoformat(),
    }


@region(
    "chart-addresses",
    "staff/mail/_addresses.html",
    side="staff",
    needs=None,
    on=(OfMailAddress, OfSignInAddress, OfStaff),
    on_any=(OfChart,),
)
async def chart_addresses(viewer: Viewer, client: UUID) -> Context | None:
    """Show on a chart which addresses of its own people mail does not reach."""
    await viewer.find(Client, client)
    return {"rows": await tasks(viewer, client, viewer.see(Client))}


async def tasks(viewer: Viewer, client: UUID | None, clients: Scope[Client]) -> list[dict[str, Any]]:
    """Return the addresses of these clients that mail does not reach, and of colleagues; of one chart, where a client
    is named."""
    failing = await failed_addresses(viewer.see(Bounce), clients, viewer.see(StaffMember), client)
    may = await viewer.may(Permission.PORTAL_ACCESS)
    return [_task(viewer.language, row, client, may) for row in failing if row["holders"]]


def _task(language: str, row: dict[str, Any], client: UUID | None, may: bool) -> dict[str, Any]:
    holders = [holder for holder in row["holders"] if client in (None, holder["client_id"])]
    first, whose = holders[0], people(language, holders)
    charts = dict.fromkeys(f"{h['first_name']} {h['last_name']}" for h in holders if h["client_id"])
    return {
        "id": row["id"],
        "address": row["email_key"],
        "name": whose,
        "charts": listed(language, [name for name in charts if name != whose]),
        "initial": initial(whose),
        "colour": first.get("colour") or "slate",
        "staff": first["client_id"] is None,
        "client_href": f"/staff/clients/{first['client_id']}" if first["client_id"] else None,
        "why": why(language, row["reason"], row["status"]),
        "reason": row["reason"],
        "held": row["held"],
        "at": short(row["at"], zone(), language),
        "at_iso": row["at"].isoformat(),
        "href": f"/staff/mail/addresses/{row['id']}" if may else None,
    }


def people(language: str, holders: list[dict[str, Any]]) -> str:
    """Return the people whose an address is, each once."""
    return listed(language, list(dict.fromkeys(holder["name"] for holder in holders)))


def why(language: str, reason: str, status: str = "") -> str:
    """Say what a mail server's refusal means, by its words and the code beside them, for those who know the person."""
    code = status_of(status, reason)
    match cause_of(reason, code):
        case Cause.ADDRESS if code.endswith(".2.1"):
            return say(language, "the mailbox is closed")
        case Cause.ADDRESS:
            return say(language, "there is no such mailbox")
        case Cause.FULL:
            return say(language, "the mailbox is full")
    if code.split(".")[1] == "4":
        return say(language, "its mail server can’t be reached")
    if code.split(".")[1] == "7":
        return say(language, "its mail server doesn’t want mail from here")
    return say(language, "its mail server sent it back")


@region(
    "returned-mail",
    "staff/practice/_mailbox.html",
    side="staff",
    needs=Permission.PORTAL_SETTINGS,
    on=(MailboxChanged,),
    element="returned-mail",
)
async def returned_mail(viewer: Viewer) -> Context | None:
    """Show in Settings, Mail, whether the mailbox for returned mail can be read."""
    box = await viewer.see(Mailbox).first()
    language = viewer.language
    return {
        "state": "none" if box is None else "bad" if box.trouble else "ok",
        "address": box.address if box else "",
        "trouble": trouble_in_words(language, box.trouble) if box and box.trouble else "",
        "returned": box.returned if box else 0,
    }
