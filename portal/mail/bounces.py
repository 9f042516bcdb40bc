"""Bounces, read: delivery status notifications (RFC 3464, RFC 6533) and the plain words of mail servers that write
none. Pure: bytes in, their meaning out.

Nothing in such a message is believed but one thing: that the letter it brings back, known by the id that we gave it
and nobody could guess, did not arrive. Replies and out-of-office notes carry that id too, and are no bounces.
"""

import codecs
import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from uuid import UUID

from portal.models.mail.bounce import Cause

# What mail servers write stays far below these; beyond them reading could take for ever, by how the library works.
LARGEST = 250_000  # bytes: what is longer is read up to there
MOST_LINES = 10_000
MOST_PARTS = 60
DEEPEST = 12  # parts within parts
LONGEST_FIELD = 2_000  # bytes of what says of which kind a part is, or why it came back
LONGEST_REASON = 300  # characters

_LETTER = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})@", re.IGNORECASE)
_HEADER = re.compile(rf"^[ \t]*(?:message[- ]id|x-portal-letter):\s*<?{_LETTER.pattern}", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245])[. ](\d{1,3})[. ](\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.-])([45])(\d\d)(?=[ :-]|$)")
_GENERIC = re.compile(r"[45]\.[015]\.0")  # says that it failed, and little more
_GIVEN_UP = re.compile(
    r"permanent (?:fatal )?(?:delivery )?error|failed permanently|could(?:n't| not) (?:be delivered|deliver)|"
    r"was(?:n't| not) able to deliver|undeliverable|unable to deliver|did not reach|"
    r"error occurred while trying to deliver|delivery (?:has )?failed|delivery failure|"
    r"delivery to the following recipients? failed|message not delivered",
    re.IGNORECASE,
)
_STILL_TRYING = re.compile(
    r"warning message only|will be retried|has been delayed|still being retried|do(?:n't| not) need to resend|"
    r"delivery (?:is |has been )?delayed",
    re.IGNORECASE,
)
# Where the words of the mail server end, and the letter that it brings back begins.
_COPY = re.compile(
    r"^[ \t]*(?:-+ ?(?:Below this line|This is a copy of|Original message|Undelivered message|Returned message|"
    r"The (?:body|header)|Message header).*|Original message headers:.*)$",
    re.IGNORECASE | re.MULTILINE,
)
# Names that only mail servers send under. An empty Return-Path alone tells little: out-of-office notes have it too.
_SERVERS = re.compile(r"mailer-daemon|postmaster@|mdaemon|mail delivery", re.IGNORECASE)

# What mail servers say, and what it speaks against: of "code words" the first line that fits counts. Only words that a
# mailbox does not exist, or is closed, condemn an address; whatever is not understood does not.
_SAYINGS = tuple(
    (re.compile(saying, re.IGNORECASE), cause)
    for cause, saying in (
        # The lists of senders; some servers say them behind a code about the address.
        (Cause.OURS, r"blocked using|spamhaus|bl\.spamcop|\b(?:dns|r)bl\b|(?:block|black|deny) ?list"),
        (Cause.FULL, r"^[45]\.2\.2 "),
        (Cause.ADDRESS, r"^5\.1\.(?:[1236]|10) "),  # no such mailbox, no such domain, moved away
        (Cause.ADDRESS, r"^5\.2\.1 (?!.*\brate\b)"),  # closed; Google says it too where too many letters came
        (Cause.ADDRESS, r"^5\.4\.4 "),  # no such domain
        (Cause.ADDRESS, r"^5\.4\.1 .*recipient address rejected"),  # Microsoft 365: no such mailbox
        (Cause.OURS, r"^\d\.[3467]\.|^\d\.5\.[1-9]"),  # system, way, protocol, content, policy
        (Cause.OURS, r"blocked|\blisted\b|spam|reputation|authenticat|policy|relay|\brate\b|temporar"),
        (Cause.OURS, r"sender (?:address|domain|verif|is\b|not\b)|your (?:ip|server|domain|message)"),
        (Cause.FULL, r"quota|(?:mailbox|inbox) (?:is )?full|exceeded storage|out of storage"),
        (Cause.OURS, r"^4\."),
        (Cause.ADDRESS, r"no such (?:user|mailbox|recipient|address|account|person|domain)|no mailbox here"),
        (Cause.ADDRESS, r"(?:unknown|invalid) (?:user|mailbox|recipient|address|account|alias|local)"),
        (
            Cause.ADDRESS,
            r"(?:user|mailbox|recipient|address|account)\b[^.;:]{0,40} "
            r"(?:unknown|not found|unavailable|disabled|inactive|closed|suspended|does(?:n't| not) exist)",
        ),
        (Cause.ADDRESS, r"does(?:n't| not) have an? \S+ account|unrouteable"),
        (Cause.ADDRESS, r"(?:host|domain)(?: name)? (?:unknown|not found)|find any host|non-existent host"),
        (Cause.OURS, r""),
    )
)


@dataclass(frozen=True)
class BounceReport:
    """A letter that came back for good. `status` is the enhanced code of RFC 3463, such as 5.1.1."""

    letter: UUID
    status: str
    reason: str
    cause: Cause


def cause_of(reason: str, status: str = "") -> Cause:
    """Return what a mail server's refusal speaks against, by its words and the code beside them."""
    words = re.sub(r"\S+@\S+", "", reason[:LONGEST_FIELD])  # an address may hold any word
    refusal = f"{status_of(status, reason)} {' '.join(words.split())}"
    return next(cause for saying, cause in _SAYINGS if saying.search(refusal))


