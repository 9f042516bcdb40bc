"""What a link between a contact and a client allows at this moment, as SQL: the one place where rights, dates and
restrictions meet. Every rule of who sees what for a client asks here."""

from __future__ import annotations

from portal.models.record import live
from portal.permissions import Restriction, Right


def acts(link: str) -> str:
    """The contact may act for the client at all: the link lives, and no order keeps them away altogether."""
    return f"({live(link)} and {_not_yet(link, Restriction.NO_CONTACT)})"


def allows(link: str, right: Right) -> str:
    """The contact may do this for the client: they hold the right, and no restriction takes it from them now."""
    stops = [restriction for restriction in Restriction if right not in restriction.leaves]
    return f"({link}.{right.value} and {live(link)} and {' and '.join(_not_yet(link, one) for one in stops)})"


def _not_yet(link: str, restriction: Restriction) -> str:
    column = f"{link}.{restriction.column}"
    return f"({column} is null or {column} > :now)"
