"""Wishes for a new password, from when somebody makes one until the worker has found out whose it is."""

import datetime as dt
from uuid import UUID

from tortoise import fields

from portal import clock, crypto
from portal.models.ground import sql
from portal.models.ground.person import canonical_email, is_address
from portal.models.ground.record import Kind, Record, Sealed, seal, unseal, uuid7
from portal.models.ground.stuck_work import WISHES, not_set_aside
from portal.models.ground.throttle import Limit, Network

FOR_ADDRESS = Limit("reset for", 3, dt.timedelta(hours=1))
FROM_NETWORK = Limit("reset from", 20, dt.timedelta(hours=1))  # a family, an office
MOST = 500  # that wait at once, of all networks
KEPT = dt.timedelta(days=1)


class ResetRequest(Record):
    address_mark = fields.CharField(max_length=64, unique=True)  # one for each address
    network_mark = fields.CharField(max_length=64)
    email_sealed = fields.BinaryField()
    made_at = fields.DatetimeField(default=clock.now)

    email = Sealed()

    class Meta:
        table = "wish"

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show it to nobody: it tells who can't sign in, or which people somebody tries."""
        return "false"


async def request_reset(email: str, network: Network) -> None:
    """Note that someone in this network wants a new password for this address, inside the caller's unit. The worker
    finds out whether there is such an account, so nothing of it shows in the answer. Over a limit nothing is written: 3
    an hour for an address, 20 for a network, and 500 that wait."""
    key = canonical_email(email)
    if not is_address(key):
        return
    if await FROM_NETWORK.is_reached(network) or await FOR_ADDRESS.is_reached(key):
        return
    if not await FROM_NETWORK.count(network):
        return  # others of the same moment were counted before
    id, ring = uuid7(), crypto.ring()
    made = await sql.rows(
        "insert into wish (id, address_mark, network_mark, email_sealed, made_at) "
        f"select :id, :address, :network, :email, :now where (select count(*) from wish) < {MOST} "
        "on conflict (address_mark) do nothing returning id",
        id=id,
        address=ring.mark("wish of", key),
        network=ring.mark("wish from", network.near),
        email=seal(ResetRequest, "email_sealed", id, key),
        now=clock.now(),
    )
    # One that waits already is answered by the letter that comes of it.
    if made and not await FOR_ADDRESS.count(key):
        await sql.rows("delete from wish where id = :id", id=id)


async def requests_due(most: int) -> list[UUID]:
    """Return the wishes to grant next: the first of each network, then the second of each, so that a flood from one
    waits behind itself alone."""
    return await sql.column(
        "select q.id from (select w.id, w.made_at, row_number() over (partition by w.network_mark "
        f"order by w.made_at, w.id) as turn from wish w where {not_set_aside(WISHES, 'w.id')}) q "
        f"order by q.turn, q.made_at, q.id limit {int(most)}",
        now=clock.now(),
    )


async def take_requests(ids: list[UUID]) -> list[str]:
    """Take these out, in the caller's unit of work, and return their addresses. Two workers never take the same one."""
    taken = await sql.take_due("wish", "id = any(:ids)", "delete from wish", "id, email_sealed", ids=ids)
    return [unseal(ResetRequest, "email_sealed", row["id"], row["email_sealed"]) for row in taken]


async def forget_old_requests() -> None:
    """Forget wishes that could not be granted for a day: people make them again."""
    await sql.rows("delete from wish where made_at < :before", before=clock.now() - KEPT)
