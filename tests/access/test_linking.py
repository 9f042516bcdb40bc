"""Linking that the holder of the account confirms first, and who is told of each new grant (A7)."""

import contextlib
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.access.desk import Chart, Desk
from tests.cast import Person
from tests.pages import are_current, open_page


@contextlib.asynccontextmanager
async def confirming(desk: Desk) -> AsyncIterator[None]:
    ada = await desk.person("ada")
    path = "/staff/settings/portal/linking"
    assert (await ada.post(path, on="yes")).status_code == 303
    try:
        yield
    finally:
        assert (await ada.post(path, on="no")).status_code == 303


async def two(desk: Desk) -> tuple[Chart, Person, str, Chart]:
    """Somebody with an account, signed in, and a second chart with the same address on file."""
    first, browser, account = await desk.registered("Ash")
    return first, browser, account, await desk.chart("Elm", born="2011-05-06", email=first.email)


async def offer_of(desk: Desk, chart: Chart) -> str:
    return f"/offers/{await desk.newest_invitation(chart)}"


async def test_nothing_is_shown_before_the_date_of_birth_is_given(desk: Desk) -> None:
    first, browser, account, second = await two(desk)
    miriam, state = await desk.person("miriam"), f"portal-state?client={second.id}"
    async with (
        confirming(desk),
        open_page(browser, first.home, worker=1) as page,
        open_page(miriam, second.tab, worker=1) as tab,
    ):
        assert (await desk.act(second, "accesses", account=account)).status_code == 303
        await page.until(lambda: "something for you to confirm" in page.live["offers"], 2, "the offer")
        await page.until(lambda: "something for you to confirm" in str(page.toasts), 2, "the word")
        await tab.until(lambda: "still has to confirm the link" in tab.live[state], 2, "the waiting")
        await are_current(page, tab)
        assert "Elm" not in str(page.frames) + page.document.text
        assert (await browser.get(second.home)).status_code == 404
        assert await desk.sql("select 1 from access where client_id = :id", id=second.id) == []
        told = await desk.letter(first.email, "something for you to confirm")
        assert "Elm" not in str(told)

        path = await offer_of(desk, second)
        asked = await browser.get(path)
        assert asked.status_code == 200 and "Elm" not in asked.text and second.last not in asked.text
        wrong = await browser.post(path, date_of_birth=first.born)
        assert wrong.status_code == 422 and "isn’t the date" in wrong.text and "4 more times" in wrong.text
        assert "Elm" not in wrong.text and (await browser.get(second.home)).status_code == 404

        right = await browser.post(path, date_of_birth=second.born)
        assert right.headers["location"] == second.home
        assert (await browser.get(second.home)).status_code == 200
        await page.until(lambda: "Elm" in str(page.live), 2, "the new profile")
        await tab.until(lambda: "Also acts for" in tab.live[state], 2, "the end")
        assert "still has to confirm the link" not in tab.live[state]
        assert "something for you to confirm" not in page.live["offers"]
        await are_current(page, tab)
    assert (await browser.post(path, date_of_birth=second.born)).status_code == 404, "once"
    notices = f"/clients/{second.id}/notices"
    assert "You can see the pages of Elm now." in (await browser.get(notices)).text
    assert await desk.count("access where client_id = :id", id=second.id) == 1
    refused = await desk.sql(
        "select result, count(*) as n from audit where action = 'confirm access' and client_id = :id group by result",
        id=second.id,
    )
    assert {row["result"]: row["n"] for row in refused} == {"done": 1, "refused": 1}


async def test_five_wrong_ones_lock_it_until_staff_lift_the_lock(desk: Desk) -> None:
    _, browser, account, second = await two(desk)
    async with confirming(desk):
        assert (await desk.act(second, "accesses", account=account)).status_code == 303
    path = await offer_of(desk, second)
    for _ in range(5):
        assert (await browser.post(path, date_of_birth="1999-01-01")).status_code == 422
    locked = await browser.post(path, date_of_birth=second.born)
    assert locked.status_code == 422 and "This is locked now" in locked.text
    assert (await browser.get(second.home)).status_code == 404
    tab = await desk.tab(second)
    assert "Elm is locked out" in tab and "Lift the lock" in tab
    assert (await desk.act(second, "offers/unlocking", holder=account)).status_code == 303
    assert (await browser.post(path, date_of_birth=second.born)).status_code == 303
    assert (await browser.get(second.home)).status_code == 200


async def test_it_is_for_the_account_alone_that_it_was_offered(desk: Desk) -> None:
    _, browser, account, second = await two(desk)
    async with confirming(desk):
        assert (await desk.act(second, "accesses", account=account)).status_code == 303
        # Pressed twice there is one, and nobody is asked twice.
        assert (await desk.act(second, "accesses", account=account)).status_code == 409
    path = await offer_of(desk, second)
    for name in ("sam", "dana"):
        stranger = await desk.cast.sign_in(name)
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.post(path, date_of_birth=second.born)).status_code == 404
    assert (await (await desk.person("miriam")).post(path, date_of_birth=second.born)).status_code == 401
    assert (await desk.browser().get(path)).headers["location"].startswith("/sign-in")
    row = await desk.invitation(second)
    assert row["tries"] == 0 and row["used_at"] is None
    assert (await browser.get(path)).status_code == 200


