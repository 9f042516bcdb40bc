"""Letters are neutral, in both languages, and never have more headers or readers than were meant."""

import email.policy
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import clock
from portal.language import say
from portal.mail import delivery, letters, welcome_letter
from portal.mail.composing import Letter, NotAnAddress
from portal.mail.outbox import reason_in_words
from portal.mail.welcome_letter import UnknownPlaceholder
from portal.models.ground.outbox import LeasedLetter
from portal.models.ground.record import uuid7
from portal.web import rendering
from tests.mail.post_office import To

LINK = "https://portal.willow.example/welcome/Zm9vYmFy"
TO = {"name": "Dana", "email": "dana@family.example"}
TO_ACCOUNTS: dict[str, Callable[[To], Letter]] = {
    "reset": lambda to: letters.reset(to, link=LINK),
    "password_changed": letters.password_changed,
    "address_changed": lambda to: letters.address_changed(to, link=LINK),
    "address_moved": lambda to: letters.address_moved(to, before=to.email),
    "access_linked": lambda to: letters.access_linked(to, who="Noa", link=LINK),
    "to_confirm": lambda to: letters.to_confirm(to, link=LINK),
    "access_ended": lambda to: letters.access_ended(to, who="Noa"),
    "access_ended for all": letters.access_ended,
    "unread": lambda to: letters.unread(to, link=LINK),
}
EACH: dict[str, Callable[[str], Letter]] = {
    "welcome": lambda language: welcome_letter.welcome(language, link=LINK, **TO),
    "sample": lambda language: welcome_letter.welcome(language, is_sample=True, link=LINK, **TO),
} | {
    kind: lambda language, make=make: make(To("Dana Reyes", TO["email"], language))
    for kind, make in TO_ACCOUNTS.items()
}

# What would tell somebody who looks over a shoulder why the reader has this account.
TELLING = re.compile(
    r"therap|terap|counsel|clinic|clínic|patient|pacient|client|health|salud|mental|psych|psic|care\b|atención"
    r"|diagnos|treat|tratam|session|sesión de|intake|doctor|médic|medic|appointment|\bcita|symptom|síntoma|birth"
    r"|nacimiento",
    re.IGNORECASE,
)


@pytest.fixture(autouse=True)
def willow() -> Iterator[None]:
    before = dict(rendering.practice)
    rendering.practice.update(name="Willow Street", phone="(555) 010-0134")
    yield
    rendering.practice.clear()
    rendering.practice.update(before)


def sent(letter: Letter, practice: str = "Willow Street") -> Any:
    """The letter as it leaves, and as a mail program reads it."""
    taken = LeasedLetter(uuid7(), None, b"", "<1@portal.willow.example>", clock.now(), 1, None)
    sender = delivery.sender_of(practice, "hello@willow.example")
    wire = delivery.written(taken, vars(letter), sender).as_bytes()
    return email.message_from_bytes(wire, EmailMessage, policy=email.policy.default)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", EACH)
def test_a_letter_is_whole_and_tells_nothing_of_health(kind: str, language: str) -> None:
    letter = EACH[kind](language)
    for text in (letter.subject, letter.text, letter.html):
        assert not re.search(r"[{}]|%\(", re.sub(r"(?s)<style>.*?</style>", "", text))
        assert not TELLING.search(text), TELLING.search(text)
    assert "Dana" in letter.text and "Willow Street" in letter.subject
    assert f'<html lang="{language}">' in letter.html
    assert ("Noa" in letter.text) == (kind in ("access_linked", "access_ended"))


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("kind", TO_ACCOUNTS)
def test_who_wants_discretion_gets_each_of_them_from_nobody_in_particular(kind: str, language: str) -> None:
    open_, discreet = (
        TO_ACCOUNTS[kind](To("Dana Reyes", TO["email"], language, discreet)) for discreet in (False, True)
    )
    for text in (discreet.subject, discreet.text, discreet.html):
        assert "Willow" not in text and "555" not in text
    assert "Willow" in open_.subject and "Portal" in discreet.subject
    assert str(sent(open_)["From"]).startswith("Willow Street <")
    assert str(sent(discreet)["From"]).startswith("Portal <")
    assert (LINK in discreet.text) == (LINK in open_.text)


@pytest.mark.parametrize("kind", EACH)
def test_each_letter_is_in_spanish_too(kind: str) -> None:
    english, spanish = EACH[kind]("en"), EACH[kind]("es")
    assert english.subject != spanish.subject
    shared = set(english.text.splitlines()) & set(spanish.text.splitlines())
    assert shared <= {"", LINK, "Willow Street"}
    assert english.kind == spanish.kind == kind.partition(" ")[0]
    assert letters.name_of("es", english.kind) != letters.name_of("en", english.kind) != letters.name_of("en", "?")


@pytest.mark.parametrize("code", ["unreachable", "silent", "dropped", "insecure", "address", "unreadable"])
def test_each_reason_of_ours_has_words_in_both_languages(code: str) -> None:
    english, spanish = reason_in_words("en", code), reason_in_words("es", code)
    assert len({code, english, spanish}) == 3
    assert reason_in_words("es", "550 No such user") == "550 No such user"


def test_the_link_stands_in_the_text_and_behind_a_button() -> None:
    letter = EACH["welcome"]("en")
    assert LINK in letter.text.splitlines()
    assert f'<a class="button" href="{LINK}">Set up your account</a>' in letter.html
    assert "Zm9vYmFy" not in letter.subject


# --- A practice's own words -------------------------------------------------------------------


def own(body: str, subject: str = "Welcome, {name}", name: str = "Dana") -> Letter:
    texts = {"en": {"subject": subject, "body": body}}
    return welcome_letter.welcome("en", name=name, email=TO["email"], link=LINK, texts=texts)


