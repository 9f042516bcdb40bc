"""A profile pauses when its account lacks something on file (A2); and the whole portal can be switched off."""

import contextlib
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.access.desk import SECRET, Desk
from tests.pages import open_page

PAUSED = "The portal is paused for"


@pytest.mark.parametrize("cleared", ["email", "date_of_birth"])
async def test_what_is_cleared_pauses_and_what_is_back_goes_on(desk: Desk, cleared: str) -> None:
    chart, browser, _ = await desk.registered("Willa")
    miriam = await desk.person("miriam")
    async with open_page(browser, chart.home, worker=1) as page, open_page(miriam, chart.tab, worker=1) as tab:
        assert PAUSED not in str(tab.live)
        await desk.change(chart, **{cleared: ""})
        await page.until(lambda: page.over, 2, "the pause")
        assert page.closed == 4403
        await tab.until(lambda: PAUSED in str(tab.live), 2, "the word for it")
        await tab.current()
        assert (await browser.get(chart.home)).status_code == 404
        assert (await browser.post(f"/clients/{chart.id}/conversations", audience="clinical")).status_code == 404
        await desk.change(chart)
        await tab.until(lambda: PAUSED not in str(tab.live), 2, "that it goes on")
        await tab.current()
    assert (await browser.get(chart.home)).status_code == 200


async def test_a_childs_date_of_birth_pauses_what_her_mother_sees(desk: Desk) -> None:
    """Noa has no address of her own on file, so that is not what is missing."""
    noa = desk.cast.client["noa"]
    kept = (await desk.sql("select first_name, last_name from client where id = :id", id=noa))[0]
    miriam, dana = await desk.person("miriam"), await desk.cast.sign_in("dana")
    try:
        async with (
            open_page(dana, f"/clients/{noa}/home", worker=1) as page,
            open_page(dana, f"/clients/{desk.cast.client['eli']}/home") as his,
        ):
            assert (await miriam.post(f"/staff/clients/{noa}", **kept)).status_code == 303
            await page.until(lambda: page.over, 2, "the pause")
            assert page.closed == 4403
            await his.current()
            assert his.closed is None
            assert PAUSED in await desk.tab(noa)
    finally:
        assert (await miriam.post(f"/staff/clients/{noa}", **kept, date_of_birth="2017-03-09")).status_code == 303
    assert (await dana.get(f"/clients/{noa}/home")).status_code == 200


# --- Switched off --------------------------------------------------------------------------------


async def switch(desk: Desk, on: bool) -> httpx2.Response:
    ada = await desk.person("ada")
    return await ada.post("/staff/settings/portal", on="yes" if on else "no")


@contextlib.asynccontextmanager
async def switched_off(desk: Desk) -> AsyncIterator[None]:
    assert (await switch(desk, False)).status_code == 303
    try:
        yield
    finally:
        assert (await switch(desk, True)).status_code == 303


async def test_off_everyone_is_signed_out_and_nobody_comes_in(desk: Desk) -> None:
    chart, invited, registered = await desk.chart(), await desk.chart("Robin"), await desk.chart("Fern")
    browser = await desk.sign_up(chart)
    await desk.sign_up(registered)
    account = await desk.account_id(registered)
    token = await desk.invite(invited)
    half = await desk.verified(invited, token)
    await desk.due_again(invited)
    assert (await desk.act(registered, "resets", holder=account)).status_code == 303
    reset = await desk.reset(account)
    resetting = desk.browser()
    assert (await resetting.post("/reset", token=reset)).status_code == 303
    miriam = await desk.person("miriam")
    async with (
        open_page(browser, chart.home, worker=0) as one,
        open_page(await desk.cast.sign_in("sam"), "/home", worker=1) as other,
        open_page(miriam, invited.tab, worker=1) as tab,
    ):
        async with switched_off(desk):
            for page in (one, other):
                await page.until(lambda page=page: page.over, 2, "being signed out")
                assert page.closed == 4423, "it says that the portal is closed, and not only to sign in again"
            await tab.current()
            assert tab.closed is None
            assert "Client portal" in str(tab.live)
            for worker in (0, 1):
                answer = await browser.get(chart.home, worker)
                assert answer.headers["location"].startswith("/sign-in")

            # The sign-in page says so before anybody has typed a password, and staff find their way in.
            door = (await desk.browser().get("/sign-in")).text
            phone = (await desk.sql("select phone from practice"))[0]["phone"]
            assert "The portal is closed at the moment" in door and f"Call {phone}" in door
            assert "Sign in as staff" in door and "welcome email" not in door
            staff = await desk.cast.sign_in("jo", worker=1)
            assert (await staff.get("/staff/today")).status_code == 200

            refused = await desk.browser(1).post("/sign-in", email=chart.email, password=SECRET)
            assert refused.status_code == 403
            assert "The portal is closed at the moment. Nothing of yours is lost" in refused.text
            assert "portal-client" not in str(refused.headers)
            # Whoever does not know the password learns nothing new.
            wrong = await desk.browser(1).post("/sign-in", email=chart.email, password="wrong of course")
            assert wrong.status_code == 401

            assert (await desk.act(invited, "invitations", holder="client")).status_code == 409
            closed = "The portal is closed at the moment. Nothing of yours is lost"
            for path, link in (("/welcome", token), ("/reset", reset)):
                for answer in (await desk.browser().get(f"{path}/{link}"), await desk.browser().post(path, token=link)):
                    assert answer.status_code == 200 and closed in answer.text
                    assert "set-cookie" not in answer.headers
            assert closed in (await half.get("/welcome/password")).text
            assert (await half.post("/welcome/birth-date", date_of_birth=invited.born)).status_code == 403
            assert (await half.post("/welcome/password", password=SECRET)).status_code == 403
            assert await desk.account(invited) is None
            assert (await resetting.post("/reset/password", password=SECRET + "!")).status_code == 403
            # Staff go on.
            assert (await miriam.get(chart.tab)).status_code == 200
        await tab.until(lambda: "Client portal" not in str(tab.live), what="that it is on")
        await tab.current()
    # On again, all of it works as before.
    assert "closed at the moment" not in (await desk.browser().get("/sign-in")).text
    assert (await desk.browser().post("/sign-in", email=chart.email, password=SECRET)).status_code == 303
    assert (await half.post("/welcome/password", password=SECRET)).status_code == 303
    assert (await resetting.post("/reset/password", password=SECRET + "!")).status_code == 303
