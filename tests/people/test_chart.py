"""A chart's first page: how somebody is reached, where they are on the portal, what was said last and what is next."""

import pytest

from portal.models.ground.person import dialled, first_of
from tests.deployment import Deployment, own_practice
from tests.messages.thread import Thread
from tests.pages import open_page
from tests.people.contacts import agree, link_of

willow = own_practice("embedded")


async def test_whoever_looks_after_a_child_can_be_called_and_written_to(willow: Deployment) -> None:
    cast = willow.cast
    miriam, noa = await cast.sign_in("miriam"), cast.client["noa"]
    assert (await agree(willow, miriam, "noa", messages="on")).status_code == 303
    for page in ("", "/contacts"):
        text = (await miriam.get(f"/staff/clients/{noa}{page}")).text
        assert 'href="tel:5550100151"' in text
        assert f'href="mailto:{cast.email["client", "dana"]}"' in text


async def test_the_last_message_and_the_next_step_are_those_of_now(willow: Deployment) -> None:
    cast = willow.cast
    miriam, dana, noa = await cast.sign_in("miriam"), await cast.sign_in("dana"), cast.client["noa"]
    thread = Thread(cast, "noa clinical")
    key = f"chart-summary?client={noa}"
    async with open_page(miriam, f"/staff/clients/{noa}") as chart:
        assert "Active" in chart.live[key] and "Dana Reyes" in chart.live[key]
        await thread.write(dana, "She is up all night again.")
        await chart.until(lambda: "up all night" in chart.live[key], what="what she wrote")
        await chart.current()
        assert "new message" in chart.document.text
        await thread.write(miriam, "Let us talk on Tuesday.")
        await chart.until(lambda: "Let us talk" in chart.live[key], what="the answer")
        await chart.current()
        assert (await miriam.post(f"/staff/clients/{noa}/archival")).status_code == 303
        await chart.until(lambda: "Closed while archived" in chart.live[key], what="that it is archived")
        await chart.current()
        assert (await miriam.post(f"/staff/clients/{noa}/restoration")).status_code == 303
        await chart.until(lambda: "Active" in chart.live[key], what="that it is back")
        await chart.current()


async def test_what_is_missing_before_an_invitation_is_the_next_step(willow: Deployment) -> None:
    cast = willow.cast
    miriam = await cast.sign_in("miriam")
    added = await miriam.post(
        "/staff/clients", key="01936c60-0000-7000-8000-000000000001", first_name="Mary Ann", last_name="Stone"
    )
    chart = added.headers["location"]
    assert f'href="{chart}/edit#field-date_of_birth"' in (await miriam.get(chart)).text
    form = {"first_name": "Mary Ann", "last_name": "Stone", "date_of_birth": "1990-02-03"}
    await miriam.post(chart, **form)
    assert "Add the email" in (await miriam.get(chart)).text
    await miriam.post(chart, **form, email="mary.ann@example.com")
    assert "Send the welcome email" in (await miriam.get(chart)).text
    preview = (await miriam.get(f"{chart}/portal/letter?holder=client&language=en")).text
    assert "Hello Mary Ann," in preview


async def test_all_that_a_new_contact_lacks_is_said_at_once(willow: Deployment) -> None:
    miriam, sam = await willow.cast.sign_in("miriam"), willow.cast.client["sam"]
    key = "01936c60-0000-7000-8000-000000000003"
    bare = await miriam.post(f"/staff/clients/{sam}/contacts", key=key, name=" ", relationship="")
    assert bare.status_code == 422
    assert "Name: fill this in." in bare.text and "Relationship: choose one." in bare.text


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("<sam@example.com>", "write the address alone"),
        ("mailto:sam@example.com", "write the address alone"),
        ("a@x.example,b@x.example", "write one email address only"),
        ("a@b@x.example", "write one email address only"),
        ("a@b..example", "write an email address like"),
    ],
)
async def test_what_is_no_address_is_refused_wherever_one_is_written(
    willow: Deployment, written: str, remedy: str
) -> None:
    cast = willow.cast
    miriam, ada, sam = await cast.sign_in("miriam"), await cast.sign_in("ada"), cast.client["sam"]
    named = {"first_name": "Sam", "last_name": "Okafor", "email": written}
    contact = {"name": "Ines Okafor", "relationship": "Spouse", "email": written}
    key = "01936c60-0000-7000-8000-000000000002"
    box = {"address": written, "host": "imap.example.com", "port": "993", "mailbox_user": "u", "folder": "INBOX"}
    for answer in (
        await miriam.post("/staff/clients", key=key, **named),
        await miriam.post(f"/staff/clients/{sam}", **named),
        await miriam.post(f"/staff/clients/{sam}/contacts", key=key, **contact),
        await ada.post("/staff/settings/mail/mailbox", **box),
    ):
        assert answer.status_code == 422 and remedy in answer.text.replace("&lt;", "<")


async def test_archiving_says_that_they_are_out_at_once_and_is_offered_to_who_may(willow: Deployment) -> None:
    cast = willow.cast
    miriam, idris, noa = await cast.sign_in("miriam"), await cast.sign_in("idris"), cast.client["noa"]
    for tab in ("", "/contacts", "/messages"):
        text = (await miriam.get(f"/staff/clients/{noa}{tab}")).text
        assert "out of the portal at once" in text and f'href="/staff/clients/{noa}/conversations/new"' in text
    text = (await idris.get(f"/staff/clients/{noa}")).text
    assert "Archive Noa" not in text and f"/staff/clients/{noa}/edit" not in text, "it was taken from him"


async def test_a_contact_that_ended_acts_no_more_and_is_added_again_as_they_were(willow: Deployment) -> None:
    cast = willow.cast
    miriam, eli = await cast.sign_in("miriam"), cast.client["eli"]
    assert (await agree(willow, miriam, "eli", messages="on", no_records="on")).status_code == 303
    link = await link_of(willow, "Dana", "Eli")
    place = f"/staff/clients/{eli}/contacts/{link}"
    form = (await miriam.get(place)).text
    assert 'data-opens="end-dialog"' in form and "End Dana Reyes’s contact with Eli?" in form
    assert (await miriam.post(f"{place}/end")).status_code == 303
    tab = (await miriam.get(f"/staff/clients/{eli}/contacts")).text
    earlier = tab.partition("Earlier contacts")[2].partition("</section>")[0]
    assert "Dana Reyes" in earlier and "May act in" not in earlier
    contact = (await willow.row("contact_link", link))["contact_id"]
    again = (await miriam.get(f"/staff/clients/{eli}/contacts/new?contact={contact}")).text
    assert "Dana Reyes" in again and "tel:5550100151" in again
    assert '<option value="Mother" selected>' in again
    for field in ("messages", "no_records"):
        assert f'name="{field}" checked' in again
    assert 'name="last"' in again and 'details class="card fold" open' in again, "what is kept from her is in sight"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("(555) 010-0151", "5550100151"),
        ("+49 30 901820", "+4930901820"),
        ("(555) 010-0151 ext. 12", "5550100151"),
        ("Tel. 555 0100, evenings", "5550100"),
        ("ask Dana", ""),
        ("", ""),
    ],
)
def test_a_telephone_dials_the_number_and_no_extension(written: str, number: str) -> None:
    assert dialled(written) == number


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Dana Reyes", "Dana"),
        ("Mary Ann Reyes", "Mary Ann Reyes"),
        ("José García López", "José García López"),
        ("J", "J"),
    ],
)
def test_nobody_is_called_by_half_a_first_name(name: str, called: str) -> None:
    assert first_of(name) == called
