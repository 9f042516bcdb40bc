"""A notice reaches people wherever they are in the portal, once, and waits for them until they look."""

import asyncio
from uuid import UUID

from portal.models.access.account import Access
from portal.models.ground.fact import unit
from portal.models.notices.kinds import NoticeKind
from portal.models.notices.notice import tell
from tests.notices.conftest import Practice, bell
from tests.pages import are_current, open_page


async def test_a_message_reaches_whoever_looks_elsewhere(willow: Practice) -> None:
    dana, miriam = await willow.people("dana", "miriam")
    home = f"/clients/{willow.cast.client['noa']}/home"
    async with open_page(dana, home) as page, open_page(dana, home, 0) as other:
        assert bell(page) == 0
        await willow.writes(miriam, "See you Tuesday.")
        await page.until(lambda: bell(page) == 1, what="the bell")
        await page.until(lambda: len(page.toasts) == 1, what="the toast")
        await other.until(lambda: bell(other) == 1, what="the bell of her other page")
        assert "New message from Miriam Adler" in page.toasts[0]
        assert willow.thread().path(dana) in page.toasts[0]
        assert "Tuesday" not in page.toasts[0]
        await page.current()
    # A page that is made now shows it under the bell, and doesn't say it again.
    async with open_page(dana, home) as page:
        assert bell(page) == 1
        await page.settle()
        assert page.toasts == []


async def test_it_comes_once_and_in_order_though_the_line_was_cut(willow: Practice) -> None:
    dana, miriam, jo = await willow.people("dana", "miriam", "jo")
    async with open_page(dana, f"/clients/{willow.cast.client['noa']}/home") as page:
        await willow.writes(miriam, "One.")
        await page.until(lambda: len(page.toasts) == 1)
        await page.leave()
        await willow.writes(miriam, "Two.")
        await willow.told()
        await willow.writes(jo, "Three.", to="noa administrative")
        await willow.told()
        await page.come_back()
        await page.until(lambda: len(page.toasts) == 3)
        assert ["Miriam" in toast for toast in page.toasts] == [True, True, False]
        assert "2 new messages, the last from Miriam Adler" in page.toasts[1]
        await page.until(lambda: bell(page) == 2)
        await page.ask()
        assert len(page.toasts) == 3


async def test_several_messages_of_one_conversation_are_one_notice(willow: Practice) -> None:
    dana, miriam = await willow.people("dana", "miriam")
    for text in ("A question.", "And another.", "That is all."):
        await willow.writes(dana, text)
        await willow.told()
    (notice,) = await willow.new_for(miriam)
    page = await miriam.get("/staff/notices")
    assert "3 new messages, the last from Dana Reyes" in page.text
    await willow.reads(miriam)
    assert await willow.new_for(miriam) == []
    # Having read that one, the next is another.
    await willow.writes(dana, "One more.")
    await willow.told()
    (other,) = await willow.new_for(miriam)
    assert (other["id"] != notice["id"], other["number"] > notice["number"]) == (True, True)


async def test_who_looks_at_the_conversation_has_no_notice_of_it(willow: Practice) -> None:
    dana, miriam = await willow.people("dana", "miriam")
    await willow.writes(dana, "Are you there?")
    await willow.reads(miriam)
    await willow.told()
    assert await willow.new_for(miriam) == []


async def test_what_is_read_is_read_on_every_page(willow: Practice) -> None:
    dana, miriam, jo = await willow.people("dana", "miriam", "jo")
    here = f"/clients/{willow.cast.client['noa']}"
    await willow.writes(miriam, "One.")
    await willow.writes(jo, "Two.", to="noa administrative")
    await willow.told()
    async with open_page(dana, f"{here}/home") as home, open_page(dana, f"{here}/notices") as listed:
        assert bell(home) == bell(listed) == 2
        await willow.reads(dana)
        await home.until(lambda: bell(home) == 1)
        await listed.until(lambda: listed.live["notices?person=" + dana.id].count("notice-row new") == 1)
        (left,) = await willow.new_for(dana)
        assert (await dana.send(f"{here}/notices/{left['id']}/reading")).status_code == 204
        await home.until(lambda: bell(home) == 0)
        await listed.until(lambda: bell(listed) == 0)
        await are_current(home, listed)


async def test_all_that_a_page_showed_can_be_read_at_once_and_no_more(willow: Practice) -> None:
    dana, miriam, jo = await willow.people("dana", "miriam", "jo")
    await willow.writes(miriam, "One.")
    await willow.told()
    (shown,) = await willow.new_for(dana)
    await willow.writes(jo, "Two.", to="noa administrative")
    await willow.told()
    here = f"/clients/{willow.cast.client['noa']}/notices"
    answer = await dana.post(f"{here}/reading", up_to=shown["number"])
    assert answer.headers["location"] == here
    (left,) = await willow.new_for(dana)
    assert str(left["record_id"]) == willow.cast.conversation["noa administrative"]


