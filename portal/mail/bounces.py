"""Bounces, read: delivery status notifications (RFC 3464) and the plain words of mail servers that write none. Pure:
bytes in, their meaning out.

Nothing in such a message is believed but one thing: that the letter it brings back, known by the id that we gave it
and nobody could guess, did not arrive. Replies and out-of-office notes carry that id too, and are no bounces.
"""

from __future__ import annotations

import codecs
import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from uuid import UUID

# What mail servers write stays far below these; beyond them reading could take for ever, by how the library works.
LARGEST = 250_000  # bytes: what is longer is read up to there
MOST_LINES = 10_000
MOST_PARTS = 60
DEEPEST = 12  # parts within parts
LONGEST_FIELD = 2_000  # bytes of what says of which kind a part is
LONGEST_REASON = 300  # characters

_LETTER = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})@", re.IGNORECASE)
_HEADER = re.compile(rf"^[ \t]*(?:message[- ]id|x-portal-letter):\s*<?{_LETTER.pattern}", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245])[. ](\d{1,3})[. ](\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.-])([45])(\d\d)(?=[ -]|$)")
_GIVEN_UP = re.compile(
    r"permanent error|failed permanently|could(?:n't| not) be delivered|was(?:n't| not) able to deliver|undeliverable|"
    r"unable to deliver|did not reach|error occurred while trying to deliver|"
    r"delivery (?:has )?failed|delivery to the following recipients? failed|message not delivered",
    re.IGNORECASE,
)
_STILL_TRYING = re.compile(
    r"warning message only|will be retried|has been delayed|still being retried|do(?:n't| not) need to resend|"
    r"delivery (?:is |has been )?delayed",
    re.IGNORECASE,
)
# Where the words of the mail server end, and the letter that it brings back begins.
_COPY = re.compile(
    r"^(?:-+ ?(?:Below this line|This is a copy of|Original message|Undelivered message|Returned message|"
    r"The (?:body|header)|Message header).*|Original message headers:.*)$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class BounceReport:
    """A letter that came back for good. `status` is the enhanced code of RFC 3463, such as 5.1.1."""

    letter: UUID
    status: str
    reason: str

    @property
    def by_address(self) -> bool:
        return condemns(self.status)


def condemns(status: str) -> bool:
    """Tell whether a refusal of this kind speaks against the address itself. Words about our machine, our letter or the
    server's own state would be said for any address: system (x.3), protocol (x.5), content (x.6), policy (x.7). But
    x.5.0 is what some big ones say of a mailbox that they do not have."""
    return status.split(".")[1] not in ("3", "5", "6", "7") or status.endswith(".5.0")


def read(raw: bytes) -> BounceReport | None:
    """Return the bounce that a message from the mailbox is; None for anything else, be it ever so much like one. Raises
    TooMuch."""
    raw = raw[:LARGEST]
    _check(raw)
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    parts = list(_parts(message))
    texts = [text for part in parts if (text := _text(part))]
    reports = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    if reports:
        failed = [fields for report in reports for fields in _recipients(report) if _failed(fields)]
        if not failed:
            return None
        diagnostic = _unfolded(failed[0].get("Diagnostic-Code", ""))
        diagnostic = diagnostic.partition(";")[2].strip() or diagnostic
        status = status_of(_unfolded(failed[0].get("Status", "")), diagnostic)
    else:
        own = _own_words(texts)
        if not _by_a_server(message) or not _given_up(message, own):
            return None
        diagnostic, status = _line_of_reason(own), status_of("", own)
    letter = _letter(message, parts, texts, bool(reports))
    return None if letter is None else BounceReport(letter, status, one_line(diagnostic))


def status_of(status: str, said: str) -> str:
    """Return the most telling code: some servers write 5.0.0 beside a better one in their words."""
    found = _STATUS.search(status)
    code = ".".join(found.groups()) if found else ""
    inner = [".".join(match) for match in _STATUS.findall(said) if match[0] in "45"]
    if inner and (not code or code.endswith(".0.0") or code in ("5.5.0", "5.1.0")):
        better = [one for one in inner if not one.endswith(".0.0")]
        code = (better or inner)[0]
    if not code:
        reply = _REPLY.search(said)
        code = f"{reply[1]}.0.0" if reply else "5.0.0"
    return code


def one_line(text: str) -> str:
    """Return text that can be shown in a line: nothing that can't be seen, no markup to speak of, not for ever."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words[:LONGEST_REASON]


class TooMuch(Exception):
    """A message with more parts, lines or depth than any mail server writes."""


def _check(raw: bytes) -> None:
    """Raise TooMuch before anything is parsed: the library goes into each part by calling itself, asks each open part
    about each line, and reads a field again and again."""
    kinds = _KIND.findall(raw)
    within = sum(kind.strip().lower().startswith((b"multipart/", b"message/")) for kind in kinds)
    lines = raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n")
    longest = max(map(len, kinds), default=0)
    if len(kinds) > MOST_PARTS or within > DEEPEST or lines > MOST_LINES or longest > LONGEST_FIELD:
        raise TooMuch


# What a part says of its kind, with the lines that go on with it, wherever the library may take it for a field.
_KIND = re.compile(rb"(?:\A|[\r\n])content-type:([^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*)", re.IGNORECASE)

# --- A report by the standard -------------------------------------------------------------------------


def _parts(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        yield part


def _recipients(report: Message) -> list[Message]:
    """Return the blocks of fields for each recipient. The first block is about the message."""
    blocks = report.get_payload()
    recipients = [block for block in blocks if isinstance(block, Message)] if isinstance(blocks, list) else []
    return [block for block in recipients if block.get("Final-Recipient") or block.get("Action")]


def _failed(fields: Message) -> bool:
    action = _unfolded(fields.get("Action", "")).strip().lower()
    return action.startswith("fail") or (not action and _unfolded(fields.get("Status", "")).startswith("5"))


def _unfolded(value: object) -> str:
    return " ".join(str(value).split())


# --- Plain words ----------------------------------------------------------------------------------------


def _by_a_server(message: Message) -> bool:
    """Tell whether it has no sender that could be answered, or the name that only mail servers use."""
    sender = str(message.get("From", "")).lower()
    empty = str(message.get("Return-Path", "x")).strip() == "<>"
    return empty or "mailer-daemon" in sender or "postmaster@" in sender


def _given_up(message: Message, words: str) -> bool:
    subject = str(message.get("Subject", ""))
    if _STILL_TRYING.search(words) or re.search(r"delay|warning", subject, re.IGNORECASE):
        return False
    return bool(message.get("X-Failed-Recipients") or _GIVEN_UP.search(f"{subject}\n{words}"))


def _own_words(texts: list[str]) -> str:
    """Return the words of the server itself: not the letter that it brings back."""
    first = texts[0] if texts else ""
    copy = _COPY.search(first)
    return first[: copy.start()] if copy else first


def _line_of_reason(words: str) -> str:
    """Return the paragraph with a code in it, else the last one."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", words) if part.strip()]
    telling = [part for part in paragraphs if _STATUS.search(part) or _REPLY.search(part)]
    return (telling or paragraphs or [""])[-1]


