"""Guesses at a password: counted where they come from, however many addresses somebody has, and on each device."""

import ast
import asyncio
import datetime as dt
import re

import httpx2
import pytest

from portal import passwords
from portal.demo import PASSWORD
from portal.models.ground.throttle import WIDER
from tests.access.desk import SECRET, Desk, own_desk
from tests.cast import Person
from tests.deployment import Deployment, own_practice
from tests.faults.telling import by_hand, waits_for_a_lock
from tests.laws.test_structure import MODULES, tree
from tests.staff.test_first_run import CODE, PRACTICE, command, empty, served

MOST = 20  # failures from one network in ten minutes


behind = own_practice("embedded", PORTAL_TRUSTED_PROXIES="127.0.0.1")  # a proxy says where a request comes from


@pytest.fixture
async def proxied(behind: Deployment) -> Deployment:
    await behind.sql("delete from throttle")
    return behind


async def sign_in(person: Person, address: str, email: str, password: str = PASSWORD) -> httpx2.Response:
    return await person.post(
        "/sign-in", None, {"X-Forwarded-For": address}, email=email, password=password, side="client"
    )


async def gets_in(deployment: Deployment, address: str, name: str = "sam") -> bool:
    """Tell whether this person, with the right password and on an unknown device, gets in from there."""
    answer = await sign_in(deployment.cast.stranger(), address, deployment.cast.email["client", name])
    assert answer.status_code in (303, 401), answer.text
    return answer.status_code == 303


async def fails(deployment: Deployment, address: str, number: int = 0) -> None:
    """Somebody tries a password that is wrong, each time for another account."""
    nobody = deployment.cast.stranger()
    assert (await sign_in(nobody, address, f"nobody-{number}@example.com", "wrong")).status_code == 401


# --- 10. One network is one, however many addresses it has -------------------------------------


async def test_twenty_addresses_of_one_line_are_one(proxied: Deployment) -> None:
    for n in range(MOST - 1):
        await fails(proxied, f"2001:db8:5:1:{n:x}::{n + 1:x}", n)
    assert await gets_in(proxied, "2001:db8:5:1::ffff"), "nineteen are no reason yet"
    await fails(proxied, "2001:db8:5:1:abcd::1", MOST)
    assert not await gets_in(proxied, "2001:db8:5:1::ffff")
    assert await gets_in(proxied, "2001:db8:5:2::1"), "the next line has done nothing"


async def test_all_lines_of_one_site_have_a_limit_that_is_wider(proxied: Deployment) -> None:
    await fails(proxied, "2001:db8:6:1::1")
    await proxied.sql(f"update throttle set count = {MOST * WIDER - 1} where key like 'address:%'")
    assert await gets_in(proxied, "2001:db8:6:2::1")
    await fails(proxied, "2001:db8:6:3::1", 1)
    assert not await gets_in(proxied, "2001:db8:6:2::1")
    assert await gets_in(proxied, "2001:db8:7:2::1"), "another site has done nothing"


@pytest.mark.parametrize("written", ["::ffff:203.0.113.7", "::FFFF:cb00:7107", "64:ff9b::203.0.113.7"])
async def test_an_address_that_is_written_otherwise_is_the_same(proxied: Deployment, written: str) -> None:
    await fails(proxied, "203.0.113.7")
    await proxied.sql(f"update throttle set count = {MOST} where key like 'address:%'")
    assert not await gets_in(proxied, "203.0.113.7")
    assert not await gets_in(proxied, written)
    assert await gets_in(proxied, "203.0.113.8")
    assert await gets_in(proxied, "::ffff:203.0.113.8")


def test_only_one_place_says_where_a_request_comes_from() -> None:
    """Limits ask for the network; an address itself is for the log of what somebody did."""
    whole = {module: ast.unparse(tree(module)) for module in MODULES}
    assert {module for module, text in whole.items() if ".client.host" in text} == {"portal.web.visit"}
    asks = re.compile(r"\b(?:into|from|update|join) throttle\b")
    counting = {module for module, text in whole.items() if asks.search(text) and ".migrations." not in module}
    assert counting == {"portal.models.ground.throttle"}


# --- 9. A device that is known may try again, and not for ever ---------------------------------

ON_ONE_DEVICE = 10  # failures in half an hour


async def tries(person: Person, email: str, password: str) -> int:
    return (await person.post("/sign-in", email=email, password=password, side="client")).status_code


async def test_guesses_on_a_known_device_have_an_end(untried: Deployment) -> None:
    sam, email = await untried.cast.sign_in("sam"), untried.cast.email["client", "sam"]
    for n in range(ON_ONE_DEVICE):
        assert await tries(sam, email, f"a guess of mine, number {n}") == 401
    assert await tries(sam, email, PASSWORD) == 401, "however right it is"
    await untried.move_clock(minutes=31)
    assert await tries(sam, email, PASSWORD) == 303


async def test_a_known_device_gets_in_whatever_others_try(untried: Deployment) -> None:
    sam, email = await untried.cast.sign_in("sam"), untried.cast.email["client", "sam"]
    await sam.post("/sign-out")
    for n in range(6):
        assert await tries(untried.cast.stranger(), email, f"somebody else’s guess, number {n}") == 401
    assert await tries(untried.cast.stranger(), email, PASSWORD) == 401, "this device is not known"
    for n in range(ON_ONE_DEVICE - 1):
        assert await tries(sam, email, f"what was it again, {n}") == 401
    assert await tries(sam, email, PASSWORD) == 303
    # Who got in begins anew.
    for n in range(ON_ONE_DEVICE - 1):
        assert await tries(sam, email, f"what was it again, {n}") == 401
    assert await tries(sam, email, PASSWORD) == 303


