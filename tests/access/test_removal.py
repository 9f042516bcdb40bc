"""Taking access away, giving it back, linking: for one client, for all, at once, and for nobody else."""

import pytest

from portal.models.ground.person import canonical_email
from tests.access.desk import SECRET, Desk
from tests.pages import open_page

LETTERS = "outbox where kind = 'letter'"


async def test_one_childs_page_closes_and_the_others_stays(desk: Desk) -> None:
    noa, eli, dana_id = desk.cast.client["noa"], desk.cast.client["eli"], desk.cast.account["dana"]
    dana = await desk.cast.sign_in("dana", worker=1)
    email = desk.cast.email["client", "dana"]
    before = len(desk.office.letters)
    try:
        async with (
            open_page(dana, f"/clients/{noa}/home", worker=1) as hers,
            open_page(dana, f"/clients/{noa}/messages", worker=0) as too,
            open_page(dana, f"/clients/{eli}/home", worker=1) as his,
        ):
            assert (await desk.act(noa, "removals", holder=dana_id)).status_code == 303
            for page in (hers, too):
                await page.until(lambda page=page: page.over, 2, "the end of access")
                assert page.closed == 4403
            await his.current()
            assert his.closed is None
            assert "Noa" not in str(his.live)
        for worker in (0, 1):
            assert (await dana.get(f"/clients/{noa}/home", worker)).status_code == 404
            assert (await dana.get(f"/clients/{eli}/home", worker)).status_code == 200
        assert (await dana.post(f"/clients/{noa}/conversations", audience="clinical")).status_code == 404
        tab = await desk.tab(noa)
        assert "Access to Noa has been removed" in tab
        assert "Give access back" in tab and "Reset password" not in tab
        await desk.office.until(lambda: len(desk.office.letters) > before)
        told = await desk.letter(email, "no longer opens")
        assert "Noa" not in str(told["Subject"])
        assert await desk.count("audit where client_id = :id and action = 'remove access'", id=noa) == 1
    finally:
        assert (await desk.act(noa, "accesses", account=dana_id)).status_code == 303
    assert (await dana.get(f"/clients/{noa}/home")).status_code == 200
    await desk.letter(email, "Noa")


async def test_all_of_them_at_once(desk: Desk) -> None:
    noa, eli, dana_id = desk.cast.client["noa"], desk.cast.client["eli"], desk.cast.account["dana"]
    dana = await desk.cast.sign_in("dana")
    try:
        async with (
            open_page(dana, f"/clients/{noa}/home", worker=0) as hers,
            open_page(dana, f"/clients/{eli}/home", worker=1) as his,
        ):
            assert "Remove access to all clients" in await desk.tab(noa)
            assert (await desk.act(noa, "removals/all", holder=dana_id)).status_code == 303
            for page in (hers, his):
                await page.until(lambda page=page: page.over, 2, "the end of access")
                assert page.closed in (4401, 4403)
        # The dialog said that she would be signed out.
        assert (await dana.get("/home")).headers["location"].startswith("/sign-in")
        again = await desk.cast.sign_in("dana")
        alone = await again.get("/home")
        assert alone.status_code == 200 and "Nobody is linked to this account now" in alone.text
        for client in (noa, eli):
            assert (await again.get(f"/clients/{client}/home")).status_code == 404
        # Eli's own account is another's.
        assert (await (await desk.cast.sign_in("eli")).get(f"/clients/{eli}/home")).status_code == 200
    finally:
        for client in (noa, eli):
            assert (await desk.act(client, "accesses", account=dana_id)).status_code == 303
    for client in (noa, eli):
        assert (await again.get(f"/clients/{client}/home")).status_code == 200


async def test_links_on_their_way_die_with_the_access(desk: Desk) -> None:
    chart, browser, account = await desk.registered()
    assert (await desk.act(chart, "resets", holder=account)).status_code == 303
    reset = await desk.reset(account)
    half = desk.browser()
    assert (await half.post("/reset", token=reset)).status_code == 303
    assert (await desk.act(chart, "removals", holder=account)).status_code == 303
    assert (await half.post("/reset/password", password=SECRET + "!")).status_code == 403
    assert "There is a newer email" in (await desk.browser().get(f"/reset/{reset}")).text
    assert (await browser.get(chart.home)).status_code == 404
    # Twice is once, and nobody is told twice.
    count = await desk.count(LETTERS)
    assert (await desk.act(chart, "removals", holder=account)).status_code == 409
    assert (await desk.act(chart, "resets", holder=account)).status_code == 409
    assert await desk.count(LETTERS) == count


async def test_given_back_it_is_as_before(desk: Desk) -> None:
    chart, browser, account = await desk.registered()
    await desk.act(chart, "removals", holder=account)
    assert (await browser.get(chart.home)).status_code == 404
    count = await desk.count(LETTERS)
    for status in (303, 409):
        assert (await desk.act(chart, "accesses", holder=account)).status_code == status
    assert (await browser.get(chart.home)).status_code == 200
    assert await desk.count(LETTERS) == count + 1
    rows = await desk.sql(
        "select until_at, granted_by, ended_by from access where client_id = :id order by from_at", id=chart.id
    )
    assert [row["until_at"] is None for row in rows] == [False, True]
    assert str(rows[1]["granted_by"]) == str(rows[0]["ended_by"]) == desk.cast.staff["miriam"]


