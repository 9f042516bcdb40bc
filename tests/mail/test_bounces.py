"""Letters that come back are known by what mail servers write, and by nothing that anybody else can write."""

import base64
import re
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.mail import bounces
from portal.models.mail.bounce import Cause

FOLDER = Path(__file__).parent / "returned"
LETTER = "0195b9a0-1234-7abc-8def-0123456789ab"


def sample(name: str, letter: str = LETTER) -> bytes:
    """A message as it came, with the id of a letter in it. What it says to be in base64 lies readable in the file."""
    text = (FOLDER / f"{name}.eml").read_text().replace("LETTER", letter)
    return re.sub(
        r"(?<=Content-Transfer-Encoding: base64\n\n)(.+?\n)(?=\n--)",
        lambda readable: base64.encodebytes(readable[1].encode()).decode(),
        text,
        flags=re.DOTALL,
    ).encode()


# The code, whose fault it is, and what the mail server said; None for what is no bounce.
SAMPLES: dict[str, tuple[str, Cause, str] | None] = {
    "postfix": ("5.1.1", Cause.ADDRESS, "User unknown in local recipient table"),
    "postfix-full": ("5.2.2", Cause.FULL, "Mailbox is over its quota"),
    "exim": ("5.1.1", Cause.ADDRESS, "550 5.1.1 No such user"),
    "exim-report": ("5.1.2", Cause.ADDRESS, "non-existent hosts"),
    "microsoft365": ("5.1.10", Cause.ADDRESS, "not found by SMTP address lookup"),
    "exchange": ("5.1.1", Cause.ADDRESS, "RESOLVER.ADR.RecipNotFound"),
    "gmail": ("5.1.1", Cause.ADDRESS, "does not exist"),
    "google-workspace": ("5.1.1", Cause.ADDRESS, "does not exist"),
    "amazon-ses": ("5.1.1", Cause.ADDRESS, "user unknown"),
    "qmail": ("5.1.1", Cause.ADDRESS, "no such user here"),
    "yahoo": ("5.0.0", Cause.ADDRESS, "doesn't have a famly.example account"),
    "delayed": None,
    "gmail-delayed": None,
    "exim-warning": None,
    "reply": None,
    "out-of-office": None,
    "complaint": None,
    "base64-status": ("5.1.1", Cause.ADDRESS, "550 5.1.1 unknown"),
    "dsn-base64-headers": ("5.1.1", Cause.ADDRESS, "5.1.1 nope"),
    "dsn-base64-part": ("5.1.1", Cause.ADDRESS, "550 5.1.1 unknown"),
    "global-smtputf8": ("5.1.1", Cause.ADDRESS, "550 5.1.1 unknown"),
    "haraka": ("5.1.1", Cause.ADDRESS, "550 5.1.1 no such user"),
    "m365-german": ("5.1.10", Cause.ADDRESS, "RESOLVER.ADR.RecipientNotFound"),
    "m365-microsoftexchange-sender": ("5.1.10", Cause.ADDRESS, "not found by SMTP address lookup"),
    "mdaemon": ("5.1.1", Cause.ADDRESS, "User unknown"),
    "smartermail": ("5.1.1", Cause.ADDRESS, "does not exist"),
    "smartermail-attached": ("5.1.1", Cause.ADDRESS, "does not exist"),
    "unknown-nodomain": ("5.4.4", Cause.ADDRESS, "Host or domain name not found"),
    "full-4.2.2-expired": ("4.2.2", Cause.FULL, "over quota"),
    "full-5.2.2": ("5.2.2", Cause.FULL, "mailbox for user is full"),
    "full-gmail": ("5.2.2", Cause.FULL, "out of storage space"),
    "gmx-plain": ("5.0.0", Cause.FULL, "exceeded storage allocation"),
    "dmarc": ("5.7.26", Cause.OURS, "sender is unauthenticated"),
    "dnsbl": ("5.0.0", Cause.OURS, "blocked using zen.spamhaus.org"),
    "greylisted-expired": ("4.4.7", Cause.OURS, "Message expired"),
    "m365-5.7.129": ("5.7.129", Cause.OURS, "not authorized to send to recipient"),
    "m365-5.7.133": ("5.7.133", Cause.OURS, "SenderNotAuthenticatedForGroup"),
    "own-relay-down": ("4.4.1", Cause.OURS, "connect to relay.ourhost.example"),
    "spam-550-nocode": ("5.0.0", Cause.OURS, "Blocked by our spam filter"),
    "spam-content": ("5.7.1", Cause.OURS, "rejected as spam"),
    "delay": None,
    "mdn-read": None,
    "ooo-attached": None,
    "ooo-empty-path": None,
    "relayed": None,
    "success": None,
}
READ = {name: report for name in SAMPLES if (report := bounces.read(sample(name))) is not None}


@pytest.mark.parametrize(("name", "bounce"), SAMPLES.items())
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_each_message_that_comes_back_is_read_as_what_it_is(
    name: str, bounce: tuple[str, Cause, str] | None, ends: str
) -> None:
    report = bounces.read(sample(name).replace(b"\n", ends.encode()))
    if bounce is None:
        assert report is None
        return
    assert report is not None
    status, cause, said = bounce
    assert (str(report.letter), report.status, report.cause) == (LETTER, status, cause)
    assert said in report.reason and report.reason.isprintable() and len(report.reason) <= 300


def test_every_sample_is_tried_and_says_where_it_comes_from() -> None:
    names = {path.stem for path in FOLDER.glob("*.eml")}
    told = (FOLDER / "README.md").read_text()
    assert names == set(SAMPLES) and all(f"`{name}.eml`" in told for name in names)


