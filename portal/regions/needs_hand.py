"""Staff's Today: what somebody has to put right, each with the act that does it, and who was invited and is not here
yet."""

import datetime as dt
from typing import Any
from uuid import uuid5

from portal.facts import OfChart, OfLetter, OfMailAddress, OfPortalStatus, OfPractice, OfStaff
from portal.language import date_in_words, local_day, say, say_many, short
from portal.mail.outbox import reason_in_words
from portal.models.access.stages import Stage, waiting_invitations
from portal.models.ground.outbox import Outbox, waiting_letters
from portal.models.ground.person import initial
from portal.models.people.departure import count_without_team, without_team
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.mail.undelivered import refused_letters, tasks
from portal.regions.phrases import zone
from portal.regions.today import clients_of
from portal.settings import settings
from portal.viewer import Viewer

WITHOUT_TEAM_SHOWN = 5  # one by one; the page of colleagues has all


@region(
    "needs-hand",
    "staff/today/_hand.html",
    side="staff",
    needs=None,
    on=(OfMailAddress, OfLetter, OfPortalStatus, OfChart, OfPractice, OfStaff),
    element="needs-hand",
    slots=("today",),
)
async def needs_hand(viewer: Viewer, whose: str | None) -> Context | None:
    clients = clients_of(viewer, whose)
    may = await viewer.may(Permission.PORTAL_ACCESS)
    addresses = await tasks(viewer, None, clients)
    failing = {row["address"] for row in addresses}
    stuck = [
        _stuck(viewer.language, row, may)
        for row in await waiting_invitations(clients)
        if row["stage"] in (Stage.LOCKED, Stage.EXPIRED)
        or (row["stage"] is Stage.UNDELIVERABLE and row["email_key"] not in failing)
    ]
    rows = [
        *await _mail_server(viewer),
        *[row for row in stuck if row["urgent"]],
        *[_address(viewer.language, row) for row in addresses],
        *[row for row in stuck if not row["urgent"]],
        *await _without_therapist(viewer, whose),
    ]
    return {"rows": rows}


def _row(id: object, name: str, text: str, **more: Any) -> dict[str, Any]:
    """`act` is the button: its label, and where it leads (`href`, `asks` in a dialog) or what it posts (`action`, with
    `fields`)."""
    return {
        "id": id,
        "name": name,
        "initial": initial(name),
        "colour": "slate",
        "staff": False,
        "icon": None,
        "sub": "",
        "href": None,
        "text": text,
        "note": "",
        "at": "",
        "at_iso": "",
        "act": None,
        "urgent": False,
    } | more


def _when(at: dt.datetime | None, language: str) -> dict[str, str]:
    return {"at": short(at, zone(), language), "at_iso": at.isoformat()} if at else {}


def _stuck(language: str, row: dict[str, Any], may: bool) -> dict[str, Any]:
    tab = f"/staff/clients/{row['client_id']}/portal"
    client = f"{row['first_name']} {row['last_name']}"
    act: dict[str, Any] | None = None
    fields = {"holder": str(row["contact_link_id"] or "client")}
    match row["stage"]:
        case Stage.LOCKED:
            text, at = say(language, "Locked out after five wrong dates of birth"), row["locked_at"]
            note = say(language, "Call them before you lift the lock.")
            path = "unlocking"
            if row["account_id"]:
                path, fields = "offers/unlocking", {"holder": str(row["account_id"])}
            act = {"label": say(language, "Lift the lock"), "action": f"{tab}/{path}", "fields": fields}
        case Stage.EXPIRED:
            day = date_in_words(local_day(row["expires_at"], zone()), language)
            text, at, note = (
                say(language, "The link expired on %(date)s and wasn’t used", date=day),
                row["expires_at"],
                "",
            )
            fields["language"] = row["language"]
            act = {"label": say(language, "Send a new link"), "action": f"{tab}/invitations", "fields": fields}
        case _:
            text, at = say(language, "The welcome email couldn’t be delivered"), row["failed_at"]
            note = reason_in_words(language, row["reason"] or "")
            act = {"label": say(language, "Undelivered mail"), "href": "/staff/mail", "asks": False}
    if "action" in act:
        # The same act on the same state is done once, from whichever page it comes.
        act["fields"]["key"] = str(uuid5(row["id"], f"{row['stage'].name} {at.isoformat()}"))
    return _row(
        row["id"],
        row["contact_name"] or client,
        text,
        initial=initial(row["contact_name"] or row["first_name"]),
        colour=row["colour"],
        sub=say(language, "For %(name)s", name=client) if row["contact_name"] else "",
        href=f"{tab}#person-{row['contact_link_id'] or 'client'}",
        note=note,
        act=act if may else None,
        urgent=row["stage"] is Stage.LOCKED,
        **_when(at, language),
    )


