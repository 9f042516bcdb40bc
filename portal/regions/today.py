"""Staff's Today: what is unread, what waits for an answer, and who comes of age."""

from typing import Any

from portal import clock
from portal.facts import OfChart, OfPractice, OfStaff, OfThreadList, OfTriage
from portal.language import date_in_words, local_day, say
from portal.models.access.minors import to_prepare
from portal.models.ground.person import initial
from portal.models.messages.conversation import HAS_UNREAD, Conversation, threads
from portal.models.messages.inbox import OPEN
from portal.models.people.client import Client
from portal.regions import Context, region
from portal.regions.phrases import thread_row, zone
from portal.viewer import Viewer

SHOWN = 100


def _row(viewer: Viewer, row: dict[str, Any]) -> dict[str, Any]:
    """A conversation as Today lists it: it opens in its chart, and can be marked as done here."""
    href = f"/staff/clients/{row['client_id']}/conversations/{row['id']}"
    handled = {"handled_at": f"/staff/inbox/{row['id']}", "number": row["last_number"]}
    return thread_row(viewer.language, row, viewer.id, href) | handled


@region(
    "today-unread",
    "staff/today/_unread.html",
    side="staff",
    needs=None,
    on=(OfThreadList, OfTriage, OfChart),
    slots=("today",),
)
async def unread_messages(viewer: Viewer) -> Context | None:
    rows = await threads(viewer.see(Conversation).where(OPEN).where(HAS_UNREAD), SHOWN)
    shown = [_row(viewer, row) for row in rows if row["unread"]]
    return {"rows": shown, "total": sum(row["unread"] for row in rows)}


@region(
    "today-waiting",
    "staff/today/_waiting.html",
    side="staff",
    needs=None,
    on=(OfThreadList, OfTriage, OfChart),
    slots=("today beside",),
)
async def waiting(viewer: Viewer) -> Context | None:
    rows = await threads(
        viewer.see(Conversation).where(OPEN).where("r.last_side = 'client'").where(f"not {HAS_UNREAD}"), SHOWN
    )
    return {"rows": [_row(viewer, row) for row in rows]}


@region(
    "today-of-age",
    "staff/today/_of_age.html",
    side="staff",
    needs=None,
    on=(OfChart, OfPractice, OfStaff),
    element="today-of-age",
    slots=("today",),
)
async def coming_of_age(viewer: Viewer) -> Context | None:
    """Show who comes of age within ninety days, or has, until everything is done."""
    now, language = clock.now(), viewer.language
    return {
        "rows": [
            {
                "name": f"{row['first_name']} {row['last_name']}",
                "initial": initial(row["first_name"]),
                "colour": row["colour"],
                "href": f"/staff/clients/{row['id']}/contacts#of-age",
                "text": say(
                    language,
                    "Of age since %(date)s: guardians’ access has ended."
                    if row["at"] <= now
                    else "Of age on %(date)s: guardians’ access ends then.",
                    date=date_in_words(local_day(row["at"], zone()), language),
                ),
            }
            for row in await to_prepare(viewer.see(Client))
        ]
    }
