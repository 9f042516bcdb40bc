"""Wishes for a new password: everybody is answered the same whether or not there is an account, and at once."""

from __future__ import annotations

from uuid import UUID

from portal.mail import letters
from portal.mail.outbox import post
from portal.models.access.account import PortalAccount
from portal.models.access.reset import Reset, clients_acted_for
from portal.models.access.reset_request import requests_due, take_requests
from portal.models.ground.stuck import WISHES, each
from portal.realtime.bus import Bus
from portal.settings import settings
from portal.web.rendering import learn_practice

AT_ONCE = 20


async def grant_requests(bus: Bus) -> int:
    """Post a link for each wish that names an account; return how many wishes there were. A wish is taken in the
    transaction that posts its link, so it is neither lost nor granted twice."""
    due = await requests_due(AT_ONCE)
    await each(WISHES, due, _grant, bus.hint)
    return len(due)


async def _grant(ids: list[UUID]) -> None:
    for key in await take_requests(ids):
        account = await PortalAccount.get_or_none(email_key=key)
        if account is None:
            continue
        await learn_practice()
        made, token, account = await Reset.make(account.id, None)
        clients = await clients_acted_for(account.id)
        await post(
            letters.reset(account, link=settings().link(f"/reset/{token}")),
            client=clients[0] if clients else None,
            about=made.id,
        )
