"""The chart's Portal tab: inviting, resetting, linking, removing and giving back (A1–A7)."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator

from portal.doors import Answer, Form, Refused, Visit, done, go, once, staff
from portal.facts import InvitationEnded
from portal.language import listed
from portal.mail import letters, outbox
from portal.models import audit
from portal.models.account import Access, PortalAccount
from portal.models.client import Client
from portal.models.fact import announce
from portal.models.holding import Holding, account_of, holding_of, linkable, open_offers, possible_holders
from portal.models.invitation import (
    CannotInvite,
    Holder,
    Invitation,
    end_all_invitations,
    end_invitations,
    hindrance,
)
from portal.models.invitation import grant as give
from portal.models.own_address import TOO_YOUNG
from portal.models.practice import the_practice
from portal.models.record import uuid7
from portal.models.reset import Reset, clients_acted_for, end_resets, end_sessions
from portal.permissions import Permission
from portal.regions import availability, clients, why
from portal.regions import portal as tab
from portal.regions.mail import chart_addresses
from portal.regions.of_age import of_age
from portal.rendering import render
from portal.routes.staff.shell import page
from portal.settings import settings
from portal.viewer import NotVisible


def _link(value: Any) -> Any:
    return None if value in ("", "client") else value


class Send(Form):
    key: UUID
    holder: Annotated[UUID | None, BeforeValidator(_link)] = None
    language: Literal["en", "es"] = "en"


class Keyed(Form):
    key: UUID


class OnAccount(Form):
    """`holder` and `account` both name an account: the first where one of those who hold access is meant."""

    key: UUID
    holder: UUID | None = None
    account: UUID | None = None

    @property
    def chosen(self) -> UUID | None:
        return self.holder or self.account


class Mode(Form):
    mode: Literal["on", "reply", "off"]


@staff(Permission.PORTAL_ACCESS, form=Mode)
async def set_messaging(visit: Visit) -> Answer:
    """What the client's side may write from now on: all, answers only, nothing. Their open pages say so at once."""
    client = await _client(visit)
    if client.archived_at is not None:
        raise Refused(409, "This chart is archived. Restore it first.")
    await client.set_messaging(visit.form.mode)
    await audit.note("set messaging", side="staff", actor=visit.me.id, client=client.id, mode=visit.form.mode)
    return go(_here(visit))


@staff(opens="open portal tab")
async def show(visit: Visit) -> Answer:
    return await _page(visit, await visit.me.find(Client, visit.id("client")))


async def _page(visit: Visit, client: Client) -> Answer:
    holding = await holding_of(client)
    may = await visit.me.may(Permission.PORTAL_ACCESS)
    return await page(
        visit,
        "staff/portal/show.html",
        title=visit.say("Clients"),
        place="clients",
        said=None,
        dialogs=await _dialogs(visit, holding) if may else {},
        regions={
            "head": await visit.draw(clients.chart_head, client=client.id, tab="portal"),
            "addresses": await visit.draw(chart_addresses, client=client.id),
            "state": await visit.draw(tab.state, client=client.id),
            "of_age": await visit.draw(of_age, client=client.id),
            "accounts": await visit.draw(why.accounts, client=client.id),
            "linked": await visit.draw(tab.linked, client=client.id),
            "messaging": await visit.draw(availability.messaging, client=client.id),
            "history": await visit.draw(tab.history, client=client.id),
        },
    )


