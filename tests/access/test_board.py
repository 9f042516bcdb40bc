"""All whom one acts for on one page (J10): live, and each as that profile alone would show it."""

from __future__ import annotations

from uuid import uuid4

from tests.deployment import Deployment
from tests.html import parse
from tests.pages import open_page


def cards(html: str) -> dict[str, str]:
    """What stands on each card, by the name at its head."""
    found = {}
    for section in parse(html).all("class"):
        if "who-card" in section.classes:
            head = next(one for one in section.walk() if one.tag == "h2")
            name = next(
                one.text.split()[0] for one in head.walk() if one.tag == "span" and "disc" not in one.classes
            )
            found[name] = section.text
    return found


async def test_a_mother_sees_both_children_and_which_of_them_has_news(full: Deployment) -> None:
    cast = full.cast
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam", worker=1)
    for child in ("noa", "eli"):
        for thread in cast.threads[child]:
            await dana.send(f"/clients/{cast.client[child]}/conversations/{thread}/reading", number=9999)
    async with open_page(dana, "/board") as page:
        assert set(cards(page.live["board"])) >= {"Noa", "Eli"}
        path = (
            f"/staff/clients/{cast.client['noa']}/conversations/{cast.conversation['noa clinical']}/messages"
        )
        await miriam.send(path, key=str(uuid4()), body="She was brave today.")
        await page.until(lambda: "1 new message" in cards(page.live["board"])["Noa"], what="Noa’s news")
        assert "No new messages" in cards(page.live["board"])["Eli"]
        assert "brave" not in page.live["board"], "what was written stands in the conversation"

        # A teenager's confidential conversation counts for nobody but him.
        secret = f"/staff/clients/{cast.client['eli']}/conversations/{cast.conversation['eli confidential']}/messages"
        await miriam.send(secret, key=str(uuid4()), body="Between us.")
        await page.settle()
        assert "No new messages" in cards(page.live["board"])["Eli"]
        await page.current()


async def test_the_switch_leads_there_and_only_where_there_are_several(full: Deployment) -> None:
    cast = full.cast
    dana, sam = await cast.sign_in("dana"), await cast.sign_in("sam")
    assert 'href="/board"' in (await dana.get(f"/clients/{cast.client['noa']}/home")).text
    assert 'href="/board"' not in (await sam.get(f"/clients/{cast.client['sam']}/home")).text
    assert set(cards((await sam.get("/board")).text)) == {"Sam"}
