"""Two at the same moment, on PostgreSQL: neither undoes the other.

Each meets the other at a row that a third party holds until both have come as far as they can: the first waits there
with what it has read, and so does the second. On SQLite a write has the database to itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest_asyncio

from tests.cast import Person
from tests.deployment import Deployment
from tests.html import filled
from tests.servers import PostgreSQL, Redis


@pytest_asyncio.fixture(scope="module")
async def willow(postgres: PostgreSQL, redis_server: Redis) -> AsyncIterator[Deployment]:
    async with Deployment.full(postgres, redis_server) as deployment:
        yield deployment


@asynccontextmanager
async def held(willow: Deployment, table: str, id: str) -> AsyncIterator[asyncpg.Connection]:
    """A row that nobody else changes for now."""
    connection = await asyncpg.connect(willow.database_url)
    try:
        async with connection.transaction():
            await connection.execute(f"select 1 from {table} where id = $1 for update", UUID(id))
            yield connection
    finally:
        await connection.close()


async def waiting(willow: Deployment, many: int) -> None:
    """Return when so many stand in line for a row."""
    async with asyncio.timeout(20):
        while True:
            (row,) = await willow.sql(
                "select count(*) as n from pg_stat_activity "
                "where datname = current_database() and wait_event_type = 'Lock'"
            )
            if row["n"] >= many:
                return
            await asyncio.sleep(0.02)


async def one_after_the_other(willow: Deployment, table: str, id: str, *acts: Awaitable[httpx2.Response]) -> list[int]:
    """Have them all begin before the first can end, in this order; how each was answered."""
    begun = []
    async with held(willow, table, id):
        for n, act in enumerate(acts, 1):
            begun.append(asyncio.ensure_future(act))
            await waiting(willow, n)
    return [(await answer).status_code for answer in begun]


async def chart_of(willow: Deployment, id: str) -> dict[str, Any]:
    (row,) = await willow.sql("select * from client where id = :id", id=UUID(id))
    return row


async def link_by(willow: Deployment, id: str) -> dict[str, Any]:
    (row,) = await willow.sql("select * from contact_link where id = :id", id=UUID(id))
    return row


async def two(willow: Deployment) -> tuple[Person, Person]:
    """Two who see the same charts, each on a worker of their own."""
    return await willow.cast.sign_in("miriam", worker=0), await willow.cast.sign_in("henrik", worker=1)


async def a_client(willow: Deployment, miriam: Person, born: str = "1994-08-17") -> str:
    form = {"first_name": "Wren", "last_name": f"Tester {uuid4().hex[:6]}", "date_of_birth": born}
    made = await miriam.post("/staff/clients", key=str(uuid4()), **form)
    return made.headers["location"].rpartition("/")[2]


async def form_of(person: Person, page: str, action: str) -> dict[str, str]:
    return filled((await person.get(page)).text, action)


async def a_tie(willow: Deployment, miriam: Person, client: str, **terms: str) -> tuple[str, str]:
    """Somebody who acts for this client: the link, and the place of its form."""
    tab, name = f"/staff/clients/{client}/contacts", f"Walt {uuid4().hex[:8]}"
    form = {"name": name, "relationship": "Grandparent"} | terms
    assert (await miriam.post(tab, key=str(uuid4()), **form)).status_code == 303
    (row,) = await willow.sql(
        "select l.id from contact_link l join contact c on c.id = l.contact_id where c.name = :name", name=name
    )
    return str(row["id"]), f"{tab}/{row['id']}"


async def test_what_is_put_away_stays_so_though_it_is_edited(willow: Deployment) -> None:
    miriam, henrik = await two(willow)
    client = await a_client(willow, miriam)
    chart = f"/staff/clients/{client}"
    form = await form_of(miriam, f"{chart}/edit", chart) | {"phone": "(555) 010-0102"}
    archived, edited = await one_after_the_other(
        willow, "client", client, henrik.post(f"{chart}/archival"), miriam.post(chart, **form)
    )
    assert (archived, edited) == (303, 409)
    assert (await chart_of(willow, client))["archived_at"] is not None
    # The other way round both are done.
    assert (await henrik.post(f"{chart}/restoration")).status_code == 303
    edited, archived = await one_after_the_other(
        willow, "client", client, miriam.post(chart, **form), henrik.post(f"{chart}/archival")
    )
    assert (edited, archived) == (303, 303)
    now = await chart_of(willow, client)
    assert now["archived_at"] is not None and now["phone_sealed"] is not None


async def test_what_is_switched_off_stays_off_though_the_chart_is_edited(willow: Deployment) -> None:
    miriam, henrik = await two(willow)
    client = await a_client(willow, miriam)
    chart = f"/staff/clients/{client}"
    for n, (path, sent) in enumerate(
        ((f"{chart}/contacts/network", {"on": "no"}), (f"{chart}/messaging", {"mode": "off"}))
    ):
        form = await form_of(miriam, f"{chart}/edit", chart) | {"phone": f"(555) 010-011{n}"}
        before = (await chart_of(willow, client))["phone_sealed"]
        switched, edited = await one_after_the_other(
            willow, "client", client, henrik.post(path, **sent), miriam.post(chart, **form)
        )
        assert (switched, edited) == (303, 303)
        assert (await chart_of(willow, client))["phone_sealed"] != before
    now = await chart_of(willow, client)
    assert now["contact_network"] is False and now["messaging"] == "off"


async def test_two_who_edit_one_chart_are_told_of_each_other(willow: Deployment) -> None:
    miriam, henrik = await two(willow)
    client = await a_client(willow, miriam)
    chart = f"/staff/clients/{client}"
    form = await form_of(miriam, f"{chart}/edit", chart)
    answers = await one_after_the_other(
        willow,
        "client",
        client,
        henrik.post(chart, **(form | {"email": "wren@family.example"})),
        miriam.post(chart, **(form | {"phone": "(555) 010-0103"})),
    )
    assert answers == [303, 409]
    assert (await chart_of(willow, client))["email"] == "wren@family.example"


async def test_a_contact_who_has_ended_does_not_come_back_by_a_change(willow: Deployment) -> None:
    miriam, henrik = await two(willow)
    client = await a_client(willow, miriam)
    link, place = await a_tie(willow, miriam, client, forms="on")
    form = await form_of(miriam, place, place) | {"messages": "on"}
    answers = await one_after_the_other(
        willow, "contact_link", link, henrik.post(f"{place}/end"), miriam.post(place, **form)
    )
    assert answers == [303, 409]
    assert (await link_by(willow, link))["until_at"] is not None


async def test_an_order_stays_though_terms_are_changed_at_the_same_moment(willow: Deployment) -> None:
    miriam, henrik = await two(willow)
    client = await a_client(willow, miriam)
    link, place = await a_tie(willow, miriam, client, forms="on")
    form = await form_of(miriam, place, place)
    answers = await one_after_the_other(
        willow,
        "contact_link",
        link,
        henrik.post(place, **(form | {"no_contact": "on", "basis": "Order 12 F 34/26"})),
        miriam.post(place, **(form | {"messages": "on"})),
    )
    assert answers == [303, 409]
    now = await link_by(willow, link)
    assert now["no_contact_from"] is not None and now["basis_sealed"] is not None


async def test_an_order_stays_though_the_client_lets_them_write_at_the_same_moment(willow: Deployment) -> None:
    cast = willow.cast
    miriam, henrik = await two(willow)
    sam = await cast.sign_in("sam", worker=1)
    client = cast.client["sam"]
    link, place = await a_tie(willow, miriam, client, forms="on", appointments="on")
    form = await form_of(henrik, place, place)
    own = f"/clients/{client}/who-acts/{link}"
    answers = await one_after_the_other(
        willow,
        "contact_link",
        link,
        henrik.post(place, **(form | {"no_records": "on", "basis": "Order 12 F 34/26"})),
        sam.post(own, right="messages", on="yes"),
    )
    assert answers == [303, 303]
    now = await link_by(willow, link)
    assert now["no_records_from"] is not None and now["basis_sealed"] is not None and now["may_messages"]
    # The other way round the form of staff is older than what the client has said.
    form = await form_of(henrik, place, place)
    answers = await one_after_the_other(
        willow,
        "contact_link",
        link,
        sam.post(own, right="messages", on="no"),
        henrik.post(place, **(form | {"billing": "on"})),
    )
    assert answers == [303, 409]
    assert not (await link_by(willow, link))["may_messages"]


async def test_two_rights_that_the_client_gives_at_once_are_both_given(willow: Deployment) -> None:
    cast = willow.cast
    miriam, _ = await two(willow)
    sam, also_sam = await cast.sign_in("sam", worker=0), await cast.sign_in("sam", worker=1)
    client = cast.client["sam"]
    link, _ = await a_tie(willow, miriam, client)
    own = f"/clients/{client}/who-acts/{link}"
    answers = await one_after_the_other(
        willow,
        "contact_link",
        link,
        sam.post(own, right="messages", on="yes"),
        also_sam.post(own, right="billing", on="yes"),
    )
    assert answers == [303, 303]
    now = await link_by(willow, link)
    assert now["may_messages"] and now["may_billing"]


async def test_who_comes_of_age_does_though_terms_are_changed_at_the_same_moment(willow: Deployment) -> None:
    """A date of birth is corrected: a guardian's access ends on another day, whatever else is agreed meanwhile."""
    miriam, henrik = await two(willow)
    client = await a_client(willow, miriam, born="2014-03-01")
    chart = f"/staff/clients/{client}"
    link, place = await a_tie(willow, miriam, client, guardian="on", forms="on")
    details = await form_of(henrik, f"{chart}/edit", chart) | {"date_of_birth": "2012-03-01"}
    terms = await form_of(miriam, place, place) | {"messages": "on"}
    for table, row in (("client", client), ("contact_link", link)):
        before = await link_by(willow, link)
        answers = await one_after_the_other(
            willow, table, row, henrik.post(chart, **details), miriam.post(place, **terms)
        )
        assert answers == [303, 303]
        now = await link_by(willow, link)
        assert now["of_age_at"] == now["until_at"] and now["of_age_at"] < before["of_age_at"]
        assert now["may_messages"] != before["may_messages"]
        details = await form_of(henrik, f"{chart}/edit", chart) | {"date_of_birth": "2010-03-01"}
        terms = await form_of(miriam, place, place)
        terms.pop("messages", None)