# --- Which letter ---------------------------------------------------------------------------------------


def _letter(message: Message, parts: list[Message], texts: list[str], report: bool) -> UUID | None:
    """Return the letter that is brought back, by the id in its headers, wherever they stand: in a part of their own or
    in the text. The message's own In-Reply-To is no such place."""
    for part in parts:
        if part is message:
            continue
        for name in ("X-Portal-Letter", "Message-ID"):
            if found := _LETTER.search(str(part.get(name, ""))):
                return UUID(found[1])
    for text in texts:
        copy = _COPY.search(text)
        # A report may be nothing but text with headers in it; a plain bounce brings its letter below the line.
        below = text if report else text[copy.start() :] if copy else text
        if found := _HEADER.search(below):
            return UUID(found[1])
    return None


def _text(part: Message) -> str:
    """Return a part of text, or of the headers of the letter that is brought back, as it reads; nothing of other
    kinds."""
    if part.get_content_type() not in ("text/plain", "text/rfc822-headers"):
        return ""
    box = part.get_payload(decode=True)
    if not isinstance(box, bytes):
        return ""
    try:
        charset = codecs.lookup(part.get_content_charset() or "utf-8").name
        return box.decode(charset if charset.startswith(_CHARSETS) else "latin-1", "replace")
    except (LookupError, ValueError):
        return box.decode("latin-1")


# Those of letters. Python knows others, of which some take their time (punycode) or are none of text.
_CHARSETS = ("utf-8", "ascii", "iso8859", "cp", "koi8", "iso2022", "shift_jis", "euc", "gb", "big5")
