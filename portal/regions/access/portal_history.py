"""The history of a client's portal access, on the chart's Portal tab."""

from uuid import UUID

from portal.facts import OfChart, OfLetter, OfPortalStatus
from portal.language import at_in_words, say
from portal.models.access.portal_history import history_of
from portal.models.people.client import Client
from portal.regions import Context, region
from portal.regions.phrases import zone
from portal.viewer import Viewer

_HISTORY = {
    "sent": "Welcome email sent to %(name)s by %(by)s",
    "offered": "%(by)s asked %(name)s to confirm the date of birth",
    "waiting": "Welcome email to %(name)s by %(by)s is waiting: no mail server is set up",
    "sending": "Welcome email to %(name)s by %(by)s is on its way",
    "unsent": "Welcome email to %(name)s by %(by)s was undone before it went out",
    "failed": "Welcome email to %(name)s by %(by)s couldn’t be delivered",
    "opened": "%(name)s opened the link",
    "verified": "%(name)s gave the right date of birth",
    "locked": "%(name)s locked out after five wrong dates of birth",
    "unlocked": "Lock for %(name)s lifted by %(by)s",
    "address": "The email of %(name)s on file changed, so the link ended",
    "joined": "%(name)s signed up",
    "granted": "%(name)s given access by %(by)s",
    "removed": "Access of %(name)s removed by %(by)s",
    "reset_sent": "A link for a new password was sent to %(name)s",
    "reset": "%(name)s chose a new password",
}


@region(
    "portal-history",
    "staff/access/portal/_history.html",
    side="staff",
    needs=None,
    on=(OfPortalStatus, OfLetter, OfChart),
)
async def history(viewer: Viewer, client: UUID) -> Context | None:
    await viewer.find(Client, client)
    system = say(viewer.language, "the practice")
    return {
        "events": [
            {
                "text": say(viewer.language, _HISTORY[event["kind"]], name=event["name"], by=event["by"] or system),
                "at": at_in_words(event["at"], zone(), viewer.language),
                "kind": "warn" if event["kind"] in ("locked", "removed", "failed") else "hot" if n == 0 else "",
            }
            for n, event in enumerate(await history_of(client))
        ]
    }
