"""Every client can get a therapist: on the chart, from Today and from Colleagues, by whoever manages staff."""

from uuid import uuid4

from tests.deployment import Deployment
from tests.html import filled, parse
from tests.pages import are_current, open_page


async def _add(deployment: Deployment, **form: str) -> tuple[str, str]:
    """A client without a therapist: where the chart is, and the last name."""
    ada, last = await deployment.cast.sign_in("ada"), f"Quill{uuid4().hex[:6]}"
    answer = await ada.post("/staff/clients", key=str(uuid4()), first_name="Robin", last_name=last, **form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"], last


def _ending(page: str) -> str:
    """Return the address that takes the first member off the team."""
    return next(form.get("action") for form in parse(page).all("action") if form.get("action").endswith("/end"))


async def test_a_client_without_a_therapist_shows_until_one_is_chosen(deployment: Deployment) -> None:
    chart, last = await _add(deployment)
    here, theo_id = f"{chart}/care-team", deployment.cast.staff["theo"]
    ada, theo, jo = [await deployment.cast.sign_in(name) for name in ("ada", "theo", "jo")]
    assert last in (await ada.get("/staff/colleagues")).text
    assert (await theo.get(chart)).status_code == 404
    async with (
        open_page(ada, chart) as page,
        open_page(ada, "/staff/today") as today,
        open_page(jo, chart) as looker,
        open_page(theo, "/staff/clients") as list_,
    ):
        assert here in str(page.live) and here not in str(looker.live), "who doesn't manage staff has no way there"
        assert "No one is on this care team yet." in str(looker.live)
        asked = (await ada.htmx(here)).text
        assert asked.startswith("<dialog") and theo_id in asked and deployment.cast.staff["grace"] not in asked
        for stranger, status in ((jo, 403), (theo, 403)):
            assert (await stranger.get(here)).status_code == status
            assert (await stranger.post(here, staff=theo_id)).status_code == status
        assert (await ada.post(here, staff=deployment.cast.staff["grace"])).status_code == 422
        assert (await ada.post(here, staff=theo_id)).status_code == 303
        await page.until(lambda: "Theo Novak" in str(page.live), what="the therapist")
        await looker.until(lambda: "Theo Novak" in str(looker.live), what="the therapist")
        await list_.until(lambda: last in str(list_.live), what="the client among his")
        await are_current(page, today, looker, list_)
    assert (await theo.get(chart)).status_code == 200
    assert "assigned this client to you" in (await theo.get("/staff/notices")).text
    assert last not in (await ada.get("/staff/colleagues")).text
    assert (await ada.post(_ending((await ada.get(here)).text))).status_code == 303
    assert "assigned this client to you" not in (await theo.get("/staff/notices")).text
    assert last in (await ada.get("/staff/colleagues")).text


async def test_one_leads_at_a_time_and_who_is_taken_off_sees_the_chart_no_more(deployment: Deployment) -> None:
    theo_id, miriam_id = deployment.cast.staff["theo"], deployment.cast.staff["miriam"]
    chart, _ = await _add(deployment, therapist=miriam_id)
    here, client = f"{chart}/care-team", chart.rpartition("/")[2]
    ada, theo, miriam = [await deployment.cast.sign_in(name) for name in ("ada", "theo", "miriam")]

    async def team() -> dict[str, bool]:
        rows = await deployment.sql(
            "select staff_id, lead from care_team where client_id = :id and until_at is null", id=client
        )
        return {str(row["staff_id"]): bool(row["lead"]) for row in rows}

    assert (await ada.post(here, staff=theo_id, place="member")).status_code == 303
    assert await team() == {miriam_id: True, theo_id: False}
    assert (await ada.post(here, staff=theo_id, place="lead")).status_code == 303
    assert await team() == {miriam_id: False, theo_id: True}
    assert (await ada.post(here, staff=theo_id, place="chief")).status_code == 422
    asked = (await ada.get(here)).text
    off = _ending(asked)
    assert (await miriam.post(off)).status_code == 403
    assert "unless their role shows them all clients" in asked and "Remove Theo Novak" in asked
    async with open_page(theo, chart) as gone:
        assert (await ada.post(off)).status_code == 303
        await gone.until(lambda: "Robin" not in str(gone.live), what="the chart to go")
    assert await team() == {miriam_id: False}
    assert (await theo.get(chart)).status_code == 404 and (await miriam.get(chart)).status_code == 200
    assert (await ada.post(off)).status_code == 303, "it is so already"
    noa = f"/staff/clients/{deployment.cast.client['noa']}/care-team/{off.split('/')[-2]}/end"
    assert (await ada.post(noa)).status_code == 404, "of another client"
    assert (await ada.post(f"{chart}/archival")).status_code == 303
    assert (await ada.post(here, staff=theo_id)).status_code == 409
    assert here not in (await ada.get(chart)).text


async def test_the_therapist_of_a_new_client_is_optional_where_there_are_several(deployment: Deployment) -> None:
    ada = await deployment.cast.sign_in("ada")
    page = (await ada.get("/staff/clients/new")).text
    assert filled(page, "/staff/clients")["therapist"] == ""
    refused = await ada.post("/staff/clients", key=str(uuid4()), first_name="", last_name="Q", therapist="")
    assert refused.status_code == 422 and filled(refused.text, "/staff/clients")["therapist"] == ""
