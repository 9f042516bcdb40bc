"""Wishes for a new password: who made one is answered the same whether or not there is an account, and at once."""

from __future__ import annotations

import datetime as dt
import json

from portal.mail import letters
from portal.mail.outbox import WISH, post
from portal.models import sql
from portal.models.account import PortalAccount
from portal.models.fact import unit
from portal.models.person import canonical_email
from portal.models.record import unseal
from portal.models.reset import Reset, clients_acted_for
from portal.models.throttle import Limit, network_of
from portal.models.waiting import Outbox
from portal.realtime.bus import Bus
from portal.rendering import learn_practice
from portal.settings import settings

AT_ONCE = 20
FOR_ADDRESS = Limit("reset for", 3, dt.timedelta(hours=1))
FROM_NETWORK = Limit("reset from", 20, dt.timedelta(hours=1))  # a family, an office


async def grant_wishes(bus: Bus) -> int:
    """Post a link for each wish that names an account; gives how many wishes there were. In one transaction, so
    a wish is neither lost nor granted twice."""
    locked = "for update skip locked" if sql.is_postgres() else ""
    if await sql.row("select 1 as yes from outbox where kind = :kind limit 1", kind=WISH) is None:
        return 0
    async with unit() as said:
        wishes = await sql.rows(
            "with due as materialized (select id from outbox where kind = :kind "
            f"order by posted_at limit {AT_ONCE} {locked}) "
            "delete from outbox where id in (select id from due) returning id, payload_sealed",
            kind=WISH,
        )
        for row in wishes:
            sealed = unseal(Outbox, "payload_sealed", sql.uuid(row["id"]), row["payload_sealed"])
            await _grant(**json.loads(sealed))
    if said.facts:
        bus.hint(said.keys)
    return len(wishes)


async def _grant(email: str, address: str) -> None:
    key = canonical_email(email)
    if not await FROM_NETWORK.count(network_of(address)):
        return
    if not await FOR_ADDRESS.count(key):
        return
    account = await PortalAccount.get_or_none(email_key=key)
    if account is None:
        return
    await learn_practice()
    made, token, account = await Reset.make(account.id, None)
    clients = await clients_acted_for(account.id)
    await post(
        letters.reset(account, link=settings().link(f"/reset/{token}")),
        client=clients[0] if clients else None,
        about=made.id,
    )
