"""Words that somebody searched for, sealed so that an address can hold them.

Names and messages stand in no address, for addresses are kept in histories and logs. These words are opened for the
person who typed them alone, their length tells nothing, and what they find is there again after Back and a reload.
"""

import base64
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from portal import crypto

_PADDED = 256  # bytes: what is sealed is a multiple of so many

Words = TypeVar("Words", bound=BaseModel)


def seal_words(words: BaseModel, person: UUID) -> str:
    """Return these words as an address holds them, for one person."""
    text = words.model_dump_json(exclude_defaults=True)
    box = crypto.ring().seal(text + " " * (-len(text.encode()) % _PADDED), f"search/{person}")
    return base64.urlsafe_b64encode(box).decode().rstrip("=")


def open_words(kind: type[Words], sealed: str, person: UUID) -> Words | None:
    """Return the words of such an address; None where they are somebody else's, of another kind, or can't be opened any
    more."""
    try:
        box = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        return kind.model_validate_json(crypto.ring().open(box, f"search/{person}"))
    except (ValueError, crypto.Unreadable):
        return None