async def _dialogs(visit: Visit, holding: Holding) -> dict[str, Any]:
    """What each button asks first: the person, the consequence, and what there is to choose."""
    client, here = holding.client, f"/staff/clients/{holding.client.id}/portal"
    name, say = client.first_name, visit.say
    dialogs: dict[str, Any] = {"asks": []}

    def ask(act: str, path: str, title: str, label: str, consequence: str, **more: Any) -> None:
        dialogs["asks"].append(
            {
                "id": f"dialog-{act}",
                "action": f"{here}/{path}",
                "key": uuid7(),
                "title": title,
                "label": label,
                "consequence": consequence,
                "danger": False,
            }
            | more
        )

    dialogs["send"] = {
        "action": f"{here}/invitations",
        "preview_href": f"{here}/letter",
        "key": uuid7(),
        "language": (await the_practice()).language,
        "holders": [await _choice(visit, client, holder) for holder in holding.holders],
    }
    if holding.invitation is not None:
        sent_to = holding.invitation.contact_link_id
        dialogs["resend"] = {
            "action": f"{here}/invitations",
            "preview_href": f"{here}/letter?holder={sent_to or 'client'}",
            "key": uuid7(),
            "holder": str(sent_to or "client"),
            "language": holding.invitation.language,
            "email": next((h.email for h in holding.holders if h.link == sent_to), None)
            or holding.invitation.email,
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
    held = [_held(row) for row in holding.accounts]
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
                "Whoever you choose will be signed out of %(name)s’s record now, on every device. Other clients "
                "of the account are not touched. Access can be given back.",
                name=name,
            )
            if len(held) > 1
            else say(
                "%(who)s will be signed out of %(name)s’s record now, on every device. Other clients of the "
                "account are not touched. Access can be given back.",
                who=who,
                name=name,
            ),
            danger=True,
            holders=held,
        )
        names = {row["id"]: await _names(visit, row["id"]) for row in holding.accounts}
        ask(
            "remove_all",
            "removals/all",
            say("Remove %(who)s’s access to all clients?", who=who),
            say("Remove access to all clients"),
            say(
                "%(who)s will be signed out now, and sees nothing of %(names)s any more.",
                who=who,
                names=listed(visit.language, names[holding.accounts[0]["id"]]),
            ),
            danger=True,
            holders=held,
        )
    past = [_held(row) for row in holding.returnable]
    if past:
        ask(
            "give_back",
            "accesses",
            say("Give %(who)s access to %(name)s again?", who=past[0]["label"], name=name),
            say("Give access back"),
            say(
                "%(who)s can see %(name)s’s record again, and is told by email.",
                who=past[0]["label"],
                name=name,
            ),
            holders=past,
        )
    offers = [
        {"value": offer.account_id, "label": offer.email, "email": "", "locked": offer.locked_at is not None}
        | {"help": "", "why": "", "href": "", "link_label": ""}
        for offer in holding.offers
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
        "action": f"{here}/accesses",
        "confirms": (await the_practice()).confirm_links,
        "key": uuid7(),
        "name": name,
        "candidates": [
            {"value": offer["id"], "name": offer["email"], "email": "", "line": ""}
            for offer in await linkable(client)
        ],
    }
    return dialogs


def _held(row: dict[str, Any]) -> dict[str, Any]:
    choice = {"value": row["id"], "label": row["name"], "email": row["email"]}
    return choice | {"help": "", "why": "", "href": "", "link_label": ""}


async def _choice(visit: Visit, client: Client, holder: Holder) -> dict[str, Any]:
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
    rows = (
        await visit.me.see(Client)
        .where("r.id = any(:ids)", ids=ids)
        .order("r.sorting")
        .columns("r.first_name")
    )
    return [row["first_name"] for row in rows]


def _here(visit: Visit) -> str:
    return f"/staff/clients/{visit.id('client')}/portal"


async def _client(visit: Visit) -> Client:
    client = await visit.me.find(Client, visit.id("client"))
    if visit.errors:
        raise Refused(422, "This form is too old. Reload the page and try again.")
    return client


async def _holder(client: Client, link: UUID | None) -> Holder:
    for holder in await possible_holders(client):
        if holder.link == link:
            return holder
    raise NotVisible


@staff(Permission.PORTAL_ACCESS, form=Send)
async def invite(visit: Visit) -> Answer:
    """Send (or resend) the welcome e-mail; the older link dies."""
    client = await _client(visit)
    said: Send = visit.form
    practice = await the_practice()
    if not practice.portal_on:
        raise Refused(409, "The portal is switched off for the practice.")
    if await once(visit, said.key) is not None:
        return go(_here(visit))
    holder = await _holder(client, said.holder)
    try:
        invitation, token = await Invitation.send(client, holder, visit.me.id, said.language)
    except CannotInvite as reason:
        raise Refused(409, reason.why) from None
    try:
        letter = letters.welcome(
            said.language,
            name=holder.name.split()[0],
            email=invitation.email,
            link=f"{settings().base_url.rstrip('/')}/welcome/{token}",
            texts=practice.welcome,
        )
    except letters.NotAnAddress:
        raise Refused(409, "The email on file is not one plain address. Correct it first.") from None
    invitation.letter_id = await outbox.post(letter, client=client.id, about=invitation.id)
    await invitation.save(update_fields=["letter_id"])
    await done(visit, said.key, invitation=invitation.id)
    await audit.note(
        "send welcome email", side="staff", actor=visit.me.id, client=client.id, record=invitation.id
    )
    return go(_here(visit))


