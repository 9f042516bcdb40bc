"""The words of each letter, in English and Spanish, as text and as HTML. Nothing here is sent or kept.

Letters are read on shared screens and pass through others' machines: they name the practice and a first name, and say
nothing about why somebody comes. Words that a practice writes itself are text with places such as {name} in it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from portal.language import say
from portal.models.ground.person import first_of, is_address
from portal.web import rendering
from portal.web.rendering import render

PLACES = ("name", "practice", "link", "phone", "expires")
PLACEHOLDERS = tuple(f"{{{place}}}" for place in PLACES)
SUBJECT_PLACES = ("name", "practice", "phone")  # a link in a subject would show on a locked phone
LONGEST_SUBJECT = 200  # characters

_PLACE = re.compile(r"\{([^{}\n]*)\}")


class NotAnAddress(ValueError):
    """An address to which no letter can be sent: it is not one plain email address."""


class UnknownPlaceholder(ValueError):
    """A fault in a practice's own words, in a sentence for the person: a place that can't be filled there, or no
    link."""


@dataclass(frozen=True)
class Letter:
    """One letter to one address. Raises NotAnAddress, and ValueError for a subject that is not one line."""

    to: str
    subject: str
    text: str
    html: str
    kind: str = "letter"
    sender: str = ""  # by this name instead of the practice’s

    def __post_init__(self) -> None:
        if not is_address(self.to):
            raise NotAnAddress("The address of this letter is not one plain email address")
        if not self.subject.isprintable() or len(self.subject) > LONGEST_SUBJECT:
            raise ValueError("A subject is one line of at most 200 printable characters")


# --- The letters -------------------------------------------------------------------------------

EXPIRES_DAYS = 7  # an invitation's link


def welcome(
    language: str,
    *,
    name: str,
    email: str,
    link: str,
    texts: Mapping[str, Any] | None = None,
    expires_days: int = EXPIRES_DAYS,
) -> Letter:
    """Return the invitation. `texts` are the practice's own words by language, {"en": {"subject", "body"}}; where they
    are empty the built-in ones stand. Raises UnknownPlaceholder."""
    words = _own(texts, language)
    return _letter(
        language,
        checked_subject(words["subject"]),
        _paragraphs(checked_body(words["body"])),
        {"name": name, "link": link, "expires": _days(language, expires_days)},
        email,
        "welcome",
        say(language, "Set up your account"),
    )


def sample(
    language: str,
    *,
    name: str,
    email: str,
    link: str,
    texts: Mapping[str, Any] | None = None,
    expires_days: int = EXPIRES_DAYS,
) -> Letter:
    """Return the invitation as its reader will get it, for those who write it. The link opens no account."""
    words = _own(texts, language)
    note = say(language, "This is a sample of the welcome email. Its link opens no account.")
    return _letter(
        language,
        say(language, "Sample: %(subject)s", subject=checked_subject(words["subject"])),
        [note, *_paragraphs(checked_body(words["body"]))],
        {"name": name, "link": link, "expires": _days(language, expires_days)},
        email,
        "sample",
        say(language, "Set up your account"),
    )


class Addressee(Protocol):
    """The holder of the account a letter is about: a name, one address, a language. A `discreet` one gets it from
    "Portal", and neither the name of the practice nor its number stands in it."""

    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def discreet(self) -> bool: ...


def reset(to: Addressee, *, link: str, staff: bool = False) -> Letter:
    """Return the letter with the way to a new password, for an account or for a member of staff; the link lives 24
    hours."""
    language = to.language
    paragraphs = [
        say(language, "Hello {name},"),
        say(language, "A new password was asked for, for your staff account at {practice}. Choose one here:")
        if staff
        else say(language, "A new password was asked for, for your account at {practice}. Choose one here:"),
        "{link}",
        say(
            language,
            "The link works once, within 24 hours. If you didn’t ask for it, there is nothing you need to do: "
            "your password stays as it is.",
        ),
        say(language, "If something doesn’t work, call us at {phone}."),
        "{practice}",
    ]
    subject = (
        say(language, "A new password for your staff account at {practice}")
        if staff
        else say(language, "A new password for your account at {practice}")
    )
    return _to(to, "reset", subject, paragraphs, say(language, "Choose a new password"), link=link)


def password_changed(to: Addressee, staff: bool = False) -> Letter:
    language = to.language
    paragraphs = [
        say(language, "Hello {name},"),
        say(language, "The password of your staff account at {practice} was changed just now.")
        if staff
        else say(language, "The password of your account at {practice} was changed just now."),
        say(language, "If that was you, all is well. If it wasn’t, call us at {phone} right away."),
        "{practice}",
    ]
    return _to(to, "password_changed", say(language, "Your password at {practice} was changed"), paragraphs)


def address_changed(to: Addressee, *, link: str) -> Letter:
    """Return the letter to the new address, when staff have put a wrong one right."""
    language = to.language
    paragraphs = [
        say(language, "Hello {name},"),
        say(
            language,
            "Our emails to you came back, so {practice} has corrected your address to this one. From now on you "
            "sign in with it; your password stays as it is.",
        ),
        "{link}",
        say(language, "If you didn’t expect this, call us at {phone}."),
        "{practice}",
    ]
    subject = say(language, "Your account at {practice} has changed")
    return _to(to, "address_changed", subject, paragraphs, say(language, "Sign in"), link=link)


def address_moved(to: Addressee, *, before: str) -> Letter:
    """Return the letter to the old address, when staff have changed it; the new one is not named, for somebody else may
    read there."""
    language = to.language
    paragraphs = [
        say(language, "Hello {name},"),
        say(
            language,
            "{practice} has changed the address with which you sign in. From now on our emails go to the new one.",
        ),
        say(language, "If you know of it, all is well. If you don’t, call us at {phone} right away."),
        "{practice}",
    ]
    subject = say(language, "Your account at {practice} has changed")
    return dataclasses.replace(_to(to, "address_moved", subject, paragraphs), to=before)


def access_linked(to: Addressee, *, who: str, link: str) -> Letter:
    """Return the letter about another profile that the account now opens. `who` is its first name; the link leads to
    signing in."""
    language = to.language
    paragraphs = [
        say(language, "Hello {name},"),
        say(language, "Your account at {practice} now opens the pages of {who}, too. Sign in as you always do:"),
        "{link}",
        say(language, "If you didn’t expect this, call us at {phone}."),
        "{practice}",
    ]
    subject = say(language, "Your account at {practice} has changed")
    return _to(to, "access_linked", subject, paragraphs, say(language, "Sign in"), who=who, link=link)


def to_confirm(to: Addressee, *, link: str) -> Letter:
    """Return the letter to an account that is offered access; it does not say to which client. The link leads to
    signing in."""
    language = to.language
    paragraphs = [
        say(language, "Hello {name},"),
        say(
            language,
            "There is something for you to confirm at {practice}. Sign in as you always do; it is on your first page:",
        ),
        "{link}",
        say(language, "It can be confirmed for {expires}. If you didn’t expect this, call us at {phone}."),
        "{practice}",
    ]
    subject = say(language, "Something to confirm at {practice}")
    expires = _days(language, EXPIRES_DAYS)
    return _to(to, "to_confirm", subject, paragraphs, say(language, "Sign in"), link=link, expires=expires)


def access_ended(to: Addressee, *, who: str | None = None) -> Letter:
    """Return the letter about a profile that the account no longer opens. `who` is its first name; None where several
    are meant."""
    language = to.language
    ended = (
        say(language, "Your account at {practice} no longer opens the pages of {who}.")
        if who
        else say(language, "Your account at {practice} no longer opens some or all of its pages.")
    )
    paragraphs = [
        say(language, "Hello {name},"),
        ended,
        say(language, "If you didn’t expect this, call us at {phone}."),
        "{practice}",
    ]
    subject = say(language, "Your account at {practice} has changed")
    return _to(to, "access_ended", subject, paragraphs, who=who or "")


def unread(to: Addressee, *, link: str) -> Letter:
    """Return the letter that there is something new: no number, no word of it, nor from whom or about whom."""
    language = to.language
    paragraphs = [
        say(language, "Hello {name},"),
        say(language, "There is something new for you at {practice}. Sign in to read it:"),
        "{link}",
        say(
            language,
            "For your privacy our emails never say what it is about. When we write to you, or whether at all, is "
            "yours to choose: sign in, open the menu with your name, or “More”, and choose “Notices to you”.",
        ),
        say(language, "Please don’t answer this email: nobody reads the answers."),
        "{practice}",
    ]
    subject = say(language, "Something new for you at {practice}")
    return _to(to, "unread", subject, paragraphs, say(language, "Sign in"), link=link)


def what(language: str, kind: str) -> str:
    """Return a letter's name, for lists."""
    names = {
        "welcome": say(language, "Welcome email"),
        "sample": say(language, "Sample of the welcome email"),
        "reset": say(language, "Link to a new password"),
        "password_changed": say(language, "Password changed"),
        "address_changed": say(language, "Address corrected"),
        "address_moved": say(language, "Address changed, to the old one"),
        "access_linked": say(language, "Access added"),
        "to_confirm": say(language, "Something to confirm"),
        "access_ended": say(language, "Access ended"),
        "unread": say(language, "Something new to read"),
    }
    return names.get(kind) or say(language, "Letter")


