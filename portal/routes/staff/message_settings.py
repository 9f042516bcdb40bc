"""Settings → Messages: how long a message may be changed by who wrote it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from portal.doors import staff
from portal.models import audit
from portal.models.practice import hold_practice, the_practice
from portal.permissions import Permission
from portal.routes.staff.shell import page
from portal.visit import Answer, Form, Visit


class Rules(Form):
    edit_minutes: Annotated[int, Field(ge=0, le=1440)]


@staff(Permission.PORTAL_SETTINGS)
async def show(visit: Visit) -> Answer:
    return await _page(visit, str((await the_practice()).edit_minutes))


@staff(Permission.PORTAL_SETTINGS, form=Rules)
async def save(visit: Visit) -> Answer:
    """Takes effect at once, for messages that were sent already too."""
    if visit.errors:
        why = visit.say("Write a number of minutes from 0 to 1440.")
        return await _page(
            visit, visit.sent.get("edit_minutes", ""), errors={"edit_minutes": why}, status=422
        )
    practice = await hold_practice()
    practice.edit_minutes = visit.form.edit_minutes
    await practice.save(update_fields=["edit_minutes"])
    await audit.note(
        "change message settings", side="staff", actor=visit.me.id, minutes=practice.edit_minutes
    )
    return await _page(visit, str(practice.edit_minutes), said=visit.say("Saved."))


async def _page(
    visit: Visit,
    minutes: str,
    errors: dict[str, str] | None = None,
    said: str | None = None,
    status: int = 200,
) -> Answer:
    return await page(
        visit,
        "staff/settings/messages.html",
        title=visit.say("Messages"),
        place="settings",
        status=status,
        action="/staff/settings/messages",
        minutes=minutes,
        errors=errors or {},
        said=said,
    )
