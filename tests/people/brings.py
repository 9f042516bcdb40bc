"""Clients and their contacts, for the tests of all rooms."""

from __future__ import annotations

from tests.browser.places import Place, older, opened, refused_contact, sent

PLACES = [
    Place("clients", "miriam", "/staff/clients"),
    Place("clients, none", "newcomer", "/staff/clients"),
    Place("clients, overfull", "wilhelmina", "/staff/clients"),
    Place("clients, not found", "miriam", "/staff/clients#q=nobody at all"),
    Place("archived clients", "miriam", "/staff/clients?show=archived"),
    Place("new client", "miriam", "/staff/clients/new"),
    Place("new client, wrong", "miriam", "/staff/clients/new", sent(button=".sheet .primary")),
    Place("chart", "miriam", "/staff/clients/{noa}"),
    Place("chart, overfull", "wilhelmina", "/staff/clients/{maximiliana-theodora}"),
    Place("archive?", "miriam", "/staff/clients/{noa}", opened("[data-opens=archive-dialog]")),
    Place("edit", "miriam", "/staff/clients/{noa}/edit"),
    Place("edit, wrong", "miriam", "/staff/clients/{noa}/edit", sent(("first_name", ""), button=".sheet .primary")),
    Place("edit, overfull", "wilhelmina", "/staff/clients/{maximiliana-theodora}/edit"),
    Place("time away", "ada", "/staff/leave"),
    Place("contacts", "miriam", "/staff/clients/{noa}/contacts"),
    Place("contacts, none", "miriam", "/staff/clients/{lena}/contacts"),
    Place("new contact", "miriam", "/staff/clients/{noa}/contacts/new"),
    Place("new contact, refused", "miriam", "/staff/clients/{noa}/contacts/new", refused_contact),
    Place(
        "contact, changed meanwhile",
        "miriam",
        "/staff/clients/{noa}/contacts/{link}",
        older("form.stack", "basis", "What both parents agreed on. " * 20),
    ),
    Place(
        "contact", "miriam", "/staff/clients/{noa}/contacts", opened(".contact-rows:not(.past) > :first-child .do a")
    ),
    Place("contact's history", "miriam", "/staff/clients/{noa}/contacts/{link}/history"),
]
