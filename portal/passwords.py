"""Passwords: argon2id in threads, a few at a time, so that the event loop never waits for one."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from zxcvbn import zxcvbn

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


async def weakness(password: str, *personal: str) -> str | None:
    """Why this password is refused, in a sentence; None when it is good (rule 10: length, and not one that is
    known or easily guessed; no rules of composition)."""
    if len(password) < SHORTEST:
        return "Use at least 12 characters. A few words in a row are easy to remember."
    if len(password) > LONGEST:
        return "Use at most 128 characters."
    score = await asyncio.to_thread(_score, password, personal)
    if score < 3:
        return "This one is easy to guess, or on a list of stolen passwords. Try a few unrelated words."
    return None


def _score(password: str, personal: tuple[str, ...]) -> int:
    """zxcvbn's estimate, 0 to 4, from its bundled lists of leaked passwords, names and words; it reads the
    first 72 characters."""
    return int(zxcvbn(password[:72], user_inputs=[word for word in personal if word])["score"])


async def hashed(password: str) -> str:
    """Hash off the loop."""
    async with _at_once:
        return await asyncio.to_thread(_hasher.hash, password)
