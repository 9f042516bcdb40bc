"""Settings → Minors: from which age a young person has an account of their own, and at which guardians' access ends
(H5)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from portal.doors import staff
from portal.models import audit
from portal.models.minors import set_ages, would_end
from portal.models.practice import hold_practice, the_practice
from portal.permissions import Permission
from portal.routes.staff.shell import page
from portal.visit import Answer, Form, Visit

YOUNGEST, OLDEST = 6, 25
_Age = Annotated[int, Field(ge=YOUNGEST, le=OLDEST)]


class Ages(Form):
    """`sure` is ticked where it was said how many guardians' access ends at once."""

    own_account_age: _Age
    majority_age: _Age
    sure: bool = False


@staff(Permission.PORTAL_SETTINGS)
async def show(visit: Visit) -> Answer:
    practice = await the_practice()
    return await _page(
        visit, {"own_account_age": practice.own_account_age, "majority_age": practice.majority_age}
    )


@staff(Permission.PORTAL_SETTINGS, form=Ages)
async def save(visit: Visit) -> Answer:
    """Takes effect at once, on pages that stand open too."""
    for name in visit.errors:
        visit.errors[name] = visit.say(
            "Write an age from %(first)s to %(last)s.", first=YOUNGEST, last=OLDEST
        )
    if visit.errors:
        return await _page(visit, visit.sent, status=422)
    said: Ages = visit.form
    practice = await hold_practice()
    if said.own_account_age > said.majority_age:
        visit.errors["own_account_age"] = visit.say("This can’t be later than coming of age.")
        return await _page(visit, visit.sent, status=422)
    ending = 0 if said.majority_age >= practice.majority_age else await would_end(practice, said.majority_age)
    if ending and not said.sure:
        return await _page(visit, visit.sent, status=422, ending=ending)
    await set_ages(practice, said.own_account_age, said.majority_age)
    await audit.note(
        "change ages for minors",
        side="staff",
        actor=visit.me.id,
        own=said.own_account_age,
        majority=said.majority_age,
    )
    return await _page(visit, said.model_dump(exclude={"sure"}), said=visit.say("Saved."))


async def _page(
    visit: Visit, values: dict[str, Any], status: int = 200, said: str | None = None, ending: int = 0
) -> Answer:
    return await page(
        visit,
        "staff/settings/minors.html",
        title=visit.say("Minors"),
        place="settings",
        status=status,
        action="/staff/settings/minors",
        values=values,
        errors=visit.errors,
        said=said,
        ending=ending,
    )
