"""Floods: whoever has others' passwords hashed without end keeps nobody from their pages, and fills no log."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx2
import pytest_asyncio

from portal.demo import PASSWORD
from portal.passwords import AT_ONCE, WAITING
from tests.cast import Person
from tests.deployment import Deployment
from tests.mail.post_office import eventually

WORDS = "That email and password don’t open an account, or there were too many tries."
# Takes longer to compare than any test lasts: a hash says itself how much work it is.
ENDLESS = (
    "$argon2id$v=19$m=19456,t=10000000,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZWhhc2hzb21laGFzaHNvbWVoYXNoc29tZWhhc2g"
)


@pytest_asyncio.fixture
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
    await flooded.sql(
        "update portal_account set password_hash = :endless where email = :sam", endless=ENDLESS, sam=sam
    )

    full = AT_ONCE + WAITING
    waiting = [asyncio.create_task(sign_in(cast.stranger(), f"203.0.113.{n + 1}", sam)) for n in range(full)]

    async def all_there() -> bool:
        return await flooded.metric("portal_passwords") == full

    await eventually(all_there)
    try:
        # Whoever comes now is told so at once, whether or not there is such an account, and it counts as no failure.
        for n in range(25):
            answer = await sign_in(nobody, "198.51.100.2", (sam, email, "nobody@example.com")[n % 3])
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
            assert "Wait a few seconds, go back and try again." in answer.text
        # For a network that has failed too often nothing is hashed, so nothing waits: in the words of every failure.
        for address in (email, "nobody@example.com"):
            answer = await sign_in(nobody, "198.51.100.1", address)
            assert answer.status_code == 401
            assert WORDS in answer.text
        # All other pages are answered, and what is written is kept, before any of the passwords is done.
        noa, thread = cast.client["noa"], cast.conversation["noa clinical"]
        for _ in range(10):
            for page in (f"/clients/{noa}/home", f"/clients/{noa}/conversations/{thread}", "/home"):
                assert (await dana.get(page)).status_code in (200, 303)
            assert (await nobody.get("/sign-in")).status_code == 200
        path = f"/clients/{noa}/conversations/{thread}/messages"
        sent = await dana.send(path, key=str(uuid4()), body="We are on our way.")
        assert sent.status_code == 201
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
