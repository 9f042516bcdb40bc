"""Wishes for a new password: everybody is answered the same whether or not there is an account, and at once."""

from uuid import UUID

from portal.mail import letters
from portal.mail.outbox import post
from portal.models.access.account import PortalAccount
from portal.models.access.reset import Owner, Reset, clients_acted_for
from portal.models.access.reset_request import requests_due, take_requests
from portal.models.ground.stuck_work import WISHES, each
from portal.models.staff.staff_member import StaffMember
from portal.realtime.bus import Bus
from portal.settings import settings
from portal.web.rendering import learn_practice

AT_ONCE = 20


async def grant_requests(bus: Bus) -> int:
    """Post a link for each wish that names an account or a member of staff; return how many wishes there were. A wish
    is taken in the transaction that posts its link, so it is neither lost nor granted twice."""
    due = await requests_due(AT_ONCE)
    await each(WISHES, due, _grant, bus.hint)
    return len(due)


async def _grant(ids: list[UUID]) -> None:
    for key in await take_requests(ids):
        for owner in await _owners(key):
            await learn_practice()
            made, token, owner = await Reset.make(owner, None)
            clients = await clients_acted_for(owner.id)
            letter = letters.reset(owner, link=settings().link(f"/reset/{token}"), staff=isinstance(owner, StaffMember))
            await post(letter, client=clients[0] if clients else None, about=made.id)


async def _owners(key: str) -> list[Owner]:
    """Return who signs in with this address: at most one account and one member of staff who works here."""
    account = await PortalAccount.get_or_none(email_key=key)
    colleague = await StaffMember.get_or_none(email_key=key, ended_at=None)
    return [owner for owner in (account, colleague) if owner is not None]
