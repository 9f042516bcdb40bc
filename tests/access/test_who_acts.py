"""Clients in person see *Who acts for me* (J3, H5), and from the day they come of age choose it, one by one."""

import datetime as dt

from portal.demo.people import ZONE
from portal.models.practice.age import begins, birthday
from portal.permissions import Restriction
from tests.access.test_minors import dana_again, is_born, tie_of, turning, until
from tests.cast import Person
from tests.deployment import Deployment, own_practice
from tests.pages import are_current, open_page

DAY = dt.timedelta(days=1)


willow = own_practice("full", scope="function")  # its clock goes on


async def of_age(willow: Deployment) -> Person:
    """Eli has come of age a minute ago; Eli, signed in."""
    born = turning(willow, 40)
    await is_born(willow, born)
    await until(willow, begins(birthday(born, 18), ZONE), 60)
    return await willow.cast.sign_in("eli", worker=1)


async def test_until_of_age_one_sees_it_and_changes_nothing(willow: Deployment) -> None:
    cast, eli = willow.cast, willow.cast.client["eli"]
    own, dana = await cast.sign_in("eli"), await cast.sign_in("dana")
    page = f"/clients/{eli}/who-acts"
    shown = (await own.get(page)).text
    for words in ("Dana Reyes", "Mother", "Ravi Menon", "Until you come of age"):
        assert words in shown
    assert "<button name" not in shown.partition('id="who-acts')[2].partition("</main>")[0]
    for private in ("dana.reyes@", "(555) 010-0151", cast.email["client", "ravi"]):
        assert private not in shown
    link = (await tie_of(willow, "Ravi", "Eli"))["id"]
    for place, form in ((f"{page}/{link}", {"right": "messages", "on": "yes"}), (f"{page}/{link}/end", {})):
        refused = await own.post(place, **form)
        assert refused.status_code == 409 and "Until you come of age" in refused.text
        assert (await dana.post(place, **form)).status_code == 404
    assert not (await tie_of(willow, "Ravi", "Eli"))["may_messages"]
    # Whoever acts for somebody doesn't see who else does, not even that there is such a page.
    assert (await dana.get(page)).status_code == 404
    assert "/who-acts" in (await own.get(f"/clients/{eli}/home")).text
    assert "/who-acts" not in (await dana.get(f"/clients/{eli}/home")).text


async def test_a_former_guardian_is_let_again_in_one_thing_after_another(willow: Deployment) -> None:
    cast, eli, noa = willow.cast, willow.cast.client["eli"], willow.cast.client["noa"]
    own, dana, miriam = await of_age(willow), await dana_again(willow), await cast.sign_in("miriam")
    page, home = f"/clients/{eli}/who-acts", f"/clients/{eli}/home"
    link = (await tie_of(willow, "Dana", "Eli"))["id"]
    assert (await dana.get(home)).status_code == 404
    async with (
        open_page(own, page, worker=0) as mine,
        open_page(dana, f"/clients/{noa}/home", worker=1) as hers,
        open_page(miriam, f"/staff/clients/{eli}/contacts") as chart,
    ):
        key = f"who-acts?client={eli}"
        assert "Acted for you until you came of age" in mine.live[key]
        assert 'value="yes" aria-pressed="true"' not in mine.live[key].partition("Dana")[2].partition("</section>")[0]
        assert (await own.post(f"{page}/{link}", right="appointments", on="yes")).status_code == 303
        await mine.until(lambda: "Acted for you until" not in mine.live[key], what="that she acts again")
        await hers.until(lambda: "Eli" in hers.live[f"switch?client={noa}"], what="him in her switch")
        await chart.until(
            lambda: "May act in appointments" in chart.live[f"contacts?client={eli}"], what="it on the chart"
        )
        await chart.until(lambda: "Has chosen who acts for them" in str(chart.toasts), what="Miriam to be told")
        await are_current(mine, hers, chart)
    tie = await tie_of(willow, "Dana", "Eli")
    assert tie["may_appointments"] and not tie["may_messages"] and not tie["guardian"]
    assert tie["until_at"] is None
    thread = f"/clients/{eli}/conversations/{cast.conversation['eli clinical']}"
    assert (await dana.get(home)).status_code == 200 and (await dana.get(thread)).status_code == 403
    async with open_page(dana, home) as hers:
        assert (await own.post(f"{page}/{link}", right="messages", on="yes")).status_code == 303
        assert (await own.post(f"{page}/{link}", right="messages", on="yes")).status_code == 303, "pressed twice"
        await hers.until(lambda: "What you may do for Eli" in str(hers.toasts), what="her to be told")
        assert (await dana.get(thread)).status_code == 200
        assert (await own.post(f"{page}/{link}", right="messages", on="no")).status_code == 303
        assert (await dana.get(thread)).status_code == 403
        assert not hers.over
        assert (await own.post(f"{page}/{link}/end")).status_code == 303
        await hers.until(lambda: hers.over, what="her page to close")
    assert (await dana.get(home)).status_code == 404
    assert (await own.post(f"{page}/{link}", right="messages", on="yes")).status_code == 404, "it is over"
    history = (await miriam.get(f"/staff/clients/{eli}/contacts/{link}/history")).text
    assert history.count("Changed by Eli Reyes-Menon") == 3 and "Ended by Eli Reyes-Menon" in history


