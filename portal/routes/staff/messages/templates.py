"""Templates: one's own, which everybody keeps, and the practice's, kept by who has *Client portal settings*."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from portal.models.ground.record import uuid7
from portal.models.messages.template import LONGEST, LONGEST_NAME, Template, unknown_places
from portal.permissions import Permission
from portal.regions.messages.templates import kept
from portal.routes.staff.shell import page
from portal.viewer import NotPermitted
from portal.web.doors import staff
from portal.web.edit_conflict import FormState, WholeState, form_state
from portal.web.slots import Link, link
from portal.web.visit import Answer, Form, Name, Visit, go

link("staff account", Link("templates", "Templates", "/staff/templates", "file-text"))

HERE = "/staff/templates"


def _places(text: str) -> str:
    if unknown_places(text):
        raise ValueError("The text can only have the placeholders {name}, {client}, {me} and {practice}.")
    return text


class TemplateForm(Form):
    name: Annotated[Name, Field(title="Name", min_length=1, max_length=LONGEST_NAME)]
    body: Annotated[str, Field(title="Text", min_length=1, max_length=LONGEST), AfterValidator(_places)]


class ChangedTemplate(TemplateForm, WholeState):
    pass


class NewTemplate(TemplateForm):
    key: UUID
    whose: Annotated[Literal["own", "practice"], Field(title="Whose")] = "own"


@staff("GET /staff/templates")
async def index(visit: Visit) -> Answer:
    return await page(
        visit,
        "staff/messages/templates/index.html",
        title=visit.say("Templates"),
        place="templates",
        new_href=f"{HERE}/new",
        regions={"templates": await visit.draw(kept)},
    )


@staff("GET /staff/templates/new")
async def new(visit: Visit) -> Answer:
    return await _form(visit, None)


@staff("GET /staff/templates/{template}")
async def edit(visit: Visit) -> Answer:
    return await _form(visit, await _own(visit.me.find, visit))


async def _own(look: Callable[[type[Template], UUID], Awaitable[Template]], visit: Visit) -> Template:
    """The template of the path, which the one who asks may change."""
    template = await look(Template, visit.id("template"))
    if template.staff_id is None:
        await _keeps_the_practices(visit)
    return template


async def _keeps_the_practices(visit: Visit) -> None:
    if not await visit.me.may(Permission.PORTAL_SETTINGS):
        raise NotPermitted("Only those who have Client portal settings change the practice’s templates.")


def _form_state(visit: Visit, template: Template) -> FormState:
    labels = {"name": visit.say("Name"), "body": visit.say("Text")}
    now = {"name": template.name, "body": template.body}
    return form_state(visit, ChangedTemplate, now, labels, template)


async def _form(
    visit: Visit, template: Template | None, status: int = 200, form_state: FormState | None = None
) -> Answer:
    form_state = form_state or (_form_state(visit, template) if template else None)
    here = f"{HERE}/{template.id}" if template else HERE
    return await page(
        visit,
        "staff/messages/templates/edit.html",
        title=visit.say("Edit a template") if template else visit.say("New template"),
        place="templates",
        status=status,
        known=template is not None,
        shared=template is not None and template.staff_id is None,
        may_share=template is None and await visit.me.may(Permission.PORTAL_SETTINGS),
        key=uuid7(),
        action=here,
        removal_action=f"{here}/removal" if template else None,
        back_href=HERE,
        form_state=form_state,
        values=form_state.values if form_state else visit.sent,
        errors=visit.errors,
        placeholders=placeholders(visit),
    )


def placeholders(visit: Visit) -> list[dict[str, Any]]:
    """The places a text may have, each with what will stand there."""
    return [
        {"name": "{name}", "meaning": visit.say("The first names of those you write to")},
        {"name": "{client}", "meaning": visit.say("The client’s first name")},
        {"name": "{me}", "meaning": visit.say("Your name")},
        {"name": "{practice}", "meaning": visit.say("The name of the practice")},
    ]


@staff("POST /staff/templates", form=NewTemplate, audit="keep template", once=True)
async def create(visit: Visit) -> Answer:
    if visit.errors:
        return await _form(visit, None, 422)
    said: NewTemplate = visit.form
    if said.whose == "practice":
        await _keeps_the_practices(visit)
    template = await Template.keep(said.name, said.body, visit.me.id if said.whose == "own" else None)
    visit.note(record=template.id)
    return go(HERE)


@staff("POST /staff/templates/{template}", form=ChangedTemplate, audit="change template")
async def update(visit: Visit) -> Answer:
    template = await _own(visit.me.hold, visit)
    form_state = _form_state(visit, template)
    if form_state.refused:
        return await _form(visit, template, form_state.status, form_state)
    await template.change(visit.form.name, visit.form.body)
    visit.note(record=template.id)
    return go(HERE)


@staff("POST /staff/templates/{template}/removal", audit="remove template")
async def remove(visit: Visit) -> Answer:
    template = await _own(visit.me.hold, visit)
    await template.remove()
    visit.note(record=template.id)
    return go(HERE)
