"""Passwords: argon2id in threads, a few at a time, so that the event loop never waits for one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from zxcvbn import zxcvbn

from portal.models.person import search_form

LONGEST = 128  # characters; longer ones are refused before any work is done

# OWASP's first choice: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_at_once = asyncio.Semaphore(4)


def hash_now(password: str) -> str:
    """Hash on this thread; for commands."""
    return _hasher.hash(password)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher.hash("a password that belongs to nobody")


async def matches(password: str, hashed: str | None) -> bool:
    """Whether the password is right. With no hash it takes as long, and is wrong: nobody learns by the
    clock whether an address is known."""
    async with _at_once:
        right = await asyncio.to_thread(_verify, password[: LONGEST + 1], hashed or _nobodys())
    return right and hashed is not None and len(password) <= LONGEST


def _verify(password: str, hashed: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


SHORTEST = 12
LEFT = 6  # letters or digits that are more than names, a year and what everybody adds
_EVERYBODYS = ("password", "passwort", "contrasena", "clave", "portal", "welcome", "bienvenid")
_YEAR = re.compile(r"(?:19|20)\d\d")
_LOOKS_LIKE = str.maketrans("013457@$!|+l", "oieastasiiti")


async def weakness(password: str, personal: list[str]) -> str | None:
    """Why this password is refused, in a sentence; None when it is good (rule 10: length, and not one that is
    known or easily guessed; no rules of composition). `personal` are names and addresses of mail that belong to
    whoever chooses it, or to whom they act for."""
    if len(password) < SHORTEST:
        return "Use at least 12 characters. A few words in a row are easy to remember."
    if len(password) > LONGEST:
        return "Use at most 128 characters."
    words = {part for text in personal for part in _parts(text)}
    if _is_little_but(password, words):
        return (
            "This one is easy to guess: it is little more than names and a year. Try a few unrelated words."
        )
    score = await asyncio.to_thread(_score, password, sorted(words))
    if score < 3:
        return "This one is easy to guess, or on a list of stolen passwords. Try a few unrelated words."
    return None


def _score(password: str, personal: list[str]) -> int:
    """zxcvbn's estimate, 0 to 4, from its bundled lists of leaked passwords, names and words; it reads the
    first 72 characters."""
    return int(zxcvbn(password[:72], user_inputs=personal)["score"])


def _parts(text: str) -> set[str]:
    """What somebody takes of a name or an address for a password: each word, and all in one."""
    text = search_form(text)
    name = text.partition("@")[0]
    words = [*re.findall(r"\w+", text), "".join(re.findall(r"\w+", name)), text]
    return {word for word in words if len(word) >= 3}


def _is_little_but(password: str, words: set[str]) -> bool:
    """Whether hardly anything is left of it without these words and a year, however they are written. zxcvbn, which
    takes four words in a row for strong, knows no such rule."""
    plain = search_form(password)
    return _leaves_little(plain, words) or _leaves_little(
        _YEAR.sub("", plain).translate(_LOOKS_LIKE), {word.translate(_LOOKS_LIKE) for word in words}
    )


def _leaves_little(text: str, words: set[str]) -> bool:
    left = _without(text, words)
    rest = _YEAR.sub("", _without(left, _EVERYBODYS))
    return left != text and sum(c.isalnum() for c in rest) < LEFT


def _without(text: str, words: Collection[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, " ")
    return text


async def hashed(password: str) -> str:
    """Hash off the loop."""
    async with _at_once:
        return await asyncio.to_thread(_hasher.hash, password)
