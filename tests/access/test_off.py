"""The portal switched off for the whole practice: nobody comes in, not even who was half-way in already."""

from __future__ import annotations

from uuid import uuid4

from tests.access.desk import BORN, SECRET, Desk
from tests.deployment import Deployment
from tests.mail.post_office import PostOffice


async def switch(desk: Desk, on: str) -> None:
    ada = await desk.person("ada")
    assert (await ada.post("/staff/settings/portal", key=str(uuid4()), on=on)).status_code == 303


async def test_nobody_signs_up_while_the_portal_is_off_and_the_link_works_again_afterwards() -> None:
    async with PostOffice() as office, Deployment.embedded(SMTP_URL=office.url) as deployment:
        desk = Desk(deployment, office)
        chart = await desk.chart()
        assert (await desk.act(chart, "invitations", holder="client")).status_code == 303
        link = await desk.plant("invitation", await desk.newest_invitation(chart))
        begun = await desk.begin(link)
        right = await desk.begin(link)
        assert (await right.post("/welcome/birth-date", date_of_birth=BORN)).status_code == 303

        await switch(desk, "no")
        assert (await desk.browser().post("/welcome", token=link)).status_code != 303
        assert (await begun.post("/welcome/birth-date", date_of_birth=BORN)).status_code == 403
        assert (await right.post("/welcome/password", password=SECRET)).status_code == 403
        assert (await desk.act(chart, "invitations", holder="client")).status_code == 409
        assert await desk.sql("select 1 from portal_account where email = :to", to=chart.email) == []

        await switch(desk, "yes")
        opened = await right.post("/welcome/password", password=SECRET)
        assert opened.status_code == 303 and opened.headers["location"] == chart.home
