"""What people of every kind have in common: an address that can be compared, a colour of their own."""

from __future__ import annotations

import unicodedata
from uuid import UUID

COLOURS = ("heather", "marsh", "brick", "harbour", "rose", "slate")


def canonical_email(email: str) -> str:
    """The form in which two addresses are compared: NFKC, case folded, no surrounding space."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def search_form(text: str) -> str:
    """Text as the search box compares it: no accents, no case."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold().strip()


def colour_for(id: UUID) -> str:
    return COLOURS[id.int % len(COLOURS)]


def initial(name: str) -> str:
    return next((c.upper() for c in name if c.isalnum()), "?")
