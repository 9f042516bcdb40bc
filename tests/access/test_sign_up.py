"""From the link in the letter to a first page: what consumes the link, what kills it, and what opens nothing."""

import asyncio
import datetime as dt
from uuid import uuid4

import pytest
import websockets
from websockets.asyncio.client import connect

from tests.access.desk import BORN, SECRET, Chart, Desk, path_of, token_of
from tests.cast import Person


async def test_the_page_behind_the_link_speaks_the_language_one_chooses(desk: Desk) -> None:
    chart = await desk.chart("Paloma")
    assert (await desk.act(chart, "invitations", holder="client")).status_code == 303
    link, paloma = path_of(await desk.mailed(chart.email, "/welcome/")), desk.browser()
    assert f'href="{link}?language=es"' in (await paloma.get(link)).text
    spanish = await paloma.get(f"{link}?language=es", follow=True)
    assert '<html lang="es"' in spanish.text and "Continuar" in spanish.text and token_of(link) in spanish.text
    odd = await desk.browser().get(f"{link}?language=xx")
    assert odd.status_code == 200 and '<html lang="en"' in odd.text


async def test_from_the_letter_to_a_first_page(desk: Desk) -> None:
    chart = await desk.chart("Wren")
    assert (await desk.act(chart, "invitations", holder="client")).status_code == 303
    address = await desk.mailed(chart.email, "/welcome/")
    assert address.startswith(desk.deployment.bases[0] + "/welcome/")
    token = token_of(address)
    assert len(token) == 43  # 256 bits
    kept = await desk.sql("select token_hash from invitation where client_id = :id", id=chart.id)
    assert token not in str(kept)

    wren, seen = desk.browser(), []
    page = await wren.get(path_of(address))
    assert page.status_code == 200 and '<meta name="portal-replace" content="/welcome">' in page.text
    steps: list[tuple[str, dict[str, str]]] = [
        ("/welcome", {"token": token}),
        ("/welcome/birth-date", {"date_of_birth": chart.born}),
        ("/welcome/password", {"password": SECRET}),
    ]
    for path, form in steps:
        answer = await wren.post(path, None, None, **form)
        assert answer.status_code == 303, answer.text
        seen.append(answer.headers["location"])
        page = await wren.get(answer.headers["location"])
        assert page.status_code == 200 and token not in page.text
    # The token never stands in an address again.
    assert seen == ["/welcome/birth-date", "/welcome/password", chart.home]
    assert "portal-half" not in wren.cookies
    account = await desk.account(chart)
    assert account is not None
    assert account["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert SECRET not in str(account)
    noted = await desk.sql("select action from audit where client_id = :id order by id", id=chart.id)
    acts = [row["action"] for row in noted if row["action"] not in ("add client", "open home")]
    assert acts == ["send welcome email", "open invitation", "open account"]


async def test_looking_consumes_nothing(desk: Desk) -> None:
    chart, token = await desk.invited()
    before = await desk.invitation(chart)
    scanner = desk.browser()
    for _ in range(10):
        assert (await scanner.get(f"/welcome/{token}")).status_code == 200
        assert (await scanner.browser.head(f"{scanner.base()}/welcome/{token}")).status_code == 200
    assert await desk.invitation(chart) == before
    assert not scanner.cookies
    assert await desk.sql("select id from half_session where invitation_id = :id", id=before["id"]) == []
    await desk.sign_up(chart, token)


async def test_the_button_must_be_pressed_on_a_page_of_ours(desk: Desk) -> None:
    chart, token = await desk.invited()
    foreign = desk.browser()
    assert (await foreign.post("/welcome", None, {"Sec-Fetch-Site": "cross-site"}, token=token)).status_code == 403
    assert not foreign.cookies
    assert (await desk.invitation(chart))["opened_at"] is None


async def test_two_tabs_make_one_account(desk: Desk) -> None:
    chart, token = await desk.invited()
    one, other = await desk.verified(chart, token), await desk.verified(chart, token)
    assert (await one.post("/welcome/password", password=SECRET)).status_code == 303
    assert (await other.post("/welcome/password", password="another secret of seven moons")).status_code == 403
    assert (await other.get("/home")).headers["location"].startswith("/sign-in")
    assert await desk.count("portal_account where email = :email", email=chart.email) == 1
    # The first one's password holds.
    assert (await desk.browser().post("/sign-in", email=chart.email, password=SECRET)).status_code == 303


async def test_twenty_who_press_at_once_make_one_account(desk: Desk) -> None:
    chart, token = await desk.invited()
    browser = await desk.verified(chart, token)
    cookies = {"Cookie": browser.cookies}
    answers = await asyncio.gather(
        *(desk.browser(n % 2).post("/welcome/password", None, cookies, password=f"{SECRET} {n}") for n in range(20))
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 303, statuses
    assert set(statuses[1:]) <= {403, 409}, statuses
    assert await desk.count("portal_account where email = :email", email=chart.email) == 1
    assert await desk.count("access where client_id = :id", id=chart.id) == 1
    assert await desk.count("audit where client_id = :id and action = 'open account'", id=chart.id) == 1


async def test_two_charts_with_one_address_make_one_account(desk: Desk) -> None:
    """Invited for each before either signed up: the second is told that there is one, and nothing breaks."""
    first = await desk.chart("Ash")
    second = await desk.chart("Elm", email=first.email.upper())
    one, other = await desk.invite(first), await desk.invite(second)
    ash, elm = await desk.verified(first, one), await desk.verified(second, other)
    assert (await ash.post("/welcome/password", password=SECRET)).status_code == 303
    assert (await elm.post("/welcome/password", password=SECRET)).status_code == 409
    assert await desk.sql("select id from access where client_id = :id", id=second.id) == []
    # Staff are offered to link it, and can't send another invitation there.
    tab = await desk.tab(second)
    assert "Link Elm to it" in tab
    assert (await desk.act(second, "invitations", holder="client")).status_code == 409


KINDS = {
    "expired": "This link has expired",
    "used": "This link has been used",
    "replaced": "There is a newer email",
    "withdrawn": "There is a newer email",
    "locked": "This link is locked for now",
    "address": "There is a newer email",
    "unknown": "This link doesn’t work",
}


async def ends(desk: Desk, chart: Chart, token: str, kind: str) -> None:
    """Have the link to a chart come to such an end."""
    if kind == "expired":
        await desk.sql(
            "update invitation set sent_at = sent_at - cast(:by as interval), expires_at = "
            "expires_at - cast(:by as interval) where client_id = :id",
            by=dt.timedelta(days=7, seconds=1),
            id=chart.id,
        )
    elif kind == "used":
        await desk.sign_up(chart, token)
    elif kind == "replaced":
        await desk.invite(chart)
    elif kind == "withdrawn":
        assert (await desk.act(chart, "withdrawal")).status_code == 303
    elif kind == "address":
        await desk.change(chart, email=f"new.{chart.email}")
    elif kind == "locked":
        browser = await desk.begin(token)
        for _ in range(5):
            assert (await browser.post("/welcome/birth-date", date_of_birth="1990-01-01")).status_code == 422


@pytest.mark.parametrize("kind", KINDS)
async def test_a_dead_link_opens_one_kind_page(desk: Desk, kind: str) -> None:
    chart, token = await desk.invited("Hazel")
    await ends(desk, chart, token, kind)
    token, stranger = "A" * 43 if kind == "unknown" else token, desk.browser()
    shown = await stranger.get(f"/welcome/{token}")
    pressed = await stranger.post("/welcome", token=token)
    for answer in (shown, pressed):
        assert answer.status_code == 200 and KINDS[kind] in answer.text
        # Whose it was is nobody's business.
        for told in (chart.first, chart.last, chart.email):
            assert told not in answer.text
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("kind", ["replaced", "withdrawn", "address", "expired"])
async def test_a_link_that_dies_takes_the_half_session_with_it(desk: Desk, kind: str) -> None:
    chart, token = await desk.invited()
    browser = await desk.verified(chart, token)
    await ends(desk, chart, token, kind)
    assert "This link doesn’t work" in (await browser.get("/welcome/password")).text
    assert (await browser.post("/welcome/password", password=SECRET)).status_code == 403
    assert (await browser.post("/welcome/birth-date", date_of_birth=BORN)).status_code == 403
    assert await desk.account(chart) is None
    assert await desk.account(Chart(chart.id, "", "", f"new.{chart.email}", "")) is None


GARBAGE = ["a", "x" * 5000, "..%2f..%2fhome", "%00" * 30, "<script>alert(1)</script>", "ünïcödé" * 6, "' or 1=1 --" * 3]


@pytest.mark.parametrize("token", GARBAGE, ids=lambda token: token[:12])
async def test_garbage_is_an_unknown_link(desk: Desk, token: str) -> None:
    stranger = desk.browser()
    shown = await stranger.get(f"/welcome/{token}")
    assert shown.status_code in (200, 404), shown.text
    assert "<script>alert" not in shown.text
    pressed = await stranger.post("/welcome", token=token)
    assert pressed.status_code == 200 and "This link doesn’t work" in pressed.text
    assert not stranger.cookies


async def test_five_minutes_and_five_a_day(desk: Desk) -> None:
    chart = await desk.chart()

    async def send() -> int:
        return (await desk.act(chart, "invitations", holder="client")).status_code

    async def count() -> int:
        return await desk.count("invitation where client_id = :id", id=chart.id)

    assert await send() == 303
    assert await send() == 409
    await desk.due_again(chart, 4.9)
    assert await send() == 409
    assert await count() == 1
    for sent in range(2, 6):
        await desk.due_again(chart, 6)
        assert await send() == 303
        assert await count() == sent
    await desk.due_again(chart, 6)
    refused = await desk.act(chart, "invitations", holder="client")
    assert refused.status_code == 409 and "Five emails were sent within a day" in refused.text
    await desk.due_again(chart, 24 * 60)
    assert await send() == 303
    assert await desk.count("outbox where client_id = :id", id=chart.id) == 6


async def test_pressed_by_ten_at_once_one_letter_goes_out(desk: Desk) -> None:
    chart = await desk.chart()
    miriam = await desk.person("miriam")
    answers = await asyncio.gather(
        *(miriam.post(f"{chart.tab}/invitations", n % 2, key=str(uuid4()), holder="client") for n in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 9
    assert await desk.count("outbox where client_id = :id", id=chart.id) == 1


async def test_one_press_sent_twice_is_one_letter(desk: Desk) -> None:
    chart = await desk.chart()
    key = str(uuid4())
    for _ in range(2):
        assert (await desk.act(chart, "invitations", holder="client", key=key)).status_code == 303
    assert await desk.count("outbox where client_id = :id", id=chart.id) == 1


@pytest.mark.parametrize(
    "form",
    [
        {"holder": "01a2189b-5c23-7f8a-b50f-03b64ae35baa"},
        {"holder": "client", "language": "tlh-" * 40},
        {"holder": "me"},
    ],
    ids=str,
)
async def test_what_the_dialog_does_not_offer_is_refused(desk: Desk, form: dict[str, str]) -> None:
    chart = await desk.chart()
    answer = await desk.act(chart, "invitations", **form)
    assert 400 <= answer.status_code < 500
    assert await desk.sql("select id from invitation where client_id = :id", id=chart.id) == []


@pytest.mark.parametrize("missing", ["email", "date_of_birth"])
async def test_what_is_missing_on_file_is_named(desk: Desk, missing: str) -> None:
    chart = await desk.chart(**{"email": ""} if missing == "email" else {"born": ""})
    tab = await desk.tab(chart)
    assert f"/staff/clients/{chart.id}/edit#field-{missing}" in tab
    assert "One thing is missing" in tab
    assert (await desk.act(chart, "invitations", holder="client")).status_code == 409


# --- The half-session ----------------------------------------------------------------------------


async def half(desk: Desk) -> tuple[Chart, Person]:
    chart = await desk.chart("Rowan")
    return chart, await desk.begin(await desk.invite(chart))


async def test_a_half_session_opens_its_own_pages_only(desk: Desk) -> None:
    chart, browser = await half(desk)
    assert (await browser.get("/welcome/birth-date")).status_code == 200
    # Not even its own next page, before the date of birth.
    assert "This link doesn’t work" in (await browser.get("/welcome/password")).text
    assert (await browser.post("/welcome/password", password=SECRET)).status_code == 403
    for path in ("/home", chart.home, f"/clients/{chart.id}/messages", "/staff/today", chart.tab):
        answer = await browser.get(path)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    assert "This link doesn’t work" in (await browser.get("/reset/password")).text
    assert (await browser.post("/reset/password", password=SECRET)).status_code == 403
    assert (await browser.post("/session")).status_code == 401
    assert (await browser.post(f"/clients/{chart.id}/conversations", audience="clinical")).status_code == 401
    # The same token is no session either.
    half_token = browser.browser.cookies["portal-half"]
    for name in ("portal-client", "portal-staff"):
        answer = await browser.get("/home", Cookie=f"{name}={half_token}")
        assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("place", ["/live", "/staff/live", "/clients/{id}/live"])
async def test_a_half_session_opens_no_socket(desk: Desk, place: str) -> None:
    chart, browser = await half(desk)
    address = "ws" + browser.base().removeprefix("http") + place.format(id=chart.id)
    with pytest.raises((websockets.ConnectionClosed, websockets.InvalidStatus)) as refused:
        async with connect(address, origin=browser.base(), additional_headers={"Cookie": browser.cookies}) as socket:
            await asyncio.wait_for(socket.recv(), 5)
    if isinstance(refused.value, websockets.ConnectionClosed):
        assert refused.value.rcvd is not None
        assert refused.value.rcvd.code == 4401


async def test_a_half_session_ends_by_itself(desk: Desk) -> None:
    chart, browser = await half(desk)
    invitation = await desk.invitation(chart)
    rows = await desk.sql("select expires_at from half_session where invitation_id = :id", id=invitation["id"])
    left = rows[0]["expires_at"] - desk.deployment.now
    assert dt.timedelta(minutes=28) < left <= dt.timedelta(minutes=30)
    await desk.sql(
        "update half_session set expires_at = :now where invitation_id = :id",
        now=desk.deployment.now,
        id=invitation["id"],
    )
    assert "This link doesn’t work" in (await browser.get("/welcome/birth-date")).text
    assert (await browser.post("/welcome/birth-date", date_of_birth=chart.born)).status_code == 403
    assert (await desk.invitation(chart))["tries"] == 0


async def test_a_half_session_is_bound_to_its_invitation(desk: Desk) -> None:
    """A confirmed date of birth behind one link is none behind another."""
    mine, theirs = await desk.chart("Linden", born="1990-01-02"), await desk.chart("Aspen")
    browser = await desk.verified(mine, await desk.invite(mine))
    await desk.begin(await desk.invite(theirs), browser)
    assert (await browser.post("/welcome/password", password=SECRET)).status_code == 403
    assert (await browser.post("/welcome/birth-date", date_of_birth=mine.born)).status_code == 422
    # Whatever the form says, the address is the invited one's.
    refused = await browser.post("/welcome/password", password=SECRET, email="thief@example.com")
    assert refused.status_code in (400, 403)
    assert await desk.account(mine) is None
    assert await desk.account(theirs) is None


async def test_a_cookie_from_before_is_not_the_one_after(desk: Desk) -> None:
    """Session fixation: what someone put into the browser beforehand opens nothing afterwards."""
    chart, token = await desk.invited()
    browser = desk.browser()
    planted = "x" * 43
    for name in ("portal-client", "portal-half"):
        browser.browser.cookies.set(name, planted, domain="localhost.local", path="/")
    await desk.sign_up(chart, token, browser)
    held = {cookie.name: cookie.value for cookie in browser.browser.cookies.jar}
    assert held["portal-client"] != planted
    for worker in (0, 1):
        answer = await desk.browser(worker).get("/home", Cookie=f"portal-client={planted}")
        assert answer.headers["location"].startswith("/sign-in")
    again = desk.browser()
    assert (await again.post("/sign-in", email=chart.email, password=SECRET)).status_code == 303
    assert again.browser.cookies["portal-client"] != held["portal-client"]


async def test_cookies_are_for_this_host_and_no_script(desk: Desk) -> None:
    chart = await desk.chart()
    answer = await desk.browser().post("/welcome", token=await desk.invite(chart))
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "max-age=1800" in cookie
    assert answer.headers["cache-control"] == "no-store"
