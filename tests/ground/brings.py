"""The frame of all pages, and those that gather from all rooms, for the tests of all rooms."""

from __future__ import annotations

from tests.browser.places import Place, emptied, opened, shown

PLACES = [
    Place("nothing here", "", "/no/such/page"),
    Place("Today", "miriam", "/staff/today"),
    Place("Today, nothing", "newcomer", "/staff/today"),
    Place("Today, overfull", "wilhelmina", "/staff/today"),
    Place("keys", "miriam", "/staff/today", shown("keys")),
    Place("menu", "miriam", "/staff/today", opened("#me > summary")),
    Place("idle warning", "miriam", "/staff/today", shown("idle")),
    Place("signed out", "miriam", "/staff/today", emptied("ended")),
    Place("Home", "dana", "/clients/{noa}/home"),
    Place("Home, nothing", "silent", "/clients/{silent}/home"),
    Place("Home, overfull", "hildegard", "/clients/{maximiliana-theodora}/home"),
    Place("profiles", "dana", "/clients/{noa}/home", opened("#switch-menu > summary")),
    Place("profiles, overfull", "hildegard", "/clients/{maximiliana-theodora}/home", opened("#switch-menu > summary")),
    Place("more", "dana", "/clients/{noa}/home", opened("#more > summary")),
    Place("idle warning", "dana", "/clients/{noa}/home", shown("idle")),
    Place("access ended", "dana", "/clients/{noa}/home", emptied("gone")),
    Place("nobody", "nobody", "/home"),
    Place("all on one page", "dana", "/board"),
    Place("all on one page, nobody", "nobody", "/board"),
]
