"""Colleagues, and signing in, for the tests of all rooms."""

from __future__ import annotations

from tests.browser.places import Place, sent

PLACES = [
    Place("sign in", "", "/sign-in"),
    Place(
        "sign in, refused",
        "",
        "/sign-in",
        sent(("email", "nobody@example.com"), ("password", "wrong"), button=".door-form .primary"),
    ),
    Place("colleagues", "ada", "/staff/colleagues"),
    Place("departure", "ada", "/staff/colleagues/{colleague of miriam}/departure"),
]