@pytest.mark.parametrize("how", ["withdrawn", "address", "lapsed", "archived"])
async def test_what_is_withdrawn_or_lapsed_can_be_confirmed_no_more(desk: Desk, how: str) -> None:
    first, browser, account, second = await two(desk)
    miriam = await desk.person("miriam")
    async with confirming(desk):
        assert (await desk.act(second, "accesses", account=account)).status_code == 303
    path = await offer_of(desk, second)
    async with open_page(browser, first.home, worker=1) as page:
        assert "confirm" in page.live["offers"]
        match how:
            case "withdrawn":
                assert (await desk.act(second, "offers/withdrawal", holder=account)).status_code == 303
                assert (await desk.act(second, "offers/withdrawal", holder=account)).status_code == 409
            case "address":
                await desk.change(second, email="else@family.example", date_of_birth=second.born)
            case "archived":
                assert (await miriam.post(f"/staff/clients/{second.id}/archival")).status_code == 303
            case "lapsed":
                await desk.sql(
                    "update invitation set expires_at = expires_at - cast('7 days' as interval) where id = :id",
                    id=path.rpartition("/")[2],
                )
        if how != "lapsed":
            await page.until(lambda: "confirm" not in page.live["offers"], 2, "its end")
            await page.current()
        assert (await browser.get(path)).status_code == 404
        assert (await browser.post(path, date_of_birth=second.born)).status_code == 404
        assert (await browser.get(second.home)).status_code == 404
        assert "would like to give your account access" not in (await browser.get(first.home)).text
    assert "To be confirmed" not in await desk.tab(second)
    assert await desk.sql("select 1 from access where client_id = :id", id=second.id) == []
    if how != "lapsed":
        unread = "notice where kind = 'to_confirm' and read_at is null and account_id = :id"
        assert await desk.count(unread, id=account) == 0


async def test_an_account_that_acts_for_nobody_is_asked_on_the_page_where_it_waits(desk: Desk) -> None:
    first, browser, account, second = await two(desk)
    assert (await desk.act(first, "removals", holder=account)).status_code == 303
    async with confirming(desk), open_page(browser, "/home", worker=1) as page:
        assert (await desk.act(second, "accesses", account=account)).status_code == 303
        await page.until(lambda: "something for you to confirm" in page.live["offers"], 2, "the offer")
        await page.current()
    path = await offer_of(desk, second)
    assert (await browser.post(path, date_of_birth=second.born)).status_code == 303
    assert (await browser.get(second.home)).status_code == 200


async def test_without_a_date_of_birth_on_file_there_is_nothing_to_confirm(desk: Desk) -> None:
    _, _, account, second = await two(desk)
    await desk.change(second, date_of_birth="")
    async with confirming(desk):
        refused = await desk.act(second, "accesses", account=account)
    assert refused.status_code == 409 and "no date of birth on file" in refused.text
    assert await desk.sql("select 1 from invitation where client_id = :id", id=second.id) == []


async def test_each_new_grant_is_told_to_the_client_in_person_and_the_holder(desk: Desk) -> None:
    """Linked, and given back; other contacts hear nothing."""
    first, ash, _ = await desk.registered("Ash")
    friend, birch, account = await desk.registered("Birch")
    miriam = await desk.person("miriam")
    contacts = f"/staff/clients/{first.id}/contacts"
    for person in (friend.id, desk.cast.client["sam"]):
        form = {"key": str(uuid4()), "person": person, "relationship": "Friend", "messages": "on"}
        assert (await miriam.post(contacts, **form)).status_code == 303
    sam = await desk.cast.sign_in("sam")
    assert (await desk.act(first, "accesses", account=desk.cast.account["sam"])).status_code == 303
    async with open_page(ash, first.home, worker=1) as his, open_page(sam, first.home, worker=1) as others:
        for told in (1, 2):  # linked, and given back
            assert (await desk.act(first, "accesses", account=account)).status_code == 303
            await his.until(lambda told=told: len(his.toasts) == told, 2, "him to be told")
            assert f"Birch {friend.last} can act for you now." in str(his.toasts[-1])
            hers = await birch.get(f"/clients/{first.id}/notices")
            assert "You can see the pages of Ash now." in hers.text
            assert (await desk.act(first, "removals", holder=account)).status_code == 303
        await others.settle()
        assert not others.toasts and "Birch" not in str(others.frames)
        await are_current(his, others)
    await desk.letter(friend.email, "Ash")


async def test_the_setting_is_off_to_begin_with(desk: Desk) -> None:
    assert await desk.sql("select confirm_links from practice") == [{"confirm_links": False}]
