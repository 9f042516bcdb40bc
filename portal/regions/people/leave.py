"""Leaves: the colleagues who are away, or will be, and who stands in: for all who work there."""

import datetime as dt
from typing import Any

from portal import clock
from portal.facts import OfStaff
from portal.language import date_in_words, local_day, say
from portal.models.people.leave import Leave, leaves
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.phrases import zone
from portal.viewer import Viewer


@region("leaves", "staff/people/leave/_leaves.html", side="staff", needs=None, on=(OfStaff,), element="leaves")
async def leave_list(viewer: Viewer) -> Context | None:
    may = await viewer.may(Permission.STAFF)
    return {"rows": [_row(viewer, row, may) for row in await leaves(viewer.see(Leave))]}


def _row(viewer: Viewer, row: dict[str, Any], may: bool) -> dict[str, Any]:
    language = viewer.language
    last = local_day(row["until_at"] - dt.timedelta(minutes=1), zone())
    mine = row["staff_id"] == viewer.id
    return {
        "id": row["id"],
        "name": row["name"],
        "cover_name": row["cover_name"],
        "cover_gone": not row["cover_works"],
        "dates": say(
            language,
            "%(first)s to %(last)s",
            first=date_in_words(local_day(row["from_at"], zone()), language),
            last=date_in_words(last, language),
        ),
        "now": row["from_at"] <= clock.now(),
        "end_action": f"/staff/leave/{row['id']}/end" if may or mine else None,
    }
