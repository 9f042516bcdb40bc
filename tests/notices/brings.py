"""Notices and how they are told, for the tests of all rooms."""

from __future__ import annotations

from tests.browser.places import Place, older

PLACES = [
    Place("notices", "miriam", "/staff/notices"),
    Place("notices, none", "newcomer", "/staff/notices"),
    Place("notices, overfull", "wilhelmina", "/staff/notices"),
    Place("choices", "miriam", "/staff/notices/choices"),
    Place("notices", "dana", "/clients/{noa}/notices"),
    Place("notices, none", "silent", "/clients/{silent}/notices"),
    Place("notices, overfull", "hildegard", "/clients/{maximiliana-theodora}/notices"),
    Place("choices", "dana", "/clients/{noa}/notices/choices"),
    Place(
        "choices, changed meanwhile",
        "dana",
        "/clients/{noa}/notices/choices",
        older("form[action$=choices]", "daily_at", "07:30"),
    ),
]
