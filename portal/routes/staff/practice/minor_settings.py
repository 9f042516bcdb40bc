"""Settings → Minors: from which age a young person has an account of their own, and at which guardians' access ends
(H5)."""

from typing import Annotated

from pydantic import Field

from portal.models.access.minors import set_ages, would_end
from portal.models.practice.practice import Practice, hold_practice, the_practice
from portal.permissions import Permission
from portal.routes.staff.shell import page
from portal.web.doors import staff
from portal.web.edit_conflict import FormState, WholeState, form_state
from portal.web.slots import Link, link
from portal.web.visit import Answer, Visit

link("settings", Link("minors", "Minors", "/staff/settings/minors", needs=Permission.PORTAL_SETTINGS))

YOUNGEST, OLDEST = 6, 25


class Ages(WholeState):
    """`sure` is ticked where it was said how many guardians' access ends at once."""

    own_account_age: Annotated[int, Field(title="Age for an account of one’s own", ge=YOUNGEST, le=OLDEST)]
    majority_age: Annotated[int, Field(title="Age of majority", ge=YOUNGEST, le=OLDEST)]
    sure: bool = False


@staff("GET /staff/settings/minors", Permission.PORTAL_SETTINGS)
async def show(visit: Visit) -> Answer:
    return await _page(visit, _form_state(visit, await the_practice()))


@staff("POST /staff/settings/minors", Permission.PORTAL_SETTINGS, form=Ages, audit="change ages for minors")
async def save(visit: Visit) -> Answer:
    """Takes effect at once, on pages that stand open too."""
    for name in [*visit.errors]:
        del visit.errors[name]
        visit.fault(name, visit.say("Write a number from %(first)s to %(last)s.", first=YOUNGEST, last=OLDEST))
    practice = await hold_practice()
    form_state = _form_state(visit, practice)
    if form_state.refused:
        return await _page(visit, form_state)
    form: Ages = visit.form
    if form.own_account_age > form.majority_age:
        visit.fault("own_account_age", visit.say("Choose the age of majority or a lower one."))
        return await _page(visit, form_state)
    ending = 0 if form.majority_age >= practice.majority_age else await would_end(practice, form.majority_age)
    if ending and not form.sure:
        return await _page(visit, form_state, ending=ending)
    await set_ages(practice, form.own_account_age, form.majority_age)
    visit.note(own=form.own_account_age, majority=form.majority_age)
    return await _page(visit, _form_state(visit, practice), said=visit.say("Saved."))


def _form_state(visit: Visit, practice: Practice) -> FormState:
    labels = Ages.labels(visit.language)
    return form_state(visit, Ages, {name: getattr(practice, name) for name in labels}, labels, practice)


async def _page(visit: Visit, form_state: FormState, said: str | None = None, ending: int = 0) -> Answer:
    return await page(
        visit,
        "staff/practice/minors.html",
        title=visit.say("Minors"),
        place="settings",
        status=422 if ending else form_state.status,
        action="/staff/settings/minors",
        form_state=form_state,
        values=form_state.values,
        errors=form_state.errors,
        said=said,
        ending=ending,
    )
