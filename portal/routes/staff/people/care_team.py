"""The care team of a client: who leads it, who else is on it, and changing that (B6)."""

from typing import Any, Literal
from uuid import UUID

from portal.models.people.client import CareTeam, Client, team_of
from portal.models.people.departure import take_over
from portal.models.staff.staff_member import StaffMember, therapists
from portal.permissions import Permission
from portal.regions.phrases import role_label
from portal.routes.staff.shell import chart_page
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.rendering import render
from portal.web.visit import Answer, Form, Visit, go


class Joining(Form):
    typed = False

    staff: UUID
    place: Literal["lead", "member"] = "lead"


@staff("GET /staff/clients/{client}/care-team", Permission.STAFF, opens="open chart")
async def show(visit: Visit) -> Answer:
    """Ask who is to be on the care team: by script in a dialog, else on a page."""
    client = await visit.find(Client)
    context = await _team(visit, client) | {"by_script": visit.by_script}
    if visit.by_script:
        return visit.fragment(render("staff/people/clients/_care_team.html", visit.language, context))
    return await chart_page(
        visit, "staff/people/clients/care_team.html", title=visit.say("Chart: care team"), **context
    )


async def _team(visit: Visit, client: Client) -> dict[str, Any]:
    here = f"/staff/clients/{client.id}/care-team"
    team = (await team_of(visit.me.see(CareTeam), [client.id]))[client.id]
    on_it = {row["staff_id"] for row in team}
    return {
        "name": client.first_name,
        "action": here,
        "back": f"/staff/clients/{client.id}",
        "members": [
            {
                "id": row["staff_id"],
                "name": row["name"],
                "role": role_label(visit.language, row["role"]),
                "lead": row["lead"],
                "end_action": f"{here}/{row['id']}/end",
            }
            for row in team
        ],
        "candidates": [one for one in await therapists(visit.me.see(StaffMember)) if one["id"] not in on_it],
    }


@staff("POST /staff/clients/{client}/care-team", Permission.STAFF, form=Joining, audit="add to care team")
async def join(visit: Visit) -> Answer:
    """Give a client to somebody's care, as the one who leads it or beside others."""
    client = await _open_chart(visit)
    able = {one["id"] for one in await therapists(visit.me.see(StaffMember))}
    if visit.form.staff not in able:
        raise Refused(422, "Only a colleague who reads clinical messages can be on a care team.")
    await take_over(client.id, visit.form.staff, visit.form.place == "lead", visit.me.id)
    visit.note(staff=visit.form.staff, place=visit.form.place)
    return go(f"/staff/clients/{client.id}/care-team")


@staff("POST /staff/clients/{client}/care-team/{careteam}/end", Permission.STAFF, audit="take off care team")
async def leave(visit: Visit) -> Answer:
    client, place = await _open_chart(visit), await visit.find(CareTeam)
    await Client.lock(client.id)
    acted = not (await place.hold()).has_ended
    if acted:
        await place.end()
    visit.note(record=place.id, staff=place.staff_id, acted=acted)
    return go(f"/staff/clients/{client.id}/care-team")


async def _open_chart(visit: Visit) -> Client:
    client = await visit.find(Client)
    if client.archived_at is not None:
        raise Refused(409, "This chart is archived. Restore it first.")
    return client
