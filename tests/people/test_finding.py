"""People are found however the name was typed: phones write other apostrophes and dashes, lists turn names around."""

from uuid import uuid4

import pytest

from portal.routes.staff.people.finder import LOOKING
from tests.cast import Person
from tests.deployment import Deployment
from tests.html import parse


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


async def offered(person: Person, q: str, at: str = "/staff/search") -> list[str]:
    """Return the addresses that a page offers while somebody types this."""
    answer = await person.send(at, q=q)
    assert answer.status_code == 200, answer.text
    return [one.get("href") for one in parse(answer.text).all("href")]


async def test_clients_come_first_and_then_contacts_by_their_clients(embedded: Deployment) -> None:
    cast = embedded.cast
    miriam = await cast.sign_in("miriam")
    charts = {name: f"/staff/clients/{cast.client[name]}" for name in ("noa", "eli", "sam")}
    found = await offered(miriam, "reyes")
    assert set(found[:2]) == {charts["noa"], charts["eli"]}
    assert set(found[2:]) >= {f"{charts['noa']}/contacts", f"{charts['eli']}/contacts"}
    assert await offered(miriam, "Okafor, S") == [charts["sam"]]
    assert await offered(miriam, "") == await offered(miriam, "nobody at all") == []
    # Many: the first of them, and that there are more.
    few = await miriam.send("/staff/search", q="a")
    assert len(parse(few.text).all("href")) == 8 and "Type more of the name" in few.text


async def test_nobody_is_offered_whom_one_may_not_see(embedded: Deployment) -> None:
    cast = embedded.cast
    theo, ada = await cast.sign_in("theo"), await cast.sign_in("ada")
    assert await offered(theo, "reyes") == [] and await offered(ada, "reyes") != []
    assert (await offered(theo, "dana")) == []
    for at in ("/staff/search", "/staff/inbox/search"):
        dana = await cast.sign_in("dana")
        assert (await dana.send(at, q="noa")).status_code == 401


async def test_without_a_script_the_only_one_opens_and_of_several_there_is_a_list(embedded: Deployment) -> None:
    cast = embedded.cast
    miriam = await cast.sign_in("miriam")
    one = await miriam.post("/staff/search", q="noa")
    assert one.headers["location"] == f"/staff/clients/{cast.client['noa']}"
    several = await miriam.post("/staff/search", q="reyes")
    assert several.headers["location"].startswith("/staff/clients?sealed=")
    nobody = await miriam.get((await miriam.post("/staff/search", q="zzzz")).headers["location"])
    assert "No client matches" in nobody.text
    assert (await miriam.post("/staff/search", q="r" * 300)).status_code == 422


async def test_whoever_asks_too_fast_is_told_to_wait(embedded: Deployment) -> None:
    henrik = await embedded.cast.sign_in("henrik")
    for _ in range(LOOKING.most):
        assert (await henrik.send("/staff/search", q="")).status_code == 200
    late = await henrik.send("/staff/search", q="reyes")
    assert late.status_code == 429 and "Wait a moment" in late.text and not parse(late.text).all("href")
    miriam = await embedded.cast.sign_in("miriam")
    assert await offered(miriam, "reyes")
    await embedded.sql("delete from throttle")


async def test_only_whom_one_may_write_to_is_offered_for_a_new_message(embedded: Deployment) -> None:
    """A supervisor sees Noa's chart, and a biller too: each writes to whom they would read an answer from."""
    cast = embedded.cast
    miriam, theo = await cast.sign_in("miriam"), await cast.sign_in("theo")
    new = f"/staff/clients/{cast.client['noa']}/conversations/new"
    assert new in await offered(miriam, "reyes", "/staff/inbox/search")
    assert await offered(theo, "reyes", "/staff/inbox/search") == []
    one = await miriam.post("/staff/inbox/search", q="noa")
    assert one.headers["location"] == new
    several = (await miriam.post("/staff/inbox/search", q="reyes")).headers["location"]
    assert several.startswith("/staff/inbox/new?sealed=")
    assert new in (await miriam.get(several)).text
    # Who sees a chart and reads none of its audiences is offered nothing.
    hers = "staff_permission where staff_id = :id and permission like '%_messages'"
    taken = await embedded.sql(f"select permission from {hers}", id=cast.staff["miriam"])
    await embedded.sql(f"delete from {hers}", id=cast.staff["miriam"])
    assert await offered(miriam, "reyes", "/staff/inbox/search") == [] != await offered(miriam, "reyes")
    for row in taken:
        again = "insert into staff_permission (staff_id, permission) values (:id, :permission)"
        await embedded.sql(again, id=cast.staff["miriam"], permission=row["permission"])
