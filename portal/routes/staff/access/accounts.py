"""Help of staff for those who have an account: send a link to a new password, remove access (A5, A6)."""

from uuid import UUID

from portal.mail import letters, outbox
from portal.models.access.account import Access, PortalAccount
from portal.models.access.changed_details import clients_behind, sees_all_behind
from portal.models.access.invitation import end_invitations
from portal.models.access.portal_status import portal_status_of
from portal.models.access.reset import Reset, clients_acted_for, end_resets, end_sessions
from portal.models.ground import audit
from portal.models.people.client import Client
from portal.permissions import Permission
from portal.routes.staff.access.portal_tab import OnAccount, chosen_account, client_of, here
from portal.settings import settings
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.visit import Answer, Visit, go


@staff(
    "POST /staff/clients/{client}/portal/resets",
    Permission.PORTAL_ACCESS,
    form=OnAccount,
    audit="reset portal password",
    once=True,
)
async def reset(visit: Visit) -> Answer:
    """E-mail a link to choose a new password; 24 hours, once."""
    client = await client_of(visit)
    account = await chosen_account(visit, (await portal_status_of(client)).accounts)
    made, token, account = await Reset.make(account, visit.me.id)
    await outbox.post(letters.reset(account, link=settings().link(f"/reset/{token}")), client=client.id, about=made.id)
    return go(here(visit))


@staff("POST /staff/clients/{client}/portal/removals", Permission.PORTAL_ACCESS, form=OnAccount, audit=None, once=True)
async def remove(visit: Visit) -> Answer:
    """End one account's access to this client; its other clients are untouched."""
    client = await client_of(visit)
    account = await chosen_account(visit, (await portal_status_of(client)).accounts)
    await _end(visit, account, [client.id])
    return go(here(visit))


@staff(
    "POST /staff/clients/{client}/portal/removals/all", Permission.PORTAL_ACCESS, form=OnAccount, audit=None, once=True
)
async def remove_all(visit: Visit) -> Answer:
    """End an account's access to all its clients, and every session of it. Only for staff who may see them all."""
    client = await client_of(visit)
    account = await chosen_account(visit, (await portal_status_of(client)).accounts)
    await account.hold()
    ids = await clients_behind("account", account.id)
    if not await sees_all_behind(visit.me.see(Client), "account", account.id):
        raise Refused(403, "This account also acts for someone you can’t see. Ask an administrator.")
    await _end(visit, account, ids)
    await end_sessions(account)
    return go(here(visit))


async def _end(visit: Visit, account: PortalAccount, clients: list[UUID]) -> None:
    """End accesses, and with them the links that are on their way, and note each. Of two who do so at the same moment,
    one does."""
    held = visit.me.see(Access).where("r.account_id = :account", account=account.id).order("r.id")
    ended = False
    for access in await held.where("r.client_id = any(:clients)", clients=clients).all():
        await access.hold()
        if access.holds_now:
            ended = True
            await access.end(visit.me.id)
            await end_invitations(access.client_id, access.contact_link_id, "withdrawn")
            await audit.note("remove access", side="staff", actor=visit.me.id, client=access.client_id)
    if not await clients_acted_for(account.id):
        await end_resets(account.id)
    if not ended:
        return
    name = await _first_name(visit, clients[0]) if len(clients) == 1 else None
    await outbox.tell_ended(account, clients[0], name)


async def _first_name(visit: Visit, client: UUID) -> str:
    return (await visit.me.find(Client, client)).first_name
