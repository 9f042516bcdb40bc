"""Two at once count something and then act on it: one after the other, or held by the database itself."""

import sqlite3
from collections.abc import Awaitable
from datetime import timedelta
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from portal.demo.people import ZONE
from portal.language import local_day
from portal.models.messages.template import MOST as TEMPLATES
from portal.models.notices.devices import MOST as DEVICES
from tests.access.desk import Desk, own_desk
from tests.deployment import Deployment, own_practice
from tests.faults.telling import one_after_the_other
from tests.notices.brings import a_device
from tests.people.contacts import add_contact

desk = own_desk()  # people leave it


async def at_once(desk: Desk, *acts: Awaitable[httpx2.Response], before: str = "audit") -> list[int]:
    """All of these in the same moment: none writes into a table (what is noted of them is written last) before each has
    come that far, or waits for another."""
    return sorted(await one_after_the_other(desk.deployment, f"lock table {before} in share mode", *acts))


async def may_manage(desk: Desk, name: str) -> None:
    await desk.sql(
        "insert into staff_permission (staff_id, permission) values (:id, 'staff') on conflict do nothing",
        id=desk.cast.staff[name],
    )


async def managers(desk: Desk) -> int:
    here = "staff_permission p join staff_member m on m.id = p.staff_id and m.ended_at is null"
    return await desk.count(f"{here} where p.permission = 'staff'")


async def test_a_template_more_than_there_may_be_is_not_kept(desk: Desk) -> None:
    miriam = await desk.person("miriam")
    form = {"name": "The lift", "body": "It waits.", "whose": "own"}
    mine = "message_template where staff_id = :id"
    while await desk.count(mine, id=miriam.id) < TEMPLATES - 1:
        assert (await miriam.post("/staff/templates", key=str(uuid4()), **form)).status_code == 303
    both = [miriam.post("/staff/templates", w, None, key=str(uuid4()), **form) for w in (0, 1)]
    assert await at_once(desk, *both) == [303, 409]
    assert await desk.count(mine, id=miriam.id) == TEMPLATES


async def test_a_device_more_than_there_may_be_is_not_told(desk: Desk) -> None:
    jo = await desk.person("jo")
    for _ in range(DEVICES - 1):
        assert (await jo.post("/staff/notices/devices", **a_device(desk.cast))).status_code == 303
    both = [jo.post("/staff/notices/devices", w, None, **a_device(desk.cast)) for w in (0, 1)]
    assert await at_once(desk, *both, before="push_device") == [303, 409]
    assert await desk.count("push_device where staff_id = :id", id=jo.id) == DEVICES


async def test_nobody_is_away_twice_or_covered_by_who_is_away(desk: Desk) -> None:
    ada, jo = await desk.person("ada"), desk.cast.staff
    first = (local_day(desk.deployment.now, ZONE) + timedelta(days=120)).isoformat()
    leave = {"first": first, "last": first}
    pairs = [("miriam", "theo"), ("theo", "miriam")]
    both = [ada.post("/staff/leave", w, None, staff=jo[a], cover=jo[b], **leave) for w, (a, b) in enumerate(pairs)]
    assert await at_once(desk, *both) == [303, 422]


async def test_access_that_two_give_at_once_is_given_once(desk: Desk) -> None:
    first, second = await desk.chart(), await desk.chart("Rowan")
    await desk.sign_up(first)
    await desk.change(second, email=first.email)
    account, people = await desk.account_id(first), [await desk.person(name) for name in ("ada", "miriam")]
    form = {"key": str(uuid4()), "account": account}
    both = [one.post(f"{second.tab}/accesses", w, None, **form) for w, one in enumerate(people)]
    assert await at_once(desk, *both) == [303, 409]
    given = "access where account_id = :account and client_id = :client"
    assert await desk.count(given, account=account, client=second.id) == 1


async def test_no_minor_is_invited_to_an_address_that_becomes_a_parents(desk: Desk) -> None:
    """It is changed on the chart of a sibling, in the very moment."""
    born = f"{desk.deployment.now.year - 15}-01-02"
    child, sibling = await desk.chart("Juno", born=born), await desk.chart("Nell", born=born)
    ada, parent = await desk.person("ada"), {"name": "Robin Hale", "relationship": "Parent"}
    tie = await add_contact(ada, sibling.id, email=f"robin.{uuid4().hex[:8]}@family.example", **parent)
    await add_contact(ada, child.id, contact=tie.contact, relationship="Parent")

    move = ada.post(tie.place, email=child.email, **parent)
    assert await at_once(desk, move, desk.act(child, "invitations", holder="client")) == [303, 409]
    assert not await desk.sql("select 1 from invitation where client_id = :id", id=child.id)


async def test_two_who_leave_do_not_hand_over_to_each_other(desk: Desk) -> None:
    await may_manage(desk, "henrik")
    ada, henrik, staff = await desk.person("ada"), await desk.person("henrik"), desk.cast.staff
    both = [
        ada.post(f"/staff/colleagues/{staff['miriam']}/departure", 0, None, successor=staff["theo"]),
        henrik.post(f"/staff/colleagues/{staff['theo']}/departure", 1, None, successor=staff["miriam"]),
    ]
    assert await at_once(desk, *both) == [303, 404]
    assert await desk.count("staff_member where ended_at is not null and name ~ 'Miriam|Theo'") == 1


async def test_of_two_who_end_each_others_work_one_stays(desk: Desk) -> None:
    await may_manage(desk, "henrik")
    ada, henrik = await desk.person("ada"), await desk.person("henrik")
    assert await managers(desk) == 2
    both = [
        one.post(f"/staff/colleagues/{other.id}/departure", w, None, successor="nobody")
        for w, (one, other) in enumerate(((ada, henrik), (henrik, ada)))
    ]
    assert await at_once(desk, *both) == [303, 409]
    assert await managers(desk) == 1


unserved = own_practice(scope="function", workers=0)


async def test_the_database_keeps_the_last_who_manages_staff(unserved: Deployment) -> None:
    ada, henrik = unserved.cast.staff["ada"], unserved.cast.staff["henrik"]
    acts = (
        "update staff_member set ended_at = '2026-11-30 12:00:00+00:00' where id = :id",
        "delete from staff_permission where staff_id = :id and permission = 'staff'",
    )
    for act in acts:
        with pytest.raises((asyncpg.CheckViolationError, sqlite3.IntegrityError)):
            await unserved.sql(act, id=ada)
    more = "insert into staff_permission (staff_id, permission) values (:id, 'staff')"
    await unserved.sql(more, id=henrik)
    await unserved.sql(acts[0], id=ada)
    for act in acts:
        with pytest.raises((asyncpg.CheckViolationError, sqlite3.IntegrityError)):
            await unserved.sql(act, id=henrik)
