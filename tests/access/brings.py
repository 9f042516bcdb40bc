"""Who acts for whom, and how they get in, for the tests of all rooms."""

from __future__ import annotations

from tests.browser.places import Place, emptied, sent

PLACES = [
    Place("who sees", "miriam", "/staff/clients/{noa}/who-sees"),
    Place("view as", "miriam", "/staff/clients/{noa}/as/{account of dana}/home"),
    Place("view as, conversation", "miriam", "/staff/clients/{noa}/as/{account of dana}/conversations/{noa clinical}"),
    Place("view as, notices", "henrik", "/staff/clients/{noa}/as/{account of dana}/notices"),
    Place("view as, ended", "miriam", "/staff/clients/{noa}/as/{account of dana}/home", emptied("gone")),
    Place("portal, accounts", "miriam", "/staff/clients/{noa}/portal"),
    Place("contact to client", "miriam", "/staff/clients/{noa}/contacts/{link}/client"),
    Place(
        "contact to client, refused",
        "miriam",
        "/staff/clients/{noa}/contacts/{link}/client",
        sent(("first_name", ""), button="form.stack > .btns .primary"),
    ),
    Place("who sees", "dana", "/clients/{noa}/who-sees"),
    Place("who acts for me", "eli", "/clients/{eli}/who-acts"),
]
