"""To whom one writes: each audience with everybody of the practice: who is offered it, begins it and reads it."""

from uuid import uuid4

import pytest

from tests.deployment import Deployment, own_practice
from tests.html import parse
from tests.pages import Page, open_page

# Who reads what is written about Noa, of all who work here: her care team's therapist; who sees all clients by role.
READ = {
    "clinical": {"miriam", "henrik"},
    "administrative": {"miriam", "jo", "ada", "henrik"},
    "billing": {"miriam", "ada", "grace", "henrik"},
}
SEE_NOA = {"miriam", "jo", "ada", "grace", "henrik"}
EVERYBODY = sorted(SEE_NOA | {"idris", "theo"})


def offered(html: str) -> dict[str, str]:
    """The audiences that a page offers, each with the line of who reads it."""
    lines = {}
    for item in parse(html).all("id"):
        place, _, audience = item.get("id").partition(":")
        if place.startswith("beginnings-") and audience:
            lines[audience] = next(one for one in item.all("class") if "readers" in one.classes).text.strip()
    return lines


@pytest.mark.parametrize("audience", READ)
async def test_an_audience_is_read_by_those_who_hold_its_permission_and_see_the_client(
    deployment: Deployment, audience: str
) -> None:
    cast, noa = deployment.cast, deployment.cast.client["noa"]
    dana = await cast.sign_in("dana")
    line = offered((await dana.get(f"/clients/{noa}/conversations/new")).text)[audience]
    assert "Miriam Adler" in line
    # Of the others she is told what they are, and not who.
    role = {"clinical": "a clinical administrator", "administrative": "a scheduler", "billing": "a biller"}
    assert role[audience] in line
    assert not any(name in line for name in ("Henrik", "Jo Marsh", "Grace", "Ada")) and "person" not in line

    begun = await dana.post(f"/clients/{noa}/conversations", audience=audience)
    assert begun.status_code == 303
    thread = begun.headers["location"]
    word = f"For {audience} alone, {uuid4().hex}"
    assert (await dana.send(f"{thread}/messages", key=str(uuid4()), body=word)).status_code == 201
    again = await dana.post(f"/clients/{noa}/conversations", audience=audience)
    assert again.headers["location"] == thread, "there is one of a kind"

    for name in EVERYBODY:
        person = await cast.sign_in(name)
        reads = name in READ[audience]
        page = await person.get(f"/staff{thread}")
        assert (page.status_code, word in page.text) == ((200, True) if reads else (404, False)), name
        inbox = await person.get("/staff/inbox?view=all")
        assert (word in inbox.text) is reads, name
        chart = await person.get(f"/staff/clients/{noa}/conversations/new")
        assert chart.status_code == (200 if name in SEE_NOA else 404), name
        assert (audience in offered(chart.text)) is reads, name
        answer = await person.post(f"/staff/clients/{noa}/conversations", audience=audience)
        refusal = 403 if name in SEE_NOA else 404
        assert answer.status_code == (303 if reads else refusal), name
        if reads:
            assert answer.headers["location"] == f"/staff{thread}", "as when Dana wrote first"


async def test_nobody_writes_into_the_void(deployment: Deployment) -> None:
    """No conversation that nobody would read is offered, or begun by a page from before."""
    cast, noa = deployment.cast, deployment.cast.client["noa"]
    dana = await cast.sign_in("dana")
    held = await deployment.sql("delete from staff_permission where permission = 'billing_messages' returning staff_id")
    try:
        assert "billing" not in offered((await dana.get(f"/clients/{noa}/conversations/new")).text)
        answer = await dana.post(f"/clients/{noa}/conversations", audience="billing")
        assert answer.status_code == 409 and "Nothing was started" in answer.text
    finally:
        given = "insert into staff_permission (staff_id, permission) values (:id, 'billing_messages')"
        for row in held:
            await deployment.sql(given, id=row["staff_id"])


def parties(html: str) -> dict[str, str]:
    """With whom staff can begin, each with where it is chosen."""
    found = {}
    for item in parse(html).all("href"):
        _, asks, key = item.get("href").partition("conversations/new?people=")
        if asks:
            found[item.text.strip()] = key
    return found


