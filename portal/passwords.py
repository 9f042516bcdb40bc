"""Passwords: argon2id in threads, a few at a time, so that the event loop never waits for one."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

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
