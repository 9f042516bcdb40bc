"""Why somebody can see something (J4): each reader with the reason, as far as it is for the one who asks."""

import pytest

from tests.cast import Person
from tests.deployment import Deployment
from tests.html import parse

CONTACTS = ("Dana Reyes", "Ravi Menon")


async def reasons(person: Person, path: str) -> dict[str, str]:
    """Return the people on a page of reasons, and why each is there."""
    answer = await person.get(path)
    assert answer.status_code == 200, answer.text
    (shown,) = [one for one in parse(answer.text).walk() if "why-list" in one.classes]
    found = {}
    for line in shown.walk():
        if "who-line" in line.classes:
            (why,) = [one for one in line.walk() if one.tag == "small"]
            found[line.elements[-1].text.removesuffix(why.text).strip()] = why.text
    return found


async def test_staff_read_of_each_reader_why(full: Deployment) -> None:
    cast = full.cast
    miriam = await cast.sign_in("miriam")
    thread = f"/staff/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}"
    page = await miriam.get(thread)
    assert f'href="{thread}/readers"' in page.text and "can read this" in page.text
    why = await reasons(miriam, f"{thread}/readers")
    assert why["You"] == "In Noa’s care team. Reads clinical messages"
    assert why["Henrik Vasquez"] == "Clinical Administrator. Sees all clients. Reads clinical messages"
    assert why["Dana Reyes"].startswith("Mother, legal guardian. Can read messages here. On the portal")
    assert len(why) == 3
    dialog = await miriam.htmx(f"{thread}/readers")
    assert "<dialog" in dialog.text and "<html" not in dialog.text


async def test_a_chart_says_who_opens_it_and_who_acts_for_the_client(full: Deployment) -> None:
    cast = full.cast
    miriam = await cast.sign_in("miriam")
    why = await reasons(miriam, f"/staff/clients/{cast.client['eli']}/who-sees")
    assert why["You"] == "In Eli’s care team"
    assert why["Jo Marsh"] == "Practice Scheduler. Sees all clients"
    assert why["Eli Reyes-Menon"].startswith("The client. On the portal since")
    assert why["Ravi Menon"].startswith("Father")
    assert "Theo Novak" not in why and "Idris Bello" not in why
    overview = (await miriam.get(f"/staff/clients/{cast.client['eli']}")).text
    assert f"/staff/clients/{cast.client['eli']}/who-sees" in overview


async def test_clients_are_told_what_is_theirs_to_know(full: Deployment) -> None:
    cast = full.cast
    dana = await cast.sign_in("dana")
    here = f"/clients/{cast.client['noa']}"
    why = await reasons(dana, f"{here}/conversations/{cast.conversation['noa clinical']}/readers")
    assert why == {
        "Miriam Adler": "Therapist. Cares for Noa",
        "A clinical administrator": "Works for all clients",
        "You": "You may act for Noa in this",
    }
    profile = await reasons(dana, f"{here}/who-sees")
    assert profile["You"] == "You may act for Noa in this" and profile["Miriam Adler"] == "Therapist. Cares for Noa"
    home = (await dana.get(f"{here}/home")).text
    roles = "an administrator, a clinical administrator, a scheduler and a biller"
    assert f"At the practice Miriam Adler, {roles} can see what is here about Noa" in home


@pytest.mark.parametrize("name", ["dana", "eli"])
async def test_nobody_is_told_here_who_else_acts_for_the_child(full: Deployment, name: str) -> None:
    cast = full.cast
    person = await cast.sign_in(name)
    why = await reasons(person, f"/clients/{cast.client['eli']}/who-sees")
    assert "You" in why
    assert not {*CONTACTS, "Eli Reyes-Menon"} & why.keys()


async def test_a_confidential_thread_has_no_parent_among_its_readers(full: Deployment) -> None:
    cast = full.cast
    eli, dana, miriam = [await cast.sign_in(name) for name in ("eli", "dana", "miriam")]
    thread = f"clients/{cast.client['eli']}/conversations/{cast.conversation['eli confidential']}/readers"
    why = await reasons(eli, f"/{thread}")
    assert why["You"] == "It is about you" and not set(CONTACTS) & why.keys()
    assert not set(CONTACTS) & (await reasons(miriam, f"/staff/{thread}")).keys()
    assert (await dana.get(f"/{thread}")).status_code == 404
