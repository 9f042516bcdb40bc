"""Searching a conversation. Messages lie encrypted, so they are opened and looked at, newest first, in steps."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.models.ground.person import folded
from portal.models.ground.record import UNREADABLE, opened
from portal.models.ground.scope import Scope
from portal.models.messages.message import Message

STEP = 20_000  # messages that one search looks at before it asks whether to go on
MOST = 30  # that it shows at once
SLICE = 2_000  # opened together, beside the loop


def holds(text: str, words: list[str]) -> bool:
    """Tell whether each of the words stands in the text, be it within another."""
    compared = folded(text)
    return all(word in compared for word in words)


@dataclass(frozen=True)
class Found:
    """The numbers of the messages that hold the words, newest first; and before which number to go on, where there is
    more to look at."""

    numbers: list[int]
    before: int | None


async def search(messages: Scope[Message], conversation: UUID, words: list[str], before: int | None = None) -> Found:
    """Look through up to STEP of the messages that the viewer sees, until MOST are found."""
    numbers: list[int] = []
    below, looked = before if before is not None else 2**31 - 1, 0
    while looked < STEP:
        rows = await (
            messages.where("r.conversation_id = :conversation", conversation=conversation)
            .where("r.number < :below", below=below)
            .order("r.number desc")
            .columns("r.id, r.number, r.body_sealed", limit=SLICE)
        )
        for number in await asyncio.to_thread(_holding, rows, words):
            if len(numbers) == MOST:
                return Found(numbers, numbers[-1])
            numbers.append(number)
        looked += len(rows)
        if len(rows) < SLICE:
            return Found(numbers, None)
        below = rows[-1]["number"]
    return Found(numbers, below)


def _holding(rows: list[dict[str, Any]], words: list[str]) -> list[int]:
    texts = ((row, opened(Message, "body_sealed", row["id"], row["body_sealed"])) for row in rows)
    return [row["number"] for row, text in texts if text != UNREADABLE and holds(text, words)]


def marked(text: str, words: list[str], length: int = 240) -> list[tuple[str, bool]]:
    """Return the part of a text around the first of these words, in pieces: each with whether it is one of them."""
    line = " ".join(text.split())
    where: list[int] = []  # of each compared character, the place in the text it comes from
    for place, character in enumerate(line):
        where += [place] * len(folded(character))
    compared = "".join(folded(character) for character in line)
    hit: set[int] = set()
    for word in words:
        at = compared.find(word)
        while at >= 0:
            hit |= set(where[at : at + len(word)])
            at = compared.find(word, at + len(word))
    begin = max(0, min(hit, default=0) - length // 3)
    end = min(len(line), begin + length)
    pieces: list[tuple[str, bool]] = [("…", False)] if begin else []
    for place in range(begin, end):
        if pieces and pieces[-1][1] is (place in hit):
            pieces[-1] = (pieces[-1][0] + line[place], pieces[-1][1])
        else:
            pieces.append((line[place], place in hit))
    return [*pieces, ("…", False)] if end < len(line) else pieces
