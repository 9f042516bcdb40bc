"""The practice's own settings, for the tests of all rooms."""

from __future__ import annotations

from tests.browser.places import Place, older

PLACES = [
    Place(
        "hours, changed meanwhile",
        "ada",
        "/staff/settings/availability",
        older("form[action$=hours]", "monday_first_from", "07:00"),
    ),
]
