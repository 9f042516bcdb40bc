"""Staff's inbox: the list, a conversation open beside it, and who does what with it."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field
from starlette.responses import Response

from portal import clock
from portal.language import exactly, local_day, moment_of
from portal.models.ground.record import uuid7
from portal.models.messages.conversation import Closed, Conversation, may_read
from portal.models.messages.message import LONGEST
from portal.models.messages.note import Note
from portal.models.messages.readers import readers
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.notice import tell
from portal.models.people.client import Client
from portal.models.staff.staff_member import StaffMember
from portal.regions.messages import inbox
from portal.regions.messages.inbox import InboxFilter
from portal.regions.phrases import zone
from portal.routes.messages import reading
from portal.routes.messages.writing import Body
from portal.routes.staff.messages import conversations
from portal.routes.staff.shell import page
from portal.web.doors import staff
from portal.web.refusals import Refused
from portal.web.rendering import render
from portal.web.visit import Answer, Form, Visit, go

MORNING = dt.time(9, 0)  # of the practice
LONGEST_SNOOZE = dt.timedelta(days=366)


def _empty(value: Any) -> Any:
    return None if value == "" else value


class OnIt(Form):
    typed = False

    staff: Annotated[UUID | None, BeforeValidator(_empty)] = None


class Snooze(reading.Reading):
    typed = True

    when: Literal["hours", "tomorrow", "monday", "date"]
    date: Annotated[dt.date | None, BeforeValidator(_empty)] = None
    time: Annotated[dt.time | None, BeforeValidator(_empty)] = None


class NewNote(Form):
    key: UUID
    body: Body


class HandOver(Form):
    key: UUID
    staff: UUID
    body: Annotated[str, Field(max_length=LONGEST)] = ""


@staff("GET /staff/inbox", opens="open inbox")
async def index(visit: Visit) -> Answer:
    return await _page(visit, None)


@staff("GET /staff/inbox/{conversation}", opens="read conversation")
async def show(visit: Visit) -> Answer:
    conversation = await _found(visit)
    older = await reading.older(visit, conversation)
    return older or await _page(visit, conversation)


async def _found(visit: Visit) -> Conversation:
    conversation = await visit.me.find(Conversation, visit.id("conversation"))
    visit.about = conversation.client_id
    return conversation


def _wish(visit: Visit) -> InboxFilter:
    client = None
    with suppress(ValueError):
        client = UUID(visit.query("client"))
    return InboxFilter.read(visit.query("view"), visit.query("audience"), client, visit.query("after"))


async def _page(visit: Visit, conversation: Conversation | None) -> Answer:
    wish = _wish(visit)
    current = conversation.id if conversation else None
    regions = {"list": await visit.draw(inbox.inbox_list, **wish.args, current=current)}
    more: dict[str, Any] = {"chosen": False}
    if conversation is not None:
        client = await visit.me.find(Client, conversation.client_id)
        label = visit.say("Message about %(name)s", name=client.name)
        regions |= await reading.parts(visit, conversation) | {
            "handling": await visit.draw(inbox.handling, conversation=conversation.id),
            "about": await visit.draw(inbox.about, client=client.id, current=conversation.id),
        }
        more = {
            "chosen": True,
            "list_href": wish.href(),
            "thread_id": f"thread-{conversation.id}",
            "composer": await conversations.composer(visit, conversation, label),
        }
    return await page(
        visit, "staff/messages/inbox/show.html", title=visit.say("Inbox"), place="inbox", regions=regions, **more
    )


def _back(visit: Visit, conversation: Conversation, changed: bool) -> Answer:
    """Back to the conversation; what is so already is no act."""
    visit.note(about=conversation.client_id, record=conversation.id, acted=changed)
    # By script the page hears of it as all others do.
    return Response(status_code=204) if visit.by_script else go(f"/staff/inbox/{conversation.id}")


@staff("POST /staff/inbox/{conversation}/assignment", form=OnIt, audit="assign conversation")
async def assign(visit: Visit) -> Answer:
    """Put somebody on it who may read it, or give it back to all."""
    conversation = await _found(visit)
    to: UUID | None = visit.form.staff
    if to is not None:
        await visit.me.find(StaffMember, to)
        if not await may_read(conversation, to):
            raise Refused(409, "They can’t read this conversation, so they can’t answer it.")
    return _back(visit, conversation, await conversation.assign(to))


@staff("GET /staff/inbox/{conversation}/notes")
async def ask_note(visit: Visit) -> Answer:
    """A note to colleagues: written in a dialog, or on a page where there is no script."""
    return await _ask_note(visit, await _found(visit))


async def _ask_note(visit: Visit, conversation: Conversation, status: int = 200) -> Answer:
    return await ask(
        visit,
        "staff/messages/inbox/_note.html",
        conversation,
        status,
        action=f"/staff/inbox/{conversation.id}/notes",
        key=visit.sent.get("key") or uuid7(),
        text=visit.sent.get("body", ""),
        errors=visit.errors,
    )


@staff("POST /staff/inbox/{conversation}/notes", form=NewNote, audit="write note", once=True)
async def write_note(visit: Visit) -> Answer:
    conversation = await _found(visit)
    if visit.errors:
        return await _ask_note(visit, conversation, 422)
    try:
        await Note.leave(conversation, visit.form.body, visit.me.id)
    except Closed:
        raise Refused(409, "There is nothing here yet to write a note about.") from None
    return _back(visit, conversation, True)


@staff("GET /staff/inbox/{conversation}/handover")
async def ask_hand_over(visit: Visit) -> Answer:
    """To whom, and with which word."""
    return await _ask_hand_over(visit, await _found(visit))


async def _ask_hand_over(visit: Visit, conversation: Conversation, status: int = 200) -> Answer:
    who = (await readers(visit.me.see(Conversation), [conversation.id]))[conversation.id]
    colleagues = [
        one | {"team": group == "staff"}
        for group in ("staff", "others")
        for one in who[group]
        if one["id"] != visit.me.id
    ]
    return await ask(
        visit,
        "staff/messages/inbox/_handover.html",
        conversation,
        status,
        action=f"/staff/inbox/{conversation.id}/handover",
        key=visit.sent.get("key") or uuid7(),
        colleagues=colleagues,
        chosen=visit.sent.get("staff", ""),
        text=visit.sent.get("body", ""),
        errors=visit.errors,
    )


@staff("POST /staff/inbox/{conversation}/handover", form=HandOver, audit="hand over conversation", once=True)
async def hand_over(visit: Visit) -> Answer:
    """Put a colleague on it, with a word that stands as a note, and let them know."""
    conversation = await _found(visit)
    if visit.errors:
        return await _ask_hand_over(visit, conversation, 422)
    said: HandOver = visit.form
    await visit.me.find(StaffMember, said.staff)
    if not await may_read(conversation, said.staff):
        raise Refused(409, "They can’t read this conversation, so they can’t answer it.")
    await conversation.assign(said.staff)
    # Where nothing was written yet there is no place for a note; that it was handed over is told regardless.
    with suppress(Closed):
        await Note.leave(conversation, said.body, visit.me.id, handed_to=said.staff)
    await tell(
        NoticeKind.HANDED_OVER,
        staff={said.staff} - {visit.me.id},
        client=conversation.client_id,
        record=conversation.id,
        by=visit.me.id,
    )
    return _back(visit, conversation, True)


@staff("POST /staff/inbox/{conversation}/completion", form=reading.Reading, audit="finish conversation")
async def finish(visit: Visit) -> Answer:
    conversation = await _found(visit)
    finished = await conversation.finish(visit.me.id, visit.form.number)
    if not finished:
        await _only_what_was_seen(visit)
    return _back(visit, conversation, finished)


async def _only_what_was_seen(visit: Visit) -> None:
    """Raises where more was written than was before them when they chose to put it out of sight."""
    if (await _found(visit)).last_number > visit.form.number:
        raise Refused(409, "Something new was written here meanwhile. Read it first, then try again.")


@staff("POST /staff/inbox/{conversation}/reopening", audit="reopen conversation")
async def reopen(visit: Visit) -> Answer:
    conversation = await _found(visit)
    return _back(visit, conversation, await conversation.reopen())


@staff("GET /staff/inbox/{conversation}/snooze")
async def ask_snooze(visit: Visit) -> Answer:
    """Until when: asked in a dialog, or on a page where there is no script."""
    return await _ask_snooze(visit, await _found(visit))


async def _ask_snooze(visit: Visit, conversation: Conversation, status: int = 200) -> Answer:
    times = _times()
    choices = [
        {"value": "hours", "label": visit.say("In three hours")},
        {"value": "tomorrow", "label": visit.say("Tomorrow morning")},
        {"value": "monday", "label": visit.say("Monday morning")},
    ]
    for choice in choices:
        choice["line"] = exactly(times[choice["value"]], zone(), visit.language)
    return await ask(
        visit,
        "staff/messages/inbox/_snooze.html",
        conversation,
        status,
        action=f"/staff/inbox/{conversation.id}/snooze",
        choices=choices,
        chosen=visit.sent.get("when", "tomorrow"),
        number=visit.sent.get("number") or conversation.last_number,
        date=visit.sent.get("date") or times["tomorrow"].date().isoformat(),
        time=visit.sent.get("time") or MORNING.strftime("%H:%M"),
        errors=visit.errors,
    )


async def ask(visit: Visit, template: str, conversation: Conversation, status: int, **more: Any) -> Answer:
    """A question about a conversation: by script a dialog, else a page of its own."""
    back = f"/staff/inbox/{conversation.id}"
    context = more | {"back": back, "by_script": visit.by_script}
    if visit.by_script:
        return visit.fragment(render(template, visit.language, context), status)
    return await page(
        visit,
        "staff/messages/inbox/ask.html",
        title=visit.say("Inbox"),
        place="inbox",
        status=status,
        question=template,
        **context,
    )


@staff("POST /staff/inbox/{conversation}/snooze", form=Snooze, audit="snooze conversation")
async def snooze(visit: Visit) -> Answer:
    conversation = await _found(visit)
    until = None if visit.errors else _until(visit.form)
    if until is None or not clock.now() < until < clock.now() + LONGEST_SNOOZE:
        visit.errors = visit.errors or {"date": visit.say("Choose a time that is still to come, within a year.")}
        return await _ask_snooze(visit, conversation, 422)
    snoozed = await conversation.snooze(until, visit.me.id, visit.form.number)
    if not snoozed:
        await _only_what_was_seen(visit)
    return _back(visit, conversation, snoozed)


def _times() -> dict[str, dt.datetime]:
    """The times that need no choosing, each later than now."""
    today = local_day(clock.now(), zone())
    days = {"tomorrow": 1, "monday": 7 - today.weekday()}
    return {"hours": clock.now() + dt.timedelta(hours=3)} | {
        name: moment_of(today + dt.timedelta(days=ahead), zone(), MORNING) for name, ahead in days.items()
    }


def _until(said: Snooze) -> dt.datetime | None:
    """The moment that was chosen, a date and a time being the practice's own."""
    if said.when != "date":
        return _times()[said.when]
    if said.date is None:
        return None
    return moment_of(said.date, zone(), said.time or MORNING)


@staff("POST /staff/inbox/{conversation}/waking", audit="end snooze")
async def wake(visit: Visit) -> Answer:
    conversation = await _found(visit)
    return _back(visit, conversation, await conversation.wake())
