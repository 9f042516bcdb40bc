"""Leave: from when until when a colleague is away, and which colleague stands in, who sees and answers what is theirs
meanwhile."""

import datetime as dt
from typing import Any
from uuid import UUID

from tortoise import fields

from portal import clock
from portal.facts import LeaveChanged
from portal.models.ground import sql
from portal.models.ground.fact import announce
from portal.models.ground.moment import Moment
from portal.models.ground.record import Kind, Record, Unacceptable, live
from portal.models.ground.rules import staff_only, works_here
from portal.models.ground.scope import Scope
from portal.models.notices.kinds import NoticeKind, call_off
from portal.models.notices.notice import tell
from portal.models.people.client import CareTeam
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Permission

SOON = dt.timedelta(days=7)  # for so long before it begins a leave shows on Today


class CannotLeave(Unacceptable):
    """A leave that can't be planned as it is."""


class Leave(Record):
    staff_id = fields.UUIDField()
    cover_id = fields.UUIDField()
    from_at = fields.DatetimeField()
    until_at = fields.DatetimeField()
    planned_by = fields.UUIDField()
    planned_at = fields.DatetimeField(default=clock.now)

    @classmethod
    def visible_to(cls, kind: Kind, r: str) -> str:
        """Show leaves to colleagues. Clients read of it where they write, and no more than the dates and the name of
        the cover."""
        return staff_only(kind, works_here(":viewer"))

    @classmethod
    async def plan(cls, staff: UUID, cover: UUID, from_at: dt.datetime, until_at: dt.datetime, by: UUID) -> "Leave":
        """Plan a leave. Raises CannotLeave where one of the two is away at that time already, or others count on the
        one who is to be away."""
        # Whoever plans anything for one of the two waits: between looking and planning nobody else plans.
        for colleague in sorted({staff, cover}):
            await StaffMember.lock(colleague)
        if await sql.row("select 1 as yes from staff_member where id = :id and ended_at is not null", id=cover):
            raise CannotLeave("The person covering no longer works here. Choose someone else.")
        if await _is_away(staff, from_at, until_at):
            raise CannotLeave("There is already time away in these days. End that first.")
        if await _is_away(cover, from_at, until_at):
            raise CannotLeave("The person covering is away then too. Choose someone else.")
        if await _is_away(staff, from_at, until_at, "cover_id"):
            raise CannotLeave("They’re covering for someone at that time. End that leave first, and plan it again.")
        leave = await cls.create(staff_id=staff, cover_id=cover, from_at=from_at, until_at=until_at, planned_by=by)
        await leave._announce(from_at - SOON, from_at, until_at)
        await leave._tell()
        return leave

    async def end(self) -> None:
        """End it now, or before it begins; one that has ended stays as it was. The cover sees nothing of it from then
        on."""
        await self.hold()
        if self.until_at <= clock.now():
            return
        self.until_at = max(clock.now(), self.from_at)
        await self.save(update_fields=["until_at"])
        await call_off(NoticeKind.STANDS_IN, self.id)
        await self._announce()

    async def hand_over(self, cover: UUID) -> None:
        """Have somebody else stand in from now on."""
        await self.hold()
        await announce(LeaveChanged(staff=self.cover_id))
        self.cover_id = cover
        await self.save(update_fields=["cover_id"])
        await call_off(NoticeKind.STANDS_IN, self.id)
        await self._announce(self.from_at, self.until_at)
        await self._tell()

    async def _tell(self) -> None:
        """Tell the person who stands in, unless they have planned it themselves."""
        staff = {self.cover_id} - {self.planned_by}
        await tell(NoticeKind.STANDS_IN, staff=staff, record=self.id, by=self.staff_id)

    async def _announce(self, *turns: dt.datetime) -> None:
        """Announce it to both, now and when it begins and ends."""
        for person in (self.staff_id, self.cover_id):
            await announce(LeaveChanged(staff=person))
            for turn in turns:
                if turn > clock.now():
                    await Moment.plan(turn, LeaveChanged(staff=person))


async def _is_away(staff: UUID, from_at: dt.datetime, until_at: dt.datetime, as_whom: str = "staff_id") -> bool:
    """Tell whether a leave in this time is theirs, or (`as_whom` is "cover_id") one in which they stand in."""
    return await sql.exists(
        f"select 1 from leave where {as_whom} = :staff and from_at < :until and until_at > :from "
        "and until_at > from_at limit 1",
        staff=staff,
        **{"from": from_at, "until": until_at},
    )


async def leaves(scope: Scope[Leave]) -> list[dict[str, Any]]:
    """Return the leaves that are on or to come, the next first, with both names."""
    return await (
        scope.where("r.until_at > :now and r.until_at > r.from_at")
        .join("join staff_member s on s.id = r.staff_id join staff_member c on c.id = r.cover_id")
        .order("r.from_at, r.id")
        .columns(
            "r.id, r.staff_id, r.cover_id, r.from_at, r.until_at, s.name, c.name as cover_name, "
            "(c.ended_at is null)::boolean as cover_works",
            limit=200,
        )
    )


async def away_from(teams: Scope[CareTeam], client: UUID) -> list[dict[str, Any]]:
    """Return who of a client's care team is away now: the name, until when, and the cover's name where they can read
    clinical messages."""
    return await (
        teams.where("r.client_id = :client", client=client)
        .where(live("r"))
        .join(
            f"join leave l on l.staff_id = r.staff_id and {live('l')} "
            "join staff_member s on s.id = l.staff_id "
            "left join staff_member c on c.id = l.cover_id and c.ended_at is null and exists (select 1 from "
            f"staff_permission h where h.staff_id = c.id and h.permission = '{Permission.CLINICAL_MESSAGES.key}')"
        )
        .order("r.lead desc, s.name, s.id")
        .columns("s.name, l.until_at, c.id as cover_id, c.name as cover_name")
    )
