"""A new password by a link: asked for by staff or by oneself, once, within 24 hours, and told to nobody else."""

import asyncio
import contextlib
import datetime as dt
import re
import statistics
import time
from collections.abc import AsyncIterator

import httpx2
import pytest

from portal.demo import PASSWORD
from tests.access.desk import SECRET, Chart, Desk, path_of, text_of, token_of
from tests.cast import Person
from tests.pages import open_page

NEW = "eleven herons over quiet water"


async def sent(desk: Desk, chart: Chart, account: str) -> str:
    """A token that staff have sent."""
    assert (await desk.act(chart, "resets", holder=account)).status_code == 303
    return await desk.reset(account)


async def held(desk: Desk, token: str) -> Person:
    """A browser with the half-session of a reset."""
    browser = desk.browser()
    answer = await browser.post("/reset", token=token)
    assert answer.status_code == 303 and answer.headers["location"] == "/reset/password"
    return browser


async def opens(desk: Desk, chart: Chart, password: str) -> bool:
    await desk.sql("delete from throttle")
    answer = await desk.browser().post("/sign-in", email=chart.email, password=password)
    return answer.status_code == 303


async def test_who_has_tried_too_often_gets_in_with_the_new_password_at_once(desk: Desk) -> None:
    """On the device of a moment ago, which is known no more since the password is new."""
    chart, browser, account = await desk.registered("Maple")
    for number in range(6):
        answer = await browser.post("/sign-in", email=chart.email, password=f"not the right one {number}")
        assert answer.status_code == 401
    token = await sent(desk, chart, account)
    assert (await browser.post("/reset", token=token)).status_code == 303
    assert (await browser.post("/reset/password", password=NEW)).status_code == 303
    assert (await browser.post("/sign-in", email=chart.email, password=SECRET)).status_code == 401
    assert (await browser.post("/sign-in", email=chart.email, password=NEW)).status_code == 303


async def test_from_the_letter_to_a_new_password(desk: Desk) -> None:
    """Looking at the link consumes nothing; the other places are signed out at once; the holder is told."""
    chart, old, account = await desk.registered("Maple")
    async with open_page(old, chart.home, worker=1) as page:
        assert (await desk.act(chart, "resets", holder=account)).status_code == 303
        [row] = await desk.sql("select id from reset where account_id = :id", id=account)
        address = await desk.mailed(chart.email, "/reset/", about=str(row["id"]))
        assert address.startswith(desk.deployment.bases[0] + "/reset/")
        token = token_of(address)
        browser = desk.browser()
        for _ in range(5):
            shown = await browser.get(path_of(address))
            assert shown.status_code == 200 and '<meta name="portal-replace" content="/reset">' in shown.text
            await browser.browser.head(browser.base() + path_of(address))
        assert not browser.cookies
        assert page.closed is None
        browser = await held(desk, token)
        # The present password keeps working until then.
        assert await opens(desk, chart, SECRET)
        shown = await browser.get("/reset/password")
        assert token not in shown.text
        weak = await browser.post("/reset/password", password="password1234")
        assert weak.status_code == 422 and "easy to guess" in weak.text
        changed = await browser.post("/reset/password", password=NEW)
        assert changed.status_code == 303 and changed.headers["location"] == "/sign-in?changed=1"
        await page.until(lambda: page.over, 2, "being signed out")
        assert page.closed == 4401
    assert (await old.get("/home")).headers["location"].startswith("/sign-in")
    # A new password signs nobody in by itself.
    assert (await browser.get("/home")).headers["location"].startswith("/sign-in")
    assert not await opens(desk, chart, SECRET)
    assert await opens(desk, chart, NEW)
    told = await desk.letter(chart.email, "was changed just now")
    assert NEW not in str(told)
    account_row = await desk.account(chart)
    assert account_row is not None
    assert account_row["password_hash"].startswith("$argon2id$")


async def test_a_link_is_used_once(desk: Desk) -> None:
    chart, _, account = await desk.registered("Maple")
    token = await sent(desk, chart, account)
    first, second = await held(desk, token), await held(desk, token)
    cookies = first.cookies
    assert (await first.post("/reset/password", password=NEW)).status_code == 303
    for answer in (
        await second.post("/reset/password", password=NEW + "!"),
        await desk.browser().post("/reset/password", None, {"Cookie": cookies}, password=NEW + "!"),
    ):
        assert answer.status_code == 403
    for answer in (await second.get(f"/reset/{token}"), await second.post("/reset", token=token)):
        assert answer.status_code == 200 and "This link has been used" in answer.text
    assert await opens(desk, chart, NEW)


