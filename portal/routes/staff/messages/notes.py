"""Notes of staff to each other in a conversation, and handing it over with one."""

from typing import Annotated
from uuid import UUID, uuid4

from pydantic import Field

from portal.models.messages.conversation import Closed, Conversation
from portal.models.messages.handover import hand_over_to
from portal.models.messages.message import LONGEST
from portal.models.messages.note import Note
from portal.models.messages.readers import readers
from portal.models.staff.staff_member import StaffMember
from portal.routes.messages.writing import Body
from portal.routes.staff.messages.triage import ask, back_to
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.visit import Answer, Form, Visit


class NewNote(Form):
    key: UUID
    body: Annotated[Body, Field(title="Note")]


class HandOver(Form):
    key: UUID
    staff: Annotated[UUID, Field(title="Colleague")]
    body: Annotated[str, Field(title="A note to them", max_length=LONGEST)] = ""


@staff("GET /staff/inbox/{conversation}/notes")
async def ask_note(visit: Visit) -> Answer:
    """A note to colleagues: written in a dialog, or on a page where there is no script."""
    return await _ask_note(visit, await visit.find(Conversation))


async def _ask_note(visit: Visit, conversation: Conversation, status: int = 200) -> Answer:
    return await ask(
        visit,
        "staff/messages/inbox/_note.html",
        conversation,
        status,
        title=visit.say("Inbox: note"),
        action=f"/staff/inbox/{conversation.id}/notes",
        key=visit.sent.get("key") or uuid4(),
        text=visit.sent.get("body", ""),
        errors=visit.errors,
    )


@staff("POST /staff/inbox/{conversation}/notes", form=NewNote, audit="write note", once=True)
async def write_note(visit: Visit) -> Answer:
    conversation = await visit.find(Conversation)
    if visit.errors:
        return await _ask_note(visit, conversation, 422)
    try:
        await Note.leave(conversation, visit.form.body, visit.me.id)
    except Closed:
        raise Refused(409, "There is nothing here yet to write a note about.") from None
    return back_to(visit, conversation, True)


@staff("GET /staff/inbox/{conversation}/handover")
async def ask_hand_over(visit: Visit) -> Answer:
    """Ask to whom it goes, and for a note to them."""
    return await _ask_hand_over(visit, await visit.find(Conversation))


async def _ask_hand_over(visit: Visit, conversation: Conversation, status: int = 200) -> Answer:
    can_read = (await readers(visit.me.see(Conversation), [conversation.id]))[conversation.id]
    colleagues = [
        colleague | {"team": group == "staff"}
        for group in ("staff", "others")
        for colleague in can_read[group]
        if colleague["id"] != visit.me.id
    ]
    return await ask(
        visit,
        "staff/messages/inbox/_handover.html",
        conversation,
        status,
        title=visit.say("Inbox: hand over"),
        action=f"/staff/inbox/{conversation.id}/handover",
        key=visit.sent.get("key") or uuid4(),
        colleagues=colleagues,
        chosen=visit.sent.get("staff", ""),
        text=visit.sent.get("body", ""),
        errors=visit.errors,
    )


@staff("POST /staff/inbox/{conversation}/handover", form=HandOver, audit="hand over conversation", once=True)
async def hand_over(visit: Visit) -> Answer:
    """Put a colleague on it, with a word that stands as a note, and let them know."""
    conversation = await visit.find(Conversation)
    if visit.errors:
        return await _ask_hand_over(visit, conversation, 422)
    colleague = await visit.me.find(StaffMember, visit.form.staff)
    await hand_over_to(colleague.id, conversation, visit.form.body, visit.me.id)
    return back_to(visit, conversation, True)
