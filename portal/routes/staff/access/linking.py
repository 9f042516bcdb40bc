"""Accounts that are there already act for another client: at once, again, or when their holder has confirmed it."""

from uuid import UUID

from portal.mail import letters, outbox
from portal.models.access.account import PortalAccount
from portal.models.access.invitation import Invitation
from portal.models.access.invitation import grant as give
from portal.models.access.offer import offer_access, open_offers
from portal.models.access.own_address import hold_addresses
from portal.models.access.portal_status import linkable, portal_status_of
from portal.models.ground import audit
from portal.models.people.client import Client
from portal.models.practice.practice import the_practice
from portal.permissions import Permission
from portal.routes.staff.access.portal_tab import OnAccount, chosen_account, client_of, here
from portal.settings import settings
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.visit import Answer, Visit, go


@staff("POST /staff/clients/{client}/portal/accesses", Permission.PORTAL_ACCESS, form=OnAccount, audit=None, once=True)
async def grant(visit: Visit) -> Answer:
    """Link the client to an account with the same e-mail on file, or give access back. The holder is told."""
    client = await (await client_of(visit)).hold()
    if client.archived_at is not None:
        raise Refused(409, "This chart is archived. Restore it first.")
    await hold_addresses(client.id)
    status = await portal_status_of(client)
    person = visit.form.person
    offers = {o["id"]: o["link"] for o in await linkable(client) if person in ("", str(o["link"] or "client"))}
    past = {one.past["id"]: one.link for one in status.people if one.past and one.returnable}
    account = await chosen_account(visit, [{"id": id} for id in offers | past])
    link = offers[account.id] if account.id in offers else past[account.id]
    if account.id in offers:
        await link_account(visit, client, account, link)
    else:
        await _give(visit, client, account, link)
    return go(here(visit))


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
    offer = await offer_access(client, account, link, visit.me.id)
    letter = letters.to_confirm(account, link=settings().link("/home"))
    await offer.carried_by(await outbox.post(letter, client=client.id, about=offer.id))
    await audit.note("offer access", side="staff", actor=visit.me.id, client=client.id, record=offer.id)


@staff(
    "POST /staff/clients/{client}/portal/offers/withdrawal",
    Permission.PORTAL_ACCESS,
    form=OnAccount,
    audit="withdraw offer",
    once=True,
)
async def withdraw_offer(visit: Visit) -> Answer:
    """Withdraw an offer that an account's holder was to confirm."""
    offer = await _offered(visit)
    await offer.end("withdrawn")
    visit.note(record=offer.id)
    return go(here(visit))


@staff(
    "POST /staff/clients/{client}/portal/offers/unlocking",
    Permission.PORTAL_ACCESS,
    form=OnAccount,
    audit="lift lock",
    once=True,
)
async def unlock_offer(visit: Visit) -> Answer:
    """Five new tries for who is to confirm."""
    offer = await _offered(visit)
    visit.note(record=offer.id, acted=offer.locked_at is not None)
    if offer.locked_at is not None:
        await offer.unlock(visit.me.id)
    return go(here(visit))


async def _offered(visit: Visit) -> Invitation:
    client = await client_of(visit)
    for offer in await open_offers(client.id):
        if offer.account_id == visit.form.chosen:
            return offer
    raise Refused(409, "That account has changed in the meantime. Reload the page and look again.")
