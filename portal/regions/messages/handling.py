"""The panes beside a conversation: what is done with it, and in the inbox the client it is about."""

from uuid import UUID

from portal.facts import MessageSent, OfChart, OfStaff, OfThreadList, OfTriage
from portal.language import age_in_words, exactly, say, short
from portal.models.ground.person import initial
from portal.models.ground.record import shown
from portal.models.ground.rules import allows
from portal.models.messages.conversation import Conversation, threads
from portal.models.messages.inbox import who_is_on
from portal.models.people.client import CareTeam, Client, team_of
from portal.models.people.contact import ContactLink
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Right
from portal.regions import Context, region
from portal.regions.messages.inbox_filter import InboxFilter
from portal.regions.phrases import audience_label, relation_in_words, role_label, zone
from portal.viewer import Viewer


@region(
    "handling",
    "staff/messages/inbox/_handling.html",
    side="staff",
    needs=None,
    on=(MessageSent, OfTriage, OfChart, OfStaff),
)
async def handling(viewer: Viewer, conversation: UUID) -> Context | None:
    """Show the state of a conversation, and what can be done with it."""
    thread = await viewer.see(Conversation).find(conversation)
    if thread is None:
        return None
    language = viewer.language
    on_it = await who_is_on(viewer.see(Conversation), conversation)
    return {
        "here": f"/staff/inbox/{conversation}",
        "me": viewer.id,
        "mine": on_it is not None and on_it[0] == viewer.id,
        "put_on_it": thread.assigned_to is not None,
        "number": thread.last_number,
        "on_it": _on_it(language, on_it, viewer.id),
        "done": await _done(viewer, thread),
        "snoozed": await _snoozed(viewer, thread),
        "can_snooze": thread.last_at is not None and thread.done_at is None,
    }


def _on_it(language: str, on_it: tuple[UUID, str] | None, viewer: UUID) -> str:
    if on_it is None:
        return say(language, "Nobody is on it")
    if on_it[0] == viewer:
        return say(language, "You’re on it")
    return say(language, "%(name)s is on it", name=on_it[1])


async def _done(viewer: Viewer, conversation: Conversation) -> str | None:
    if conversation.done_at is None:
        return None
    return say(
        viewer.language,
        "Done by %(name)s, %(time)s",
        time=exactly(conversation.done_at, zone(), viewer.language),
        name=await _name(viewer, conversation.done_by),
    )


async def _snoozed(viewer: Viewer, conversation: Conversation) -> str | None:
    if not conversation.is_snoozed or conversation.stirs_at is None:
        return None
    return say(
        viewer.language,
        "Snoozed until %(time)s by %(name)s",
        time=exactly(conversation.stirs_at, zone(), viewer.language),
        name=await _name(viewer, conversation.snoozed_by),
    )


async def _name(viewer: Viewer, who: UUID | None) -> str:
    if who == viewer.id:
        return say(viewer.language, "you")
    colleague = await viewer.see(StaffMember).find(who) if who else None
    return colleague.name if colleague else say(viewer.language, "a colleague")


@region("inbox-about", "staff/messages/inbox/_about.html", side="staff", needs=None, on=(OfChart, OfThreadList))
async def about(viewer: Viewer, client: UUID, current: UUID) -> Context | None:
    """The client of the current conversation, who acts and who cares for them, and what else is written."""
    chart = await viewer.see(Client).find(client)
    if chart is None or await viewer.see(Conversation).find(current) is None:
        return None
    language = viewer.language
    team = (await team_of(viewer.see(CareTeam), [client]))[client]
    links = await (
        viewer.see(ContactLink)
        .where("r.client_id = :id", id=client)
        .where(allows("r", Right.MESSAGES))
        .join("join contact c on c.id = r.contact_id")
        .order("r.guardian desc, r.from_at, r.id")
        .columns("c.name, r.relationship, r.guardian")
    )
    others = await threads(
        viewer.see(Conversation)
        .where("r.client_id = :of", of=client)
        .where("r.id <> :this", this=current)
        .where("r.last_number > 0")
    )
    born = chart.born_if_known
    return {
        "name": chart.name,
        "first_name": chart.first_name,
        "initial": initial(chart.first_name),
        "colour": chart.colour,
        "line": age_in_words(born, zone(), language) if born else shown(chart, "date_of_birth") or "",
        "chart_href": f"/staff/clients/{client}",
        "all_href": InboxFilter(client=client).href(current),
        "contacts": [
            {
                "name": link["name"],
                "initial": initial(link["name"]),
                "line": relation_in_words(language, link),
            }
            for link in links
        ],
        "team": [
            {
                "name": say(language, "You") if member["staff_id"] == viewer.id else member["name"],
                "initial": initial(member["name"]),
                "role": role_label(language, member["role"]),
            }
            for member in team
        ],
        "others": [
            {
                "href": InboxFilter().href(row["id"]),
                "label": audience_label(language, row["audience"]),
                "confidential": row["confidential"],
                "at": short(row["last_at"], zone(), language),
                "unread": row["unread"],
            }
            for row in others
        ],
    }
