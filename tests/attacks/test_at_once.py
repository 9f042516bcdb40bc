"""Two at the same moment, on PostgreSQL: neither undoes the other.

Each meets the other at a row that a third party holds until both have come as far as they can: the first waits there
with what it has read, and so does the second. On SQLite a write has the database to itself.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.cast import Person
from tests.deployment import Deployment, own_practice
from tests.faults.telling import one_after_the_other
from tests.html import filled
from tests.people.contacts import Tie, add_contact

willow = own_practice("full")


@dataclass
class Scene:
    """Two who see the same charts, each on a worker of their own, and a client who is new."""

    willow: Deployment
    miriam: Person
    henrik: Person
    client: str

    @property
    def chart(self) -> str:
        return f"/staff/clients/{self.client}"

    async def at(self, table: str, id: str, *acts: Awaitable[httpx2.Response]) -> list[int]:
        """Have these acts meet at a row that nobody changes until all of them have come to it."""
        return await one_after_the_other(self.willow, f"select 1 from {table} where id = '{id}' for update", *acts)

    async def form(self, person: Person, page: str = "") -> dict[str, str]:
        """Return the form of the chart as this person has it before them; or that of a contact, whose place it is."""
        return filled((await person.get(page or f"{self.chart}/edit")).text, page or self.chart)

    async def now(self, tie: Tie | None = None) -> dict[str, Any]:
        """Return what is kept of the client, or of somebody who acts for them."""
        return await (self.willow.row("contact_link", tie.id) if tie else self.willow.row("client", self.client))


@pytest.fixture
async def scene(willow: Deployment) -> Scene:
    miriam, henrik = await willow.cast.sign_in("miriam", worker=0), await willow.cast.sign_in("henrik", worker=1)
    return Scene(willow, miriam, henrik, await a_client(miriam))


async def a_client(miriam: Person) -> str:
    form = {"first_name": "Wren", "last_name": f"Tester {uuid4().hex[:6]}", "date_of_birth": "2014-03-01"}
    made = await miriam.post("/staff/clients", key=str(uuid4()), **form)
    return made.headers["location"].rpartition("/")[2]


async def test_what_is_put_away_stays_so_though_it_is_edited(scene: Scene) -> None:
    form = await scene.form(scene.miriam) | {"phone": "(555) 010-0102"}

    def both() -> tuple[Awaitable[httpx2.Response], ...]:
        return scene.henrik.post(f"{scene.chart}/archival"), scene.miriam.post(scene.chart, **form)

    assert await scene.at("client", scene.client, *both()) == [303, 409]
    assert (await scene.now())["archived_at"] is not None
    # The other way round both are done.
    assert (await scene.henrik.post(f"{scene.chart}/restoration")).status_code == 303
    assert await scene.at("client", scene.client, *both()[::-1]) == [303, 303]
    now = await scene.now()
    assert now["archived_at"] is not None and now["phone_sealed"] is not None


async def test_what_is_switched_off_stays_off_though_the_chart_is_edited(scene: Scene) -> None:
    switches = {"contacts/network": {"on": "no"}, "messaging": {"mode": "off"}}
    for n, (path, sent) in enumerate(switches.items()):
        form = await scene.form(scene.miriam) | {"phone": f"(555) 010-011{n}"}
        before = (await scene.now())["phone_sealed"]
        switch, edit = scene.henrik.post(f"{scene.chart}/{path}", **sent), scene.miriam.post(scene.chart, **form)
        assert await scene.at("client", scene.client, switch, edit) == [303, 303]
        assert (await scene.now())["phone_sealed"] != before
    now = await scene.now()
    assert now["contact_network"] is False and now["messaging"] == "off"


async def test_two_who_edit_one_chart_are_told_of_each_other(scene: Scene) -> None:
    form = await scene.form(scene.miriam)
    his = scene.henrik.post(scene.chart, **(form | {"email": "wren@family.example"}))
    hers = scene.miriam.post(scene.chart, **(form | {"phone": "(555) 010-0103"}))
    assert await scene.at("client", scene.client, his, hers) == [303, 409]
    assert (await scene.now())["email"] == "wren@family.example"


async def test_a_contact_who_has_ended_does_not_come_back_by_a_change(scene: Scene) -> None:
    tie = await add_contact(scene.miriam, scene.client, forms="on")
    form = await scene.form(scene.miriam, tie.place) | {"messages": "on"}
    end, change = scene.henrik.post(f"{tie.place}/end"), scene.miriam.post(tie.place, **form)
    assert await scene.at("contact_link", tie.id, end, change) == [303, 409]
    assert (await scene.now(tie))["until_at"] is not None


async def test_an_order_stays_though_terms_are_changed_at_the_same_moment(scene: Scene) -> None:
    tie = await add_contact(scene.miriam, scene.client, forms="on")
    form = await scene.form(scene.miriam, tie.place)
    order = scene.henrik.post(tie.place, **(form | {"no_contact": "on", "basis": "Order 12 F 34/26"}))
    change = scene.miriam.post(tie.place, **(form | {"messages": "on"}))
    assert await scene.at("contact_link", tie.id, order, change) == [303, 409]
    now = await scene.now(tie)
    assert now["no_contact_from"] is not None and now["basis_sealed"] is not None


async def test_an_order_stays_though_the_client_lets_them_write_at_the_same_moment(scene: Scene) -> None:
    sam, client = await scene.willow.cast.sign_in("sam", worker=1), scene.willow.cast.client["sam"]
    tie = await add_contact(scene.miriam, client, forms="on", appointments="on")
    form, own = await scene.form(scene.henrik, tie.place), f"/clients/{client}/who-acts/{tie.id}"
    order = scene.henrik.post(tie.place, **(form | {"no_records": "on", "basis": "Order 12 F 34/26"}))
    assert await scene.at("contact_link", tie.id, order, sam.post(own, right="messages", on="yes")) == [303, 303]
    now = await scene.now(tie)
    assert now["no_records_from"] is not None and now["basis_sealed"] is not None and now["may_messages"]
    # The other way round the form of staff is older than what the client has said.
    form = await scene.form(scene.henrik, tie.place)
    change = scene.henrik.post(tie.place, **(form | {"billing": "on"}))
    assert await scene.at("contact_link", tie.id, sam.post(own, right="messages", on="no"), change) == [303, 409]
    assert not (await scene.now(tie))["may_messages"]


async def test_two_rights_that_the_client_gives_at_once_are_both_given(scene: Scene) -> None:
    cast, client = scene.willow.cast, scene.willow.cast.client["sam"]
    tie = await add_contact(scene.miriam, client)
    rights = [
        (await cast.sign_in("sam", worker)).post(f"/clients/{client}/who-acts/{tie.id}", right=right, on="yes")
        for worker, right in enumerate(("messages", "billing"))
    ]
    assert await scene.at("contact_link", tie.id, *rights) == [303, 303]
    now = await scene.now(tie)
    assert now["may_messages"] and now["may_billing"]


async def test_who_comes_of_age_does_though_terms_are_changed_at_the_same_moment(scene: Scene) -> None:
    """A date of birth is corrected: a guardian's access ends on another day, whatever else is agreed meanwhile."""
    tie = await add_contact(scene.miriam, scene.client, guardian="on", forms="on")
    details = await scene.form(scene.henrik) | {"date_of_birth": "2012-03-01"}
    terms = await scene.form(scene.miriam, tie.place) | {"messages": "on"}
    for table, row in (("client", scene.client), ("contact_link", tie.id)):
        before = await scene.now(tie)
        both = scene.henrik.post(scene.chart, **details), scene.miriam.post(tie.place, **terms)
        assert await scene.at(table, row, *both) == [303, 303]
        now = await scene.now(tie)
        assert now["of_age_at"] == now["until_at"] and now["of_age_at"] < before["of_age_at"]
        assert now["may_messages"] != before["may_messages"]
        details = await scene.form(scene.henrik) | {"date_of_birth": "2010-03-01"}
        terms = await scene.form(scene.miriam, tie.place)
        terms.pop("messages", None)