@pytest.mark.parametrize("name", ["postfix", "qmail", "exim", "smartermail", "mdaemon", "dsn-base64-part"])
def test_a_bounce_of_somebody_elses_letter_is_none(name: str) -> None:
    assert bounces.read(sample(name, "20261125151204.4F1A2C0031")) is None


def test_the_answer_to_a_letter_is_not_its_bounce_whatever_it_says() -> None:
    """A person's reply bears the letter's id in its headers, and quotes what mail servers say."""
    raw = sample("reply").replace(b"Return-Path: <dana@family.example>", b"Return-Path: <>")
    raw = raw.replace(b"> Message-ID: ", b"> ")
    assert bounces.read(raw) is None


def test_a_note_that_answers_by_itself_is_no_bounce_even_without_its_usual_signs() -> None:
    """It has an empty Return-Path as bounces have, brings our letter, and says that mail does not reach somebody."""
    raw = sample("ooo-attached").replace(b"Auto-Submitted: auto-replied\n", b"")
    assert bounces.read(raw.replace(b"In-Reply-To:", b"X-Other:")) is None
    answers = b"Auto-Submitted: auto-replied\nFrom: Sam <sam@example.com>"
    assert bounces.read(re.sub(rb"From: MDaemon.*", answers, sample("mdaemon"), count=1)) is None


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("550 No such user here", Cause.ADDRESS),
        ("550 <sam@example.com>: User unknown", Cause.ADDRESS),
        ("550 Requested action not taken: mailbox unavailable", Cause.ADDRESS),
        ("550 5.5.0 Requested action not taken: mailbox unavailable", Cause.ADDRESS),
        ("550 5.2.1 The email account that you tried to reach is disabled", Cause.ADDRESS),
        ("550 5.4.1 Recipient address rejected: Access denied", Cause.ADDRESS),
        ("550 <spam.policy@quota.example>: User unknown", Cause.ADDRESS),
        ("550 Unrouteable address", Cause.ADDRESS),
        ("552 5.2.2 Over quota", Cause.FULL),
        ("452 4.2.2 Over quota for now", Cause.FULL),
        ("554 delivery error: mailbox is full", Cause.FULL),
        ("550 5.2.1 The user is receiving mail at a rate that prevents delivery", Cause.OURS),
        ("550 5.1.1 undeliverable address: host mx said: 554 blocked using zen.spamhaus.org", Cause.OURS),
        ("550 5.1.8 <no-reply@willow.example>: Sender address rejected: Domain not found", Cause.OURS),
        ("550 Sender address rejected: Domain not found", Cause.OURS),
        ("550 5.7.1 Your network is on a list", Cause.OURS),
        ("554 5.7.1 Relay access denied", Cause.OURS),
        ("552 5.3.4 Message too big", Cause.OURS),
        ("554 5.6.0 Bad content", Cause.OURS),
        ("501 5.5.2 Syntax", Cause.OURS),
        ("450 4.1.1 User unknown for now", Cause.OURS),
        ("550 Not today", Cause.OURS),
        ("", Cause.OURS),
    ],
)
def test_only_words_that_the_mailbox_is_not_there_condemn_an_address(said: str, cause: Cause) -> None:
    assert bounces.cause_of(said) is cause


def test_a_report_without_a_diagnostic_is_judged_by_the_servers_words() -> None:
    raw = re.sub(rb"Diagnostic-Code: .*\n", b"", sample("exim-report")).replace(b"all relevant MX", b"all MX")
    report = bounces.read(raw)
    assert report is not None and report.cause is Cause.ADDRESS and "non-existent hosts" in report.reason
    report = bounces.read(raw.replace(b"records point to non-existent hosts", b"retry timeout exceeded"))
    assert report is not None and report.cause is Cause.OURS


def test_a_reason_of_any_length_is_judged_at_once() -> None:
    raw = sample("dnsbl").replace(b"554 Service", b"554 " + b"x" * 200_000 + b" Service")
    report = bounces.read(raw)
    assert report is not None and report.cause is Cause.OURS


@pytest.mark.parametrize(
    ("status", "said", "best"),
    [
        ("5.1.1", "550 5.7.1 whatever", "5.1.1"),
        ("5.0.0 (permanent failure)", "5.1.0 - Unknown address error 550-'5.2.2 Mailbox Full'", "5.2.2"),
        ("5.5.0", "550 5.1.1 no", "5.1.1"),
        ("", "550 No such user", "5.0.0"),
        ("", "452 busy", "4.0.0"),
        ("", "550-5.1.1 The account", "5.1.1"),
        ("", "host mx [192.0.2.25] said: 554 5.4.4 no", "5.4.4"),
        ("", "", "5.0.0"),
        ("rubbish", "rubbish 1.2.3.4", "5.0.0"),
    ],
)
def test_the_most_telling_code_is_taken(status: str, said: str, best: str) -> None:
    assert bounces.status_of(status, said) == best


@given(st.binary(max_size=2000))
@settings(deadline=None)
def test_whatever_lies_in_the_mailbox_is_read_without_a_fault(raw: bytes) -> None:
    assert bounces.read(raw) is None


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_a_damaged_bounce_is_none_or_of_the_same_letter(data: st.DataObject) -> None:
    raw = bytearray(sample(data.draw(st.sampled_from(sorted(READ)))))
    for _ in range(data.draw(st.integers(1, 20))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + 1] = data.draw(st.binary(max_size=3))
    found = bounces.read(bytes(raw))
    assert found is None or (found.reason.isprintable() and isinstance(found.letter, UUID))


def test_a_huge_message_is_read_up_to_a_limit() -> None:
    raw = b"From: MAILER-DAEMON@x\nSubject: failure notice\n\n" + b"5.1.1 permanent error " * 500_000
    assert bounces.read(raw) is None
