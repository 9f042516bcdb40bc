"""Departures: a colleague's work ends, and nobody they cared for is left alone: a successor takes over, or it shows to
the practice's administrators until somebody is found."""

from typing import Any
from uuid import UUID

from portal import clock
from portal.facts import CareTeamChanged, StaffChanged
from portal.models.ground.fact import announce
from portal.models.ground.record import Gone, live
from portal.models.ground.scope import Scope
from portal.models.notices.devices import silence
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.notice import tell
from portal.models.people.client import CareTeam, Client
from portal.models.people.leave import Leave
from portal.models.practice.practice import hold_practice
from portal.models.staff.staff_member import StaffMember

WITHOUT_TEAM = (
    "r.archived_at is null and not exists (select 1 from care_team ot join staff_member os on os.id = ot.staff_id "
    f"and os.ended_at is null where ot.client_id = r.id and {live('ot')})"
)


async def depart(member: StaffMember, successor: UUID | None, by: UUID) -> None:
    """End a colleague's work. Their clients, the people they supervise and the leaves they stand in for go to the
    successor where there is one; they leave their care teams in any case. One after the other, so that nobody hands
    over to somebody who is leaving too. Raises LastOne, Gone where one of the two works here no more."""
    await hold_practice()
    for colleague in (member, *([] if successor is None else [await StaffMember.get(id=successor)])):
        if (await colleague.hold()).ended_at is not None:
            raise Gone
    for team in await CareTeam.filter(staff_id=member.id).order_by("id"):
        await team.hold()
        if not team.has_ended:
            await team.end()
            if successor is not None:
                await take_over(team.client_id, successor, team.lead, by)
    for junior in await StaffMember.filter(supervisor_id=member.id, ended_at=None):
        await junior.hold()
        junior.supervisor_id = successor if successor != junior.id else None
        await junior.save(update_fields=["supervisor_id"])
        await announce(StaffChanged(staff=junior.id))
    for leave in await Leave.filter(until_at__gt=clock.now()):
        if leave.staff_id == member.id:
            await leave.end()
        elif leave.cover_id == member.id and successor is not None and successor != leave.staff_id:
            await leave.hand_over(successor)
    await member.leave()
    await silence(staff=member.id)


async def take_over(client: UUID, staff: UUID, lead: bool, by: UUID) -> None:
    """Make a colleague part of a client's care team, or the one who leads it, whoever did before; they are told of
    it."""
    await Client.lock(client)
    team = [member for member in await CareTeam.filter(client_id=client) if not member.has_ended]
    if not any(member.staff_id == staff for member in team):
        await CareTeam.create(client_id=client, staff_id=staff, lead=lead)
    for member in team if lead else []:
        await member.lead_care(member.staff_id == staff)
    await announce(CareTeamChanged(client=client, staff=staff))
    await tell(NoticeKind.IN_CARE, staff={staff} - {by}, client=client, by=by)


async def without_team(clients: Scope[Client], limit: int = 200) -> list[dict[str, Any]]:
    """Return the clients in nobody's care: they have no care team, or nobody of it works here any more."""
    return await (
        clients.where(WITHOUT_TEAM)
        .order("r.sorting, r.id")
        .columns("r.id, r.first_name, r.last_name, r.colour", limit=limit)
    )


async def count_without_team(clients: Scope[Client]) -> int:
    return await clients.where(WITHOUT_TEAM).count()


async def in_care_of(teams: Scope[CareTeam], staff: UUID) -> list[dict[str, Any]]:
    """Return the clients in whose care team somebody is, and whether they lead it."""
    return await (
        teams.where("r.staff_id = :staff", staff=staff)
        .where(live("r"))
        .join("join client c on c.id = r.client_id")
        .order("c.sorting, c.id")
        .columns("c.id, c.first_name, c.last_name, c.archived_at, r.lead", limit=1000)
    )


async def colleagues(scope: Scope[StaffMember]) -> list[dict[str, Any]]:
    """Return the staff who work here: name, role, how many clients they care for, and whether they are away."""
    return await (
        scope.where("r.ended_at is null")
        .order("r.name, r.id")
        .columns(
            "r.id, r.name, r.email, r.role, "
            f"(select count(*) from care_team t join client c on c.id = t.client_id and c.archived_at is null "
            f"where t.staff_id = r.id and {live('t')}) as clients, "
            f"(select max(l.until_at) from leave l where l.staff_id = r.id and {live('l')})::timestamptz as away_until"
        )
    )