async def test_a_notice_is_gone_with_the_access_to_what_it_is_about(willow: Practice) -> None:
    cast = willow.cast
    dana, miriam = await willow.people("dana", "miriam")
    await willow.writes(miriam, "About Noa.")
    await willow.told()
    noa, eli = (f"/clients/{cast.client[name]}" for name in ("noa", "eli"))
    # Of one child nothing shows beside the other, and nothing at all once it is hers to see no more.
    assert "Miriam Adler" in (await dana.get(f"{noa}/notices")).text
    assert willow.thread().path(dana) not in (await dana.get(f"{eli}/notices")).text
    (notice,) = await willow.new_for(dana)
    async with willow.deployment.models(), unit():
        access = await Access.get(account_id=cast.account["dana"], client_id=cast.client["noa"], until_at=None)
        await access.end()
    assert (await dana.get(f"{noa}/notices")).status_code == 404
    assert (await dana.send(f"{noa}/notices/{notice['id']}/reading")).status_code == 404
    assert (await dana.send(f"{eli}/notices/{notice['id']}/reading")).status_code == 404
    async with willow.deployment.models(), unit():
        await Access.grant(access.account_id, access.client_id, access.contact_link_id)
    assert willow.thread().path(dana) in (await dana.get(f"{noa}/notices")).text


async def test_a_confidential_message_is_a_notice_for_those_who_may_read_it(willow: Practice) -> None:
    cast = willow.cast
    dana, eli, miriam = await willow.people("dana", "eli", "miriam")
    await willow.writes(miriam, "Between us.", to="eli confidential")
    await willow.told()
    assert len(await willow.new_for(eli)) == 1
    assert await willow.new_for(dana) == []
    # Had she been told by mistake, she would not see it either.
    async with willow.deployment.models(), unit():
        await tell(
            NoticeKind.MESSAGE,
            accounts=[UUID(dana.id)],
            client=UUID(cast.client["eli"]),
            record=UUID(cast.conversation["eli confidential"]),
        )
    async with open_page(dana, f"/clients/{cast.client['eli']}/notices") as page:
        assert bell(page) == 0
        assert cast.conversation["eli confidential"] not in str(page.live)


async def test_a_clinical_message_is_the_care_teams_an_administrative_one_the_offices(willow: Practice) -> None:
    dana, *everyone = await willow.people("dana", "miriam", "jo", "theo", "henrik")
    await willow.writes(dana, "She slept well.")
    await willow.told()
    assert [len(await willow.new_for(person)) for person in everyone] == [1, 0, 0, 0]
    await willow.writes(dana, "Is the lift working?", to="noa administrative")
    await willow.told()
    assert [len(await willow.new_for(person)) for person in everyone] == [2, 1, 0, 1]


async def test_many_at_once_are_told_as_one(willow: Practice) -> None:
    (miriam,) = await willow.people("miriam")
    threads = ("noa clinical", "eli clinical", "eli confidential", "sam clinical", "sam billing")
    async with open_page(miriam, "/staff/clients") as page:
        await page.leave()
        async with willow.deployment.models(), unit():
            for name in threads:
                await tell(
                    NoticeKind.MESSAGE,
                    staff=[UUID(miriam.id)],
                    client=UUID(willow.cast.client[name.split()[0]]),
                    record=UUID(willow.cast.conversation[name]),
                )
        await page.come_back()
        await page.until(lambda: bool(page.toasts))
        (toast,) = page.toasts
        assert "5 new notices" in toast
        await page.until(lambda: bell(page) == 5)


async def test_those_who_tell_the_same_people_at_once_all_do(willow: Practice) -> None:
    cast = willow.cast
    people = [UUID(cast.staff[name]) for name in ("miriam", "jo", "theo", "ada", "idris")]

    async def told_by(name: str, crowd: list[UUID]) -> None:
        async with unit():
            await tell(
                NoticeKind.MESSAGE, staff=crowd, client=UUID(cast.client["sam"]), record=UUID(cast.conversation[name])
            )

    before = await willow.sql("select staff_id, max(number) as n from notice group by staff_id")
    async with willow.deployment.models():
        await asyncio.gather(
            *(told_by("sam clinical", people) for _ in range(5)),
            *(told_by("sam billing", people[::-1]) for _ in range(5)),
        )
    after = await willow.sql("select staff_id, max(number) as n from notice group by staff_id")
    grown = {str(row["staff_id"]): row["n"] for row in after}
    for row in before:
        if row["staff_id"] is not None and row["staff_id"] in people:
            assert grown[str(row["staff_id"])] == row["n"] + 10


async def test_a_notice_that_was_read_says_whose_message_it_told_of(willow: Practice) -> None:
    dana, miriam = await willow.people("dana", "miriam")
    await willow.writes(miriam, "How is she?")
    await willow.told()
    await willow.writes(dana, "She is well.")
    await willow.told()
    assert await willow.new_for(dana) == []
    shown = (await dana.get(f"/clients/{willow.cast.client['noa']}/notices")).text
    assert "New message from Miriam Adler" in shown
    assert "from Dana Reyes" not in shown


async def test_what_one_does_not_want_in_sight_waits_under_the_bell(willow: Practice) -> None:
    sam, miriam = await willow.people("sam", "miriam")
    here = f"/clients/{willow.cast.client['sam']}"
    assert 'name="shown_message" checked' in (await sam.get(f"{here}/notices/choices")).text
    assert (await sam.post(f"{here}/notices/choices", often="never")).status_code == 303
    assert 'name="shown_message">' in (await sam.get(f"{here}/notices/choices")).text
    async with open_page(sam, f"{here}/home") as page:
        await willow.writes(miriam, "Not now.", to="sam clinical")
        await page.until(lambda: bell(page) == 1, what="the bell")
        await page.settle()
        assert page.toasts == []
        await sam.post(f"{here}/notices/choices", often="never", shown_message="on")
        await willow.writes(miriam, "And now.", to="sam clinical")
        await page.until(lambda: len(page.toasts) == 1, what="the toast")
