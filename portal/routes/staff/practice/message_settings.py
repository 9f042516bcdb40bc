"""Settings → Messages: how long a message may be changed by who wrote it."""

from typing import Annotated

from pydantic import Field

from portal.models.practice.practice import Practice, hold_practice, the_practice
from portal.permissions import Permission
from portal.routes.staff.shell import page
from portal.web.doors import staff
from portal.web.edit_conflict import FormState, WholeState, form_state
from portal.web.slots import Link, link
from portal.web.visit import Answer, Visit

link("settings", Link("messages", "Messages", "/staff/settings/messages", needs=Permission.PORTAL_SETTINGS))


class Rules(WholeState):
    edit_minutes: Annotated[int, Field(ge=0, le=1440)]


@staff("GET /staff/settings/messages", Permission.PORTAL_SETTINGS)
async def show(visit: Visit) -> Answer:
    return await _page(visit, _form_state(visit, await the_practice()))


@staff("POST /staff/settings/messages", Permission.PORTAL_SETTINGS, form=Rules, audit="change message settings")
async def save(visit: Visit) -> Answer:
    """Takes effect at once, for messages that were sent already too."""
    practice = await hold_practice()
    if visit.errors:
        visit.errors["edit_minutes"] = visit.say("Write a number of minutes from 0 to 1440.")
    form_state = _form_state(visit, practice)
    if form_state.refused:
        return await _page(visit, form_state)
    await practice.keep(edit_minutes=visit.form.edit_minutes)
    visit.note(minutes=practice.edit_minutes)
    return await _page(visit, _form_state(visit, practice), said=visit.say("Saved."))


def _form_state(visit: Visit, practice: Practice) -> FormState:
    labels = {"edit_minutes": visit.say("Minutes in which a message can be edited or withdrawn")}
    return form_state(visit, Rules, {"edit_minutes": practice.edit_minutes}, labels, practice)


async def _page(visit: Visit, form_state: FormState, said: str | None = None) -> Answer:
    return await page(
        visit,
        "staff/practice/messages.html",
        title=visit.say("Messages"),
        place="settings",
        status=form_state.status,
        action="/staff/settings/messages",
        form_state=form_state,
        minutes=form_state.values.get("edit_minutes", ""),
        errors=form_state.errors,
        said=said,
    )
