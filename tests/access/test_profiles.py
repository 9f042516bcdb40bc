"""One account, many profiles (H4, J10): two tabs for two children never mix, and one page shows them all."""

import re
from uuid import uuid4

from tests.deployment import Deployment
from tests.html import Element, parse
from tests.messages.thread import Thread
from tests.pages import Page, open_page


def cards(html: str) -> dict[str, str]:
    """Return the words on each card, by the name at its head."""
    found = {}
    for section in parse(html).all("class"):
        if "who-card" in section.classes:
            head = next(one for one in section.walk() if one.tag == "h2")
            name = next(one.text.split()[0] for one in head.walk() if one.tag == "span" and "disc" not in one.classes)
            found[name] = section.text
    return found


async def test_two_tabs_for_two_children_never_mix(full: Deployment) -> None:
    """A message sent from one child's tab to the other's conversation is refused, whole; keys don't help."""
    cast = full.cast
    dana = await cast.sign_in("dana")
    noas, elis = cast.client["noa"], cast.client["eli"]
    thread = {child: cast.conversation[f"{child} clinical"] for child in ("noa", "eli")}
    texts = {child: f"For {child} alone, {uuid4()}." for child in thread}
    keys = {child: str(uuid4()) for child in thread}
    for child, id in (("noa", noas), ("eli", elis)):
        other = thread["eli" if child == "noa" else "noa"]
        crossed = await dana.post(
            f"/clients/{id}/conversations/{other}/messages", key=keys[child], body=texts[child], understood="yes"
        )
        assert crossed.status_code == 404
        assert (await dana.post(f"/clients/{id}/conversations/{other}/draft", body=texts[child])).status_code == 404
    for child, id in (("noa", noas), ("eli", elis)):
        here = f"/clients/{id}/conversations/{thread[child]}"
        sent = await dana.post(f"{here}/messages", key=keys[child], body=texts[child], understood="yes")
        assert sent.status_code in (201, 303), "what was refused has used up no key"
        again = await dana.post(f"{here}/messages", key=keys[child], body="Otherwise.", understood="yes")
        assert again.status_code == 409, "and its own key is not taken twice"
    for child, id in (("noa", noas), ("eli", elis)):
        page = (await dana.get(f"/clients/{id}/conversations/{thread[child]}")).text
        assert texts[child] in page
        assert texts["eli" if child == "noa" else "noa"] not in page


async def test_the_socket_of_one_childs_tab_shows_nothing_of_the_other(full: Deployment) -> None:
    cast = full.cast
    dana = await cast.sign_in("dana")
    noa, eli = cast.client["noa"], cast.client["eli"]
    async with open_page(dana, f"/clients/{noa}/home", socket=False) as page:
        for key in (
            f"home?client={eli}",
            f"messages?client={eli}&conversation={cast.conversation['eli clinical']}",
            f"messages?client={noa}&conversation={cast.conversation['eli clinical']}",
        ):
            id = f"{key.partition('?')[0]}-{key.rpartition('=')[2]}"
            page.body.append(Element("div", {"id": id, "data-region": key}))
        page.since = "0000000000000000.1.0"  # unknown, so that everything is read again
        await page.come_back()
        await page.settle()
        foreign = [push for push in page.pushes if eli in push["region"] or "messages" in push["region"]]
        assert len({push["region"] for push in foreign}) == 3
        for push in foreign:
            assert "This has ended" in push["content"]


async def test_a_mother_sees_both_children_and_which_of_them_has_news(full: Deployment) -> None:
    cast = full.cast
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam", worker=1)
    for child in ("noa", "eli"):
        for thread in cast.threads[child]:
            await dana.send(f"/clients/{cast.client[child]}/conversations/{thread}/reading", number=9999)
    async with open_page(dana, "/board") as page:
        assert set(cards(page.live["board"])) >= {"Noa", "Eli"}
        await Thread(cast).write(miriam, "She was brave today.")
        await page.until(lambda: "1 new message" in cards(page.live["board"])["Noa"], what="Noa’s news")
        assert "No new messages" in cards(page.live["board"])["Eli"]
        assert "brave" not in page.live["board"], "what was written stands in the conversation"

        # A teenager's confidential conversation counts for nobody but him.
        await Thread(cast, "eli confidential").write(miriam, "Between us.")
        await page.settle()
        assert "No new messages" in cards(page.live["board"])["Eli"]
        await page.current()