async def test_ten_at_once_change_it_once(desk: Desk) -> None:
    chart, _, account = await desk.registered("Maple")
    browser = await held(desk, await sent(desk, chart, account))
    answers = await asyncio.gather(
        *(
            desk.browser(n % 2).post("/reset/password", None, {"Cookie": browser.cookies}, password=f"{NEW} {n}")
            for n in range(10)
        )
    )
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(303) == 1
    assert set(statuses) <= {303, 403, 409}
    assert await opens(desk, chart, f"{NEW} {statuses.index(303)}")
    assert await desk.count("audit where action = 'change password' and actor_id = :id", id=account) == 1


async def test_the_newest_wins(desk: Desk) -> None:
    chart, _, account = await desk.registered("Maple")
    older = await sent(desk, chart, account)
    half = await held(desk, older)
    newer = await sent(desk, chart, account)
    assert (await half.post("/reset/password", password=NEW)).status_code == 403
    assert "There is a newer email" in (await desk.browser().get(f"/reset/{older}")).text
    assert (await (await held(desk, newer)).post("/reset/password", password=NEW)).status_code == 303


async def test_a_day_later_it_has_run_out(desk: Desk) -> None:
    chart, _, account = await desk.registered("Maple")
    token = await sent(desk, chart, account)
    row = (await desk.sql("select made_at, expires_at from reset where account_id = :id", id=account))[0]
    assert row["expires_at"] - row["made_at"] == dt.timedelta(hours=24)
    half = await held(desk, token)
    await desk.sql(
        "update reset set made_at = made_at - cast(:by as interval), "
        "expires_at = expires_at - cast(:by as interval) where account_id = :id",
        by=dt.timedelta(hours=24, seconds=1),
        id=account,
    )
    for answer in (await desk.browser().get(f"/reset/{token}"), await desk.browser().post("/reset", token=token)):
        assert "This link has expired" in answer.text
        assert chart.email not in answer.text
    assert (await half.post("/reset/password", password=NEW)).status_code == 403
    assert await opens(desk, chart, SECRET)


async def test_an_unknown_link_opens_nothing(desk: Desk) -> None:
    for token in ("A" * 43, "x", "%00" * 20):
        answer = await desk.browser().post("/reset", token=token)
        assert "This link doesn’t work" in answer.text
        assert "set-cookie" not in answer.headers


async def test_a_link_of_one_kind_is_none_of_the_other(desk: Desk) -> None:
    chart, _, account = await desk.registered("Maple")
    token = await sent(desk, chart, account)
    assert "This link doesn’t work" in (await desk.browser().post("/welcome", token=token)).text
    half = await held(desk, token)
    assert "This link doesn’t work" in (await half.get("/welcome/password")).text
    assert (await half.post("/welcome/password", password=NEW)).status_code == 403
    for path in ("/home", chart.home, "/staff/today"):
        assert (await half.get(path)).headers["location"].startswith("/sign-in")
    other = await desk.chart()
    invited = await desk.invite(other)
    assert "This link doesn’t work" in (await desk.browser().post("/reset", token=invited)).text


async def test_staff_reset_only_what_is_there(desk: Desk) -> None:
    chart, (_, _, stranger) = await desk.chart(), await desk.registered("Maple")
    assert "Reset password" not in await desk.tab(chart)
    for form in ({}, {"holder": stranger}, {"account": stranger}, {"holder": chart.id}):
        assert (await desk.act(chart, "resets", **form)).status_code == 409
    await desk.invite(chart)
    assert (await desk.act(chart, "resets", holder=chart.id)).status_code == 409
    assert await desk.sql("select id from reset where account_id = :id", id=stranger) == []


# --- Asked for by oneself ------------------------------------------------------------------------


