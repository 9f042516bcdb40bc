"""Letters that come back are known by what mail servers write, and by nothing that anybody else can write."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.mail import bounces

FOLDER = Path(__file__).parent / "returned"
LETTER = "0195b9a0-1234-7abc-8def-0123456789ab"


def sample(name: str, letter: str = LETTER) -> bytes:
    return (FOLDER / f"{name}.eml").read_text().replace("LETTER", letter).encode()


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("postfix", "5.1.1", "User unknown in local recipient table"),
        ("postfix-full", "5.2.2", "Mailbox is over its quota"),
        ("exim", "5.1.1", "550 5.1.1 No such user"),
        ("exim-report", "5.1.2", "non-existent hosts"),
        ("microsoft365", "5.1.10", "not found by SMTP address lookup"),
        ("exchange", "5.1.1", "RESOLVER.ADR.RecipNotFound"),
        ("gmail", "5.1.1", "does not exist"),
        ("google-workspace", "5.1.1", "does not exist"),
        ("amazon-ses", "5.1.1", "user unknown"),
        ("qmail", "5.1.1", "no such user here"),
        ("yahoo", "5.0.0", "doesn't have a famly.example account"),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_each_servers_bounce_is_read(name: str, status: str, said: str, ends: str) -> None:
    found = bounces.read(sample(name).replace(b"\n", ends.encode()))
    assert found is not None
    assert (str(found.letter), found.status, found.by_address) == (LETTER, status, True)
    assert said in found.reason and found.reason.isprintable() and len(found.reason) <= 300


@pytest.mark.parametrize("name", ["delayed", "gmail-delayed", "exim-warning", "reply", "out-of-office", "complaint"])
def test_what_is_no_bounce_is_none(name: str) -> None:
    assert bounces.read(sample(name)) is None


def test_every_sample_is_tried_and_says_where_it_comes_from() -> None:
    names = {path.stem for path in FOLDER.glob("*.eml")}
    told = (FOLDER / "README.md").read_text()
    assert len(names) == 17 and all(f"`{name}.eml`" in told for name in names)


@pytest.mark.parametrize("name", ["postfix", "qmail", "exim"])
def test_a_bounce_of_somebody_elses_letter_is_none(name: str) -> None:
    assert bounces.read(sample(name, "20261125151204.4F1A2C0031")) is None


def test_the_answer_to_a_letter_is_not_its_bounce_whatever_it_says() -> None:
    """A person's reply bears the letter's id in its headers, and quotes what mail servers say."""
    raw = sample("reply").replace(b"Return-Path: <dana@family.example>", b"Return-Path: <>")
    raw = raw.replace(b"> Message-ID: ", b"> ")
    assert bounces.read(raw) is None


@pytest.mark.parametrize(
    ("status", "condemned"),
    [
        ("5.1.1", True),
        ("5.1.10", True),
        ("5.2.1", True),
        ("5.2.2", True),
        ("5.4.1", True),
        ("4.4.7", True),
        ("5.0.0", True),
        ("5.5.0", True),
        ("5.7.1", False),
        ("5.7.26", False),
        ("5.3.4", False),
        ("5.5.2", False),
        ("5.6.0", False),
        ("4.7.0", False),
    ],
)
def test_only_what_speaks_of_the_address_condemns_it(status: str, condemned: bool) -> None:
    assert bounces.condemns(status) is condemned


@pytest.mark.parametrize(
    ("status", "said", "best"),
    [
        ("5.1.1", "550 5.7.1 whatever", "5.1.1"),
        ("5.0.0 (permanent failure)", "5.1.0 - Unknown address error 550-'5.2.2 Mailbox Full'", "5.1.0"),
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
    raw = bytearray(sample(data.draw(st.sampled_from(["postfix", "microsoft365", "exim", "qmail"]))))
    for _ in range(data.draw(st.integers(1, 20))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + 1] = data.draw(st.binary(max_size=3))
    found = bounces.read(bytes(raw))
    assert found is None or (found.reason.isprintable() and isinstance(found.letter, UUID))


def test_a_huge_message_is_read_up_to_a_limit() -> None:
    raw = b"From: MAILER-DAEMON@x\nSubject: failure notice\n\n" + b"5.1.1 permanent error " * 500_000
    assert bounces.read(raw) is None
