"""“Is writing”: told at once to those who may see the conversation, and to nobody else; kept nowhere."""

import json
from typing import Any

from tests.deployment import Deployment
from tests.messages.thread import Thread, begin
from tests.pages import Page


async def types(page: Page, thread: Thread) -> None:
    """Say what writing.js says while somebody types."""
    region = next(key for key in page.showing if key.startswith("messages?"))
    assert page._socket is not None
    await page._socket.send(json.dumps({"writing": region}))


def told(page: Page) -> list[Any]:
    return [frame["writing"] for frame in page.frames if "writing" in frame]


async def test_the_other_side_is_told_who_is_writing(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    last = deployment.last
    async with thread.open(dana, 0) as hers, thread.open(miriam, last) as theirs:
        await types(theirs, thread)
        await hers.until(lambda: told(hers) == ["Miriam Adler"])
        await types(hers, thread)
        await theirs.until(lambda: told(theirs) == ["Dana Reyes"])
        assert told(hers) == ["Miriam Adler"], "nobody is told of themselves"


async def test_two_contacts_of_one_client_are_not_told_of_each_other(deployment: Deployment) -> None:
    thread, (dana, eli, miriam) = await begin(deployment, "dana", "eli", "miriam", thread="eli clinical")
    async with thread.open(dana) as hers, thread.open(eli) as his, thread.open(miriam) as theirs:
        await types(his, thread)
        await theirs.until(lambda: told(theirs) == ["Eli Reyes-Menon"])
        await hers.settle()
        assert told(hers) == []


async def test_whoever_may_not_see_the_conversation_hears_and_says_nothing(deployment: Deployment) -> None:
    """Dana claims to show her son's confidential one."""
    secret, (eli, miriam, dana) = await begin(deployment, "eli", "miriam", "dana", thread="eli confidential")
    key = f"messages?client={deployment.cast.client['eli']}&conversation={secret.id}"
    shared = Thread(deployment.cast, "eli clinical")
    async with secret.open(miriam) as theirs, secret.open(eli) as his, shared.open(dana) as hers:
        element = hers.document.all("data-cursor")[0]
        element.attributes["data-region"] = key
        await hers.ask()
        await types(theirs, secret)
        await his.until(lambda: told(his) == ["Miriam Adler"])
        assert hers._socket is not None
        await hers._socket.send(json.dumps({"writing": key}))
        await hers.settle()
        await theirs.settle()
        assert told(hers) == [] and told(theirs) == []


async def test_it_is_said_no_more_than_every_two_seconds(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    async with thread.open(dana) as hers, thread.open(miriam) as theirs:
        for _ in range(5):
            await types(theirs, thread)
        await hers.until(lambda: bool(told(hers)))
        await hers.settle()
        assert told(hers) == ["Miriam Adler"]


async def test_nothing_of_it_is_kept(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    async with thread.open(dana) as hers, thread.open(miriam) as theirs:
        before = await deployment.contents(("session", "audit"))
        await types(theirs, thread)
        await hers.until(lambda: bool(told(hers)))
        assert await deployment.contents(("session", "audit")) == before