async def test_what_ended_with_the_contact_is_not_given_back(desk: Desk) -> None:
    """Ravi's tie to Noa ended: access would open nothing, and he would be told that it does."""
    noa, ravi = desk.cast.client["noa"], desk.cast.account["ravi"]
    rows = await desk.sql("select id from access where client_id = :id and account_id = :who", id=noa, who=ravi)
    count = await desk.count(LETTERS)
    assert "Give Ravi" not in await desk.tab(noa)
    assert (await desk.act(noa, "accesses", account=ravi)).status_code == 409
    after = await desk.sql("select id from access where client_id = :id and account_id = :who", id=noa, who=ravi)
    assert after == rows
    assert await desk.count(LETTERS) == count


# --- Linking -------------------------------------------------------------------------------------


async def test_an_account_is_linked_by_the_same_address(desk: Desk) -> None:
    """However it is written; the holder is told, and open pages offer the new profile."""
    first, browser, account = await desk.registered("Ash")
    written = first.email.replace("ash", "ＡＳＨ").upper()
    second = await desk.chart("Elm", email=written)
    assert "already has an account" in await desk.tab(second)
    assert (await desk.act(second, "invitations", holder="client")).status_code == 409
    async with open_page(browser, first.home, worker=1) as page:
        assert (await desk.act(second, "accesses", account=account)).status_code == 303
        await page.next_push()
        await page.current()
        assert "Elm" in str(page.live)
    assert (await browser.get(second.home)).status_code == 200
    told = await desk.letter(first.email, "Elm")
    assert "Elm" not in str(told["Subject"])


LIKE = {
    "a tag": "{local}+wren@{domain}",
    "a dot": "{local}.@{domain}",
    "an accent": "á{rest}@{domain}",
    "cyrillic": "а{rest}@{domain}",
    "another domain": "{local}@{domain}.example",
    "zero width": "{local}\u200b@{domain}",
}


@pytest.mark.parametrize("like", LIKE.values(), ids=LIKE)
async def test_a_similar_address_links_nothing(desk: Desk, like: str) -> None:
    first, _, account = await desk.registered("Ash")
    local, _, domain = first.email.partition("@")
    second = await desk.chart("Elm")
    # As an import or an older version may have left it: what is typed like some of these is not taken.
    other = like.format(local=local, rest=local[1:], domain=domain)
    await desk.sql(
        "update client set email = :email, email_key = :key where id = :id",
        email=other,
        key=canonical_email(other),
        id=second.id,
    )
    assert "already has an account" not in await desk.tab(second)
    assert (await desk.act(second, "accesses", account=account)).status_code == 409
    assert await desk.sql("select id from access where client_id = :id", id=second.id) == []


PATHS = ["resets", "removals", "removals/all", "accesses"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_strangers_account_in_the_form_is_refused(desk: Desk, path: str) -> None:
    """Nothing changes, nobody is written to, and it is noted."""
    chart, _, _ = await desk.registered()
    stranger = desk.cast.account["sam"]

    async def state() -> list[object]:
        return [
            await desk.sql("select * from access where account_id = :id or client_id = :c", id=stranger, c=chart.id),
            await desk.sql("select * from reset where account_id = :id", id=stranger),
            await desk.count("outbox where client_id = :c", c=desk.cast.client["sam"]),
            await desk.sql("select id, ended_at from session where account_id = :id", id=stranger),
        ]

    refused = "audit where result = 'refused'"
    before, noted = await state(), await desk.count(refused)
    for field in ("holder", "account"):
        assert (await desk.act(chart, path, **{field: stranger})).status_code == 409
    assert await state() == before
    assert await desk.count(refused) == noted + 2


async def test_all_is_for_those_who_see_them_all(desk: Desk) -> None:
    """Walter is Theo's; the new chart with his address is Miriam's: neither may take both, Jo may."""
    walter, account = desk.cast.client["walter"], desk.cast.account["walter"]
    chart = await desk.chart("Elm", email=desk.cast.email["client", "walter"])
    assert (await desk.act(chart, "accesses", account=account)).status_code == 303

    async def live() -> set[str]:
        rows = await desk.sql("select client_id from access where account_id = :id and until_at is null", id=account)
        return {str(row["client_id"]) for row in rows}

    assert await live() == {walter, chart.id}
    for client, by in ((chart.id, "miriam"), (walter, "theo")):
        refused = await desk.act(client, "removals/all", by, holder=account)
        assert refused.status_code == 403 and "someone you can’t see" in refused.text
        # Whom else the account acts for is not said by name.
        other = "Walter" if by == "miriam" else "Elm"
        tab = await desk.tab(client, by)
        assert f"{other} " not in tab.replace("Walter Hobbs", "") or by == "miriam"
        assert await live() == {walter, chart.id}
    assert (await desk.act(walter, "removals/all", "jo", holder=account)).status_code == 303
    assert await live() == set()
    assert (await desk.act(walter, "accesses", "jo", account=account)).status_code == 303


async def test_archived_charts_are_invited_by_nobody(desk: Desk) -> None:
    chart, token = await desk.invited()
    miriam = await desk.person("miriam")
    assert (await miriam.post(f"/staff/clients/{chart.id}/archival")).status_code == 303
    await desk.due_again(chart)
    assert (await desk.act(chart, "invitations", holder="client")).status_code == 409
    assert "This chart is archived" in await desk.tab(chart)
    stranger = desk.browser()
    assert (await stranger.post("/welcome", token=token)).status_code == 200
    assert not stranger.cookies
