"""What else people are told of beside messages: each kind reaches the one it is for, live, and nobody else."""

from __future__ import annotations

import datetime as dt

from tests.deployment import Deployment
from tests.pages import open_page


async def test_who_is_to_stand_in_is_told_and_by_whom_they_stand_in(full: Deployment) -> None:
    ada, theo = await full.cast.sign_in("ada"), await full.cast.sign_in("theo", worker=1)
    henrik = await full.cast.sign_in("henrik")
    day = (full.now + dt.timedelta(days=200)).date().isoformat()
    async with open_page(theo, "/staff/today") as page, open_page(henrik, "/staff/today") as other:
        answer = await ada.post(
            "/staff/leave", staff=full.cast.staff["miriam"], cover=theo.id, first=day, last=day
        )
        assert answer.status_code == 303, answer.text
        await page.until(lambda: "You stand in for Miriam Adler" in str(page.toasts), what="a toast")
        await other.settle()
        assert "You stand in for Miriam" not in str(other.frames)
        await page.current()
    assert "You stand in for Miriam Adler" in (await theo.get("/staff/notices")).text
    assert "You stand in for Miriam" not in (await henrik.get("/staff/notices")).text


async def test_who_takes_a_client_into_their_care_is_told(full: Deployment) -> None:
    ada, theo = await full.cast.sign_in("ada"), await full.cast.sign_in("theo", worker=1)
    sam = full.cast.client["sam"]
    teams = await full.sql("select staff_id from care_team where client_id = :sam", sam=sam)
    async with open_page(theo, "/staff/today") as page:
        answer = await ada.post(f"/staff/clients/{sam}/care-team", staff=theo.id)
        assert answer.status_code == 303, answer.text
        await page.until(
            lambda: "Ada Lindqvist gave this client to your care." in str(page.toasts), what="a toast"
        )
        await page.current()
        if theo.id not in {str(row["staff_id"]) for row in teams}:
            await full.sql(
                "delete from care_team where client_id = :sam and staff_id = :theo", sam=sam, theo=theo.id
            )
    assert "gave this client to your care" not in (await theo.get("/staff/notices")).text, "theirs no more"
