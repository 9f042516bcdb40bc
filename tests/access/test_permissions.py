"""Roles that include managing portal access may act; those who may look only are told so. Strangers to each of its
routes are tried by tests/laws/test_strangers.py."""

import pytest

from tests.access.brings import WORDS
from tests.access.desk import Chart, Desk


@pytest.fixture(scope="module")
async def sorrel(whole: Desk) -> tuple[Chart, str, str]:
    """A chart that the intern sees too, the account of its client, and the letter that invited them."""
    chart, _, account = await whole.registered("Sorrel")
    rows = await whole.sql("select id from outbox where client_id = :id", id=chart.id)
    await whole.sql(
        "insert into care_team (id, client_id, staff_id, lead, from_at) select gen_random_uuid(), client_id, "
        "cast(:idris as uuid), false, from_at from care_team where client_id = :id",
        idris=whole.cast.staff["idris"],
        id=chart.id,
    )
    return chart, account, str(rows[0]["id"])


@pytest.mark.parametrize("who", ["miriam", "jo", "ada", "henrik"])
async def test_those_who_may_see_and_act(desk: Desk, sorrel: tuple[Chart, str, str], who: str) -> None:
    chart, account, letter = sorrel
    person = await desk.person(who)
    assert "Your role doesn’t include managing portal access." not in await desk.tab(chart, by=who)
    assert (await person.get(f"{chart.tab}/letter")).status_code == 200
    for path in ("resets", "removals", "accesses"):
        assert (await desk.act(chart, path, by=who, holder=account)).status_code == 303
    assert (await person.post(f"/staff/mail/{letter}/retry")).status_code == 303


@pytest.mark.parametrize("who", ["idris", "grace"])
async def test_those_who_may_look_only_are_told_so(desk: Desk, sorrel: tuple[Chart, str, str], who: str) -> None:
    chart, *_ = sorrel
    tab = await desk.tab(chart, by=who)
    assert "Your role doesn’t include managing portal access." in tab
    assert f'action="{chart.tab}' not in tab


async def test_the_settings_are_the_administrators(desk: Desk) -> None:
    ada = await desk.person("ada")
    assert (await ada.get("/staff/settings/portal")).status_code == 200
    preview = await ada.post("/staff/settings/portal/preview", **WORDS)
    assert preview.status_code == 200 and "Hello Ada" in preview.text
    assert (await ada.post("/staff/settings/portal/sample", **WORDS)).status_code == 200
    await desk.letter(desk.cast.email["staff", "ada"], "Sample: Your account")
    for name in ("miriam", "jo", "theo", "grace", "idris", "henrik"):
        page = await (await desk.person(name)).get("/staff/today")
        assert "/staff/settings/portal" not in page.text


async def test_there_is_no_first_run_where_there_is_a_practice(desk: Desk) -> None:
    stranger = desk.browser()
    assert (await stranger.get("/start")).status_code == 404
    assert (await stranger.post("/start", code="0000-0000-0000-0000")).status_code == 404
