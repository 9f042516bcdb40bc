"""The welcome email: the invitation to set up an account, in the practice's own words or the built-in ones.

The practice's words are text with places such as {name} in it.
"""

import re
from collections.abc import Mapping
from typing import Any

from portal.language import say
from portal.mail.composing import PLACE, Letter, compose, days_in_words, one_line

PLACES = ("name", "practice", "link", "phone", "expires")
PLACEHOLDERS = tuple(f"{{{place}}}" for place in PLACES)
SUBJECT_PLACES = ("name", "practice", "phone")  # a link in a subject would show on a locked phone
EXPIRES_DAYS = 7  # its link


class UnknownPlaceholder(ValueError):
    """A fault in a practice's own words, in a sentence for the person: a place that can't be filled there, or no
    link."""


def welcome(
    language: str,
    *,
    name: str,
    email: str,
    link: str,
    texts: Mapping[str, Any] | None = None,
    expires_days: int = EXPIRES_DAYS,
    is_sample: bool = False,
) -> Letter:
    """Return the invitation. `texts` are the practice's own words by language, {"en": {"subject", "body"}}; where they
    are empty the built-in ones stand. A sample is for those who write it, and says that its link opens no account.
    Raises UnknownPlaceholder."""
    built_in, own = welcome_words(language), (texts or {}).get(language) or {}
    words = {part: str(own.get(part) or "").strip() or text for part, text in built_in.items()}
    subject, paragraphs = checked_subject(words["subject"]), _paragraphs(checked_body(words["body"]))
    if is_sample:
        subject = say(language, "Sample: %(subject)s", subject=subject)
        paragraphs.insert(0, say(language, "This is a sample of the welcome email. Its link opens no account."))
    return compose(
        language,
        subject,
        paragraphs,
        {"name": name, "link": link, "expires": days_in_words(language, expires_days)},
        email,
        "sample" if is_sample else "welcome",
        say(language, "Set up your account"),
    )


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
                    "The link is for you alone and works once, within {expires}. If it has expired, or something "
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
    return [{"name": name, "meaning": meaning} for name, meaning in zip(PLACEHOLDERS, meanings, strict=True)]


def checked_subject(text: str) -> str:
    """Return a subject a practice may use, on one line. Raises UnknownPlaceholder."""
    if any(name not in SUBJECT_PLACES for name in PLACE.findall(text)):
        raise UnknownPlaceholder("The subject can only have the placeholders {name}, {practice} and {phone}.")
    return one_line(text)


def checked_body(text: str) -> str:
    """Return words a practice may use. Raises UnknownPlaceholder."""
    places = PLACE.findall(text)
    if any(name not in PLACES for name in places):
        raise UnknownPlaceholder(
            "The text can only have the placeholders {name}, {practice}, {link}, {phone} and {expires}."
        )
    if "link" not in places:
        raise UnknownPlaceholder("The text needs {link}: without it nobody can set up an account.")
    return text


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n[^\S\n]*\n", "\n".join(text.splitlines())) if part.strip()]
