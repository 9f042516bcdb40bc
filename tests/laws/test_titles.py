"""Titles of pages: browser tabs tell one page from another, and none names a person (WCAG 2.4.2)."""

import re
from collections import defaultdict
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.routing import Route

from portal.routes import ROUTES
from tests.browser.places import Place
from tests.cast import Person
from tests.deployment import Deployment
from tests.laws.sample import is_write
from tests.laws.samples import ALL_ROUTES, sample_of
from tests.rooms import brought

# One page, whatever is open in it.
AS_ONE = {"/staff/inbox/{conversation}": "/staff/inbox", "/": "/home"}


def route_of(path: str) -> str:
    """The address of the first route that answers this path."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    found = next(route.path for route in ROUTES if isinstance(route, Route) and route.matches(scope)[0].value == 2)
    return AS_ONE.get(found, found)


async def titles(full: Deployment) -> dict[tuple[str, str], set[str]]:
    """The addresses of the pages that have a title, by the side and the title."""
    cast, people = full.cast, dict[str, Person]()
    asked: set[tuple[str, str]] = set()
    for place in brought("PLACES"):
        assert isinstance(place, Place)
        with suppress(KeyError):  # of people who are nowhere but in the browser tests
            asked.add((place.who, place.address(cast)))
    for route in ALL_ROUTES:
        if not is_write(route) and (sample := sample_of(route)).status == 200 and not sample.script:
            await sample.find(cast)
            asked.add((sample.who, sample.path(route, cast)))
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for who, path in sorted(asked):
        if who not in people:
            try:
                people[who] = await cast.sign_in(who) if who else cast.stranger()
            except KeyError:
                continue  # somebody who is nowhere but in the browser tests
        answer = await people[who].get(path, follow=True)
        shown = re.search(r"<title>([^<]*)</title>", answer.text)
        if answer.status_code == 200 and shown:
            assert not any(name in shown[1] for name in ("Noa", "Eli", "Sam", "Dana", "Reyes", "Miriam")), path
            at = route_of(urlsplit(str(answer.url)).path)
            found["staff" if at.startswith("/staff/") else "client", shown[1]].add(at)
    return found


async def test_no_two_pages_have_the_same_title(full: Deployment) -> None:
    found = await titles(full)
    assert len(found) > 40
    assert not {title: pages for title, pages in found.items() if len(pages) > 1}
    assert all(title for _, title in found)