async def test_another_age_of_majority_holds_for_terms_of_the_same_moment(scene: Scene) -> None:
    ada = await scene.willow.cast.sign_in("ada", worker=1)
    tie = await add_contact(scene.miriam, scene.client, guardian="on", forms="on")
    before = await scene.now(tie)
    terms = await scene.form(scene.miriam, tie.place) | {"messages": "on"}
    ages = {"own_account_age": "14", "majority_age": "19"}
    both = ada.post("/staff/settings/minors", **ages), scene.miriam.post(tie.place, **terms)
    assert await scene.at("contact_link", tie.id, *both) == [200, 303]
    now = await scene.now(tie)
    assert now["of_age_at"] > before["of_age_at"] and now["may_messages"]
    await ada.post("/staff/settings/minors", **(ages | {"majority_age": "18"}))


async def test_an_access_that_two_end_at_once_ends_once(scene: Scene) -> None:
    """One letter goes to the person who held it."""
    cast, willow = scene.willow.cast, scene.willow
    client, account = cast.client["eli"], cast.account["eli"]
    (access,) = await willow.sql("select id from access where account_id = :id and until_at is null", id=account)

    async def done() -> tuple[int, int]:
        letters = await willow.count("outbox where client_id = :client", client=client)
        return letters, await willow.count("audit where action = 'remove access' and result = 'done'")

    letters, noted = await done()
    removals = f"/staff/clients/{client}/portal/removals"
    both = [one.post(removals, key=str(uuid4()), account=account) for one in (scene.henrik, scene.miriam)]
    assert await scene.at("access", str(access["id"]), *both) == [303, 303]
    assert await done() == (letters + 1, noted + 1)


async def test_nobody_is_added_where_contacts_are_switched_off_at_the_same_moment(scene: Scene) -> None:
    tab, henrik, miriam = f"{scene.chart}/contacts", scene.henrik, scene.miriam
    form = {"key": str(uuid4()), "name": "Walt Late", "relationship": "Friend"}
    both = henrik.post(f"{tab}/network", on="no"), miriam.post(tab, **form)
    assert await scene.at("client", scene.client, *both) == [303, 409]
    assert not await scene.willow.count("contact_link where client_id = :id", id=scene.client)
    assert (await henrik.post(f"{tab}/network", on="yes")).status_code == 303
    assert (await miriam.post(tab, **form)).status_code == 303


async def test_two_siblings_are_given_each_others_parent_at_the_same_moment(scene: Scene) -> None:
    """Each waits for nobody who waits for them."""
    one, other = scene.client, await a_client(scene.miriam)
    mother, father = [(await add_contact(scene.miriam, child)).contact for child in (one, other)]
    both = [
        person.post(f"/staff/clients/{child}/contacts", key=str(uuid4()), contact=parent, relationship="Parent")
        for person, child, parent in ((scene.miriam, other, mother), (scene.henrik, one, father))
    ]
    assert await scene.at("contact", mother, *both) == [303, 303]
