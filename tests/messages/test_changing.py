"""Answering a message, changing and withdrawing one's own: within the practice's time, with the history for staff."""

from uuid import UUID, uuid4

import pytest

from tests.deployment import Deployment
from tests.html import parse
from tests.messages.thread import begin, shown, state
from tests.pages import open_page


async def test_an_answer_shows_what_it_answers_on_both_sides(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    asked = await thread.write(dana, "Shall I bring the blue folder?")
    async with thread.open(dana) as hers, thread.open(miriam) as theirs:
        answer = await thread.write(miriam, "Please do.", reply_to=asked)
        for page, author in ((hers, "You"), (theirs, "Dana Reyes")):
            await page.until(lambda page=page: page.document.by_id(f"message-{answer}") is not None)
            quote = next(one for one in shown(page, answer).walk() if "quote" in one.classes)
            assert quote.text == f"In reply to {author} Shall I bring the blue folder?"
            await page.current()


async def test_what_is_answered_must_be_of_this_conversation(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    other, _ = await begin(deployment, thread="eli confidential")
    hidden = await other.write(miriam, "Between us.")
    for person in (dana, miriam):
        form = {"key": str(uuid4()), "body": "What was that?", "reply_to": hidden}
        assert (await person.send(f"{thread.path(person)}/messages", **form)).status_code == 404
    for wrong in ("none", str(uuid4())):
        answer = await dana.send(f"{thread.path(dana)}/messages", key=str(uuid4()), body="Hello?", reply_to=wrong)
        assert answer.status_code in (404, 422)


async def test_a_changed_message_changes_everywhere_and_says_so(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    message = await thread.write(dana, "See you on Tusday.")
    answer = await thread.write(miriam, "Gladly.", reply_to=message)
    async with (
        thread.open(dana) as hers,
        thread.open(miriam) as theirs,
        open_page(dana, thread.path(dana).rpartition("/conv")[0] + "/home") as home,
    ):
        assert (await thread.edit(dana, message, "See you on Tuesday.")).status_code == 204
        for page in (hers, theirs):
            await page.until(lambda page=page: "Tuesday" in shown(page, answer).text)
            assert "Tuesday" in shown(page, message).text and "Edited" in state(page, message)
            assert "Tusday" not in page.document.text
            await page.current()
        await home.settle()
        await home.current()


async def test_a_withdrawn_message_is_gone_and_staff_can_read_what_it_said(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    message = await thread.write(dana, "I wrote this in anger, kestrel.")
    answer = await thread.write(miriam, "I hear you.", reply_to=message)
    async with thread.open(dana) as hers, thread.open(miriam) as theirs:
        assert (await thread.withdraw(dana, message)).status_code == 204
        for page in (hers, theirs):
            await page.until(lambda page=page: "withdrawn" in shown(page, message).text)
            await page.until(lambda page=page: "withdrawn" in shown(page, answer).text)
            assert "kestrel" not in page.document.text
            await page.current()
    assert "kestrel" not in await thread.acts(dana, message)
    assert "kestrel" in await thread.acts(miriam, message)


async def test_who_answers_a_message_that_is_withdrawn_has_its_words_no_more(deployment: Deployment) -> None:
    thread, (miriam, dana) = await begin(deployment, "miriam", "dana")
    message = await thread.write(miriam, "This was meant for somebody else.")
    assert (await dana.post(f"{thread.path(dana)}/draft", body="I wonder", reply_to=message)).status_code == 204
    async with thread.open(dana) as page:

        def answers() -> str:
            return next(one.get("data-reply-text") for one in page.document.all("data-draft"))

        assert answers() == "This was meant for somebody else."
        assert (await thread.edit(miriam, message, "This wasn’t meant for you.")).status_code == 204
        await page.until(lambda: answers() == "This wasn’t meant for you.", what="the other words")
        assert (await thread.withdraw(miriam, message)).status_code == 204
        await page.until(lambda: answers() == "", what="their end")
        await page.current()
    # What was begun stays, and can be sent.
    assert "I wonder" in (await dana.get(thread.path(dana))).text
    await thread.write(dana, "I wonder whom.", reply_to=message)


async def test_lists_show_the_last_words_that_still_stand(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    await thread.write(dana, "May her brother come?")
    message = await thread.write(dana, "Never mind the kestrel.")
    noa, chart = thread.place.rpartition("/conv")[0], thread.path(miriam).rpartition("/conv")[0]
    async with (
        open_page(dana, f"{noa}/messages") as messages,
        open_page(miriam, f"{chart}/messages") as tab,
        open_page(miriam, "/staff/inbox") as inbox,
        open_page(miriam, "/staff/today") as today,
    ):
        pages = (messages, tab, inbox, today)
        assert [str(page) for page in pages if "kestrel" not in page.document.text] == []
        await thread.withdraw(dana, message)
        for page in pages:
            await page.until(lambda page=page: "May her brother come?" in page.document.text)
            assert "kestrel" not in page.document.text and "withdrawn" not in page.document.text
            await page.current()
    await thread.write(miriam, "He is welcome.")
    message = await thread.write(miriam, "The kestrel was for somebody else.")
    async with open_page(dana, f"{noa}/home") as home:
        assert "kestrel" in home.document.text
        await thread.withdraw(miriam, message)
        await home.until(lambda: "He is welcome." in home.document.text and "kestrel" not in home.document.text)
        await home.current()


async def test_what_was_withdrawn_waits_for_no_answer(deployment: Deployment) -> None:
    thread, (dana, miriam) = await begin(deployment, "dana", "miriam")
    await thread.write(miriam, "Tuesday it is.")
    async with open_page(miriam, "/staff/inbox?view=answer") as inbox:
        listed = lambda: thread.id in inbox.live["inbox?view=answer"]  # noqa: E731
        assert not listed()
        message = await thread.write(dana, "Which Tuesday?")
        await inbox.until(listed, what="it to wait")
        await thread.withdraw(dana, message)
        await inbox.until(lambda: not listed(), what="it to wait no more")
        await inbox.current()


async def test_a_conversation_in_which_nothing_stands_is_a_quiet_line(deployment: Deployment) -> None:
    miriam = await deployment.cast.sign_in("miriam")
    added = await miriam.post("/staff/clients", key=str(uuid4()), first_name="Rowan", last_name="Quiet")
    chart = added.headers["location"]
    began = await miriam.send(f"{chart}/conversations", audience="clinical")
    place = began.headers["location"]
    message = await miriam.send(f"{place}/messages", key=str(uuid4()), body="For somebody else.")
    id = message.text.partition('id="message-')[2].partition('"')[0]
    assert (await miriam.send(f"{place}/messages/{id}/withdrawal")).status_code == 204
    listed = await miriam.get(f"{chart}/messages")
    assert "No messages" in parse(listed.text).text and "withdrawn" not in listed.text


async def test_staff_see_each_of_the_words_it_had(deployment: Deployment) -> None:
    thread, (dana, miriam, henrik) = await begin(deployment, "dana", "miriam", "henrik")
    message = await thread.write(miriam, "At nine.")
    for words in ("At ten.", "At eleven."):
        await thread.edit(miriam, message, words)
    told = await thread.acts(henrik, message)
    assert "What it said before" in told and "At nine." in told and "At ten." in told
    theirs = await thread.acts(dana, message)
    assert "At eleven." in theirs and "At nine." not in theirs and "before" not in theirs


async def test_only_who_wrote_it_may_change_it(deployment: Deployment) -> None:
    thread, (dana, miriam, henrik) = await begin(deployment, "dana", "miriam", "henrik")
    hers, theirs = await thread.write(dana, "Hers."), await thread.write(miriam, "Theirs.")
    for person, message in ((miriam, hers), (henrik, theirs), (dana, theirs)):
        for answer in (await thread.edit(person, message, "Mine!"), await thread.withdraw(person, message)):
            assert answer.status_code == 403 and "Only the person who wrote a message can change it." in answer.text
    async with thread.open(dana) as page:
        assert "Mine!" not in page.document.text


async def test_after_the_practices_time_it_stays(deployment: Deployment) -> None:
    thread, (dana,) = await begin(deployment, "dana")
    message = await thread.write(dana, "Too hasty.")
    await deployment.sql(
        "update message set sent_at = :at where id = :id",
        at=(await deployment.sql("select min(sent_at) as at from message"))[0]["at"],
        id=UUID(message),
    )
    for answer in (await thread.edit(dana, message, "Better."), await thread.withdraw(dana, message)):
        assert answer.status_code == 409 and "for 15 minutes" in answer.text
    assert "for 15 minutes" in await thread.acts(dana, message)


async def test_the_practice_says_for_how_long(deployment: Deployment) -> None:
    thread, (dana, ada, miriam) = await begin(deployment, "dana", "ada", "miriam")
    message = await thread.write(dana, "Too hasty.")
    assert (await miriam.post("/staff/settings/portal/messages", edit_minutes="0")).status_code == 403
    for wrong in ("-1", "1441", "soon", ""):
        assert (await ada.post("/staff/settings/portal/messages", edit_minutes=wrong)).status_code == 422
    try:
        assert (await ada.post("/staff/settings/portal/messages", edit_minutes="0")).status_code == 303
        assert (await thread.edit(dana, message, "Better.")).status_code == 409
        assert "Messages stay as they were sent." in await thread.acts(dana, message)
    finally:
        await ada.post("/staff/settings/portal/messages", edit_minutes="15")
    assert (await thread.edit(dana, message, "Better.")).status_code == 204


async def test_nothing_is_changed_in_an_archived_chart(deployment: Deployment) -> None:
    thread, (miriam,) = await begin(deployment, "miriam", thread="sam clinical")
    message = await thread.write(miriam, "Before.")
    chart = thread.path(miriam).rpartition("/conv")[0]
    await miriam.post(f"{chart}/archival")
    try:
        assert (await thread.edit(miriam, message, "After.")).status_code == 409
        assert "?reply=" not in (await miriam.get(f"{thread.path(miriam)}/messages/{message}")).text
    finally:
        await miriam.post(f"{chart}/restoration")


UNSEEN = "\u200b \u2060\u202e\ufeff\u3164\u2800"  # no space, and nothing to see either


@pytest.mark.parametrize("body", ["", "   ", UNSEEN, "x" * 10_001])
async def test_it_is_not_changed_to_nothing_or_too_much(deployment: Deployment, body: str) -> None:
    thread, (dana,) = await begin(deployment, "dana")
    refused = await dana.send(f"{thread.path(dana)}/messages", key=str(uuid4()), body=body)
    assert refused.status_code == 422 and "Your message was not sent." in refused.text
    message = await thread.write(dana, "Something.")
    answer = await thread.edit(dana, message, body)
    assert answer.status_code == 422 and "Nothing was changed." in answer.text
    for said in ("👩🏽‍❤️‍👨🏾", "\u202bשלום", "\u05d0", "."):
        assert (await thread.edit(dana, message, said)).status_code == 204


async def test_without_a_script_it_is_done_on_a_page_of_its_own(deployment: Deployment) -> None:
    thread, (dana,) = await begin(deployment, "dana")
    message = await thread.write(dana, "Plain.")
    place = f"{thread.path(dana)}/messages/{message}"
    reply = next(one.get("href") for one in parse((await dana.get(place)).text).all("data-reply") if one.get("href"))
    page = parse((await dana.get(reply)).text)
    form = page.all("data-composer")[0]
    assert "In reply to You Plain." in form.text
    answered = next(one.get("value") for one in form.all("value") if one.get("name") == "reply_to")
    assert answered == message
    answer = await dana.post(place, body="Plainer.")
    assert answer.status_code == 303 and "Plainer." in (await dana.get(answer.headers["location"])).text
    assert (await dana.post(f"{place}/withdrawal")).status_code == 303


async def test_a_passage_further_back_is_shown_around_what_was_asked_for(deployment: Deployment) -> None:
    thread, (sam,) = await begin(deployment, "priya", thread="priya clinical")
    newest = parse((await sam.get(thread.path(sam))).text)
    numbers = [int(one.get("data-number")) for one in newest.all("data-number")]
    page = parse((await sam.get(f"{thread.path(sam)}?at=30")).text)
    around = [int(one.get("data-number")) for one in page.all("data-number")]
    assert 30 in around and max(around) < min(numbers)
    assert not page.all("data-composer") and "To the newest" in page.text
    near = parse((await sam.get(f"{thread.path(sam)}?at={max(numbers) - 3}")).text)
    assert near.all("data-composer") and near.all("data-cursor")