def _address(language: str, row: dict[str, Any]) -> dict[str, Any]:
    act = {"label": say(language, "Correct the address"), "href": row["href"], "asks": False}
    text = say(language, "Mail to %(address)s comes back: %(why)s", address=row["address"], why=row["why"])
    return _row(
        row["id"],
        row["name"],
        text,
        initial=row["initial"],
        colour=row["colour"],
        staff=row["staff"],
        sub=row["charts"],
        href=row["client_href"],
        at=row["at"],
        at_iso=row["at_iso"],
        act=act if row["href"] else None,
    )


async def _mail_server(viewer: Viewer) -> list[dict[str, Any]]:
    """Return, for those who answer for the portal, the one task that all letters make together which can't leave, by no
    fault of an address."""
    if not await viewer.may(Permission.PORTAL_SETTINGS):
        return []
    language = viewer.language
    letters = {"label": say(language, "Undelivered mail"), "href": "/staff/mail", "asks": False}
    name = say(language, "Email delivery")
    if not settings().smtp_url:
        waiting = await waiting_letters(viewer.see(Outbox))
        text = say(language, "No mail server is set up, so no email leaves.")
        count = (
            say_many(language, "%(num)s email is waiting.", "%(num)s emails are waiting.", waiting) if waiting else ""
        )
        note = f"{count} {say(language, 'Ask whoever runs Portal’s machine to set SMTP_URL.')}".strip()
        return [_row("server", name, text, icon="mail-warning", note=note)]
    refused = await refused_letters(viewer)
    if refused is None:
        return []
    text = say_many(
        language,
        "%(num)s email wasn’t delivered, and the address isn’t the problem.",
        "%(num)s emails weren’t delivered, and the addresses aren’t the problem.",
        refused["count"],
    )
    more = {name: refused[name] for name in ("at", "at_iso")}
    return [_row("refused", name, text, icon="mail-warning", note=refused["reason"], act=letters, **more)]


async def _without_therapist(viewer: Viewer, whose: str | None) -> list[dict[str, Any]]:
    """Return, for those who manage staff, the clients in nobody's care."""
    if whose or not await viewer.may(Permission.STAFF):
        return []
    language, clients = viewer.language, clients_of(viewer, None)
    alone = await without_team(clients, WITHOUT_TEAM_SHOWN + 1)
    rows = [
        _row(
            row["id"],
            f"{row['first_name']} {row['last_name']}",
            say(language, "Has no therapist"),
            initial=initial(row["first_name"]),
            colour=row["colour"],
            href=f"/staff/clients/{row['id']}",
            act={
                "label": say(language, "Choose a therapist"),
                "href": f"/staff/clients/{row['id']}/care-team",
                "asks": True,
            },
        )
        for row in alone[:WITHOUT_TEAM_SHOWN]
    ]
    if len(alone) > WITHOUT_TEAM_SHOWN:
        more = await count_without_team(clients) - WITHOUT_TEAM_SHOWN
        text = say_many(
            language, "%(num)s more client has no therapist", "%(num)s more clients have no therapist", more
        )
        act = {"label": say(language, "Find someone for them"), "href": "/staff/colleagues#orphans", "asks": False}
        rows.append(_row("orphans", say(language, "Colleagues"), text, icon="users", act=act))
    return rows


@region(
    "today-invited",
    "staff/today/_invited.html",
    side="staff",
    needs=None,
    on=(OfMailAddress, OfLetter, OfPortalStatus, OfChart, OfPractice),
    element="today-invited",
    slots=("today beside",),
)
async def invited(viewer: Viewer, whose: str | None) -> Context | None:
    """Show who was invited and is on the way, and how far they have come."""
    waiting = await waiting_invitations(clients_of(viewer, whose))
    return {"rows": [_on_the_way(viewer.language, row) for row in waiting if row["stage"] in _STEPS]}


_STEPS = {
    Stage.WAITING: "The email hasn’t left yet",
    Stage.INVITED: "Hasn’t opened the link yet",
    Stage.OPENED: "Opened the link; the date of birth comes next",
}


def _on_the_way(language: str, row: dict[str, Any]) -> dict[str, Any]:
    client = f"{row['first_name']} {row['last_name']}"
    step = say(language, _STEPS[row["stage"]])
    if row["account_id"]:
        step = say(language, "Hasn’t confirmed the date of birth yet")
    elif row["verified_at"] is not None:
        step = say(language, "The date of birth was right; a password comes next")
    return {
        "id": row["id"],
        "name": row["contact_name"] or client,
        "initial": initial(row["contact_name"] or row["first_name"]),
        "colour": row["colour"],
        "sub": say(language, "For %(name)s", name=client) if row["contact_name"] else "",
        "href": f"/staff/clients/{row['client_id']}/portal",
        "text": step,
        **_when(row["sent_at"], language),
    }