def test_a_practices_own_words_are_filled_and_keep_their_lines() -> None:
    letter = own("Dear {name},\r\nhere it is: {link}\r\n\r\n\r\nValid {expires}. {practice}, {phone}")
    assert letter.subject == "Welcome, Dana"
    assert letter.text == (f"Dear Dana,\nhere it is: {LINK}\n\nValid 7 days. Willow Street, (555) 010-0134\n")
    assert f'<p dir="auto">Dear Dana,<br>here it is: <a href="{LINK}">{LINK}</a></p>' in letter.html


def test_languages_without_words_of_their_own_have_the_built_in_ones() -> None:
    texts = {"en": {"subject": "Ours", "body": "{link}"}, "es": {"subject": "", "body": ""}}
    for own_words in (texts, None, {}):
        letter = welcome_letter.welcome("es", link=LINK, texts=own_words, **TO)
        assert letter.subject == "Su cuenta en Willow Street"
    assert welcome_letter.welcome("en", link=LINK, texts=texts, **TO).subject == "Ours"


@pytest.mark.parametrize(
    ("subject", "body", "word"),
    [
        ("Hello", "{link} {diagnosis}", "{phone}"),
        ("Hello", "{link} {}", "{phone}"),
        ("Hello", "{link} { name }", "{phone}"),
        ("Hello", "No way in here.", "{link}"),
        ("Hello {link}", "{link}", "subject"),
        ("Hello {name.__class__}", "{link}", "subject"),
    ],
)
def test_a_place_that_cant_be_filled_is_refused_in_a_sentence(subject: str, body: str, word: str) -> None:
    with pytest.raises(UnknownPlaceholder) as refused:
        own(body, subject)
    assert word in str(refused.value)
    assert say("es", str(refused.value)) != str(refused.value)


def test_what_is_filled_in_is_only_text() -> None:
    letter = own("Dear {name}: {link} <b>&</b> 100 % {", name="{link} <script>")
    assert letter.text.startswith("Dear {link} <script>: https://")
    assert "&lt;script&gt;" in letter.html and "&lt;b&gt;&amp;&lt;/b&gt;" in letter.html
    assert letter.html.count("href=") == 1


def test_the_places_are_explained_in_both_languages() -> None:
    assert [place["name"] for place in welcome_letter.placeholders("en")] == list(welcome_letter.PLACEHOLDERS)
    for english, spanish in zip(welcome_letter.placeholders("en"), welcome_letter.placeholders("es"), strict=True):
        assert english["meaning"] != spanish["meaning"]


# --- Headers ----------------------------------------------------------------------------------

HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "X-Portal-Letter",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]


@hypothesis.settings(deadline=None)  # a busy machine is no finding
@given(name=st.text(max_size=80), subject=st.text(max_size=120), practice=st.text(max_size=80))
def test_no_name_and_no_subject_makes_a_header(name: str, subject: str, practice: str) -> None:
    rendering.practice["name"] = practice
    subject = re.sub(r"[{}]", "", subject)
    message = sent(own("{name} {practice} {link}", f"{subject} {{name}} {{practice}}", name), practice)
    assert [key for key in message if key not in HEADERS] == []
    assert len(message.keys()) == len(HEADERS)
    assert message["To"] == "dana@family.example"
    assert message["From"].addresses[0].addr_spec == "hello@willow.example"


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\x00"])
def test_a_line_break_in_a_name_stays_in_its_line(break_: str) -> None:
    letter = own("{name} {link}", name=f"Dana{break_}Bcc: thief@elsewhere.example")
    message = sent(letter)
    assert message["Subject"] == "Welcome, Dana Bcc: thief@elsewhere.example"
    assert "Bcc" not in message


@pytest.mark.parametrize(
    "to",
    [
        "dana@family.example\r\nBcc: thief@elsewhere.example",
        "dana@family.example, thief@elsewhere.example",
        "dana@family.example;thief@elsewhere.example",
        "dana@family.example> NOTIFY=SUCCESS",
        "Dana <dana@family.example>",
        '"a b"@family.example',
        "dana@family@elsewhere.example",
        "dana",
        "@family.example",
        "",
        "d" * 250 + "@family.example",
    ],
)
def test_what_is_not_one_plain_address_gets_no_letter(to: str) -> None:
    with pytest.raises(NotAnAddress):
        Letter(to, "Hello", "Hello", "<p>Hello</p>")


def test_a_subject_is_one_line() -> None:
    with pytest.raises(ValueError, match="one line"):
        Letter("dana@family.example", "Hello\r\nBcc: thief@elsewhere.example", "", "")


def test_what_a_server_says_is_one_short_line() -> None:
    said = delivery._said(550, "5.1.1 No\r\n\x1b[31msuch\tuser " + "x" * 1000)
    assert said.startswith("550 5.1.1 No [31msuch user xxx") and len(said) == 300


@pytest.mark.parametrize(
    ("url", "port", "use_tls", "start_tls"),
    [
        ("smtp://mail.example", 25, False, None),
        ("smtp+starttls://mail.example", 587, False, True),
        ("smtps://mail.example", 465, True, False),
        ("smtps://mail.example:2465", 2465, True, False),
    ],
)
def test_the_address_of_the_mail_server(url: str, port: int, use_tls: bool, start_tls: bool | None) -> None:
    given = delivery.server(url.replace("//", "//me%40here:p%2Fw@"))
    assert given == {
        "hostname": "mail.example",
        "port": port,
        "username": "me@here",
        "password": "p/w",
        "use_tls": use_tls,
        "start_tls": start_tls,
    }
