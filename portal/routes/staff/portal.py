"""The chart's Portal tab: inviting, resetting, linking, removing and giving back (A1–A7)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator

from portal.doors import Answer, Form, Refused, Visit, done, go, once, staff
from portal.mail import letters, outbox
from portal.models import audit
from portal.models.account import Access, PortalAccount
from portal.models.client import Client
from portal.models.holding import Holding, holding_of, linkable
from portal.models.invitation import CannotInvite, Holder, Invitation, end_invitations
from portal.models.practice import Practice
from portal.models.record import uuid7
from portal.models.reset import Reset, clients_acted_for, end_resets
from portal.permissions import Permission
from portal.regions import clients
from portal.regions import portal as tab
from portal.routes.staff.shell import page
from portal.settings import settings
from portal.viewer import NotVisible


def _link(value: Any) -> Any:
    return None if value in ("", "client") else value


class Send(Form):
    key: UUID
    holder: Annotated[UUID | None, BeforeValidator(_link)] = None
    language: str = "en"


class Keyed(Form):
    key: UUID


class OnAccount(Form):
    key: UUID
    account: UUID


@staff(opens="open portal tab")
async def show(visit: Visit) -> Answer:
    return await _page(visit, await visit.me.find(Client, visit.id("client")))


async def _page(visit: Visit, client: Client, error: str | None = None, status: int = 200) -> Answer:
    holding = await holding_of(client)
    return await page(
        visit,
        "staff/portal/show.html",
        title=visit.say("Clients"),
        place="clients",
        status=status,
        error=error,
        name=client.first_name,
        dialogs=await _dialogs(visit, holding),
        regions={
            "head": await visit.draw(clients.chart_head, client=client.id, tab="portal"),
            "state": await visit.draw(tab.state, client=client.id),
            "linked": await visit.draw(tab.linked, client=client.id),
            "history": await visit.draw(tab.history, client=client.id),
        },
    )


async def _dialogs(visit: Visit, holding: Holding) -> dict[str, Any]:
    """What each dialog asks; the buttons that open them are in the live part of the page."""
    here = f"/staff/clients/{holding.client.id}/portal"
    accounts = [
        {
            "id": a["id"],
            "name": a["name"],
            "email": a["email"],
            "clients": await _names(visit, a["id"]),
        }
        for a in holding.accounts
    ]
    past = [{"id": a["id"], "name": a["name"], "email": a["email"]} for a in holding.past]
    return {
        "name": holding.client.first_name,
        "key": uuid7(),
        "send": {
            "action": f"{here}/invitations",
            "preview_href": f"{here}/letter",
            "holders": [
                {"value": h.value, "label": h.name, "email": h.email or "", "usable": bool(h.email)}
                for h in holding.holders
            ],
        },
        "unlock": {"action": f"{here}/unlocking"},
        "withdraw": {"action": f"{here}/withdrawal"},
        "reset": {"action": f"{here}/resets", "accounts": accounts},
        "remove": {"action": f"{here}/removals", "accounts": accounts},
        "remove_all": {"action": f"{here}/removals/all", "accounts": accounts},
        "give_back": {"action": f"{here}/accesses", "accounts": past},
        "link": {
            "action": f"{here}/accesses",
            "accounts": [
                {"id": o["id"], "name": o["name"], "email": o["email"]}
                for o in await linkable(holding.client)
            ],
        },
    }


async def _names(visit: Visit, account: UUID) -> list[str]:
    """First names of the clients an account acts for, of those this viewer may see."""
    ids = await clients_acted_for(account)
    rows = await visit.me.see(Client).where("r.id = any(:ids)", ids=ids).order("r.sorting").columns("r.first_name")
    return [row["first_name"] for row in rows]


def _here(visit: Visit) -> str:
    return f"/staff/clients/{visit.id('client')}/portal"


async def _client(visit: Visit) -> Client:
    client = await visit.me.find(Client, visit.id("client"))
    if visit.errors:
        raise Refused(422, "This form is too old. Reload the page and try again.")
    return client


async def _holder(client: Client, link: UUID | None) -> Holder:
    from portal.models.holding import possible_holders

    for holder in await possible_holders(client):
        if holder.link == link:
            return holder
    raise NotVisible


@staff(Permission.PORTAL_ACCESS, form=Send)
async def invite(visit: Visit) -> Answer:
    """Send (or resend) the welcome e-mail; the older link dies."""
    client = await _client(visit)
    said: Send = visit.form
    practice = await Practice.all().first()
    if practice is not None and not practice.portal_on:
        raise Refused(409, "The portal is switched off for the practice.")
    if await once(visit, said.key) is not None:
        return go(_here(visit))
    holder = await _holder(client, said.holder)
    try:
        invitation, token = await Invitation.send(client, holder, visit.me.id, said.language)
    except CannotInvite as reason:
        raise Refused(409, reason.why) from None
    letter = letters.welcome(
        said.language,
        name=holder.name.split()[0],
        email=invitation.email,
        link=f"{settings().base_url.rstrip('/')}/welcome/{token}",
        texts=practice.welcome if practice else None,
    )
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
    practice = await Practice.all().first()
    written = letters.welcome(
        visit.query("language") if visit.query("language") in ("en", "es") else visit.language,
        name=holder.name.split()[0],
        email=holder.email or "name@example.com",
        link=f"{settings().base_url.rstrip('/')}/welcome/…",
        texts=practice.welcome if practice else None,
    )
    from portal.rendering import render

    shown = {"letter": {"to": written.to, "subject": written.subject, "text": written.text}}
    return visit.fragment(render("staff/portal/_letter.html", visit.language, shown))


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
    for holder in (await holding_of(client)).holders:
        await end_invitations(client.id, holder.link, "withdrawn")
    from portal.facts import InvitationEnded
    from portal.models.fact import announce

    await announce(InvitationEnded(client=client.id))
    await audit.note("withdraw invitation", side="staff", actor=visit.me.id, client=client.id)
    return go(_here(visit))


async def _account(visit: Visit, client: Client, among: list[dict[str, Any]]) -> PortalAccount:
    """The account of the form, if it is one that this client's tab offers."""
    if visit.form.account not in [row["id"] for row in among]:
        raise Refused(409, "That account has changed meanwhile. Reload the page and look again.")
    return await PortalAccount.get(id=visit.form.account)


