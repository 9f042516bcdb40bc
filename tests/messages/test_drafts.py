"""Drafts: what one device keeps is never overwritten by another; the writer chooses."""

import asyncio

from tests.cast import Person
from tests.deployment import Deployment
from tests.messages.thread import Thread, begin
from tests.pages import Page

STORY = "A long story, told on the phone on the way home."


class Device:
    """A page of one person, and the version of the draft that it went on from."""

    def __init__(self, person: Person, thread: Thread) -> None:
        self.person, self.path, self.version = person, thread.path(person), ""

    async def keeps(self, words: str, choice: str = "") -> None:
        form = {"body": words, "draft": self.version, "choice": choice}
        answer = await self.person.send(f"{self.path}/draft", **form)
        assert answer.status_code == 204, answer.text
        self.version = answer.headers["portal-draft"]


def kept(page: Page) -> tuple[str, str]:
    """The words that a page shows as kept, and those it offers beside them."""
    (region,) = page.document.all("data-draft")
    other = [one for one in region.walk() if one.tag == "blockquote"]
    return region.get("data-draft") or "", other[0].text if other else ""


async def test_a_device_that_was_away_overwrites_nothing(deployment: Deployment) -> None:
    thread, (dana,) = await begin(deployment, "dana")
    phone, laptop = Device(dana, thread), Device(dana, thread)
    async with thread.open(dana) as page:
        await phone.keeps("")
        await phone.keeps(STORY)
        await laptop.keeps("Back on line.")
        await page.until(lambda: kept(page) == ("Back on line.", STORY), what="both")
        await page.current()
        # The phone goes on: what the laptop had is offered now, and nothing twice.
        await phone.keeps(f"{STORY} And its end.")
        await page.until(lambda: kept(page) == (f"{STORY} And its end.", "Back on line."), what="the other way round")
        await phone.keeps(f"{STORY} And its end.", choice="this")
        await page.until(lambda: kept(page) == (f"{STORY} And its end.", ""), what="one")
        await laptop.keeps("Three more words.")
        await laptop.keeps("Three more words.", choice="other")
        await page.until(lambda: kept(page) == (f"{STORY} And its end.", ""), what="the other")
        await page.current()
    await laptop.keeps("")
    assert laptop.version == ""


async def test_a_device_that_goes_on_from_what_is_there_is_asked_nothing(deployment: Deployment) -> None:
    thread, (dana,) = await begin(deployment, "dana")
    phone, laptop = Device(dana, thread), Device(dana, thread)
    await phone.keeps("It began")
    laptop.version = phone.version
    await laptop.keeps("It began anew")
    async with thread.open(dana) as page:
        assert kept(page) == ("It began anew", "")
        # A device that holds nothing, and was emptied, takes nothing away either.
        phone.version = ""
        await phone.keeps("")
        assert kept(page) == ("It began anew", "") and phone.version == laptop.version
        await phone.keeps("")
        await page.until(lambda: kept(page) == ("", ""), what="nothing")
        await page.current()


async def test_what_another_device_has_begun_is_not_sent_with_a_message(deployment: Deployment) -> None:
    thread, (miriam,) = await begin(deployment, "miriam")
    phone, laptop = Device(miriam, thread), Device(miriam, thread)
    await phone.keeps(STORY)
    await thread.write(miriam, "Only this.", draft=laptop.version)
    async with thread.open(miriam) as page:
        assert kept(page) == (STORY, "")
        # What was set aside comes back when the other is sent; sent words are gone.
        await laptop.keeps("Something else.")
        assert kept(page)[0] in (STORY, "Something else.")
        await thread.write(miriam, "Something else.", draft=laptop.version)
        await page.until(lambda: kept(page) == (STORY, ""), what="what was set aside")
        await thread.write(miriam, f"{STORY} And its end.")
        await page.until(lambda: kept(page) == ("", ""), what="nothing")
        await page.current()


async def test_of_two_devices_at_the_same_moment_none_loses_a_word(deployment: Deployment) -> None:
    thread, (dana,) = await begin(deployment, "dana")
    for words in (("One side.", "The other side."), ("A third one.", "And a fourth.")):
        await asyncio.gather(*(Device(dana, thread).keeps(text) for text in words))
    async with thread.open(dana) as page:
        there = " ".join(kept(page))
        assert all(text in there for text in ("One side.", "The other side.", "A third one.", "And a fourth."))
        await page.current()
    await Device(dana, thread).keeps("", choice="this")


async def test_one_chooses_without_a_script_too(deployment: Deployment) -> None:
    thread, (dana,) = await begin(deployment, "dana")
    phone, laptop = Device(dana, thread), Device(dana, thread)
    await phone.keeps(STORY)
    await laptop.keeps("Back on line.")
    answer = await dana.post(f"{thread.path(dana)}/draft", body="Back on line.", choice="other")
    assert answer.status_code == 303 and answer.headers["location"] == thread.path(dana)
    assert f">{STORY}</textarea>" in (await dana.get(thread.path(dana))).text
    await Device(dana, thread).keeps("", choice="this")