async def test_another_age_of_majority_holds_for_terms_of_the_same_moment(willow: Deployment) -> None:
    miriam, _ = await two(willow)
    ada = await willow.cast.sign_in("ada", worker=1)
    client = await a_client(willow, miriam, born="2014-03-01")
    link, place = await a_tie(willow, miriam, client, guardian="on", forms="on")
    before = await link_by(willow, link)
    terms = await form_of(miriam, place, place) | {"messages": "on"}
    ages = {"own_account_age": "14", "majority_age": "19"}
    answers = await one_after_the_other(
        willow, "contact_link", link, ada.post("/staff/settings/minors", **ages), miriam.post(place, **terms)
    )
    assert answers == [200, 303]
    now = await link_by(willow, link)
    assert now["of_age_at"] > before["of_age_at"] and now["may_messages"]
    await ada.post("/staff/settings/minors", **(ages | {"majority_age": "18"}))


async def test_an_access_that_two_end_at_once_ends_once(willow: Deployment) -> None:
    """Whose it was is written to once."""
    miriam, henrik = await two(willow)
    client, account = willow.cast.client["eli"], willow.cast.account["eli"]
    portal = f"/staff/clients/{client}/portal"
    (access,) = await willow.sql(
        "select id from access where account_id = :account and until_at is null", account=UUID(account)
    )
    count = (
        "select (select count(*) from outbox where client_id = :client) as letters, "
        "(select count(*) from audit where action = 'remove access' and result = 'done') as noted"
    )
    (before,) = await willow.sql(count, client=UUID(client))
    form = {"account": account}
    answers = await one_after_the_other(
        willow,
        "access",
        str(access["id"]),
        henrik.post(f"{portal}/removals", key=str(uuid4()), **form),
        miriam.post(f"{portal}/removals", key=str(uuid4()), **form),
    )
    assert answers == [303, 303]
    (after,) = await willow.sql(count, client=UUID(client))
    assert after == {"letters": before["letters"] + 1, "noted": before["noted"] + 1}