async def test_the_switch_leads_there_and_only_where_there_are_several(full: Deployment) -> None:
    cast = full.cast
    dana, sam = await cast.sign_in("dana"), await cast.sign_in("sam")
    assert 'href="/board"' in (await dana.get(f"/clients/{cast.client['noa']}/home")).text
    assert 'href="/board"' not in (await sam.get(f"/clients/{cast.client['sam']}/home")).text
    assert set(cards((await sam.get("/board")).text)) == {"Sam"}


async def test_a_link_that_leads_nowhere_any_more_says_so_kindly_and_nothing_else(full: Deployment) -> None:
    """Of a profile of somebody else's, and of one that there never was, the very same."""
    cast = full.cast
    dana = await cast.sign_in("dana")
    said = set()
    for client in (cast.client["sam"], str(uuid4())):
        answer = await dana.get(f"/clients/{client}/messages")
        assert answer.status_code == 404 and "It may have ended" in answer.text
        assert "Go to your first page" in answer.text
        said.add(re.sub(r'nonce="[^"]+"', "", answer.text))
    assert len(said) == 1
    assert (await dana.get(f"/clients/{cast.client['noa']}/messages", follow=True)).status_code == 200


async def test_news_of_another_child_are_drawn_on_that_child(full: Deployment) -> None:
    """On Noa's page Eli's unread message stands beside Eli's name and leads to Eli."""
    cast = full.cast
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam", worker=1)
    for child in ("noa", "eli"):
        for thread in cast.threads[child]:
            await dana.send(f"/clients/{cast.client[child]}/conversations/{thread}/reading", number=9999)

    def news(page: Page) -> list[tuple[str, str]]:
        links = [
            one for one in parse(page.live["switch?client=" + cast.client["noa"]]).walk() if "other" in one.classes
        ]
        return [(one.get("href"), " ".join(one.text.split())) for one in links]

    async with open_page(dana, f"/clients/{cast.client['noa']}/home") as page:
        assert news(page) == []
        await Thread(cast).write(miriam, "About Noa.")
        await page.settle()
        assert news(page) == [], "her own news is at Messages"
        await Thread(cast, "eli clinical").write(miriam, "About Eli.")
        await page.until(lambda: news(page) != [], what="Eli’s news")
        assert news(page) == [(f"/clients/{cast.client['eli']}/home", "E Eli 1 1 unread message")]
        (summary,) = [one for one in page.body.walk() if one.tag == "summary" and "Noa" in one.text]
        assert "1" not in summary.text
        await page.current()


async def test_home_shows_what_is_unread_first_and_ones_own_words_last(full: Deployment) -> None:
    cast = full.cast
    eli, miriam = await cast.sign_in("eli"), await cast.sign_in("miriam", worker=1)
    unread, own = Thread(cast, "eli confidential"), Thread(cast, "eli clinical")
    for thread in cast.threads["eli"]:
        await eli.send(f"/clients/{cast.client['eli']}/conversations/{thread}/reading", number=9999)
    theirs, his = f"How was it? {uuid4().hex}", f"I had rehearsal. {uuid4().hex}"
    async with open_page(eli, f"/clients/{cast.client['eli']}/home") as page:
        home = f"home?client={cast.client['eli']}"
        await unread.write(miriam, theirs)
        await own.write(eli, his, understood="yes")
        await page.until(lambda: theirs in page.live[home], what="the unread message")
        await page.settle()
        assert his not in page.live[home] and "New" in page.live[home]
        await unread.read(eli)
        await page.until(lambda: "You wrote last" in page.live[home], what="what is left")
        assert his not in page.live[home] and theirs not in page.live[home]
        await page.current()
