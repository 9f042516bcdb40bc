"""Triage: who answers a conversation, whether it is done, and when it comes back."""

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from starlette.responses import Response

from portal import clock
from portal.language import exactly, local_day, moment_of
from portal.models.messages.conversation import Conversation
from portal.models.messages.handover import put_on
from portal.models.staff.staff_member import StaffMember
from portal.regions.phrases import zone
from portal.routes.messages.reading import Reading
from portal.routes.messages.writing import Chosen
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

    staff: Chosen = None


class Snooze(Reading):
    typed = True

    when: Annotated[Literal["hours", "tomorrow", "monday", "date"], Field(title="When")]
    date: Annotated[dt.date | None, Field(title="Date"), BeforeValidator(_empty)] = None
    time: Annotated[dt.time | None, Field(title="Time"), BeforeValidator(_empty)] = None


@staff("POST /staff/inbox/{conversation}/assignment", form=OnIt, audit="assign conversation")
async def assign(visit: Visit) -> Answer:
    """Put somebody on it who may read it, or give it back to all."""
    conversation = await visit.find(Conversation)
    colleague = await visit.me.find(StaffMember, visit.form.staff) if visit.form.staff else None
    return back_to(visit, conversation, await put_on(colleague.id if colleague else None, conversation))


@staff("POST /staff/inbox/{conversation}/completion", form=Reading, audit="finish conversation")
async def finish(visit: Visit) -> Answer:
    conversation = await visit.find(Conversation)
    finished = await conversation.finish(visit.me.id, visit.form.number)
    if not finished:
        await _only_what_was_seen(visit)
    return back_to(visit, conversation, finished)


async def _only_what_was_seen(visit: Visit) -> None:
    """Raises where more was written than was before them when they chose to put it out of sight."""
    if (await visit.find(Conversation)).last_number > visit.form.number:
        raise Refused(409, "Something new was written here in the meantime. Read it first, then try again.")


@staff("POST /staff/inbox/{conversation}/reopening", audit="reopen conversation")
async def reopen(visit: Visit) -> Answer:
    conversation = await visit.find(Conversation)
    return back_to(visit, conversation, await conversation.reopen())


@staff("GET /staff/inbox/{conversation}/snooze")
async def ask_snooze(visit: Visit) -> Answer:
    """Until when: asked in a dialog, or on a page where there is no script."""
    return await _ask_snooze(visit, await visit.find(Conversation))


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
        title=visit.say("Inbox: snooze"),
        action=f"/staff/inbox/{conversation.id}/snooze",
        choices=choices,
        chosen=visit.sent.get("when", "tomorrow"),
        number=visit.sent.get("number") or conversation.last_number,
        date=visit.sent.get("date") or times["tomorrow"].date().isoformat(),
        time=visit.sent.get("time") or MORNING.strftime("%H:%M"),
        errors=visit.errors,
    )


@staff("POST /staff/inbox/{conversation}/snooze", form=Snooze, audit="snooze conversation")
async def snooze(visit: Visit) -> Answer:
    conversation = await visit.find(Conversation)
    until = None if visit.errors else _until(visit.form)
    if until is None or not clock.now() < until < clock.now() + LONGEST_SNOOZE:
        visit.fault("date", visit.say("Choose a time in the future, within a year."))
        return await _ask_snooze(visit, conversation, 422)
    snoozed = await conversation.snooze(until, visit.me.id, visit.form.number)
    if not snoozed:
        await _only_what_was_seen(visit)
    return back_to(visit, conversation, snoozed)


def _times() -> dict[str, dt.datetime]:
    """The times that need no choosing, each later than now."""
    today = local_day(clock.now(), zone())
    days = {"tomorrow": 1, "monday": 7 - today.weekday()}
    return {"hours": clock.now() + dt.timedelta(hours=3)} | {
        name: moment_of(today + dt.timedelta(days=ahead), zone(), MORNING) for name, ahead in days.items()
    }


def _until(chosen: Snooze) -> dt.datetime | None:
    """The moment that was chosen, a date and a time being the practice's own."""
    if chosen.when != "date":
        return _times()[chosen.when]
    return moment_of(chosen.date, zone(), chosen.time or MORNING) if chosen.date else None


@staff("POST /staff/inbox/{conversation}/waking", audit="end snooze")
async def wake(visit: Visit) -> Answer:
    conversation = await visit.find(Conversation)
    return back_to(visit, conversation, await conversation.wake())


def back_to(visit: Visit, conversation: Conversation, changed: bool) -> Answer:
    """Back to the conversation; what is so already is no act."""
    visit.note(about=conversation.client_id, record=conversation.id, acted=changed)
    # By script the page hears of it as all others do.
    return Response(status_code=204) if visit.by_script else go(f"/staff/inbox/{conversation.id}")


async def ask(
    visit: Visit, template: str, conversation: Conversation, status: int, *, title: str, **more: Any
) -> Answer:
    """A question about a conversation: by script a dialog, else a page of its own."""
    back = f"/staff/inbox/{conversation.id}"
    context = more | {"back": back, "by_script": visit.by_script}
    if visit.by_script:
        return visit.fragment(render(template, visit.language, context), status)
    return await page(
        visit,
        "staff/messages/inbox/ask.html",
        title=title,
        place="inbox",
        status=status,
        question=template,
        **context,
    )
