"""The chart's Portal tab: the state of access, whom the account acts for, and what happened."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from portal import clock
from portal.facts import OfChart, OfLetter, OfPortalStatus, OfPractice
from portal.language import at_in_words, date_in_words, say, say_many
from portal.mail.outbox import reason_in_words
from portal.models.access.account import Access
from portal.models.access.candidate_holder import hindrance
from portal.models.access.own_address import UNKNOWN_AGE
from portal.models.access.portal_status import Holding, history_of, holding_of, linkable, next_send
from portal.models.access.reset import clients_acted_for
from portal.models.ground.person import canonical_email, initial
from portal.models.ground.record import live
from portal.models.ground.rules import acts
from portal.models.people.client import Client
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.phrases import zone
from portal.viewer import Viewer
from portal.web.slots import Link, link

link("chart", Link("portal", "Portal", "/portal"))


def _when(viewer: Viewer, at: dt.datetime) -> str:
    return at_in_words(at, zone(), viewer.language)


@region(
    "portal-state",
    "staff/access/portal/_state.html",
    side="staff",
    needs=None,
    on=(OfPortalStatus, OfLetter, OfChart, OfPractice),
)
async def state(viewer: Viewer, client: UUID) -> Context | None:
    chart = await viewer.see(Client).find(client)
    if chart is None:
        return None
    holding = await holding_of(chart)
    may = await viewer.may(Permission.PORTAL_ACCESS)
    return {
        "state": holding.state,
        "title": _title(viewer, holding),
        "sentence": _sentence(viewer, holding),
        "facts": _facts(viewer, holding),
        "needs": await _needs(viewer, holding)
        if holding.state == "not_invited" or chart.birth_unreadable or (holding.accounts and holding.cleared)
        else [],
        "acts": await _acts(viewer, holding, may),
        "note": _note(viewer, holding),
    }


def _title(viewer: Viewer, holding: Holding) -> str:
    name, language = holding.client.first_name, viewer.language
    others = [a for a in holding.acting if not a["self"]]
    if holding.state == "active" and others and len(others) == len(holding.acting):
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
        }[holding.state],
        name=name,
    )


def _sentence(viewer: Viewer, holding: Holding) -> str:
    language, invitation = viewer.language, holding.invitation
    match holding.state:
        case "not_invited":
            return (
                say_many(
                    language,
                    "One thing is missing before a welcome email can go out.",
                    "%(num)s things are missing before a welcome email can go out.",
                    len(holding.missing),
                )
                if holding.missing
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
        case "trouble" if holding.letter is not None:
            reason = holding.letter["reason"] or "silent"
            ours = reason_in_words(language, reason)
            return ours if ours != reason else say(language, "The mail server said: %(reason)s", reason=reason)
        case "locked":
            return say(language, "Five wrong dates of birth were given. Speak with them, then lift the lock.")
        case "paused":
            return say(
                language,
                "Something an account needs was cleared. It goes on when it is back."
                if holding.cleared
                else "Whoever acts here is kept away by a restriction. It stands under Contacts."
                if holding.network == "on"
                else "The contact network is off. What each contact may do is kept.",
            )
        case "removed":
            return say(language, "Nobody can see this record on the portal. Access can be given back.")
    last = max((a["last_seen_at"] for a in holding.accounts if a["last_seen_at"]), default=None)
    if last is None:
        return say(language, "Signed up, and not been here since.")
    return say(language, "Last here %(when)s.", when=_when(viewer, last))


def _note(viewer: Viewer, holding: Holding) -> str | None:
    if holding.state == "locked":
        return say(viewer.language, "Call them first, and ask for the date of birth.")
    if holding.client.birth_unreadable:
        return say(viewer.language, UNKNOWN_AGE)
    own = next((a for a in holding.accounts if a["self"]), None)
    if own is not None and own["hindered"]:
        return say(viewer.language, own["hindered"])
    on_file = holding.client.email
    if own is None or on_file is None or canonical_email(on_file) == canonical_email(own["email"]):
        return None
    return say(
        viewer.language,
        "The email on file is now %(new)s. %(name)s still signs in with %(old)s, and needs no other account.",
        new=on_file,
        name=holding.client.first_name,
        old=own["email"],
    )


def _facts(viewer: Viewer, holding: Holding) -> list[dict[str, str]]:
    language, facts = viewer.language, []

    def fact(label: str, value: str) -> None:
        facts.append({"label": say(language, label), "value": value})

    for account in holding.accounts:
        fact("Signs in with", account["email"])
        if not account["acts"]:
            fact(
                "Now",
                say(
                    language,
                    "Kept away by a restriction" if holding.network == "on" else "Paused: the contact network is off",
                ),
            )
        fact("Signed up", _when(viewer, account["added_at"]))
        if account["last_seen_at"]:
            fact("Last sign-in", _when(viewer, account["last_seen_at"]))
    if holding.invitation is not None:
        fact("Welcome email to", holding.invitation.email)
        fact("Sent", _when(viewer, holding.invitation.sent_at))
        fact("Link works until", _when(viewer, holding.invitation.expires_at))
        if holding.invitation.tries:
            fact("Wrong dates of birth", f"{holding.invitation.tries} / 5")
    ended = [row for row in holding.past if row["until_at"]]
    if holding.state == "removed" and ended:
        last = max(ended, key=lambda row: row["until_at"])
        fact("Removed", _when(viewer, last["until_at"]))
        if last["ended_by"]:
            fact("Removed by", last["ended_by"])
    return facts


async def _needs(viewer: Viewer, holding: Holding) -> list[dict[str, Any]]:
    """Return the fields an account needs, each with a link to where it is put right, for those who may."""
    settings = "/staff/settings/portal" if await viewer.may(Permission.PORTAL_SETTINGS) else None
    language, edit = viewer.language, f"/staff/clients/{holding.client.id}/edit"

    def need(label: str, value: str | None, href: str | None, link: str, missing: str = "Missing") -> dict[str, Any]:
        return {
            "label": say(language, label),
            "value": value or say(language, missing),
            "ok": bool(value),
            "href": href,
            "link_label": say(language, "Change") if value else say(language, link),
        }

    day = holding.client.born_if_known
    born = date_in_words(day, language) if day else None
    unread = holding.client.birth_unreadable
    email = need("Email", holding.client.email, f"{edit}#field-email", "Add an email")
    if holding.too_young:
        contacts = f"/staff/clients/{holding.client.id}/contacts"
        known = holding.first.email if holding.first.link else None
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
        need("Client portal", say(language, "On") if holding.portal_on else None, settings, "Switch it on"),
    ]


async def _acts(viewer: Viewer, holding: Holding, may: bool) -> list[dict[str, Any]]:
    """The buttons, each with why it can't be pressed yet."""
    language, acts = viewer.language, []
    denied = None if may else say(language, "Your role doesn’t include managing portal access.")

    def act(name: str, label: str, opens: str, why: str | None = None, **more: Any) -> None:
        reason = denied or (say(language, why) if why else None)
        acts.append(
            {
                "name": name,
                "label": say(language, label),
                "opens": opens,
                "action": None,
                "why": reason,
                "danger": False,
                "until": None,
            }
            | more
        )

    invited = holding.invitation is not None
    nothing = None
    if not holding.portal_on:
        nothing = "The portal is switched off for the practice."
    else:
        reasons = [await hindrance(holding.client, holder) for holder in holding.holders]
        if all(reasons):
            nothing = reasons[0]
    if holding.state == "locked":
        act("unlock", "Lift the lock", "dialog-unlock")
    # Beside one who has an account another may be invited: a teenager beside her mother.
    others = holding.accounts and not nothing
    if not holding.accounts or invited or others:
        wait = (
            await next_send(holding.client.id, holding.invitation.contact_link_id)
            if holding.invitation is not None
            else None
        )
        act(
            "resend" if invited else "send",
            "Resend welcome email" if invited else "Send welcome email",
            "dialog-resend" if invited else "dialog-send",
            nothing,
        )
        if wait and not nothing and not denied:
            acts[-1] |= {
                "why": say(language, "It can be sent again %(when)s.", when=_when(viewer, wait)),
                "until": int(wait.timestamp() * 1000),
            }
    act(
        "reset",
        "Reset client's portal password",
        "dialog-reset",
        None
        if holding.accounts
        else "Access was removed. Give it back first."
        if holding.past
        else "There is no account yet, so there is no password to reset.",
    )
    offers = await linkable(holding.client)
    act(
        "link",
        "Link client to portal account",
        "dialog-link",
        None
        if offers
        else "It was offered already, and waits to be confirmed."
        if holding.offers
        else "No other account has this client’s email, or a contact’s.",
    )
    if holding.returnable:
        act("give_back", "Give access back", "dialog-give_back")
        if holding.state == "removed":
            acts.insert(0, acts.pop())  # the one thing to do comes first
    if holding.accounts:
        several = any([len(await clients_acted_for(a["id"])) > 1 for a in holding.accounts])
        act(
            "remove",
            "Remove access to this client" if several else "Remove client's access",
            "dialog-remove",
            danger=True,
        )
        if several:
            act("remove_all", "Remove access to all clients", "dialog-remove_all", danger=True)
    elif invited:
        act("withdraw", "Withdraw the invitation", "dialog-withdraw", danger=True)
    return acts


