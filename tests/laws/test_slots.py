"""The slots of pages are filled by rooms, in the order that web/slots.py says."""

import re

import pytest

from portal.app import create
from portal.regions import region
from portal.web.slots import ORDER, Link, in_order, link
from tests.deployment import Deployment
from tests.html import parse


@pytest.mark.parametrize(
    ("who", "page", "slots"),
    [("miriam", "/staff/today", ("today", "today beside")), ("dana", "/clients/{noa}/home", ("home",))],
)
async def test_cards_stand_in_their_order(embedded: Deployment, who: str, page: str, slots: tuple[str, ...]) -> None:
    person = await embedded.cast.sign_in(who)
    main = parse((await person.get(page.format(noa=embedded.cast.client["noa"]))).text).all(tag="main")[0]
    shown = [one.get("data-region").partition("?")[0] for one in main.all("data-region")]
    named = [name for slot in slots for name in ORDER[slot]]
    assert [name for name in shown if name in named] == named


@pytest.mark.parametrize(
    ("who", "page", "hrefs"),
    [
        ("miriam", "/staff/today", ["/staff/today", "/staff/inbox", "/staff/clients"]),
        ("ada", "/staff/today", ["/staff/today", "/staff/inbox", "/staff/clients", "/staff/settings/portal"]),
        ("miriam", "/staff/clients/{noa}", ["", "/portal", "/messages", "/contacts"]),
        (
            "ada",
            "/staff/settings/minors",
            [
                *(f"/staff/settings/{name}" for name in ("portal", "availability", "minors", "mail")),
                "/staff/colleagues",
            ],
        ),
        ("miriam", "/staff/today", ["/staff/notices/choices", "/staff/templates", "/staff/leave"]),
        ("dana", "/clients/{noa}/home", ["/clients/{noa}/home", "/clients/{noa}/messages"]),
    ],
)
async def test_links_stand_in_their_order(embedded: Deployment, who: str, page: str, hrefs: list[str]) -> None:
    cast = embedded.cast
    person, here = await cast.sign_in(who), page.format(noa=cast.client["noa"])
    under = here if hrefs[0] == "" else ""
    text = (await person.get(here)).text
    named = [f'href="{under}{href.format(noa=cast.client["noa"])}"' for href in hrefs]
    assert re.search("".join(f".*?{re.escape(name)}" for name in named), text, re.DOTALL)


def test_what_no_order_names_comes_last() -> None:
    entries = [Link("zebra", "Zebra", ""), Link("aardvark", "Aardvark", ""), Link("mail", "Mail", "")]
    assert [one.name for one in in_order("settings", entries)] == ["mail", "aardvark", "zebra"]


def test_what_is_named_and_not_there_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ORDER, "today", ("nothing",))
    with pytest.raises(RuntimeError, match="Nothing fills nothing in the slot today"):
        create()


def test_a_slot_that_is_not_there_can_not_be_filled() -> None:
    async def nothing(viewer: object) -> None: ...

    with pytest.raises(TypeError, match="there is no slot nowhere"):
        region("stray", "x.html", side="staff", needs=None, on=(), slots=("nowhere",))(nothing)
    with pytest.raises(AssertionError, match="there is no slot nowhere"):
        link("nowhere", Link("stray", "Stray", ""))
