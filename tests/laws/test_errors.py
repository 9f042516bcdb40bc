"""A form that is not taken says of each field, by its name, what to do: above it and at the field."""

from collections.abc import Iterator

import pytest
import pytest_asyncio

from portal.web.visit import Form
from tests.deployment import Deployment, own_practice
from tests.html import parse
from tests.laws.sample import name_of
from tests.laws.samples import WRITES, sample_of
from tests.laws.stage import Stage

willow = own_practice("embedded")  # what is not refused is done

WRONG = ("", "x" * 11_000)


def forms() -> Iterator[tuple[str, type[Form]]]:
    for route in WRITES:
        form = getattr(route.endpoint, "form", None)
        if form is not None and form.labels("en") and sample_of(route).who:
            yield name_of(route), form


FORMS = dict(forms())


@pytest_asyncio.fixture(scope="module")
async def stage(willow: Deployment) -> Stage:
    stage = Stage(willow)
    await stage.has_news()
    return stage


@pytest.mark.parametrize("name", FORMS)
async def test_what_is_wrong_names_the_field(stage: Stage, name: str) -> None:
    willow = stage.deployment
    route = next(route for route in WRITES if name_of(route) == name)
    sample, labels = sample_of(route), FORMS[name].labels("en")
    person = await stage.person(sample.who)
    await sample.prepare(route, person)
    await sample.find(willow.cast)
    path, refused, said = sample.path(route, willow.cast), 0, set[str]()
    for field in one_of_each_kind(FORMS[name]):
        for value in WRONG:
            answer = await person.post(path, None, sample.headers, **sample.form(willow.cast) | {field: value})
            if answer.status_code == 422:
                refused, said = refused + 1, said | set(errors(answer.text))
    assert said or not refused
    names = {word.lower() for label in labels.values() for word in label.split() if len(word) > 2}
    assert [text for text in said if not any(word in text.lower() for word in names)] == []


def one_of_each_kind(form: type[Form]) -> list[str]:
    """Of hours for seven days one is enough."""
    fields = form.model_fields
    return list({str((fields[name].annotation, fields[name].metadata)): name for name in form.labels("en")}.values())


def errors(page: str) -> Iterator[str]:
    """Return each sentence about a field: of the list above, at the field, or alone."""
    document = parse(page)
    alerts = [part for part in document.all("role") if part.get("role") == "alert"]
    listed = [item for alert in alerts for item in alert.all(tag="li")]
    at_fields = [part for part in document.all("id") if part.get("id").startswith("why-")]
    mains = document.all(tag="main")
    alone = mains if len(mains) == 1 else []  # a refusal, not a form
    for part in (*listed, *at_fields, *(alert for alert in alerts if not alert.all(tag="li")), *alone):
        if text := " ".join(part.text.split()):
            yield text


def test_many_forms_are_tried() -> None:
    assert len(FORMS) > 20