# --- Words that a practice writes --------------------------------------------------------------


def welcome_words(language: str) -> dict[str, str]:
    """Return the subject and body of the welcome email of a practice that has written none."""
    return {
        "subject": say(language, "Your account at {practice}"),
        "body": "\n\n".join(
            (
                say(language, "Hello {name},"),
                say(
                    language,
                    "{practice} invites you to set up your online account. There you can write to us, and find "
                    "what we send you, whenever it suits you.",
                ),
                "{link}",
                say(
                    language,
                    "The link is for you alone and works once, within {expires}. If it has run out, or something "
                    "doesn’t work, call us at {phone} and we’ll send another.",
                ),
                "{practice}",
            )
        ),
    }


def placeholders(language: str) -> list[dict[str, str]]:
    """Return the places the text may have, each with the words that will stand there."""
    meanings = (
        say(language, "Their first name"),
        say(language, "The name of the practice"),
        say(language, "The link to set up the account"),
        say(language, "The phone number of the practice"),
        say(language, "How long the link works"),
    )
    return [{"name": name, "meaning": said} for name, said in zip(PLACEHOLDERS, meanings, strict=True)]


def checked_subject(text: str) -> str:
    """Return a subject a practice may use, on one line. Raises UnknownPlaceholder."""
    if any(name not in SUBJECT_PLACES for name in _PLACE.findall(text)):
        raise UnknownPlaceholder("The subject can only have the placeholders {name}, {practice} and {phone}.")
    return one_line(text)


