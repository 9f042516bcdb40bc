"""The head of an open conversation: its title, who can read it, and what one should know before one writes."""

from typing import Any
from uuid import UUID

from portal.facts import OfChart, OfficeTurned, OfStaff
from portal.language import date_of, local_day, say
from portal.models.ground.record import Kind
from portal.models.messages.conversation import Conversation
from portal.models.messages.readers import readers
from portal.models.people.client import CareTeam, Client
from portal.models.people.leave import away_from
from portal.models.practice.hours import Office, office
from portal.permissions import Audience, Right
from portal.regions import Context, region
from portal.regions.messages.thread import confidential_line, thread_of, title_of
from portal.regions.phrases import readers_line, thread_href, zone
from portal.viewer import Viewer


@region("thread-head", "messages/_head.html", side="both", needs=Right.MESSAGES, on=(OfChart, OfStaff, OfficeTurned))
async def head(viewer: Viewer, client: UUID, conversation: UUID) -> Context | None:
    thread = await thread_of(viewer, client, conversation)
    if thread is None:
        return None
    chart = await viewer.see(Client).find(client)
    can_read = (await readers(viewer.see(Conversation), [conversation])).get(conversation)
    if chart is None or can_read is None:
        return None
    language, href = viewer.language, thread_href(viewer, client, conversation)
    return {
        "title": title_of(viewer, thread.audience, thread.confidential, chart.first_name, chart.name),
        "readers_line": readers_line(viewer, can_read),
        "readers_href": f"{href}/readers",
        "confidential_line": confidential_line(language) if thread.confidential else None,
        "hints": await _hints(viewer, chart, thread.audience),
        "kept": viewer.kind is Kind.STAFF and not can_read["people"],
        "closed_line": say(language, "This chart is archived, so nothing new can be written.")
        if chart.archived_at
        else None,
    }


async def _hints(viewer: Viewer, client: Client, audience: str) -> list[tuple[str, str]]:
    """Return the other things one should know before one writes: an icon and a sentence each. Colleagues who are away,
    where one writes to the care team; the client's side reads of its own limits where it writes."""
    hints = []
    if audience == Audience.CLINICAL.key:
        absences = await away_from(viewer.see(CareTeam), client.id)
        hours = await office() if absences else Office(zone(), None)
        hints += [("clock", _absence(viewer, absence, hours)) for absence in absences]
    if viewer.kind is Kind.STAFF and client.messaging != "on":
        text = (
            say(
                viewer.language,
                ("Messaging is off for %(name)s: nobody on their side can write here."),
                name=client.first_name,
            )
            if client.messaging == "off"
            else say(viewer.language, "%(name)s and those who act for them can only reply.", name=client.first_name)
        )
        hints.append(("lock", text))
    return hints


def _absence(viewer: Viewer, absence: dict[str, Any], hours: Office) -> str:
    """Say until when somebody is away: they are back when the office is open."""
    language = viewer.language
    back = date_of(hours.open_from(local_day(absence["until_at"], zone())), language)
    if absence["cover_id"] is None:
        return say(language, "%(name)s is away and will be back on %(date)s.", name=absence["name"], date=back)
    if absence["cover_id"] == viewer.id:
        return say(
            language,
            "%(name)s is away and will be back on %(date)s. Until then you’re covering.",
            name=absence["name"],
            date=back,
        )
    return say(
        language,
        "%(name)s is away and will be back on %(date)s. Until then %(cover)s reads and answers here.",
        name=absence["name"],
        date=back,
        cover=absence["cover_name"],
    )
