"""Devices that asked to show a notice while no page is open, and the push that waits to be sent to each.

All pushes say the same, "something new", so a device has one waiting at most, and that lies in its own row.
"""

import datetime as dt
import json
from dataclasses import dataclass
from uuid import UUID

from tortoise import fields

from portal import clock, crypto
from portal.crypto import digest
from portal.facts import PushDevicesChanged
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.record import Kind, Record, Sealed, Unacceptable, unseal
from portal.models.ground.rules import is_viewers
from portal.models.ground.scope import Scope

MOST = 10  # devices of one person
LEASE = dt.timedelta(minutes=2)


class TooManyDevices(Unacceptable):
    """A device beyond as many as one person may have."""

    why = "You have ten devices. Remove one first."


class PushDevice(Record):
    staff_id = fields.UUIDField(null=True)
    account_id = fields.UUIDField(null=True)
    endpoint_hash = fields.CharField(max_length=64, unique=True)
    browser_hash = fields.CharField(max_length=64, null=True)  # of the token by which this browser is known
    subscription_sealed = fields.BinaryField()
    added_at = fields.DatetimeField(default=clock.now)
    number = fields.IntField(null=True)  # of the first notice that is to be told of
    due_at = fields.DatetimeField(null=True)
    leased_until = fields.DatetimeField(null=True)
    tries = fields.IntField(default=0)
    sent_at = fields.DatetimeField(null=True)

    subscription = Sealed()  # where to, with which keys, and the browser's own name for itself

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show a device to the person whose it is."""
        return is_viewers(kind, r)

    @classmethod
    async def add(
        cls, subscription: dict[str, str], browser: str, staff: UUID | None = None, account: UUID | None = None
    ) -> None:
        """Add a device. One browser has one subscription: it belongs to the person who asked last. `browser` is the
        token by which it is known since somebody signed in there. Raises TooManyDevices."""
        person, column = (staff, "staff_id") if staff else (account, "account_id")
        if sql.is_postgres():
            # Two browsers at once: the second counts when the first is there.
            whose = "staff_member" if staff else "portal_account"
            await sql.rows(f"select 1 from {whose} where id = :id for no key update", id=person)
        key = crypto.ring().mark("endpoint", subscription["endpoint"])
        former = await cls.get_or_none(endpoint_hash=key)
        if former is not None:
            await former.remove()
        if await cls.filter(**{column: person}).count() >= MOST:
            raise TooManyDevices
        made = cls(staff_id=staff, account_id=account, endpoint_hash=key, browser_hash=_known_by(browser))
        made.subscription = json.dumps(subscription)
        await made.save(force_create=True)
        await announce(PushDevicesChanged(staff=staff, account=account))

    async def remove(self) -> None:
        """Remove it: nothing more is sent there."""
        await self.delete()
        await announce(PushDevicesChanged(staff=self.staff_id, account=self.account_id))


async def silence_browser(browser: str, side: str = "", but: UUID | None = None) -> None:
    """Send nothing more to this browser: of one side, where one is named, and except for one person's."""
    if (known := _known_by(browser)) is not None:
        for device in await PushDevice.filter(browser_hash=known):
            holder = device.staff_id if side == "staff" else device.account_id
            if not side or holder not in (None, but):
                await device.remove()


def _known_by(browser: str) -> str | None:
    return digest(browser) if 20 <= len(browser) <= 100 else None


async def silence(staff: UUID | None = None, account: UUID | None = None) -> None:
    """Send nothing more to any device of this person."""
    whose = {"staff_id": staff} if staff else {"account_id": account}
    for device in await PushDevice.filter(**whose):
        await device.remove()


async def devices_of(devices: Scope[PushDevice]) -> list[PushDevice]:
    return await devices.order("r.added_at, r.id").all()


async def wish_pushes(column: str, numbers: dict[UUID, int], kind: str) -> None:
    """Have the devices of these people told that each has a notice of this number, in the caller's unit of work,
    in which nobody else tells the same people."""
    if numbers:
        asked = sql.table("v", person=("people", "uuid"), number=("numbers", "int"))
        await sql.rows(
            f"update push_device as d set due_at = :now, number = v.number, tries = 0 from {asked} "
            f"where d.{column} = v.person and d.due_at is null and not exists (select 1 from notice_choice q "
            "where q.person_id = v.person and q.kind = :kind and not q.push)",
            people=list(numbers),
            numbers=list(numbers.values()),
            kind=kind,
            now=clock.now(),
        )


# --- For the worker ----------------------------------------------------------------------------


@dataclass(frozen=True)
class LeasedDevice:
    """A device whose lease this worker holds. `tries` counts this one, and names the lease."""

    id: UUID
    staff: UUID | None
    account: UUID | None
    number: int
    tries: int
    box: bytes

    def subscription(self) -> dict[str, str]:
        opened: dict[str, str] = json.loads(unseal(PushDevice, "subscription_sealed", self.id, self.box))
        return opened


async def take_pushes(most: int) -> list[LeasedDevice]:
    """Lease up to so many devices to which something is due. Two workers never take the same one."""
    now = clock.now()
    if not await sql.exists("select 1 from push_device where due_at <= :now limit 1", now=now):
        return []
    leased = await sql.take_due(
        "push_device",
        f"due_at <= :now and (leased_until is null or leased_until <= :now) order by due_at limit {int(most)}",
        "update push_device set leased_until = :until, tries = tries + 1",
        "id, staff_id as staff, account_id as account, number, tries, subscription_sealed as box",
        now=now,
        until=now + LEASE,
    )
    return [LeasedDevice(**row) for row in leased]


async def hold_device(taken: LeasedDevice) -> bool:
    """Let nobody wish a push to it until the commit; return False where the lease is no longer this one."""
    return await sql.exists(
        "select 1 from push_device where id = :id and tries = :tries and due_at is not null for update",
        id=taken.id,
        tries=taken.tries,
    )


async def settle_push(taken: LeasedDevice, due: dt.datetime | None = None, *, sent: bool = False) -> None:
    """End the lease: nothing waits any more, or it does until then. A push that was put off for quiet's sake is no
    try."""
    await sql.rows(
        "update push_device set leased_until = null, due_at = :due, sent_at = coalesce(:sent, sent_at) "
        "where id = :id and tries = :tries",
        id=taken.id,
        tries=taken.tries,
        due=due,
        sent=clock.now() if sent else None,
    )


async def forget_device(taken: LeasedDevice) -> None:
    """Forget a device whose browser gave its subscription up."""
    gone = await PushDevice.get_or_none(id=taken.id)
    if gone is not None:
        await gone.remove()


async def words_for(taken: LeasedDevice) -> tuple[str, bool] | None:
    """Return the language in which this person is told, and whether discreetly; None for somebody who has left."""
    person = await sql.row(
        "select language, false::boolean as discreet from staff_member where id = :id and ended_at is null"
        if taken.staff
        else "select language, discreet from portal_account where id = :id",
        id=taken.staff or taken.account,
    )
    return None if person is None else (person["language"], person["discreet"])
