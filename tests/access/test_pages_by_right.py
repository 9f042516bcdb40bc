"""Pages by right: nothing on them that an account may not do, and bills alone for somebody who only pays."""

from dataclasses import replace
from uuid import UUID

import pytest

from portal.models.access.contact_links import change_terms
from portal.models.ground.fact import unit
from portal.models.ground.record import Kind
from portal.models.people.client import CareTeam
from portal.models.people.contact import ContactLink
from portal.permissions import Restriction, Right
from portal.viewer import Viewer
from tests.access.test_view_as import asked_terms, comparable
from tests.deployment import Deployment, own_practice
from tests.html import Element, parse
from tests.pages import open_page
from tests.people.contacts import link_of

willow = own_practice()  # rights are taken and given here
OF_THE_CARE = (
    "Miriam Adler",
    "can see what is here",
    "Write to the care team",
    "Care team",
    "messages-square",
)


def seen(html: str) -> str:
    """The parts of a page that are live: its navigation, the switch, and what it is about."""
    return " ".join(region.written() for region in parse(html).all("data-region"))


async def test_who_only_pays_sees_bills_and_whom_to_ask(willow: Deployment) -> None:
    cast = willow.cast
    ravi, eli, dana = [await cast.sign_in(name) for name in ("ravi", "eli", "dana")]
    home = f"/clients/{cast.client['eli']}/home"
    shown = seen((await ravi.get(home)).text)
    assert "Bills for Eli will be here." in shown and "Call (555)" in shown
    for words in OF_THE_CARE:
        assert words not in shown, words
        assert words in seen((await dana.get(home)).text) + "Write to the care team", words
    assert "What’s next for you" in seen((await eli.get(home)).text)
    assert "What’s next for Eli" in seen((await dana.get(home)).text)


async def test_the_care_team_is_not_for_who_only_pays_to_know(willow: Deployment) -> None:
    """Whatever a page would show of it: the rule of the record itself says so."""
    cast = willow.cast
    async with willow.models():
        for name, knows in (("ravi", False), ("dana", True), ("eli", True)):
            viewer = Viewer(Kind.PROFILE, UUID(cast.account[name]), UUID(cast.client["eli"]))
            assert bool(await viewer.see(CareTeam).count()) is knows, name


@pytest.mark.parametrize("page", ["messages", "conversations/new", "conversations/{thread}", "who-sees"])
async def test_the_addresses_of_what_one_may_not_are_refused_and_say_why(willow: Deployment, page: str) -> None:
    cast = willow.cast
    ravi, dana, miriam = [await cast.sign_in(name) for name in ("ravi", "dana", "miriam")]
    path = page.format(thread=cast.conversation["eli clinical"])
    refused = await ravi.get(f"/clients/{cast.client['eli']}/{path}")
    assert refused.status_code == 403
    assert "You don’t have permission to do this for this person" in refused.text and "call" in refused.text
    assert (await dana.get(f"/clients/{cast.client['eli']}/{path}", follow=True)).status_code == 200
    looked = await miriam.get(f"/staff/clients/{cast.client['eli']}/as/{cast.account['ravi']}/{path}")
    assert looked.status_code == 409 and "Ravi can’t open this" in looked.text


async def test_the_socket_shows_who_only_pays_nothing_of_the_care(willow: Deployment) -> None:
    cast = willow.cast
    ravi, eli = await cast.sign_in("ravi"), cast.client["eli"]
    keys = {"secret": f"who-sees?client={eli}", "list": f"threads?client={eli}"}
    async with open_page(ravi, f"/clients/{eli}/home", socket=False) as page:
        for id, key in keys.items():
            page.body.append(Element("div", {"id": id, "data-region": key}))
        page.stay()
        ended = "This has ended."
        await page.until(lambda: str(page.frames).count(ended) == len(keys), what="their end")
        assert "Miriam" not in str(page.frames)


async def test_staff_see_what_who_only_pays_sees(willow: Deployment) -> None:
    """By *View as*, and before the terms are saved."""
    cast = willow.cast
    ravi, miriam = await cast.sign_in("ravi"), await cast.sign_in("miriam")
    eli, noa = cast.client["eli"], cast.client["noa"]
    here = f"/staff/clients/{eli}/as/{cast.account['ravi']}"
    looked, own = await miriam.get(f"{here}/home"), await ravi.get(f"/clients/{eli}/home")
    assert comparable(looked.text, here) == comparable(own.text, f"/clients/{eli}")
    form = f"/staff/clients/{noa}/contacts/{await link_of(willow, 'Dana', 'Noa')}/preview"
    tried = await miriam.post(form, pay_only="on", **asked_terms())
    assert "Bills for Noa will be here." in seen(tried.text)
    assert not [words for words in OF_THE_CARE if words in seen(tried.text)]
    assert 'value="messages"' not in tried.text, "there is no such page to look at"
    assert "What’s next for Noa" in (await miriam.post(form, **asked_terms())).text


async def test_an_open_page_follows_what_one_may_do(willow: Deployment) -> None:
    """A right taken takes its way and its card off the page at once; given back, they are there again."""
    cast = willow.cast
    dana, noa = await cast.sign_in("dana"), cast.client["noa"]
    async with willow.models():
        link = await ContactLink.get(id=await link_of(willow, "Dana", "Noa"))
        terms = link.terms
        async with open_page(dana, f"/clients/{noa}/home") as page:
            for less, there, gone in (
                (replace(terms, rights=set(Right) - {Right.MESSAGES}), "Miriam Adler", "messages-square"),
                (replace(terms, restrictions={Restriction.PAY_ONLY: link.from_at}), "Bills for Noa", "Miriam Adler"),
            ):
                assert gone in str(page.live)
                async with unit():
                    await change_terms(link, less)
                await page.until(lambda gone=gone: gone not in str(page.live), what=f"{gone} to go")
                assert there in str(page.live)
                await page.current()
                async with unit():
                    await change_terms(link, terms)
                await page.until(lambda gone=gone: gone in str(page.live), what=f"{gone} to come back")
                await page.current()


async def test_the_page_of_all_says_of_each_what_one_may_do(willow: Deployment) -> None:
    """Ravi pays for Eli: his page of all has no messages, where Dana's has."""
    cast = willow.cast
    ravi, dana = await cast.sign_in("ravi"), await cast.sign_in("dana")
    his, hers = seen((await ravi.get("/board")).text), seen((await dana.get("/board")).text)
    assert "Bills for Eli will be here." in his and "messages-square" not in his
    assert "Bills for Eli" not in hers and "messages-square" in hers