# It names other clients too.
@region(
    "portal-linked",
    "staff/access/portal/_linked.html",
    side="staff",
    needs=None,
    on=(OfPortalStatus, OfLetter),
    on_any=(OfChart,),
)
async def linked(viewer: Viewer, client: UUID) -> Context | None:
    """Return the other clients of the accounts that act for this one; only those this viewer may see are named."""
    chart = await viewer.see(Client).find(client)
    if chart is None:
        return None
    language = viewer.language
    holding = await holding_of(chart)
    rows = []
    accounts = [a["id"] for a in holding.accounts]
    seen = await (
        viewer.see(Access)
        .where("r.account_id = any(:accounts)", accounts=accounts)
        .where(live("r"))
        .join(
            "join client c on c.id = r.client_id join portal_account a on a.id = r.account_id "
            "left join contact_link l on l.id = r.contact_link_id"
        )
        .order("a.name, r.from_at, r.id")
        .columns(
            "r.id, r.client_id, r.from_at, r.account_id, c.first_name, c.last_name, c.colour, "
            f"a.name as account_name, l.relationship, l.guardian, (l.id is null or {acts('l')})::boolean as acts"
        )
    )
    for row in seen:
        relation = (
            say(language, "In person")
            if row["relationship"] is None
            else say(language, row["relationship"]) + (say(language, ", legal guardian") if row["guardian"] else "")
        )
        this = row["client_id"] == client
        rows.append(
            {
                "account": row["account_name"],
                "name": f"{row['first_name']} {row['last_name']}",
                "initial": initial(row["first_name"]),
                "colour": row["colour"],
                "as_label": relation,
                "since": _when(viewer, row["from_at"]),
                "ended": None if row["acts"] else say(language, "Sees nothing now"),
                "unlink_action": None,
                "this_chart": this,
                "href": f"/staff/clients/{row['client_id']}/portal",
            }
        )
    # By its address alone: staff need not know whose account it is, unless they may see one of its clients.
    offers = [{"email": offer["email"], "opens": "dialog-link"} for offer in await linkable(chart)]
    waiting = [
        {
            "text": say(
                language,
                "Locked after five wrong dates of birth: %(email)s was to confirm."
                if offer.locked_at
                else "Waiting for %(email)s to confirm the date of birth, until %(when)s.",
                email=offer.email,
                when=_when(viewer, offer.expires_at),
            ),
            "locked": offer.locked_at is not None,
        }
        for offer in holding.offers
    ]
    may = await viewer.may(Permission.PORTAL_ACCESS)
    return {"rows": rows, "offers": offers, "waiting": waiting, "may": may, "title": None}