def read(raw: bytes) -> BounceReport | None:
    """Return the bounce that a message from the mailbox is; None for anything else, be it ever so much like one. Raises
    TooMuch."""
    raw = raw[:LARGEST]
    _check(raw)
    message = email.message_from_bytes(_REPORT.sub(rb"\1" + STATUS.encode(), raw), policy=email.policy.compat32)
    parts = list(_parts(message))
    reports = [_text(part) for part in parts if part.get_content_type() == STATUS]
    texts = [text for part in parts if part.get_content_type() in TEXTS and (text := _text(part))]
    own = _own_words(texts)
    if reports:
        failed = [fields for report in reports for fields in _recipients(report) if _failed(fields)]
        if not failed:
            return None
        code, diagnostic = (failed[0].get(name, "") for name in ("status", "diagnostic-code"))
        # Exim gives no diagnostic for what it refuses itself, and says it in its words alone.
        diagnostic = diagnostic.partition(";")[2].strip() or diagnostic or f"{code} {_line_of_reason(own)}"
        status = status_of(code, diagnostic)
    else:
        if not _by_a_server(message) or not _given_up(message, own):
            return None
        diagnostic, status = _line_of_reason(own), status_of("", own)
    letter = _letter(message, parts, texts, bool(reports))
    if letter is None:
        return None
    return BounceReport(letter, status, one_line(diagnostic), cause_of(diagnostic, status))


def status_of(status: str, said: str) -> str:
    """Return the most telling code: some servers write 5.0.0 beside a better one in their words."""
    matched = _STATUS.search(status)
    code = ".".join(matched.groups()) if matched else ""
    inner = [".".join(match) for match in _STATUS.findall(said) if match[0] in "45"]
    if inner and (not code or _GENERIC.fullmatch(code)):
        code = next((one for one in inner if not _GENERIC.fullmatch(one)), code or inner[0])
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

# The library takes a report apart before its base64 is undone, and knows only the older of its two names: so it is
# given one as text.
STATUS = "text/x-delivery-status"
TEXTS = ("text/plain", "text/rfc822-headers")
_REPORT = re.compile(rb"(?<![^\r\n])(content-type:\s*)message/(?:global-)?delivery-status", re.IGNORECASE)
_FIELD = re.compile(
    r"^(final-recipient|action|status|diagnostic-code):(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE
)

# --- A report by the standard -------------------------------------------------------------------------


def _parts(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        yield part


def _recipients(report: str) -> list[dict[str, str]]:
    """Return the fields for each recipient, by their names in small letters. The first block is about the message."""
    blocks = re.split(r"\n[ \t]*\n", re.sub(r"\r\n?", "\n", report))
    recipients = [{name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(block)} for block in blocks]
    return [fields for fields in recipients if "final-recipient" in fields or "action" in fields]


def _failed(fields: dict[str, str]) -> bool:
    action = fields.get("action", "").lower()
    return action.startswith("fail") or (not action and fields.get("status", "").startswith("5"))


# --- Plain words ----------------------------------------------------------------------------------------


def _by_a_server(message: Message) -> bool:
    """Tell whether it has no sender that could be answered: none at all, a name that only mail servers use, or an empty
    Return-Path without the signs of a note that answers by itself (RFC 3834)."""
    sender = str(message.get("From", ""))
    if not sender or _SERVERS.search(sender):
        return True
    answers = any(message.get(name) for name in ("In-Reply-To", "Auto-Submitted", "X-Auto-Response-Suppress"))
    return not answers and str(message.get("Return-Path", "")).strip() == "<>"


def _given_up(message: Message, words: str) -> bool:
    """Tell whether the words say that it was given up, with the refusal: people, too, write that mail may not reach
    them."""
    subject = str(message.get("Subject", ""))
    if _STILL_TRYING.search(words) or re.search(r"delay|warning", subject, re.IGNORECASE):
        return False
    if message.get("X-Failed-Recipients"):
        return True
    return bool(_GIVEN_UP.search(f"{subject}\n{words}") and _code_in(words))


def _code_in(words: str) -> bool:
    return bool(_STATUS.search(words) or _REPLY.search(words))


def _own_words(texts: list[str]) -> str:
    """Return the words of the server itself: not the letter that it brings back."""
    first = texts[0] if texts else ""
    copy = _COPY.search(first)
    return first[: copy.start()] if copy else first


def _line_of_reason(words: str) -> str:
    """Return the paragraph with a code in it, else the last one."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", words) if part.strip()]
    telling = [part for part in paragraphs if _code_in(part)]
    return (telling or paragraphs or [""])[-1]


# --- Which letter ---------------------------------------------------------------------------------------


def _letter(message: Message, parts: list[Message], texts: list[str], report: bool) -> UUID | None:
    """Return the letter that is brought back, by the id in its headers, wherever they stand: in a part of their own or
    in the text. The message's own In-Reply-To is no such place."""
    for part in parts:
        if part is message:
            continue
        for name in ("X-Portal-Letter", "Message-ID"):
            if line := _LETTER.search(str(part.get(name, ""))):
                return UUID(line[1])
    for text in texts:
        copy = _COPY.search(text)
        # A report may be nothing but text with headers in it; a plain bounce brings its letter below the line.
        below = text if report else text[copy.start() :] if copy else text
        if line := _HEADER.search(below):
            return UUID(line[1])
    return None


def _text(part: Message) -> str:
    """Return a part of text as it reads."""
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
