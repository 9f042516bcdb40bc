"""The date of birth behind a link: exact, counted before it is compared, locked after five."""

import asyncio
import datetime as dt
from urllib.parse import quote_plus

import httpx2
import pytest

from tests.access.desk import Chart, Desk
from tests.cast import Person

BORN = "2010-02-03"
HEADERS = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}


async def invited(desk: Desk) -> tuple[Chart, Person]:
    chart = await desk.chart("Juniper", born=BORN)
    return chart, await desk.begin(await desk.invite(chart))


async def wrong(browser: Person) -> httpx2.Response:
    return await browser.post("/welcome/birth-date", date_of_birth="1999-01-01")


async def raw(browser: Person, body: str) -> httpx2.Response:
    return await browser.browser.post(browser.base() + "/welcome/birth-date", content=body.encode(), headers=HEADERS)


NOT_THE_DATE = {
    "no zeros": "2010-2-3",
    "full-width digits": "２０１０-０２-０３",
    "arabic digits": "٢٠١٠-٠٢-٠٣",
    "a day that isn't": "2010-02-30",
    "space before": " 2010-02-03",
    "space after": "2010-02-03 ",
    "line feed": "2010-02-03\n",
    "no separators": "20100203",
    "a week date": "2010-W05-3",
    "slashes": "2010/02/03",
    "american": "02/03/2010",
    "european": "03.02.2010",
    "with time": "2010-02-03T00:00:00",
    "minus sign": "2010−02−03",
    "two digits": "10-02-03",
    "nothing": "",
    "long": "2010-02-03" * 500,
    "another day": "2010-02-04",
}


@pytest.mark.parametrize("said", NOT_THE_DATE.values(), ids=NOT_THE_DATE)
async def test_only_the_exact_date_opens(desk: Desk, said: str) -> None:
    chart, browser = await invited(desk)
    answer = await raw(browser, f"date_of_birth={quote_plus(said)}")
    assert answer.status_code == 422 and "That isn’t the date we have on file." in answer.text
    kept = await desk.invitation(chart)
    assert kept["tries"] == 1
    assert kept["verified_at"] is None
    noted = "select result from audit where client_id = :id and action = 'confirm birth date'"
    assert await desk.sql(noted, id=chart.id) == [{"result": "refused"}]
    assert "This link doesn’t work" in (await browser.get("/welcome/password")).text
    # The try was no more than a try.
    assert (await raw(browser, f"date_of_birth={BORN}")).status_code == 303


BODIES = [
    f"date_of_birth={BORN}&date_of_birth={BORN}",
    f"date_of_birth=1999-01-01&date_of_birth={BORN}",
    f"date_of_birth[]={BORN}",
    f"date_of_birth={BORN}&verified=1",
    f"date_of_birth={BORN}%00",
    "date_of_birth",
    "%ff%fe",
    "date_of_birth=%ff",
]


@pytest.mark.parametrize("body", BODIES)
async def test_a_form_of_another_shape_is_refused_whole(desk: Desk, body: str) -> None:
    chart, browser = await invited(desk)
    answer = await raw(browser, body)
    assert answer.status_code in (400, 422), answer.text
    assert (await desk.invitation(chart))["verified_at"] is None


async def test_fifty_guess_at_once_from_fifty_addresses_and_five_count(desk: Desk) -> None:
    """The right date is among them, late: counted, it could open; after the fifth it can't."""
    chart, token = await desk.invited("Juniper", born=BORN)
    browser = await desk.begin(token)
    days = [dt.date(1980, 1, 1) + dt.timedelta(days=n) for n in range(50)]

    async def guess(n: int) -> int:
        way = httpx2.AsyncHTTPTransport(local_address=f"127.0.0.{n + 10}")
        async with httpx2.AsyncClient(transport=way, timeout=60) as elsewhere:
            answer = await elsewhere.post(
                f"http://127.0.0.1:{desk.deployment.workers[n % 2].port}/welcome/birth-date",
                content=f"date_of_birth={days[n].isoformat()}",
                headers=HEADERS
                | {"Cookie": browser.cookies, "Host": desk.deployment.bases[n % 2].removeprefix("http://")},
            )
            return answer.status_code

    answers = await asyncio.gather(*(guess(n) for n in range(50)))
    assert set(answers) <= {422, 403}, answers
    kept = await desk.invitation(chart)
    assert kept["tries"] == 5
    assert kept["locked_at"] is not None
    assert await desk.sql("select count from throttle where key like 'birth-client:%'") == [{"count": 5}]
    assert await desk.count("throttle where key like 'birth-address:%'") == 5, "they come from different addresses"
    # The right one is too late, here and from another tab.
    late = await browser.post("/welcome/birth-date", date_of_birth=BORN)
    assert late.status_code in (403, 422)
    assert "This link is locked for now" in late.text
    assert (await desk.invitation(chart))["verified_at"] is None
    assert "This link is locked for now" in (await desk.browser().post("/welcome", token=token)).text