async def known_and_unknown(desk: Desk) -> dict[str, str]:
    """Addresses of every kind there is."""
    chart, _, _ = await desk.registered("Maple")
    removed, _, account = await desk.registered("Maple")
    assert (await desk.act(removed, "removals", holder=account)).status_code == 303
    locked = await desk.chart("Alder")
    browser = await desk.begin(await desk.invite(locked))
    for _ in range(5):
        await browser.post("/welcome/birth-date", date_of_birth="1990-01-01")
    throttled, _, _ = await desk.registered("Maple")
    for _ in range(5):
        await desk.browser().post("/sign-in", email=throttled.email, password="wrong of course")
    return {
        "known": chart.email,
        "unknown": "nobody.at.all@family.example",
        "removed": removed.email,
        "locked": locked.email,
        "throttled": throttled.email,
        "invited": (await desk.chart("Yew")).email,
        "staff": desk.cast.email["staff", "grace"],
        "no address": "what is this",
    }


def plain(answer: httpx2.Response, email: str) -> tuple[int, str, dict[str, str]]:
    """The answer without what differs from any answer to the next."""
    text = answer.text.replace(email, "EMAIL")
    text = re.sub(r'(nonce|hx-nonce)="[^"]*"|data-(since|now)="[^"]*"', "", text)
    leave_out = ("date", "content-security-policy", "content-length")
    headers = {k: v for k, v in answer.headers.items() if k not in leave_out}
    return answer.status_code, text, headers


@pytest.mark.parametrize("path", ["/forgot", "/sign-in"])
async def test_who_has_an_account_is_not_told(desk: Desk, path: str) -> None:
    """The same text, status and headers, and as long a wait, whoever it is."""
    addresses = await known_and_unknown(desk)
    stranger = desk.browser()
    more = {"password": "wrong of course"} if path == "/sign-in" else {}
    answers = {kind: plain(await stranger.post(path, email=email, **more), email) for kind, email in addresses.items()}
    for kind, answer in answers.items():
        assert answer == answers["unknown"], kind
    # The quickest of several is the least disturbed by what else this machine does: looked at until they agree.
    quickest = dict.fromkeys(("known", "unknown", "removed", "locked"), 60.0)
    for turn in range(40):
        for kind in quickest:
            began = time.perf_counter()
            await stranger.post(path, email=addresses[kind], **more)
            quickest[kind] = min(quickest[kind], time.perf_counter() - began)
        usual = statistics.median(quickest.values())
        if turn > 2 and all(abs(seconds - usual) < max(usual / 3, 0.005) for seconds in quickest.values()):
            return
    raise AssertionError(f"one can tell by the clock: {quickest}")


async def wished(desk: Desk, email: str, **headers: str) -> httpx2.Response:
    return await desk.browser().post("/forgot", None, headers, email=email)


async def no_wish_is_left(desk: Desk) -> None:
    await desk.comes("select 1 as yes where not exists (select 1 from wish)")


async def test_asked_for_by_oneself(desk: Desk) -> None:
    """Whatever case it is typed in; three an hour for one address, and the newest wins."""
    chart, _, account = await desk.registered("Maple")
    for _ in range(5):
        assert (await wished(desk, chart.email.upper())).status_code == 200
        await no_wish_is_left(desk)
    rows = await desk.sql("select * from reset where account_id = :id order by made_at", id=account)
    assert [row["by_staff"] for row in rows] == [None] * 3
    assert [row["ended_at"] is None for row in rows] == [False, False, True]
    address = await desk.mailed(chart.email, "/reset/", about=str(rows[-1]["id"]))
    assert address.startswith(desk.deployment.bases[0] + "/reset/")
    browser = await held(desk, token_of(address))
    assert (await browser.post("/reset/password", password=NEW)).status_code == 303
    assert await opens(desk, chart, NEW)


async def test_nobody_gets_a_letter_who_has_no_account(desk: Desk) -> None:
    chart = await desk.chart("Yew")
    before = await desk.count("reset")
    assert (await wished(desk, chart.email)).status_code == 200
    await no_wish_is_left(desk)
    assert await desk.count("reset") == before
    assert await desk.sql("select id from outbox where client_id = :id", id=chart.id) == []


