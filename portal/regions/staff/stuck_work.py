"""The work that the worker can't do, on Today of those who answer for the portal: in plain words, and since when."""

from portal.facts import OfStaff, WorkStuck
from portal.language import at_in_words, say
from portal.models.ground.stuck_work import (
    BURSTS,
    COMING_OF_AGE,
    IS_SAID,
    LETTERS,
    LOOPS,
    MESSAGES,
    MOMENTS,
    RETURNED,
    TIDYING,
    WISHES,
    StuckWork,
)
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.phrases import zone
from portal.viewer import Viewer

SHOWN = 1000

IN_WORDS = {
    MOMENTS: "Open pages aren’t told about something planned, such as the end of an access.",
    MESSAGES: "Someone isn’t told about a new message.",
    BURSTS: "Someone isn’t getting emails about what is new.",
    LETTERS: "Someone isn’t getting emails about what is new.",
    WISHES: "Someone who asked for a new password isn’t getting the email.",
    RETURNED: "Something in the mailbox for returned mail couldn’t be read, and was skipped.",
    COMING_OF_AGE: "For one client, the day on which guardians’ access ends can’t be calculated.",
    TIDYING: "Something that is due to be deleted hasn’t been.",
    LOOPS: "Some work in the background has stopped.",
}


@region(
    "stuck",
    "staff/today/_stuck.html",
    side="staff",
    needs=None,
    on=(WorkStuck, OfStaff),
    element="stuck",
    slots=("today",),
)
async def stuck_work(viewer: Viewer) -> Context | None:
    """Return a line for each queue with something in it that fails, and since when; none for a colleague who doesn't
    answer for the portal."""
    if not await viewer.may(Permission.PORTAL_SETTINGS):
        return {"rows": []}
    stuck = await viewer.see(StuckWork).where(IS_SAID).order("r.since desc").columns("r.queue, r.since", SHOWN)
    first = {row["queue"]: row["since"] for row in stuck}  # of each queue the longest
    return {
        "rows": [
            {
                "text": say(viewer.language, IN_WORDS[queue]),
                "since": at_in_words(since, zone(), viewer.language),
                "tried_again": queue != RETURNED,
            }
            for queue, since in sorted(first.items())
        ]
    }