async def test_staff_choose_with_whom_and_nobody_comes_to_read_unasked(deployment: Deployment) -> None:
    """Eli has an account of his own, and his mother may write: he, she, or both."""
    cast, eli = deployment.cast, deployment.cast.client["eli"]
    miriam = await cast.sign_in("miriam")
    dana, own = await cast.sign_in("dana"), await cast.sign_in("eli")
    here = f"/staff/clients/{eli}/conversations"
    offered_to = parties((await miriam.get(f"{here}/new")).text)
    assert set(offered_to) == {"Eli", "Dana Reyes", "Eli and Dana Reyes together"}
    chosen = await miriam.get(f"{here}/new?people={offered_to['Dana Reyes']}")
    assert "Dana Reyes" in offered(chosen.text)["billing"] and "Eli" not in offered(chosen.text)["billing"]

    threads = {}
    for label, key in offered_to.items():
        answer = await miriam.post(here, audience="administrative", people=key)
        assert answer.status_code == 303, label
        threads[label] = answer.headers["location"].removeprefix("/staff")
        again = await miriam.post(here, audience="administrative", people=key)
        assert again.headers["location"] == answer.headers["location"], label
    assert len(set(threads.values())) == 3
    for person, name in ((dana, "Dana"), (own, "Eli")):
        for label, thread in threads.items():
            assert (await person.get(thread)).status_code == (200 if name in label else 404), (name, label)

    # Nobody of another family, and none that was never offered.
    stranger = await deployment.sql("select id from contact where name like 'Ben%'")
    for key in (str(stranger[0]["id"]), "everybody"):
        assert (await miriam.post(here, audience="administrative", people=key)).status_code == 409
    assert parties((await miriam.get(f"/staff/clients/{cast.client['noa']}/conversations/new")).text) == {}


def beginnings(page: Page) -> str:
    return next(shown for key, shown in page.live.items() if key.startswith("beginnings?"))


young = own_practice("full")  # its ages are changed


async def test_a_young_persons_own_conversation_is_confidential_between_the_practices_ages(young: Deployment) -> None:
    """Eli is fifteen: old enough, as long as the practice says fourteen."""
    cast, eli = young.cast, young.cast.client["eli"]
    miriam, own, dana = [await cast.sign_in(name) for name in ("miriam", "eli", "dana")]
    chart, his = f"/staff/clients/{eli}/conversations", f"/clients/{eli}/conversations"
    secret = f"{his}/{cast.conversation['eli confidential']}"
    words = "Parents and guardians can’t see this conversation."
    async with open_page(own, f"{his}/new") as page, open_page(miriam, f"{chart}/new?people=client") as tab:
        for shown in (page, tab):
            assert words in beginnings(shown)
        # The one there is, for him and for her.
        begun = await own.post(his, audience="clinical")
        assert begun.headers["location"] == secret
        begun = await miriam.post(chart, audience="clinical", people="client")
        assert begun.headers["location"] == f"/staff{secret}"
        # Nobody else of the family comes into it, and what is shared with them is not it.
        together = await miriam.post(chart, audience="clinical", people="family")
        assert together.headers["location"] != f"/staff{secret}"
        hers = await dana.post(his, audience="clinical")
        assert hers.status_code == 303 and hers.headers["location"] != secret
        assert words not in (await dana.get(f"{his}/new")).text
        # One that is new is one of its kind too.
        await young.sql("update conversation set confidential = false where id = :id", id=secret[-36:])
        new = (await miriam.post(chart, audience="clinical", people="client")).headers["location"]
        assert new != f"/staff{secret}"
        assert (await own.post(his, audience="clinical")).headers["location"] == new.removeprefix("/staff")
        assert words in (await own.get(new.removeprefix("/staff"))).text
        assert (await dana.get(new.removeprefix("/staff"))).status_code == 404
        # The practice lets nobody of his age have one: what he writes alone is as anybody's.
        ada = await cast.sign_in("ada")
        ages = {"own_account_age": "17", "majority_age": "18"}
        assert (await ada.post("/staff/settings/minors", **ages)).status_code == 200
        for shown in (page, tab):
            await shown.until(lambda shown=shown: words not in beginnings(shown), what="what the ages make of it")
            await shown.current()
        begun = await miriam.post(chart, audience="clinical", people="client")
        assert begun.headers["location"] == f"/staff{secret}"