def checked_body(text: str) -> str:
    """Return words a practice may use. Raises UnknownPlaceholder."""
    places = _PLACE.findall(text)
    if any(name not in PLACES for name in places):
        raise UnknownPlaceholder(
            "The text can only have the placeholders {name}, {practice}, {link}, {phone} and {expires}."
        )
    if "link" not in places:
        raise UnknownPlaceholder("The text needs {link}: without it nobody can set up an account.")
    return text


def _own(texts: Mapping[str, Any] | None, language: str) -> dict[str, str]:
    own = (texts or {}).get(language) or {}
    return {name: str(own.get(name) or "").strip() or text for name, text in welcome_words(language).items()}


# --- Putting them together ---------------------------------------------------------------------


@dataclass(frozen=True)
class Paragraph:
    """Lines of (text, address) pieces; `button` is the address where the paragraph is nothing but the link."""

    lines: list[list[tuple[str, str]]]
    button: str = ""


def _to(to: Addressee, kind: str, subject: str, paragraphs: Iterable[str], label: str = "", **values: str) -> Letter:
    """Return a letter to the holder of an account, as discreet as they want it."""
    values |= {"name": first_of(to.name)}
    if not to.discreet:
        return _letter(to.language, subject, paragraphs, values, to.email, kind, label)
    neutral = say(to.language, "Portal")
    values |= {"practice": neutral, "phone": say(to.language, "our office")}
    made = _letter(to.language, subject, paragraphs, values, to.email, kind, label)
    return dataclasses.replace(made, sender=neutral)


def _letter(
    language: str,
    subject: str,
    paragraphs: Iterable[str],
    values: Mapping[str, str],
    to: str,
    kind: str,
    label: str = "",
) -> Letter:
    practice = rendering.practice
    ours = {"practice": practice.get("name") or "Portal", "phone": practice.get("phone") or say(language, "our office")}
    # A value is data: it brings no line, and no place within it is filled.
    filling = {place: one_line(value) for place, value in (ours | dict(values)).items()}
    shown = [_paragraph(text, filling) for text in paragraphs]
    text = "\n\n".join("\n".join("".join(piece for piece, _ in line) for line in p.lines) for p in shown)
    title = one_line(_filled(subject, filling))[:LONGEST_SUBJECT]
    html = render("letters/letter.html", language, {"subject": title, "paragraphs": shown, "button_label": label})
    return Letter(to, title, text + "\n", html, kind)


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n[^\S\n]*\n", "\n".join(text.splitlines())) if part.strip()]


def _paragraph(text: str, values: Mapping[str, str]) -> Paragraph:
    lines = [list(_pieces(line, values)) for line in text.splitlines()]
    return Paragraph(lines, values["link"] if text == "{link}" else "")


def _pieces(line: str, values: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for part in re.split(r"(\{link\})", line):
        if part == "{link}":
            yield values["link"], values["link"]
        elif part:
            yield _filled(part, values), ""


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], text)


def one_line(text: str) -> str:
    """Return text without line breaks or other characters that can't be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _days(language: str, days: int) -> str:
    return say(language, "one day") if days == 1 else say(language, "%(num)s days", num=days)
