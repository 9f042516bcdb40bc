"""Floods: whoever has others' passwords hashed without end keeps nobody from their pages, and fills no log."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx2
import pytest
from websockets import InvalidStatus
from websockets.asyncio.client import connect

from portal.demo import PASSWORD
from portal.passwords import AT_ONCE, WAITING, weakness
from tests.access.desk import Desk, own_desk
from tests.cast import Person
from tests.deployment import Deployment
from tests.mail.post_office import eventually
from tests.messages.thread import Thread

WORDS = "That email and password don’t open an account, or there were too many tries."
# Takes longer to compare than any test lasts: a hash says itself how much work it is.
ENDLESS = "$argon2id$v=19$m=19456,t=10000000,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZWhhc2hzb21laGFzaHNvbWVoYXNoc29tZWhhc2g"


@pytest.fixture
async def flooded() -> AsyncIterator[Deployment]:
    """A practice whose worker has passwords to hash that it is never done with, as many as it takes on: they come
    from everywhere. It is not asked to end in peace."""
    async with Deployment.embedded(PORTAL_TRUSTED_PROXIES="127.0.0.1", PORTAL_POOL="16") as deployment:
        yield deployment
        await deployment.stop(0, signal.SIGKILL)


async def sign_in(person: Person, address: str, email: str, password: str = PASSWORD) -> httpx2.Response:
    sent = {"X-Forwarded-For": address}
    return await person.post("/sign-in", None, sent, email=email, password=password, side="client")


async def test_who_is_in_goes_on_while_passwords_wait(flooded: Deployment) -> None:
    cast = flooded.cast
    sam, dana, email = cast.email["client", "sam"], await cast.sign_in("dana"), cast.email["client", "dana"]
    nobody = cast.stranger()
    # One network has failed as often as it may, another once.
    for address in ("198.51.100.1", "198.51.100.2"):
        assert (await sign_in(nobody, address, "somebody@example.com")).status_code == 401
    for _ in range(19):
        assert (await sign_in(nobody, "198.51.100.1", f"{uuid4()}@example.com")).status_code == 401
    await flooded.sql("update portal_account set password_hash = :endless where email = :sam", endless=ENDLESS, sam=sam)

    full = AT_ONCE + WAITING
    waiting = [asyncio.create_task(sign_in(cast.stranger(), f"203.0.113.{n + 1}", sam)) for n in range(full)]

    async def all_there() -> bool:
        return await flooded.metric("portal_passwords") == full

    await eventually(all_there)
    try:
        # Whoever comes now is told so at once, whether or not there is such an account, and it counts as no failure.
        for n in range(25):
            answer = await sign_in(nobody, "198.51.100.2", (sam, email, "nobody@example.com")[n % 3])
            assert answer.status_code == 503 and answer.headers["retry-after"] == "5"
            assert "Wait a few seconds, go back and try again." in answer.text
        # For a network that has failed too often nothing is hashed, so nothing waits: in the words of every failure.
        for address in (email, "nobody@example.com"):
            answer = await sign_in(nobody, "198.51.100.1", address)
            assert answer.status_code == 401 and WORDS in answer.text
        # All other pages are answered, and what is written is kept, before any of the passwords is done.
        noa, thread = cast.client["noa"], Thread(cast)
        for _ in range(10):
            for page in (f"/clients/{noa}/home", thread.place, "/home"):
                assert (await dana.get(page)).status_code in (200, 303)
            assert (await nobody.get("/sign-in")).status_code == 200
        await thread.write(dana, "We are on our way.")
        assert not any(task.done() for task in waiting)
        assert await flooded.metric("portal_passwords") == full
    finally:
        for task in waiting:
            task.cancel()


async def test_many_who_are_right_get_in_at_the_same_moment(full: Deployment) -> None:
    """As on a first morning: everybody from one office, on devices that nobody knows."""
    await full.sql("delete from throttle")
    names = ["dana", "sam", "eli", "miriam", "jo", "idris", "ada", "theo"]
    people = await asyncio.gather(*(full.cast.sign_in(name, n % 2) for n, name in enumerate(names * 2)))
    assert len(people) == 16


# --- Passwords that are chosen -----------------------------------------------------------------

# Each sign stands for a letter, some for several: whoever looks these up in lists of words has most to try.
SIGNS = "4@8({[<369!|7105$+2%"


async def test_no_password_takes_long_to_judge() -> None:
    """One of 72 signs takes no longer than its first 24, in time of the processor."""
    await weakness("copper kettle", [])  # the lists are read

    async def effort(password: str) -> float:
        begun = time.process_time()
        assert await weakness(password, []) is None
        return time.process_time() - begun

    short = min([await effort(SIGNS + SIGNS[:4]) for _ in range(3)])
    for signs in (SIGNS, SIGNS[::-1]):
        for length in (72, 128):
            long = min([await effort((signs * 7)[:length]) for _ in range(2)])
            assert long < 3 * short, (length, long, short)


desk = own_desk(workers=1)  # the one that hashes is looked at


async def by_a_link(desk: Desk, page: str) -> tuple[Person, str]:
    """A browser before this page, and the token of its link."""
    chart, token = await desk.invited("Wren")
    if page == "/welcome/password":
        return await desk.verified(chart, token), token
    await desk.sign_up(chart, token)
    account = await desk.account_id(chart)
    assert (await desk.act(chart, "resets", holder=account)).status_code == 303
    token = await desk.reset(account)
    browser = desk.browser()
    assert (await browser.post("/reset", token=token)).status_code == 303
    return browser, token


@pytest.mark.parametrize("page", ["/welcome/password", "/reset/password"])
async def test_many_passwords_by_one_link_keep_nobody_out(desk: Desk, page: str) -> None:
    await desk.sql("delete from throttle")
    browser, token = await by_a_link(desk, page)
    halves = [browser.cookies]
    for _ in range(3):  # the same link opens as many half-sessions as one likes
        other = desk.browser()
        assert (await other.post(page.rpartition("/")[0], token=token)).status_code == 303
        halves.append(other.cookies)
    if page == "/welcome/password":
        await desk.sql("update half_session set verified_at = expires_at")
    many = AT_ONCE + WAITING + 7
    tasks = [
        asyncio.create_task(desk.browser().post(page, None, {"Cookie": halves[n % 4]}, password=(SIGNS * 4)[:72]))
        for n in range(many)
    ]

    async def all_there() -> bool:
        waiting = await desk.deployment.metric("portal_passwords")
        return sum(task.done() for task in tasks) + waiting >= many

    await eventually(all_there)
    assert (await sign_in(desk.browser(), "", desk.cast.email["client", "dana"])).status_code == 303
    answers = await asyncio.gather(*tasks)
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(303) == 1
    assert set(statuses) <= {303, 403, 409}
    assert any("A password is being saved already." in answer.text for answer in answers)


@pytest.mark.parametrize("page", ["/welcome/password", "/reset/password"])
async def test_passwords_by_one_link_have_an_end(desk: Desk, page: str) -> None:
    """Also with another half-session; half an hour later one goes on."""
    await desk.sql("delete from throttle")
    browser, token = await by_a_link(desk, page)

    async def begin() -> Person:
        other = desk.browser()
        assert (await other.post(page.rpartition("/")[0], token=token)).status_code == 303
        await desk.sql("update half_session set verified_at = expires_at")
        return other

    for _ in range(30):
        assert (await browser.post(page, password="qwertyuiop[]asdf")).status_code == 422
    for one in (browser, await begin()):
        answer = await one.post(page, password=(SIGNS * 4)[:72])
        assert answer.status_code == 429 and "Too many tries. Wait half an hour" in answer.text
    await desk.time_passes(hours=0.6)
    assert (await (await begin()).post(page, password=(SIGNS * 4)[:72])).status_code == 303


# --- Refusals that nobody has a name for -------------------------------------------------------


async def test_a_hundred_refusals_of_nobody_are_three_rows(untried: Deployment) -> None:
    nobody, noa = untried.cast.stranger(), untried.cast.client["noa"]
    before, counted = await untried.count("audit"), await untried.refusals()
    for n in range(100):
        assert (await nobody.post(f"/staff/clients/{noa}/archival", n % len(untried.bases))).status_code == 401
    assert await untried.count("audit") == before + 3  # the first, the tenth, the hundredth
    assert await untried.refusals() == counted + 100
    # In the next hour it is said again.
    await untried.move_clock(minutes=61)
    assert (await nobody.post(f"/staff/clients/{noa}/archival")).status_code == 401
    assert await untried.count("audit") == before + 4


@pytest.mark.parametrize("how", ["another host", "too long", "another site", "a socket from elsewhere"])
async def test_nobody_fills_the_log_by_other_ways_either(untried: Deployment, how: str) -> None:
    nobody = untried.cast.stranger()
    before = await untried.count("audit")
    for _ in range(20):
        if how == "another host":
            answer = await nobody.get("/sign-in", Host="evil.example")
        elif how == "too long":
            answer = await nobody.post("/sign-in", email="a" * 1024 * 1024)
        elif how == "another site":
            answer = await nobody.post("/forgot", None, {"Sec-Fetch-Site": "cross-site"}, email="a@example.com")
        else:
            await foreign_socket(nobody)
            continue
        assert answer.status_code in (400, 403, 413)
    assert await untried.count("audit") == before + 2


async def foreign_socket(person: Person) -> None:
    address = person.base().replace("http", "ws") + "/live"
    with pytest.raises(InvalidStatus):
        async with connect(address, origin="https://evil.example", additional_headers={"Cookie": person.cookies}):
            pass


async def test_tries_of_a_network_over_its_limit_are_no_rows(untried: Deployment) -> None:
    nobody, before = untried.cast.stranger(), await untried.count("audit")
    for n in range(20):
        assert (await nobody.post("/sign-in", email=f"{n}@example.com", password="a guess")).status_code == 401
    assert await untried.count("audit") == before + 20, "each that was compared is noted, with the address it was for"
    for n in range(50):
        assert (await nobody.post("/sign-in", email=f"{n}@example.com", password="a guess")).status_code == 401
    assert await untried.count("audit") == before + 22


async def test_each_refusal_of_somebody_known_is_a_row_with_their_name(untried: Deployment) -> None:
    """At the other side's door too, on a page of another site, with a body without end, on a foreign socket."""
    cast = untried.cast
    sam, noa = await cast.sign_in("sam"), cast.client["noa"]

    noted = "audit where result = 'refused' and actor_id = :sam"
    for _ in range(12):
        before = await untried.count(noted, sam=sam.id)
        assert (await sam.post(f"/staff/clients/{noa}/archival")).status_code == 401
        assert (await sam.get(f"/clients/{noa}/home")).status_code == 404
        assert (await sam.post("/sign-out", None, {"Sec-Fetch-Site": "cross-site"})).status_code == 403
        assert (await sam.post("/session", body="a" * 1024 * 1024)).status_code == 413
        await foreign_socket(sam)
        assert await untried.count(noted, sam=sam.id) == before + 5
