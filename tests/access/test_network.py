"""The contact network on and off, for one client and for the practice (H1): on pages that stand open, on both workers,
with Redis and without."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import httpx2

from tests.access.desk import Desk
from tests.pages import are_current, open_page
from tests.people.contacts import add_contact

Switching = Callable[[bool], Awaitable[httpx2.Response]]


def for_noa(desk: Desk) -> Switching:
    return switching(desk, "miriam", f"/staff/clients/{desk.cast.client['noa']}/contacts/network")


def for_all(desk: Desk) -> Switching:
    return switching(desk, "ada", "/staff/settings/portal/contacts")


def switching(desk: Desk, who: str, path: str) -> Switching:
    async def switch(on: bool) -> httpx2.Response:
        return await (await desk.person(who)).post(path, on="yes" if on else "no")

    return switch


@contextlib.asynccontextmanager
async def off(switch: Switching) -> AsyncIterator[None]:
    assert (await switch(False)).status_code == 303
    try:
        yield
    finally:
        assert (await switch(True)).status_code == 303


async def test_off_for_one_child_her_page_closes_and_her_brothers_stays(desk: Desk) -> None:
    noa, eli = desk.cast.client["noa"], desk.cast.client["eli"]
    dana = await desk.cast.sign_in("dana", worker=1)
    miriam = await desk.person("miriam")
    links = "select * from contact_link order by id"
    before = await desk.sql(links)
    thread = f"/clients/{noa}/conversations/{desk.cast.conversation['noa clinical']}"
    contacts, state = f"contacts?client={noa}", f"portal-state?client={noa}"
    async with (
        open_page(dana, thread, worker=0) as hers,
        open_page(dana, f"/clients/{noa}/home", worker=1) as too,
        open_page(dana, f"/clients/{eli}/home", worker=1) as his,
        open_page(miriam, f"/staff/clients/{noa}/contacts", worker=1) as tab,
        open_page(miriam, f"/staff/clients/{noa}/portal", worker=1) as portal,
    ):
        async with off(for_noa(desk)):
            for page in (hers, too):
                await page.until(lambda page=page: page.over, 2, "its end")
                assert page.closed == 4403
            await tab.until(lambda: "The contact network is off for Noa" in tab.live[contacts], 2, "the word")
            assert "Dana Reyes" in tab.live[contacts] and "Paused" in tab.live[contacts]
            await portal.until(lambda: "paused for Noa" in portal.live[state], 2, "the pause")
            assert "The contact network is off" in portal.live[state]
            await his.settle()
            assert not his.over and "Noa" not in str(his.live)
            await are_current(his, tab, portal)
            for path in (thread, f"/clients/{noa}/home"):
                for worker in (0, 1):
                    assert (await dana.get(path, worker)).status_code == 404
            assert (await dana.send(f"{thread}/messages", key=str(uuid4()), body="?")).status_code == 404
            assert await desk.sql(links) == before, "what she holds is kept"
        await tab.until(lambda: "is off for Noa" not in tab.live[contacts], 2, "that it is on")
        await his.until(lambda: "Noa" in str(his.live), 2, "her sister in the switch")
        await are_current(his, tab, portal)
    assert (await dana.get(thread)).status_code == 200


async def test_the_client_in_person_is_not_touched_and_hears_of_it(desk: Desk) -> None:
    child = desk.cast.client["eli"]
    eli, dana = await desk.cast.sign_in("eli"), await desk.cast.sign_in("dana")
    miriam = await desk.person("miriam")
    path = f"/staff/clients/{child}/contacts/network"
    async with (
        open_page(eli, f"/clients/{child}/home", worker=1) as his,
        open_page(dana, f"/clients/{child}/home", worker=1) as hers,
    ):
        assert (await miriam.post(path, on="no")).status_code == 303
        await hers.until(lambda: hers.over, 2, "its end")
        await his.until(lambda: "may do for you has changed" in str(his.toasts), what="the word")
        assert not his.over
        await his.current()
        thread = f"/clients/{child}/conversations/{desk.cast.conversation['eli clinical']}"
        assert (await eli.get(thread)).status_code == 200
        assert (await eli.send(f"{thread}/messages", key=str(uuid4()), body="Mine.")).status_code == 201
        assert (await miriam.post(path, on="yes")).status_code == 303
    notices = f"/clients/{child}/notices"
    assert "What you may do for Eli has changed." in (await dana.get(notices)).text


async def test_nobody_is_added_or_invited_meanwhile_and_links_on_their_way_end(desk: Desk) -> None:
    miriam = await desk.person("miriam")
    chart = await desk.chart("Fern")
    tab = f"/staff/clients/{chart.id}/contacts"
    form = {"name": "Ola Fern", "email": f"ola.{chart.email}", "relationship": "Parent"}
    tie = await add_contact(miriam, chart.id, **form)
    token = await desk.invite(chart, tie.id)

    assert (await miriam.post(f"{tab}/network", on="no")).status_code == 303
    assert not (await desk.browser().post("/welcome", token=token)).cookies
    again = form | {"key": str(uuid4()), "name": "Ada Fern", "email": ""}
    assert (await miriam.post(tab, **again)).status_code == 409
    assert (await miriam.get(f"{tab}/new")).status_code == 409
    assert (await miriam.post(f"{tab}/search", words="Dana")).status_code == 409
    await desk.due_again(chart)
    assert (await desk.act(chart, "invitations", holder=tie.id)).status_code == 404
    assert await desk.count("contact_link where client_id = :id", id=chart.id) == 1
    # What is kept from somebody can be said all the same, and somebody's time here ended.
    assert (await miriam.post(tie.place, **form, no_contact="on")).status_code == 303

    assert (await miriam.post(f"{tab}/network", on="yes")).status_code == 303
    assert (await miriam.post(tie.place, **form)).status_code == 303
    assert (await miriam.post(tab, **again | {"key": str(uuid4())})).status_code == 303
    await desk.invite(chart, tie.id)


async def test_off_for_the_practice_no_contact_acts_for_anybody(desk: Desk) -> None:
    noa, eli, sam = (desk.cast.client[name] for name in ("noa", "eli", "sam"))
    people = {name: await desk.cast.sign_in(name, worker=1) for name in ("dana", "ravi", "eli", "sam")}
    miriam = await desk.person("miriam")
    async with (
        open_page(people["dana"], f"/clients/{noa}/home", worker=0) as hers,
        open_page(people["ravi"], f"/clients/{eli}/home", worker=1) as fathers,
        open_page(people["eli"], f"/clients/{eli}/home", worker=1) as his,
        open_page(people["sam"], f"/clients/{sam}/home", worker=0) as sams,
        open_page(miriam, f"/staff/clients/{noa}/contacts", worker=1) as tab,
    ):
        async with off(for_all(desk)):
            for page in (hers, fathers):
                await page.until(lambda page=page: page.over, 2, "its end")
            await tab.until(lambda: "off for the whole practice" in str(tab.live), 2, "the word")
            assert "contacts/network" not in str(tab.live), "nothing to switch here meanwhile"
            for page in (his, sams, tab):
                await page.current()
                assert not page.over
            home = await people["dana"].get("/home")
            assert home.status_code == 200 and "Nobody is linked to this account now" in home.text
            assert "The contact network is off" in await desk.tab(noa)
        await tab.until(lambda: "off for the whole practice" not in str(tab.live), 2, "that it is on")
        await tab.current()
    assert (await people["dana"].get(f"/clients/{noa}/home")).status_code == 200
    assert (await people["ravi"].get(f"/clients/{eli}/home")).status_code == 200


async def test_a_clients_own_switch_outlasts_the_practices(desk: Desk) -> None:
    dana, eli = await desk.cast.sign_in("dana"), desk.cast.client["eli"]
    noa = desk.cast.client["noa"]
    async with off(for_noa(desk)):
        async with off(for_all(desk)):
            assert (await dana.get(f"/clients/{eli}/home")).status_code == 404
        assert (await dana.get(f"/clients/{eli}/home")).status_code == 200
        assert (await dana.get(f"/clients/{noa}/home")).status_code == 404
    assert (await dana.get(f"/clients/{noa}/home")).status_code == 200
