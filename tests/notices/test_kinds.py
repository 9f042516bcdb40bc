"""Notices beside those of messages: each kind reaches the one it is for, live, and nobody else."""

import datetime as dt
from uuid import uuid4

from tests.deployment import Deployment
from tests.messages.thread import Thread
from tests.pages import open_page


async def test_who_is_to_stand_in_is_told_and_by_whom_they_stand_in(full: Deployment) -> None:
    ada, theo = await full.cast.sign_in("ada"), await full.cast.sign_in("theo", worker=1)
    henrik = await full.cast.sign_in("henrik")
    day = (full.now + dt.timedelta(days=200)).date().isoformat()
    async with open_page(theo, "/staff/today") as page, open_page(henrik, "/staff/today") as other:
        answer = await ada.post("/staff/leave", staff=full.cast.staff["miriam"], cover=theo.id, first=day, last=day)
        assert answer.status_code == 303, answer.text
        await page.until(lambda: "You’re covering for Miriam Adler" in str(page.toasts), what="a toast")
        await other.settle()
        assert "You’re covering for Miriam" not in str(other.frames)
        await page.current()
    assert "You’re covering for Miriam Adler" in (await theo.get("/staff/notices")).text
    assert "You’re covering for Miriam" not in (await henrik.get("/staff/notices")).text


async def test_who_takes_a_client_into_their_care_is_told(full: Deployment) -> None:
    ada, theo = await full.cast.sign_in("ada"), await full.cast.sign_in("theo", worker=1)
    sam = full.cast.client["sam"]
    teams = await full.sql("select staff_id from care_team where client_id = :sam", sam=sam)
    async with open_page(theo, "/staff/today") as page:
        assert (await ada.post(f"/staff/clients/{sam}/care-team", staff=theo.id, place="member")).status_code == 303
        await page.until(lambda: "Ada Lindqvist assigned this client to you." in str(page.toasts), what="a toast")
        await page.current()
        if theo.id not in {str(row["staff_id"]) for row in teams}:
            await full.sql("delete from care_team where client_id = :sam and staff_id = :theo", sam=sam, theo=theo.id)
    assert "assigned this client to you" not in (await theo.get("/staff/notices")).text, "theirs no more"


async def test_what_came_in_stands_on_today_until_it_was_looked_at(full: Deployment) -> None:
    ada, theo = await full.cast.sign_in("ada"), await full.cast.sign_in("theo", worker=1)
    day = (full.now + dt.timedelta(days=230)).date().isoformat()
    news = f"came-in?person={theo.id}"
    said = "You’re covering for Miriam Adler"
    async with open_page(theo, "/staff/today") as page, open_page(theo, "/staff/today") as second:
        answer = await ada.post("/staff/leave", staff=full.cast.staff["miriam"], cover=theo.id, first=day, last=day)
        assert answer.status_code == 303, answer.text
        for one in (page, second):
            await one.until(lambda one=one: said in one.live[news], what="it on Today")  # type: ignore[misc]
        rows = await full.sql("select id from notice where staff_id = :id and read_at is null", id=theo.id)
        for row in rows:
            await theo.post(f"/staff/notices/{row['id']}/reading")
        for one in (page, second):
            await one.until(lambda one=one: said not in one.live[news], what="it to go")  # type: ignore[misc]
            await one.current()


async def test_home_tells_of_every_conversation_with_something_new(full: Deployment) -> None:
    cast = full.cast
    dana, miriam = await cast.sign_in("dana"), await cast.sign_in("miriam", worker=1)
    noa = cast.client["noa"]
    thread, home = Thread(cast), f"home?client={noa}"
    async with open_page(dana, f"/clients/{noa}/home") as page:
        await thread.write(miriam, "First of two.")
        office = await miriam.post(f"/staff/clients/{noa}/conversations", audience="administrative")
        assert office.status_code == 303, office.text
        other = office.headers["location"].rpartition("/")[2]
        await miriam.send(
            f"/staff/clients/{noa}/conversations/{other}/messages", key=str(uuid4()), body="Second of two."
        )
        await page.until(lambda: "Second of two." in page.live[home], what="the newest")
        assert 'class="also"' in page.live[home] and thread.id in page.live[home]
        await thread.read(dana)
        await page.until(lambda: 'class="also"' not in page.live[home], what="the read one to go")
        await page.current()
