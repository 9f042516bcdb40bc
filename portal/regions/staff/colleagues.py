"""The colleagues, and the clients in nobody's care: for those who manage staff."""

from typing import Any

from portal.facts import OfChart, OfficeTurned, OfStaff
from portal.language import date_in_words, local_day, say, say_many
from portal.models.ground.person import initial
from portal.models.people.client import Client
from portal.models.people.departure import colleagues, without_team
from portal.models.practice.hours import Office, office
from portal.models.staff.staff_member import StaffMember, therapists
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.phrases import role_label, zone
from portal.viewer import Viewer


@region(
    "colleagues",
    "staff/staff/_list.html",
    side="staff",
    needs=Permission.STAFF,
    on=(OfChart, OfStaff, OfficeTurned),
    element="colleagues",
)
async def colleague_list(viewer: Viewer) -> Context | None:
    hours = await office()
    return {"rows": [_row(viewer, row, hours) for row in await colleagues(viewer.see(StaffMember))]}


def _row(viewer: Viewer, row: dict[str, Any], hours: Office) -> dict[str, Any]:
    language = viewer.language
    away = row["away_until"]
    back = date_in_words(hours.open_from(local_day(away, zone())), language) if away else ""
    return {
        "id": row["id"],
        "name": row["name"],
        "initial": initial(row["name"]),
        "email": row["email"],
        "role": role_label(language, row["role"]),
        "clients": say_many(language, "%(num)s client", "%(num)s clients", row["clients"]),
        "away": say(language, "Away, back on %(date)s", date=back) if away else "",
        "end_href": f"/staff/colleagues/{row['id']}/departure" if row["id"] != viewer.id else None,
    }


@region(
    "orphans",
    "staff/staff/_orphans.html",
    side="staff",
    needs=Permission.STAFF,
    on=(OfChart, OfStaff),
    element="orphans",
)
async def orphans(viewer: Viewer) -> Context | None:
    """Clients in nobody's care, each with who could take them over."""
    rows = await without_team(viewer.see(Client))
    return {
        "rows": [
            {
                "name": f"{row['first_name']} {row['last_name']}",
                "initial": initial(row["first_name"]),
                "colour": row["colour"],
                "href": f"/staff/clients/{row['id']}",
                "action": f"/staff/clients/{row['id']}/care-team",
                "id": row["id"],
            }
            for row in rows
        ],
        "therapists": await therapists(viewer.see(StaffMember)) if rows else [],
    }