async def test_the_tries_that_are_left_are_told(desk: Desk) -> None:
    _, browser = await invited(desk)
    for left in (4, 3, 2):
        answer = await wrong(browser)
        assert f"You can try {left} more times." in answer.text
    answer = await wrong(browser)
    assert "You can try one more time." in answer.text
    answer = await wrong(browser)
    assert "This link is locked for now" in answer.text


async def test_a_new_half_session_gives_no_new_tries(desk: Desk) -> None:
    chart, token = await desk.invited("Juniper", born=BORN)
    for _ in range(5):
        browser = await desk.begin(token)
        assert (await wrong(browser)).status_code == 422
    assert (await desk.invitation(chart))["locked_at"] is not None


async def test_staff_lift_the_lock_and_give_five_more(desk: Desk) -> None:
    chart, browser = await invited(desk)
    for _ in range(5):
        await wrong(browser)
    assert "Five wrong dates of birth were given" in await desk.tab(chart)
    assert (await desk.act(chart, "unlocking")).status_code == 303
    kept = await desk.invitation(chart)
    assert (kept["tries"], kept["locked_at"]) == (0, None)
    for _ in range(4):
        assert (await wrong(browser)).status_code == 422
    assert (await desk.invitation(chart))["locked_at"] is None
    assert (await browser.post("/welcome/birth-date", date_of_birth=BORN)).status_code == 303
    for action, times in (("confirm birth date", 9), ("lift lock", 1)):
        assert await desk.count("audit where client_id = :id and action = :what", id=chart.id, what=action) == times


async def test_the_right_date_is_no_wrong_one(desk: Desk) -> None:
    """Given again and again by somebody who goes back, it neither counts as wrong nor locks."""
    chart, browser = await invited(desk)
    for _ in range(7):
        assert (await browser.post("/welcome/birth-date", date_of_birth=BORN)).status_code == 303
    assert "Wrong dates of birth" not in await desk.tab(chart)
    assert (await browser.get("/welcome/password")).status_code == 200


async def test_new_letters_give_a_client_no_more_than_fifteen_tries_a_day(desk: Desk) -> None:
    chart = await desk.chart("Juniper", born=BORN)
    for letter in range(3):
        browser = await desk.begin(await desk.invite(chart))
        for _ in range(5):
            # From everywhere: the limit for one address is not what stops them here.
            await desk.sql("delete from throttle where key like 'birth-address:%'")
            assert (await wrong(browser)).status_code == 422
        assert (await desk.invitation(chart))["locked_at"] is not None, letter
    browser = await desk.begin(await desk.invite(chart))
    refused = await browser.post("/welcome/birth-date", date_of_birth=BORN)
    assert refused.status_code == 422 and "This link is locked for now" in refused.text
    assert (await desk.invitation(chart))["verified_at"] is None
    # Until a day is over, or somebody who has spoken with them says so.
    assert (await desk.act(chart, "unlocking")).status_code == 303
    assert (await browser.post("/welcome/birth-date", date_of_birth=BORN)).status_code == 303


async def test_one_address_has_twenty_tries_in_ten_minutes(desk: Desk) -> None:
    browsers = []
    for _ in range(5):
        _, browser = await invited(desk)
        browsers.append(browser)
    for browser in browsers[:4]:
        for _ in range(5):
            await wrong(browser)
    # The twenty-first from here, though it is right.
    assert (await browsers[4].post("/welcome/birth-date", date_of_birth=BORN)).status_code == 422
    await desk.sql("update throttle set until_at = :now where key like 'birth-address:%'", now=desk.deployment.now)
    assert (await browsers[4].post("/welcome/birth-date", date_of_birth=BORN)).status_code == 303
