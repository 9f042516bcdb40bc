"""Time away: who is, who stands in, and planning it (D10)."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from portal import clock
from portal.language import local_day, moment_of
from portal.models.people.leave import CannotLeave, Leave
from portal.models.staff.staff_member import StaffMember, therapists
from portal.permissions import Permission
from portal.regions.people import leave as regions
from portal.regions.phrases import zone
from portal.routes.staff.shell import page
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.slots import Link, link
from portal.web.visit import Answer, Form, Visit, go

link("staff account", Link("leave", "Time away", "/staff/leave", "moon"))

LONGEST = dt.timedelta(days=400)


class Plan(Form):
    staff: Annotated[UUID, Field(title="Who is away")]
    cover: Annotated[UUID, Field(title="Who covers")]
    first: Annotated[dt.date, Field(title="First day away")]
    last: Annotated[dt.date, Field(title="Last day away")]


@staff("GET /staff/leave")
async def show(visit: Visit) -> Answer:
    return await _page(visit, 200)


async def _page(visit: Visit, status: int) -> Answer:
    colleagues = await therapists(visit.me.see(StaffMember))
    return await page(
        visit,
        "staff/people/leave/show.html",
        title=visit.say("Time away"),
        place="leave",
        status=status,
        people=await _whose(visit),
        covers=[one for one in colleagues if one["id"] != visit.me.id or await _for_all(visit)],
        me_id=visit.me.id,
        today=local_day(clock.now(), zone()).isoformat(),
        values=visit.sent,
        errors=visit.errors,
        regions={"leaves": await visit.draw(regions.leave_list)},
    )


async def _for_all(visit: Visit) -> bool:
    return await visit.me.may(Permission.STAFF)


async def _whose(visit: Visit) -> list[dict[str, Any]]:
    """Return whose leave one may plan: one's own, or with the permission everybody's."""
    colleagues = visit.me.see(StaffMember).where("r.ended_at is null")
    if not await _for_all(visit):
        colleagues = colleagues.where("r.id = :me", me=visit.me.id)
    return await colleagues.order("r.name, r.id").columns("r.id, r.name")


@staff("POST /staff/leave", form=Plan, audit="plan leave")
async def create(visit: Visit) -> Answer:
    """Plan it, from the beginning of the first day to the end of the last, in the practice's zone."""
    if not visit.errors:
        _check(visit)
    if visit.errors:
        return await _page(visit, 422)
    form: Plan = visit.form
    if str(form.staff) not in {str(one["id"]) for one in await _whose(visit)}:
        raise Refused(403, "You plan your own time away. Ask an administrator for a colleague’s.")
    if str(form.cover) not in {str(one["id"]) for one in await therapists(visit.me.see(StaffMember))}:
        raise Refused(422, "The person covering must be a colleague who reads clinical messages.")
    try:
        leave = await Leave.plan(
            form.staff,
            form.cover,
            moment_of(form.first, zone()),
            moment_of(form.last + dt.timedelta(days=1), zone()),
            visit.me.id,
        )
    except CannotLeave as reason:
        visit.fault("first", visit.say(reason.why))
        return await _page(visit, 422)
    visit.note(record=leave.id)
    return go("/staff/leave")


def _check(visit: Visit) -> None:
    form: Plan = visit.form
    today = local_day(clock.now(), zone())
    if form.staff == form.cover:
        visit.fault("cover", visit.say("Choose someone else: people can’t cover for themselves."))
    if form.last < form.first:
        visit.fault("last", visit.say("Choose the first day or a later one."))
    if not today <= form.first <= form.last <= today + LONGEST:
        visit.fault("first", visit.say("Choose a day from today on, within the coming year."))


@staff("POST /staff/leave/{leave}/end", audit="end leave")
async def end(visit: Visit) -> Answer:
    """End a leave now, or call it off: one's own, or with the permission a colleague's."""
    leave = await visit.me.find(Leave, visit.id("leave"))
    if leave.staff_id != visit.me.id and not await _for_all(visit):
        raise Refused(403, "You plan your own time away. Ask an administrator for a colleague’s.")
    await leave.end()
    visit.note(record=leave.id)
    return go("/staff/leave")