async def test_a_device_is_known_for_its_own_people_alone(untried: Deployment) -> None:
    """Dana fails on her own device as often as she may; Sam, who has used it too, is not kept out by that."""
    shared = await untried.cast.sign_in("dana")
    emails = {name: untried.cast.email["client", name] for name in ("dana", "sam")}
    assert await tries(shared, emails["sam"], PASSWORD) == 303
    for n in range(ON_ONE_DEVICE):
        assert await tries(shared, emails["dana"], f"a guess, number {n}") == 401
    assert await tries(shared, emails["dana"], PASSWORD) == 401
    assert await tries(shared, emails["sam"], PASSWORD) == 303


async def test_guesses_at_the_same_moment_share_no_count(full: Deployment) -> None:
    """The fifth guess waits to be counted when the sixth, the right one, has been compared: it is one too many."""
    await full.sql("delete from throttle")
    cast, email = full.cast, full.cast.email["client", "sam"]
    assert await tries(cast.stranger(), email, "the first guess of five") == 401
    await full.sql("update throttle set count = 4 where key like 'account:%'")
    async with by_hand(full, "select 1 from throttle where key like 'account:%' for update"):
        fifth = asyncio.create_task(tries(cast.stranger(), email, "the fifth guess of five"))
        await waits_for_a_lock(full)
        sixth = asyncio.create_task(tries(cast.stranger(), email, PASSWORD))
        waits = asyncio.create_task(waits_for_a_lock(full, count=2))
        await asyncio.wait([sixth, waits], return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
    assert (await fifth, await sixth) == (401, 401)
    await full.sql("delete from throttle")


# --- 9. A new password is no name and a year ---------------------------------------------------


desk = own_desk()  # Dana gets another password


def made_of_names(*names: str) -> list[str]:
    """Passwords that people make of a name, or two, where twelve characters are asked for."""
    year = dt.datetime.now(dt.UTC).year
    whole = "".join(names)
    return [
        f"{whole}{year}!!!!!",
        f"{year}-{'-'.join(names)}-{year}",
        f"{whole.upper()} 1987 1987",
        f"My {' '.join(names)} {year}!!",
        f"{whole.translate(str.maketrans('aeiost', '431057'))}{year}!!",
        f"Password{whole}{year}",
        f"{'  '.join(names)} 12.03.{year}",
    ]


async def refuses(browser: Person, page: str, wrong: list[str]) -> None:
    for password in wrong:
        answer = await browser.post(page, password=password)
        assert answer.status_code == 422, password
        assert "easy to guess" in answer.text or "at least 12" in answer.text, password
        assert password not in answer.text


async def test_signing_up_takes_no_name_and_a_year(desk: Desk) -> None:
    chart = await desk.chart("Magnolia")
    browser = await desk.verified(chart, await desk.invite(chart))
    wrong = made_of_names("Magnolia", chart.last) + made_of_names("Willow", "Street", "Counselling")
    await refuses(browser, "/welcome/password", wrong + made_of_names("willow", "magnolia"))
    # A name among other words is nobody's business.
    assert (await browser.post("/welcome/password", password="magnolia eats copper kettles")).status_code == 303


async def test_a_new_password_is_no_name_of_anybody_one_acts_for(desk: Desk) -> None:
    """Dana acts for Noa and Eli: with her own account, by a link for a new password."""
    await desk.act(desk.cast.client["noa"], "resets", holder=desk.cast.account["dana"])
    browser = desk.browser()
    token = await desk.reset(desk.cast.account["dana"])
    assert (await browser.post("/reset", token=token)).status_code == 303
    names = await desk.sql("select first_name, last_name from client where first_name in ('Noa', 'Eli')")
    wrong = made_of_names("Dana", "Noa", "Eli") + made_of_names("Willow", "Street")
    for row in names:
        wrong += made_of_names(row["first_name"], *row["last_name"].split("-"))
    await refuses(browser, "/reset/password", wrong)
    assert (await browser.post("/reset/password", password=SECRET)).status_code == 303


async def test_the_first_administrator_takes_no_name_and_a_year_either() -> None:
    async with empty() as env:
        said = await command(env, "start")
        code = CODE.search(said.stdout)
        assert code
        async with served(env) as (_, browser):
            form = PRACTICE | {"code": code[0]}
            for password in made_of_names("Alder", "House") + made_of_names("Marta", "Holm"):
                answer = await browser.post("/start", data=form | {"password": password})
                assert answer.status_code == 422, password
                assert "easy to guess" in answer.text, password
            assert (await browser.post("/start", data=form)).status_code == 303


def test_whoever_takes_a_password_asks_whether_it_is_weak() -> None:
    """And says whose names it may not be made of."""
    for module in MODULES:
        text = ast.unparse(tree(module))
        if "passwords.hashed(" in text:
            assert "passwords.weakness(password, personal)" in text, module
            assert re.search(r"personal = \[.*(words_about|'practice')", text), module
    assert passwords.SHORTEST == 12
