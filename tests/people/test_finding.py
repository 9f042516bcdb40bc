"""People are found however the name was typed: phones write other apostrophes and dashes, lists turn names around."""

from uuid import uuid4

import pytest

from tests.deployment import Deployment


@pytest.mark.parametrize("query", ["o’rourke", "O'Rourke", "OʼRourke, Siobhan", "siobhán o‘rourke", "rourke;siob"])
async def test_a_client_is_found_by_any_apostrophe_and_turned_around(embedded: Deployment, query: str) -> None:
    theo = await embedded.cast.sign_in("theo")
    assert "Siobhán" in (await theo.get(f"/staff/clients#q={query}", follow=True)).text
    assert "Siobhán" not in (await theo.get(f"/staff/clients#q={query} nobody", follow=True)).text


async def test_a_name_that_came_from_a_phone_is_found_at_a_desk(deployment: Deployment) -> None:
    miriam = await deployment.cast.sign_in("miriam")
    last = f"D’Arcy‑{uuid4().hex[:8]}"
    added = await miriam.post("/staff/clients", key=str(uuid4()), first_name="Anne–Marie", last_name=last)
    assert added.status_code == 303, added.text
    for query in (last.replace("’", "'").replace("‑", "-"), f"{last.upper()}, anne-marie"):
        assert "Anne–Marie" in (await miriam.get(f"/staff/clients#q={query}", follow=True)).text


@pytest.mark.parametrize("query", ["Reyes, Dana", "dana reyes"])
async def test_a_contact_is_found_turned_around(embedded: Deployment, query: str) -> None:
    miriam = await embedded.cast.sign_in("miriam")
    tab = f"/staff/clients/{embedded.cast.client['sam']}/contacts"
    assert "Dana Reyes" in (await miriam.post(f"{tab}/search", words=query)).text
    assert "Dana Reyes" not in (await miriam.post(f"{tab}/search", words=f"{query} nobody")).text