@staff(Permission.PORTAL_ACCESS)
async def letter(visit: Visit) -> Answer:
    """The welcome e-mail as it would go out to a holder, to read before sending."""
    client = await visit.me.find(Client, visit.id("client"))
    wanted = visit.query("holder")
    try:
        holder = await _holder(client, UUID(wanted) if wanted not in ("", "client") else None)
    except ValueError:
        raise NotVisible from None
    practice = await the_practice()
    language = visit.query("language") if visit.query("language") in ("en", "es") else visit.language
    written = letters.welcome(
        language,
        name=holder.name.split()[0],
        email=holder.email or "name@example.com",
        link=f"{settings().base_url.rstrip('/')}/welcome/…",
        texts=practice.welcome,
    )
    shown: dict[str, Any] = {
        "el": "letter",
        "language": language,
        "sender": visit.say("%(practice)s, to %(email)s", practice=practice.name, email=written.to),
        "subject": written.subject,
        "text": written.text,
        "error": None,
    }
    if visit.by_script:
        return visit.fragment(render("staff/settings/_preview.html", visit.language, shown))
    back = f"/staff/clients/{client.id}/portal"
    return await page(
        visit,
        "staff/portal/preview.html",
        title=visit.say("Clients"),
        place="clients",
        name=client.first_name,
        back_href=back,
        **shown,
    )


@staff(Permission.PORTAL_ACCESS, form=Keyed)
async def unlock(visit: Visit) -> Answer:
    client = await _client(visit)
    invitation = (await holding_of(client)).invitation
    if invitation is None:
        raise Refused(409, "There is no invitation to unlock any more.")
    if invitation.locked_at is not None:
        await invitation.unlock(visit.me.id)
        await audit.note("lift lock", side="staff", actor=visit.me.id, client=client.id)
    return go(_here(visit))


@staff(Permission.PORTAL_ACCESS, form=Keyed)
async def withdraw(visit: Visit) -> Answer:
    """End the outstanding invitations of this client."""
    client = await _client(visit)
    await end_all_invitations(client.id, "withdrawn")
    await announce(InvitationEnded(client=client.id))
    await audit.note("withdraw invitation", side="staff", actor=visit.me.id, client=client.id)
    return go(_here(visit))


async def _account(visit: Visit, client: Client, among: list[dict[str, Any]]) -> PortalAccount:
    """The account of the form, if it is one that this client's tab offers."""
    if visit.form.chosen not in [row["id"] for row in among]:
        raise Refused(409, "That account has changed meanwhile. Reload the page and look again.")
    return await account_of(visit.form.chosen)


@staff(Permission.PORTAL_ACCESS, form=OnAccount)
async def reset(visit: Visit) -> Answer:
    """E-mail a link to choose a new password; 24 hours, once."""
    client = await _client(visit)
    account = await _account(visit, client, (await holding_of(client)).accounts)
    if await once(visit, visit.form.key) is None:
        made, token = await Reset.make(account.id, visit.me.id)
        await outbox.post(
            letters.reset(account, link=f"{settings().base_url.rstrip('/')}/reset/{token}"),
            client=client.id,
            about=made.id,
        )
        await done(visit, visit.form.key, reset=made.id)
        await audit.note("reset portal password", side="staff", actor=visit.me.id, client=client.id)
    return go(_here(visit))


@staff(Permission.PORTAL_ACCESS, form=OnAccount)
async def remove(visit: Visit) -> Answer:
    """End one account's access to this client; its other clients are untouched."""
    client = await _client(visit)
    account = await _account(visit, client, (await holding_of(client)).accounts)
    await _end(visit, account, [client.id])
    return go(_here(visit))


