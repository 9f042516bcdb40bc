"""All regions, by importing the files that make them; and the check that no fact was forgotten."""

from __future__ import annotations

from portal.regions import (
    availability,
    clients,
    colleagues,
    conversations,
    home,
    inbox,
    leave,
    mail,
    notices,
    portal,
    templates,
    threads,
    today,
    unmapped,
    way,
)

ALL = (
    availability,
    clients,
    colleagues,
    conversations,
    home,
    inbox,
    leave,
    mail,
    notices,
    portal,
    templates,
    threads,
    today,
    way,
)


def check() -> None:
    """Refuse to start with a fact that would change nothing on any page without saying so."""
    missing = unmapped()
    if missing:
        raise RuntimeError(
            f"No region shows {', '.join(missing)}: map it in a region's `on`, or say `shows_nowhere`."
        )
