"""Colleagues: who works here, and ending somebody's work with a successor, so that no client is left alone (D10)."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field

from portal.language import listed
from portal.models.people.client import CareTeam
from portal.models.people.departure import depart, in_care_of
from portal.models.staff.staff_member import StaffMember, therapists
from portal.permissions import Permission
from portal.regions.staff import colleagues as regions
from portal.routes.staff.shell import page
from portal.viewer import NotVisible
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.slots import Link, link
from portal.web.visit import Answer, Form, Visit, go

link("settings", Link("colleagues", "Colleagues", "/staff/colleagues", needs=Permission.STAFF))

HERE = "/staff/colleagues"


def _nobody(value: Any) -> Any:
    if value == "":
        raise ValueError("Choose a colleague, or choose nobody yet.")
    return None if value == "nobody" else value


class Departure(Form):
    successor: Annotated[UUID | None, Field(title="Who takes over"), BeforeValidator(_nobody)]


@staff("GET /staff/colleagues", Permission.STAFF)
async def index(visit: Visit) -> Answer:
    return await page(
        visit,
        "staff/staff/index.html",
        title=visit.say("Colleagues"),
        place="settings",
        regions={"colleagues": await visit.draw(regions.colleague_list), "orphans": await visit.draw(regions.orphans)},
    )


@staff("GET /staff/colleagues/{colleague}/departure", Permission.STAFF)
async def departure(visit: Visit) -> Answer:
    return await _page(visit, await _colleague(visit), 200)


async def _colleague(visit: Visit) -> StaffMember:
    """Somebody who still works here, and isn't oneself: so there is always someone left who manages staff."""
    member = await visit.me.find(StaffMember, visit.id("colleague"))
    if member.ended_at is not None:
        raise NotVisible
    if member.id == visit.me.id:
        raise Refused(409, "You can’t end your own work here. Ask another administrator.")
    return member


async def _page(visit: Visit, member: StaffMember, status: int) -> Answer:
    juniors = (
        await visit.me.see(StaffMember)
        .where("r.supervisor_id = :member and r.ended_at is null", member=member.id)
        .order("r.name, r.id")
        .columns("r.name")
    )
    return await page(
        visit,
        "staff/staff/departure.html",
        title=visit.say("End a colleague’s work"),
        place="settings",
        status=status,
        name=member.name,
        action=f"{HERE}/{member.id}/departure",
        clients=[
            {
                "name": f"{row['first_name']} {row['last_name']}",
                "lead": row["lead"],
                "archived": row["archived_at"] is not None,
            }
            for row in await in_care_of(visit.me.see(CareTeam), member.id)
        ],
        juniors=listed(visit.language, [row["name"] for row in juniors]),
        successors=await _successors(visit, member),
        values=visit.sent,
        errors=visit.errors,
    )


async def _successors(visit: Visit, member: StaffMember | None = None) -> list[dict[str, Any]]:
    candidates = await therapists(visit.me.see(StaffMember))
    return [one for one in candidates if member is None or one["id"] != member.id]


@staff("POST /staff/colleagues/{colleague}/departure", Permission.STAFF, form=Departure, audit="end work here")
async def depart_with(visit: Visit) -> Answer:
    """End it now. With nobody named, the clients are a task of the administrators, on Today and here."""
    member = await _colleague(visit)
    if visit.errors:
        return await _page(visit, member, 422)
    successor: UUID | None = visit.form.successor
    if successor is not None:
        _check(successor, await _successors(visit, member))
    await depart(member, successor, visit.me.id)
    visit.note(record=member.id, successor=successor)
    return go(HERE)


def _check(chosen: UUID, among: list[dict[str, Any]]) -> None:
    if str(chosen) not in {str(one["id"]) for one in among}:
        raise Refused(422, "Who takes over must be a colleague who reads clinical messages.")
