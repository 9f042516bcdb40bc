"""The work that the worker can't do, on Today of those who answer for the portal: in plain words, and since when."""

from __future__ import annotations

from portal.facts import OfStaff, WorkStuck
from portal.language import at_in_words, say
from portal.models.ground import sql, stuck
from portal.models.ground.stuck import Stuck
from portal.permissions import Permission
from portal.regions import Context, region
from portal.regions.phrases import zone
from portal.viewer import Viewer

SHOWN = 1000


@region("stuck", "staff/today/_stuck.html", side="staff", needs=None, on=(WorkStuck, OfStaff), element="stuck")
async def stuck_work(viewer: Viewer) -> Context | None:
    """Give a line for each queue with something in it that fails; none for who answers for nothing."""
    if not await viewer.may(Permission.PORTAL_SETTINGS):
        return {"rows": []}
    found = await viewer.see(Stuck).where(stuck.IS_SAID).order("r.since desc").columns("r.queue, r.since", SHOWN)
    first = {row["queue"]: sql.moment(row["since"]) for row in found}  # of each queue the longest
    return {
        "rows": [
            {
                "text": in_words(viewer.language, queue),
                "since": at_in_words(since, zone(), viewer.language),
                "tried_again": queue != stuck.RETURNED,
            }
            for queue, since in sorted(first.items())
        ]
    }


def in_words(language: str, queue: str) -> str:
    """Say what it is that doesn't happen."""
    match queue:
        case stuck.MOMENTS:
            return say(language, "Something that was planned, such as the end of an access, isn’t told to open pages.")
        case stuck.MESSAGES:
            return say(language, "Somebody isn’t told of a new message.")
        case stuck.BURSTS | stuck.LETTERS:
            return say(language, "Somebody isn’t written to about what is new.")
        case stuck.WISHES:
            return say(language, "Somebody who asked for a new password gets no letter.")
        case stuck.RETURNED:
            return say(language, "Something in the mailbox for returned mail couldn’t be read, and was passed over.")
        case stuck.COMING_OF_AGE:
            return say(language, "For somebody it can’t be worked out when guardians’ access ends.")
        case stuck.TIDYING:
            return say(language, "Something that was kept long enough isn’t forgotten.")
    return say(language, "Some of the work in the background stands still.")
