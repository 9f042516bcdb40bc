"""The words where clients write: whom to call in danger, whether the office is open, what may be written; and the hours
as staff see them."""

from typing import Any
from uuid import UUID

from portal import clock
from portal.facts import ConversationAnswered, OfChart, OfficeTurned, OfPractice
from portal.language import date_in_words, say
from portal.language.office_hours import spans_line, standing_line, week_line
from portal.models.messages.availability import OFF, ON, REPLY, Availability, of_client, of_conversation
from portal.models.messages.conversation import Conversation
from portal.models.people.client import Client
from portal.models.practice.hours import office, special_days
from portal.models.practice.practice import the_practice
from portal.permissions import Permission, Right
from portal.regions import Context, region
from portal.viewer import Viewer


@region(
    "availability",
    "client/messages/_availability.html",
    side="client",
    needs=Right.MESSAGES,
    on=(OfPractice, OfficeTurned, OfChart, ConversationAnswered),
)
async def availability(viewer: Viewer, client: UUID, conversation: UUID | None) -> Context | None:
    """Above the box in which a client writes, or where they would begin to."""
    if conversation is None:
        found = await of_client(viewer.see(Client), client)
    else:
        found = await of_conversation(viewer.see(Conversation), conversation)
    if found is None:
        return None
    crisis = await crisis_notice(viewer.language)
    return crisis | {
        "closed_line": _closed_line(viewer.language, found, conversation is None),
        "office_line": office_line(viewer.language, found),
        "office_state": _state(found),
        "after_hours": found.after_hours,
    }


async def crisis_notice(language: str) -> dict[str, Any]:
    """The practice's own words for danger, where it has written some, and the numbers to tap."""
    practice = await the_practice()
    return {
        "crisis_words": (practice.crisis_words or {}).get(language),
        "crisis_numbers": [tuple(line) for line in practice.crisis],
    }


def office_line(language: str, found: Availability) -> str | None:
    return None if found.standing is None else standing_line(language, found.office, found.standing)


def _state(found: Availability) -> str:
    if found.standing is None:
        return ""
    return "closing" if found.standing.closing else "open" if found.standing.open else "closed"


def _closed_line(language: str, found: Availability, begins: bool) -> str | None:
    """Say why nothing can be written here, or None where it can."""
    if found.may_write:
        return None
    if found.mode == OFF:
        return say(
            language, "Messages are switched off for you. What was written stays here. To reach us, please call."
        )
    if begins:
        return say(language, "The practice writes to you first. Then you can answer here.")
    return say(language, "You can answer here as soon as the practice has written to you.")


@region("crisis", "client/_crisis.html", side="client", needs=None, on=(OfPractice,), element="crisis", slots=("home",))
async def crisis(viewer: Viewer) -> Context | None:
    """At the foot of a client's other pages."""
    return await crisis_notice(viewer.language)


@region("messaging", "staff/access/portal/_messaging.html", side="staff", needs=None, on=(OfChart,))
async def messaging(viewer: Viewer, client: UUID) -> Context | None:
    """On the chart's Portal tab: what this client's side may write."""
    chart = await viewer.find(Client, client)
    language, may = viewer.language, await viewer.may(Permission.PORTAL_ACCESS)
    words = {
        ON: (say(language, "Writing"), say(language, "They can start conversations and reply.")),
        REPLY: (
            say(language, "Replies only"),
            say(language, "They can reply where someone at the practice has written, and can’t start conversations."),
        ),
        OFF: (
            say(language, "No messages"),
            say(language, "They can read what was written. In place of the message box they’re asked to call."),
        ),
    }
    return {
        "name": chart.first_name,
        "modes": [
            {"value": mode, "label": label, "help": help, "current": mode == chart.messaging}
            for mode, (label, help) in words.items()
        ],
        "action": f"/staff/clients/{client}/messaging" if may and chart.archived_at is None else None,
    }


@region(
    "office",
    "staff/practice/_office.html",
    side="staff",
    needs=Permission.PORTAL_SETTINGS,
    on=(OfficeTurned,),
    element="office",
)
async def office_now(viewer: Viewer) -> Context | None:
    """Show how the office stands, and the dates that are not as others, for those who set them."""
    language, kept, now = viewer.language, await office(), clock.now()
    standing = kept.at(now)
    return {
        "line": standing_line(language, kept, standing) if standing else None,
        "open": standing is not None and standing.open,
        "week": week_line(language, kept.week),
        "days": [
            {
                "id": row["id"],
                "date": date_in_words(row["day"], language),
                "iso": row["day"].isoformat(),
                "label": row["label"],
                "hours": spans_line(language, row["spans"]),
                "closed": not row["spans"],
                "drop_action": f"/staff/settings/availability/days/{row['id']}/removal",
            }
            for row in await special_days(kept.local_day(now))
        ],
    }