@staff(Permission.PORTAL_ACCESS, form=OnAccount)
async def remove_all(visit: Visit) -> Answer:
    """End an account's access to all its clients, and every session of it. Only for staff who may see them all."""
    client = await _client(visit)
    account = await _account(visit, client, (await holding_of(client)).accounts)
    ids = await clients_acted_for(account.id)
    if await visit.me.see(Client).where("r.id = any(:ids)", ids=ids).count() < len(ids):
        raise Refused(403, "This account also acts for someone who isn’t yours to see. Ask an administrator.")
    await _end(visit, account, ids)
    await end_sessions(account.id)
    return go(_here(visit))


async def _end(visit: Visit, account: PortalAccount, clients: list[UUID]) -> None:
    """End accesses, and with them the links that are on their way."""
    held = visit.me.see(Access).where("r.account_id = :account", account=account.id)
    for access in await held.where("r.client_id = any(:clients)", clients=clients).all():
        if access.holds_now:
            await access.end(visit.me.id)
            await end_invitations(access.client_id, access.contact_link_id, "withdrawn")
            await audit.note("remove access", side="staff", actor=visit.me.id, client=access.client_id)
    if not await clients_acted_for(account.id):
        await end_resets(account.id)
    name = await _first_name(visit, clients[0]) if len(clients) == 1 else None
    await outbox.tell_ended(account, clients[0], name)


@staff(Permission.PORTAL_ACCESS, form=OnAccount)
async def grant(visit: Visit) -> Answer:
    """Link the client to an account with the same e-mail on file, or give access back. The holder is told."""
    client = await _client(visit)
    holding = await holding_of(client)
    offers = {o["id"]: o["link"] for o in await linkable(client)}
    past = {row["id"]: row["contact_link_id"] for row in holding.returnable}
    account = await _account(visit, client, [{"id": id} for id in offers | past])
    link = offers[account.id] if account.id in offers else past[account.id]
    if account.id in offers:
        await link_account(visit, client, account, link)
    else:
        await _give(visit, client, account, link)
    return go(_here(visit))


async def link_account(visit: Visit, client: Client, account: PortalAccount, link: UUID | None) -> None:
    """An account that `linkable` names acts for the client from now on, or once its holder has confirmed, where the
    practice asks for that."""
    if (await the_practice()).confirm_links:
        await _offer(visit, client, account, link)
    else:
        await _give(visit, client, account, link)


async def _give(visit: Visit, client: Client, account: PortalAccount, link: UUID | None) -> None:
    access = await give(account.id, client.id, link, by=visit.me.id)
    if access is not None:
        await outbox.tell_linked(account, client.id, client.first_name, access.id)
        await audit.note("give access", side="staff", actor=visit.me.id, client=client.id)


async def _offer(visit: Visit, client: Client, account: PortalAccount, link: UUID | None) -> None:
    try:
        offer = await Invitation.offer(client, account, link, visit.me.id)
    except CannotInvite as reason:
        raise Refused(409, reason.why) from None
    offer.letter_id = await outbox.post(
        letters.to_confirm(account, link=f"{settings().base_url.rstrip('/')}/home"),
        client=client.id,
        about=offer.id,
    )
    await offer.save(update_fields=["letter_id"])
    await audit.note("offer access", side="staff", actor=visit.me.id, client=client.id, record=offer.id)


@staff(Permission.PORTAL_ACCESS, form=OnAccount)
async def withdraw_offer(visit: Visit) -> Answer:
    """What an account's holder was to confirm is no more offered."""
    client, offer = await _offered(visit)
    await offer.end("withdrawn")
    await audit.note("withdraw offer", side="staff", actor=visit.me.id, client=client.id, record=offer.id)
    return go(_here(visit))


@staff(Permission.PORTAL_ACCESS, form=OnAccount)
async def unlock_offer(visit: Visit) -> Answer:
    """Five new tries for who is to confirm."""
    client, offer = await _offered(visit)
    if offer.locked_at is not None:
        await offer.unlock(visit.me.id)
        await audit.note("lift lock", side="staff", actor=visit.me.id, client=client.id, record=offer.id)
    return go(_here(visit))


async def _offered(visit: Visit) -> tuple[Client, Invitation]:
    client = await _client(visit)
    for offer in await open_offers(client.id):
        if offer.account_id == visit.form.chosen:
            return client, offer
    raise Refused(409, "That account has changed meanwhile. Reload the page and look again.")


async def _first_name(visit: Visit, client: UUID) -> str:
    return (await visit.me.find(Client, client)).first_name