_HISTORY = {
    "sent": "Welcome email sent to %(name)s by %(by)s",
    "offered": "%(by)s asked %(name)s to confirm the date of birth",
    "opened": "The link was opened",
    "verified": "The date of birth was right",
    "locked": "Locked after five wrong dates of birth",
    "unlocked": "Lock lifted by %(by)s",
    "address": "The email on file changed, so the link ended",
    "joined": "%(name)s signed up",
    "granted": "%(name)s given access by %(by)s",
    "removed": "Access of %(name)s removed by %(by)s",
    "reset_sent": "A link for a new password was sent to %(name)s",
    "reset": "%(name)s chose a new password",
}


@region(
    "portal-history",
    "staff/access/portal/_history.html",
    side="staff",
    needs=None,
    on=(OfPortalStatus, OfLetter, OfChart),
)
async def history(viewer: Viewer, client: UUID) -> Context | None:
    if await viewer.see(Client).find(client) is None:
        return None
    system = say(viewer.language, "the practice")
    return {
        "events": [
            {
                "text": say(viewer.language, _HISTORY[event["kind"]], name=event["name"], by=event["by"] or system),
                "at": _when(viewer, event["at"]),
                "kind": "warn" if event["kind"] in ("locked", "removed") else "hot" if n == 0 else "",
            }
            for n, event in enumerate(await history_of(client))
        ]
    }
