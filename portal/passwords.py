"""Passwords: argon2id in threads of its own, so that no page waits for it, and with a queue that has an end."""

import asyncio
import os
import re
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from zxcvbn import zxcvbn

from portal.models.ground.person import folded

LONGEST = 128  # characters; longer ones are refused before any work is done

# OWASP's first choice: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

AT_ONCE = max(1, (os.cpu_count() or 2) - 1)  # a processor is left to the pages
WAITING = 32  # of which the last waits a second or two

T = TypeVar("T")


class Busy(Exception):
    """A queue that is full: so many passwords wait to be hashed that one more would wait too long."""


def _step_back() -> None:
    """Let whatever else wants the processor go first, where threads can be told so one by one, as on Linux."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


_threads = ThreadPoolExecutor(AT_ONCE, "passwords", _step_back)
_taken = 0


async def _in_turn(act: Callable[..., T], *given: Any) -> T:
    """Do this in a thread, after those that came before. Raises Busy."""
    global _taken
    if is_full():
        raise Busy
    _taken += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, act, *given)
    finally:
        _taken -= 1


def is_full() -> bool:
    """Tell whether one more would wait too long."""
    return _taken >= AT_ONCE + WAITING


def at_work() -> int:
    """Return how many passwords this worker hashes now, or has waiting."""
    return _taken


def hash_now(password: str) -> str:
    """Hash on this thread; for commands."""
    return _hasher.hash(password)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher.hash("a password that belongs to nobody")


async def matches(password: str, *hashes: str | None) -> list[bool]:
    """Tell whether the password is right, for each of these. With no hash it takes as long, and is wrong: nobody learns
    by the clock whether an address is known. Raises Busy."""
    return await _in_turn(_verify, password, hashes)


def _verify(password: str, hashes: tuple[str | None, ...]) -> list[bool]:
    return [_is(password[: LONGEST + 1], hashed) and len(password) <= LONGEST for hashed in hashes]


def _is(password: str, hashed: str | None) -> bool:
    try:
        return _hasher.verify(hashed or _nobodys(), password) and hashed is not None
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


SHORTEST = 12
JUDGED = 24  # characters that zxcvbn reads: its time grows faster than their square. See `_score`.
LEFT = 6  # letters or digits that are more than names, a year and what everybody adds
_EVERYBODYS = ("password", "passwort", "contrasena", "clave", "portal", "welcome", "bienvenid")
_YEAR = re.compile(r"(?:19|20)\d\d")
_LOOKS_LIKE = str.maketrans("013457@$!|+l", "oieastasiiti")


async def weakness(password: str, personal: list[str]) -> str | None:
    """Say in a sentence why this password is refused; None when it is good (rule 10: length, and not one that is known
    or easily guessed; no rules of composition). `personal` are names and email addresses of the person who chooses it,
    or of those they act for. Raises Busy."""
    if len(password) < SHORTEST:
        return "Use at least 12 characters. A few words in a row are easy to remember."
    if len(password) > LONGEST:
        return "Use at most 128 characters."
    words = {part for text in personal for part in _parts(text)}
    if _is_little_but(password, words):
        return "This one is easy to guess: it is little more than names and a year. Try a few unrelated words."
    score = await _in_turn(_score, password, sorted(words))
    if score < 3:
        return "This one is easy to guess, or on a list of stolen passwords. Try a few unrelated words."
    return None


def _score(password: str, personal: list[str]) -> int:
    """Return zxcvbn's estimate, 0 to 4, from its bundled lists of leaked passwords, names and words. It reads the
    beginning, which has to be good by itself: signs that stand for letters (`4@8({[<3691!|7105$+2%`) take it 0.2 s for
    24 of them, 0.3 s for 32, seconds for 72, and everybody's sign-in waits in the same line."""
    return int(zxcvbn(password[:JUDGED], user_inputs=personal)["score"])


def _parts(text: str) -> set[str]:
    """Return the parts of a name or an address that people take for a password: each word, and all in one."""
    text = folded(text)
    name = text.partition("@")[0]
    words = [*re.findall(r"\w+", text), "".join(re.findall(r"\w+", name)), text]
    return {word for word in words if len(word) >= 3}


def _is_little_but(password: str, words: set[str]) -> bool:
    """Tell whether hardly anything is left of it without these words and a year, however they are written. zxcvbn,
    which takes four words in a row for strong, knows no such rule."""
    plain = folded(password)
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
    """Return the hash to keep. Raises Busy."""
    return await _in_turn(_hasher.hash, password)
