"""Guesses at a password: counted where they come from, however many addresses somebody has, and on each device."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from portal.demo import PASSWORD
from portal.models.throttle import WIDER
from tests.cast import Person
from tests.deployment import Deployment
from tests.laws.test_structure import MODULES, tree

MOST = 20  # failures from one network in ten minutes


@pytest_asyncio.fixture(scope="module")
async def behind() -> AsyncIterator[Deployment]:
    """A practice behind a proxy that says where a request comes from."""
    async with Deployment.embedded(PORTAL_TRUSTED_PROXIES="127.0.0.1") as deployment:
        yield deployment


@pytest_asyncio.fixture
async def proxied(behind: Deployment) -> Deployment:
    await behind.sql("delete from throttle")
    return behind


async def sign_in(person: Person, address: str, email: str, password: str = PASSWORD) -> httpx2.Response:
    return await person.post(
        "/sign-in", None, {"X-Forwarded-For": address}, email=email, password=password, side="client"
    )


async def gets_in(deployment: Deployment, address: str, name: str = "sam") -> bool:
    """Whether this person, with the right password and on a device nobody knows, gets in from there."""
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
    """Whoever limits something asks for the network; an address itself is for the log of what somebody did."""
    whole = {module: ast.unparse(tree(module)) for module in MODULES}
    assert {module for module, text in whole.items() if ".client.host" in text} == {"portal.visit"}
    asks = re.compile(r"\b(?:into|from|update|join) throttle\b")
    assert {module for module, text in whole.items() if asks.search(text)} == {"portal.models.throttle"}