async def test_nobody_is_added_where_contacts_are_switched_off_at_the_same_moment(willow: Deployment) -> None:
    miriam, henrik = await two(willow)
    client = await a_client(willow, miriam)
    tab = f"/staff/clients/{client}/contacts"
    form = {"key": str(uuid4()), "name": "Walt Late", "relationship": "Friend"}
    answers = await one_after_the_other(
        willow, "client", client, henrik.post(f"{tab}/network", on="no"), miriam.post(tab, **form)
    )
    assert answers == [303, 409]
    assert not await willow.sql("select 1 from contact_link where client_id = :id", id=UUID(client))
    assert (await henrik.post(f"{tab}/network", on="yes")).status_code == 303
    assert (await miriam.post(tab, **form)).status_code == 303


async def test_two_siblings_are_given_each_others_parent_at_the_same_moment(willow: Deployment) -> None:
    """Each waits for nobody who waits for them."""
    miriam, henrik = await two(willow)
    one, other = [await a_client(willow, miriam) for _ in range(2)]
    ties = [await a_tie(willow, miriam, client) for client in (one, other)]
    (mother,), (father,) = [
        await willow.sql("select contact_id from contact_link where id = :id", id=UUID(link)) for link, _ in ties
    ]
    answers = await one_after_the_other(
        willow,
        "contact",
        str(mother["contact_id"]),
        miriam.post(
            f"/staff/clients/{other}/contacts",
            key=str(uuid4()),
            contact=str(mother["contact_id"]),
            relationship="Mother",
        ),
        henrik.post(
            f"/staff/clients/{one}/contacts", key=str(uuid4()), contact=str(father["contact_id"]), relationship="Father"
        ),
    )
    assert answers == [303, 303]
