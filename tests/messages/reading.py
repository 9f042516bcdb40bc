"""Reading and pressing on an inbox page, for tests."""

from typing import Any

import httpx2

from tests.cast import Person
from tests.html import Element, parse
from tests.pages import Page


def rows(document: Element) -> list[Element]:
    """The conversations of the list, as links."""
    shown = document.by_id("inbox-list")
    assert shown is not None
    return [one for one in shown.walk() if "thread-row" in one.classes]


def names(document: Element) -> list[str]:
    """Of whom the list tells, in its order: “Noa Reyes-Menon, Clinical”."""
    told = []
    for row in rows(document):
        name = next(one for one in row.walk() if "name" in one.classes)
        tag = next(one for one in row.walk() if "tag" in one.classes)
        told.append(f"{name.text.split(',')[0].strip()}, {tag.text}")
    return told


def chips(document: Element) -> dict[str, str]:
    """The filters above it and the numbers beside them."""
    nav = next(one for one in document.walk() if one.tag == "nav" and "chips" in one.classes)
    return {
        one.text.rpartition(" ")[0] if one.text[-1].isdigit() else one.text: one.text.rpartition(" ")[2]
        if one.text[-1].isdigit()
        else ""
        for one in nav.elements
        if one.tag == "a"
    }


async def inbox(person: Person, path: str = "/staff/inbox") -> Element:
    answer = await person.get(path)
    assert answer.status_code == 200, answer.text
    return parse(answer.text)


async def act(person: Person, conversation: str, what: str, **form: Any) -> httpx2.Response:
    answer = await person.send(f"/staff/inbox/{conversation}/{what}", **form)
    assert answer.status_code == 204, answer.text
    return answer


def shown(page: Page) -> list[str]:
    """The conversations that an open page's list shows now."""
    return names(page.document)


def says(page: Page, words: str) -> bool:
    """Tell whether an open page shows these words."""
    return words in page.document.text