@staff(Permission.PORTAL_ACCESS, form=OnAccount)
async def reset(visit: Visit) -> Answer:
    """E-mail a link to choose a new password; 24 hours, once."""
    client = await _client(visit)
    account = await _account(visit, client, (await holding_of(client)).accounts)
    if await once(visit, visit.form.key) is None:
        made, token = await Reset.make(account.id, visit.me.id)
        await outbox.post(
            letters.reset(
                account.language,
                name=account.name.split()[0],
                email=account.email,
                link=f"{settings().base_url.rstrip('/')}/reset/{token}",
            ),
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
    return go(_here(visit))


async def _end(visit: Visit, account: PortalAccount, clients: list[UUID]) -> None:
    """End accesses, and with them the links that are on their way."""
    for access in await Access.filter(account_id=account.id, client_id__in=clients):
        if access.holds_now:
            await access.end(visit.me.id)
            await end_invitations(access.client_id, access.contact_link_id, "withdrawn")
            await audit.note("remove access", side="staff", actor=visit.me.id, client=access.client_id)
    if not await clients_acted_for(account.id):
        await end_resets(account.id)
    await outbox.post(
        letters.access_ended(account.language, name=account.name.split()[0], email=account.email),
        client=clients[0],
        about=account.id,
    )


@staff(Permission.PORTAL_ACCESS, form=OnAccount)
async def grant(visit: Visit) -> Answer:
    """Link the client to an account with the same e-mail on file, or give access back. The holder is told."""
    client = await _client(visit)
    holding = await holding_of(client)
    offers = {o["id"]: o["link"] for o in await linkable(client)}
    past = {row["id"]: row["contact_link_id"] for row in holding.past}
    account = await _account(visit, client, [{"id": id} for id in offers | past])
    link = offers[account.id] if account.id in offers else past[account.id]
    access = await Access.grant(account.id, client.id, link, by=visit.me.id)
    if access is not None:
        await outbox.post(
            letters.access_linked(
                account.language,
                name=account.name.split()[0],
                email=account.email,
                who=client.first_name,
                link=f"{settings().base_url.rstrip('/')}/home",
            ),
            client=client.id,
            about=access.id,
        )
        await audit.note("give access", side="staff", actor=visit.me.id, client=client.id)
    return go(_here(visit))


