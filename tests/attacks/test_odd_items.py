"""One odd name, address, letter or row stops nothing: it is refused, or set aside and said; the next one goes on."""

from __future__ import annotations

from uuid import uuid4

from tests.deployment import Deployment
from tests.laws.samples import a_contact
from tests.laws.test_fields import ODD_ADDRESSES, ODD_NAMES

# --- What comes in ---------------------------------------------------------------------------------


CHART = {
    "first_name": "Wren",
    "last_name": "Odd",
    "email": "wren.odd@family.example",
    "date_of_birth": "1994-08-17",
}


async def test_an_odd_name_or_address_is_refused_wherever_it_comes_in(embedded: Deployment) -> None:
    cast = embedded.cast
    miriam, noa = await cast.sign_in("miriam"), f"/staff/clients/{cast.client['noa']}"
    kept = "select (select count(*) from client) as clients, (select count(*) from contact) as contacts, c.* "
    kept += "from client c where c.first_name = 'Noa'"
    before, begun = await embedded.sql(kept), len(embedded.log())
    odd = [{"first_name": name} for name in ODD_NAMES] + [{"email": address} for address in ODD_ADDRESSES]
    for field in odd:
        contact = {name.removeprefix("first_"): value for name, value in field.items()}
        for path, form in (
            ("/staff/clients", {"key": str(uuid4())} | CHART | field),
            (noa, CHART | field),
            (f"{noa}/contacts", a_contact(cast) | {"name": "Wren Odd"} | contact),
        ):
            answer = await miriam.post(path, **form)
            assert answer.status_code in (400, 422), (path, field, answer.status_code)
    assert await embedded.sql(kept) == before
    told = embedded.log()[begun:]
    assert "c.example" not in told and "Traceback" not in told

    right = {"first_name": "Nguyễn Thị", "email": f"wren{uuid4().int % 10**6}@büro.example"}
    answer = await miriam.post("/staff/clients", key=str(uuid4()), **CHART | right)
    assert answer.status_code == 303
