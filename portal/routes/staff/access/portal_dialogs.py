"""The question each button of the Portal tab asks first: the person, the consequence, and what there is to choose."""

from typing import Any
from uuid import UUID

from portal.language import listed
from portal.models.access.candidate_holder import CandidateHolder, hindrance
from portal.models.access.own_address import TOO_YOUNG
from portal.models.access.portal_status import PortalStatus, linkable
from portal.models.access.reset import clients_acted_for
from portal.models.ground.record import uuid7
from portal.models.people.client import Client
from portal.models.practice.practice import the_practice
from portal.web.visit import Visit


async def dialogs_of(visit: Visit, status: PortalStatus) -> dict[str, Any]:
    """As `_dialogs.html` takes them: those with fields of their own by name, and `asks`, which only ask."""
    client, address = status.client, f"/staff/clients/{status.client.id}/portal"
    name, say = client.first_name, visit.say
    dialogs: dict[str, Any] = {"asks": []}

    def ask(act: str, path: str, title: str, label: str, consequence: str, **more: Any) -> None:
        dialogs["asks"].append(
            {
                "id": f"dialog-{act}",
                "action": f"{address}/{path}",
                "key": uuid7(),
                "title": title,
                "label": label,
                "consequence": consequence,
                "danger": False,
            }
            | more
        )

    dialogs["send"] = {
        "action": f"{address}/invitations",
        "preview_href": f"{address}/letter",
        "key": uuid7(),
        "language": (await the_practice()).language,
        "holders": [await _choice(visit, client, holder) for holder in status.holders],
    }
    if status.invitation is not None:
        sent_to = status.invitation.contact_link_id
        dialogs["resend"] = {
            "action": f"{address}/invitations",
            "preview_href": f"{address}/letter?holder={sent_to or 'client'}",
            "key": uuid7(),
            "holder": str(sent_to or "client"),
            "language": status.invitation.language,
            "email": next((h.email for h in status.holders if h.link == sent_to), None) or status.invitation.email,
        }
        ask(
            "unlock",
            "unlocking",
            say("Lift the lock for %(name)s?", name=name),
            say("Lift the lock"),
            say("The link works again, with five new tries. Be sure that you spoke with the right person."),
        )
        ask(
            "withdraw",
            "withdrawal",
            say("Withdraw the invitation of %(name)s?", name=name),
            say("Withdraw the invitation"),
            say("The link in the email stops working now."),
            danger=True,
        )
    held = [_held(row) for row in status.accounts]
    if held:
        who = held[0]["label"]
        ask(
            "reset",
            "resets",
            say("Reset %(name)s’s portal password?", name=who),
            say("Send reset email"),
            say(
                "An email goes out with a link to choose a new password. It works once, within 24 hours. "
                "The present password keeps working until then."
            ),
            holders=held,
        )
        ask(
            "remove",
            "removals",
            say("Remove access to %(name)s?", name=name)
            if len(held) > 1
            else say("Remove %(who)s’s access to %(name)s’s record?", who=who, name=name),
            say("Remove access"),
            say(
                "Whoever you choose will be signed out of %(name)s’s record now, on every device. Other clients of "
                "the account aren’t affected. Access can be given back.",
                name=name,
            )
            if len(held) > 1
            else say(
                "%(who)s will be signed out of %(name)s’s record now, on every device. Other clients of the "
                "account aren’t affected. Access can be given back.",
                who=who,
                name=name,
            ),
            danger=True,
            holders=held,
        )
        names = {row["id"]: await _names(visit, row["id"]) for row in status.accounts}
        ask(
            "remove_all",
            "removals/all",
            say("Remove %(who)s’s access to all clients?", who=who),
            say("Remove access to all clients"),
            say(
                "%(who)s will be signed out now and can no longer see %(names)s.",
                who=who,
                names=listed(visit.language, names[status.accounts[0]["id"]]),
            ),
            danger=True,
            holders=held,
        )
    past = [_held(row) for row in status.returnable]
    if past:
        ask(
            "give_back",
            "accesses",
            say("Give %(who)s access to %(name)s again?", who=past[0]["label"], name=name),
            say("Give access back"),
            say("%(who)s can see %(name)s’s record again, and is told by email.", who=past[0]["label"], name=name),
            holders=past,
        )
    offers = [
        {"value": offer.account_id, "label": offer.email, "email": "", "locked": offer.locked_at is not None}
        | {"help": "", "why": "", "href": "", "link_label": ""}
        for offer in status.offers
    ]
    if offers:
        ask(
            "withdraw_offer",
            "offers/withdrawal",
            say("Withdraw what was offered?"),
            say("Withdraw the offer"),
            say("Nobody can confirm it any more. It can be offered again."),
            danger=True,
            holders=offers,
        )
    locked = [offer for offer in offers if offer["locked"]]
    if locked:
        ask(
            "unlock_offer",
            "offers/unlocking",
            say("Lift the lock for %(name)s?", name=locked[0]["label"]),
            say("Lift the lock"),
            say("There are five new tries. Be sure that you spoke with the right person."),
            holders=locked,
        )
    dialogs["link"] = {
        "action": f"{address}/accesses",
        "confirms": (await the_practice()).confirm_links,
        "key": uuid7(),
        "name": name,
        "candidates": [
            {"value": offer["id"], "name": offer["email"], "email": "", "line": ""} for offer in await linkable(client)
        ],
    }
    return dialogs


def _held(row: dict[str, Any]) -> dict[str, Any]:
    choice = {"value": row["id"], "label": row["name"], "email": row["email"]}
    return choice | {"help": "", "why": "", "href": "", "link_label": ""}


async def _choice(visit: Visit, client: Client, holder: CandidateHolder) -> dict[str, Any]:
    """Someone who could hold the account, or why they can't yet."""
    help = visit.say("The client in person") if holder.link is None else visit.say("Contact")
    choice = {"value": holder.value, "label": holder.name, "email": holder.email or "", "help": help}
    why = await hindrance(client, holder)
    lacks = not holder.email and why != TOO_YOUNG
    return choice | {
        "why": visit.say(why) if why else "",
        "href": f"/staff/clients/{client.id}/edit#field-email" if lacks and holder.link is None else "",
        "link_label": visit.say("Add an email") if lacks and holder.link is None else "",
    }


async def _names(visit: Visit, account: UUID) -> list[str]:
    """First names of the clients an account acts for, of those this viewer may see."""
    ids = await clients_acted_for(account)
    rows = await visit.me.see(Client).where("r.id = any(:ids)", ids=ids).order("r.sorting").columns("r.first_name")
    return [row["first_name"] for row in rows]