async def test_a_host_header_changes_no_link(desk: Desk) -> None:
    chart, _, account = await desk.registered("Maple")
    for header in ("Host", "host"):
        answer = await wished(desk, chart.email, **{header: "evil.example"})
        assert answer.status_code == 400 and "evil.example" not in answer.text
    await no_wish_is_left(desk)
    assert await desk.sql("select id from reset where account_id = :id", id=account) == []
    miriam = await desk.person("miriam")
    forged = {"Host": "evil.example"}
    answer = await miriam.post(f"{chart.tab}/resets", None, forged, key=str(chart.id), holder=account)
    assert answer.status_code == 400
    # What a proxy would say, said by somebody else.
    for name in ("X-Forwarded-Host", "Forwarded", "X-Original-Host"):
        await wished(desk, chart.email, **{name: "host=evil.example"})
    await no_wish_is_left(desk)
    rows = await desk.sql("select id from reset where account_id = :id order by made_at desc", id=account)
    address = await desk.mailed(chart.email, "/reset/", about=str(rows[0]["id"]))
    assert address.startswith(desk.deployment.bases[0] + "/reset/")
    assert not any("evil" in str(letter) for letter in desk.office.letters)


# --- Of staff ---------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def colleague(desk: Desk, name: str = "grace") -> AsyncIterator[tuple[str, str]]:
    """Somebody who works here, by id and address; afterwards as before."""
    id, email = desk.cast.staff[name], desk.cast.email["staff", name]
    before = (await desk.sql("select password_hash, ended_at from staff_member where id = :id", id=id))[0]
    yield id, email
    await desk.sql(
        "update staff_member set password_hash = :password_hash, ended_at = :ended_at where id = :id", id=id, **before
    )


async def staff_link(desk: Desk, id: str, email: str) -> str:
    """The token in the letter to somebody who works here and has forgotten the password."""
    assert (await wished(desk, email)).status_code == 200
    await no_wish_is_left(desk)
    (row,) = await desk.sql("select id from reset where staff_id = :id and ended_at is null and used_at is null", id=id)
    return token_of(await desk.mailed(email, "/reset/", about=str(row["id"])))


async def test_staff_who_forgot_it_choose_a_new_one(desk: Desk) -> None:
    """An administrator is not locked out of the practice: the same page, signed out everywhere else, told, noted."""
    async with colleague(desk) as (id, email):
        old = await desk.person("grace")
        async with open_page(old, "/staff/today", worker=1) as page:
            token = await staff_link(desk, id, email)
            assert "staff account" in text_of(await desk.letter(email, token))
            assert page.closed is None
            browser = await held(desk, token)
            assert (await browser.post("/reset/password", password="password1234")).status_code == 422
            changed = await browser.post("/reset/password", password=NEW)
            assert changed.headers["location"] == "/sign-in?changed=1"
            await page.until(lambda: page.over, 2, "being signed out")
            assert page.closed == 4401
        assert (await old.get("/staff/today")).headers["location"].startswith("/sign-in")
        for password, status in ((PASSWORD, 401), (NEW, 303)):
            await desk.sql("delete from throttle")
            assert (await desk.browser().post("/sign-in", email=email, password=password)).status_code == status
        await desk.letter(email, "was changed just now")
        noted = await desk.sql("select side from audit where action = 'change password' and actor_id = :id", id=id)
        assert [row["side"] for row in noted] == ["staff"]
        assert "This link has been used" in (await desk.browser().get(f"/reset/{token}")).text


async def test_staff_get_in_while_the_portal_is_off(desk: Desk) -> None:
    """Nobody else could switch it on again."""
    async with colleague(desk) as (id, email):
        token = await staff_link(desk, id, email)
        await desk.sql("update practice set portal_on = false")
        try:
            browser = await held(desk, token)
            assert (await browser.post("/reset/password", password=NEW)).status_code == 303
        finally:
            await desk.sql("update practice set portal_on = true")


async def test_who_works_here_no_more_gets_no_new_password(desk: Desk) -> None:
    async with colleague(desk) as (id, email):
        browser = await held(desk, await staff_link(desk, id, email))
        await desk.sql("update staff_member set ended_at = :now where id = :id", now=desk.deployment.now, id=id)
        assert (await browser.post("/reset/password", password=NEW)).status_code == 409
        links = await desk.sql("select id from reset where staff_id = :id", id=id)
        await desk.sql("delete from throttle")
        assert (await wished(desk, email)).status_code == 200
        await no_wish_is_left(desk)
        assert await desk.sql("select id from reset where staff_id = :id", id=id) == links
