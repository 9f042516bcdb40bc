"""Texts that are kept for messages: whose they are, who changes them, and what they are filled with."""

from uuid import UUID, uuid4

import pytest

from portal.models.ground.fact import unit
from portal.models.messages.template import MOST, Template, filled, unknown_places
from tests.cast import Cast, Person
from tests.deployment import Deployment, own_practice
from tests.html import parse
from tests.messages.thread import Thread
from tests.pages import open_page

willow = own_practice()


@pytest.fixture
def cast(willow: Deployment) -> Cast:
    return willow.cast


def thread(cast: Cast, name: str = "noa clinical") -> str:
    return f"/staff{Thread(cast, name).place}"


async def keep(person: Person, name: str, body: str, whose: str = "own") -> int:
    answer = await person.post("/staff/templates", key=str(uuid4()), name=name, body=body, whose=whose)
    return answer.status_code


async def test_one_keeps_a_template_and_puts_it_into_a_message(cast: Cast) -> None:
    miriam = await cast.sign_in("miriam")
    assert await keep(miriam, "Before a test", "Hello {name}, {client} can do it. {me}, {practice}") == 303
    chosen = parse((await miriam.htmx(f"{thread(cast)}/templates")).text)
    offered = [one for one in chosen.walk() if one.get("data-insert")]
    text = next(one.get("data-insert") for one in offered if "can do it" in one.get("data-insert"))
    assert text == "Hello Dana, Noa can do it. Miriam Adler, Willow Street Counselling"


async def test_without_javascript_the_chosen_text_stands_in_the_field(cast: Cast) -> None:
    miriam = await cast.sign_in("miriam")
    listed = parse((await miriam.get(f"{thread(cast)}/templates")).text)
    link = next(one for one in listed.walk() if "template=" in (one.get("href") or ""))
    page = parse((await miriam.get(link.get("href"))).text)
    field = next(one for one in page.walk() if one.tag == "textarea")
    assert field.text.strip() == link.get("data-insert").strip()


async def test_ones_own_are_nobody_elses(cast: Cast) -> None:
    miriam, theo, henrik = [await cast.sign_in(name) for name in ("miriam", "theo", "henrik")]
    assert await keep(miriam, "Only mine", "A text of my own.") == 303
    await cast.look_at_templates()
    hers = cast.template["miriam"]
    assert "Only mine" in (await miriam.get("/staff/templates")).text
    for other in (theo, henrik):
        assert "Only mine" not in (await other.get("/staff/templates")).text
        assert (await other.get(f"/staff/templates/{hers}")).status_code == 404
        assert (await other.post(f"/staff/templates/{hers}", name="Mine now", body="Ha.")).status_code == 404
        assert (await other.post(f"/staff/templates/{hers}/removal")).status_code == 404
    assert "A text of my own" not in (await henrik.htmx(f"{thread(cast)}/templates")).text
    assert (await henrik.get(f"{thread(cast)}?template={hers}")).status_code == 404
    assert (await henrik.get(f"{thread(cast)}?template=nonsense")).status_code == 404


async def test_the_practices_are_for_all_and_changed_by_who_has_the_settings(cast: Cast) -> None:
    ada, miriam = await cast.sign_in("ada"), await cast.sign_in("miriam")
    assert await keep(miriam, "For everyone", "Hello.", whose="practice") == 403
    assert await keep(ada, "For everyone", "Hello from {practice}.", whose="practice") == 303
    await cast.look_at_templates()
    kept = cast.template["practice"]
    assert "For everyone" in (await miriam.get("/staff/templates")).text
    assert (await miriam.get(f"/staff/templates/{kept}")).status_code == 403
    assert (await miriam.post(f"/staff/templates/{kept}", name="No", body="No.")).status_code == 403
    assert (await miriam.post(f"/staff/templates/{kept}/removal")).status_code == 403
    async with open_page(miriam, "/staff/templates") as page:
        assert (await ada.post(f"/staff/templates/{kept}", name="For us all", body="Hello.")).status_code == 303
        assert "For us all" in await page.next_push(region="templates")
        assert (await ada.post(f"/staff/templates/{kept}/removal")).status_code == 303
        assert "For us all" not in await page.next_push(region="templates")
        await page.current()


async def test_a_page_of_templates_hears_nothing_of_another_persons(cast: Cast) -> None:
    miriam, theo = await cast.sign_in("miriam"), await cast.sign_in("theo")
    async with open_page(theo, "/staff/templates") as page:
        assert await keep(miriam, "Quietly", "Only mine.") == 303
        await page.ask()
        assert not [push for push in page.pushes if "Quietly" in str(push)]


async def test_clients_see_none_and_their_composer_has_none(cast: Cast) -> None:
    dana = await cast.sign_in("dana")
    own = Thread(cast).place
    await cast.look_at_templates()
    page = await dana.get(f"{own}?template={cast.template['practice']}")
    assert page.status_code == 200 and "/templates" not in page.text and "compose-head [data-dialog" not in page.text
    field = next(one for one in parse(page.text).walk() if one.tag == "textarea")
    assert field.text.strip() == ""


async def test_what_cannot_be_filled_in_is_refused_where_it_is_written(cast: Cast) -> None:
    miriam = await cast.sign_in("miriam")
    for name, body in (("", "Hello."), ("A name", ""), ("A name", "Hello {surname}."), ("n" * 81, "Hello.")):
        answer = await miriam.post("/staff/templates", key=str(uuid4()), name=name, body=body)
        assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text
        assert "Hello {surname}." in answer.text or "surname" not in body


async def test_a_list_has_an_end(cast: Cast) -> None:
    jo = await cast.sign_in("jo")
    async with cast.deployment.models(), unit():
        for number in range(MOST):
            await Template.keep(f"Number {number}", "Hello.", UUID(jo.id))
    assert await keep(jo, "One more", "Hello.") == 409
    assert (await jo.htmx(f"{thread(cast, 'noa administrative')}/templates")).text.count("data-insert") >= MOST


def test_what_is_filled_in_is_filled_in_once() -> None:
    assert filled("{name} and {client}", {"name": "{client}", "client": "Noa"}) == "{client} and Noa"
    assert filled("{name} { } {}", {"name": "Dana"}) == "Dana { } {}"
    assert unknown_places("Hello {name} {link} {}") == ["link", ""]