async def test_what_the_practice_keeps_from_somebody_no_client_gives(willow: Deployment) -> None:
    """And nothing here tells that there is such a thing."""
    eli = willow.cast.client["eli"]
    own, dana = await of_age(willow), await dana_again(willow)
    link, page = (await tie_of(willow, "Dana", "Eli"))["id"], f"/clients/{eli}/who-acts"
    ago = willow.now - DAY
    await willow.sql("update contact_link set no_records_from = :ago where id = :id", ago=ago, id=link)
    shown = (await own.get(page)).text
    assert "Dana Reyes" in shown and "No records" not in shown
    refused = await own.post(f"{page}/{link}", right="documents", on="yes")
    assert refused.status_code == 409 and "talk with the practice" in refused.text
    assert (await dana.get(f"/clients/{eli}/home")).status_code == 404
    assert (await own.post(f"{page}/{link}", right="billing", on="yes")).status_code == 303
    assert (await dana.get(f"/clients/{eli}/home")).status_code == 200
    tie = await tie_of(willow, "Dana", "Eli")
    assert tie[Restriction.NO_RECORDS.column] is not None and not tie["may_documents"]
    # Who is kept away stands nowhere, and can't be let in.
    await willow.sql("update contact_link set no_contact_from = :ago where id = :id", ago=ago, id=link)
    assert "Dana" not in (await own.get(page)).text
    assert (await own.post(f"{page}/{link}", right="messages", on="yes")).status_code == 404


async def test_nobody_is_let_in_for_somebody_else(willow: Deployment) -> None:
    cast, eli, sam = willow.cast, willow.cast.client["eli"], willow.cast.client["sam"]
    own, other = await of_age(willow), await cast.sign_in("sam")
    noas = (await tie_of(willow, "Dana", "Noa"))["id"]
    his = (await tie_of(willow, "Dana", "Eli"))["id"]
    for person, client, link in ((own, eli, noas), (other, sam, his), (other, eli, his)):
        for place, form in (("", {"right": "messages", "on": "yes"}), ("/end", {})):
            assert (await person.post(f"/clients/{client}/who-acts/{link}{place}", **form)).status_code == 404
    assert (await own.post(f"/clients/{eli}/who-acts/{his}", right="everything", on="yes")).status_code == 422
    # A legal guardian of an adult acts by law: that is not the client's to end, or to change.
    await willow.sql(
        "update contact_link set until_at = null, of_age_at = null, agreed_until = null where id = :id", id=his
    )
    for place, form in (("", {"right": "messages", "on": "no"}), ("/end", {})):
        refused = await own.post(f"/clients/{eli}/who-acts/{his}{place}", **form)
        assert refused.status_code == 409 and "acts by law" in refused.text
