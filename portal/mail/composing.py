"""One letter, put together from its sentences: as text and as HTML, with its places such as {name} filled in.

Letters are read on shared screens and pass through others' machines: they name the practice and a first name, and say
nothing about why somebody comes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from portal.language import say
from portal.models.ground.person import is_address
from portal.web import rendering
from portal.web.rendering import render

LONGEST_SUBJECT = 200  # characters
PLACE = re.compile(r"\{([^{}\n]*)\}")


class NotAnAddress(ValueError):
    """An address to which no letter can be sent: it is not one plain email address."""


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


@dataclass(frozen=True)
class Paragraph:
    """Lines of (text, address) pieces; `button` is the address where the paragraph is nothing but the link."""

    lines: list[list[tuple[str, str]]]
    button: str = ""


def compose(
    language: str,
    subject: str,
    paragraphs: Iterable[str],
    values: Mapping[str, str],
    to: str,
    kind: str,
    label: str = "",
) -> Letter:
    """Return a letter. Each of its paragraphs, and its subject, may have the places that `values` fills, beside
    {practice} and {phone}; a paragraph that is {link} alone is a button with this label."""
    practice = rendering.practice
    ours = {"practice": practice.get("name") or "Portal", "phone": practice.get("phone") or say(language, "our office")}
    # A value is data: it brings no line, and no place within it is filled.
    filling = {place: one_line(value) for place, value in (ours | dict(values)).items()}
    filled = [_paragraph(text, filling) for text in paragraphs]
    text = "\n\n".join("\n".join("".join(piece for piece, _ in line) for line in p.lines) for p in filled)
    title = one_line(_filled(subject, filling))[:LONGEST_SUBJECT]
    html = render("mail/letter.html", language, {"subject": title, "paragraphs": filled, "button_label": label})
    return Letter(to, title, text + "\n", html, kind)


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
    return PLACE.sub(lambda place: values[place[1]], text)


def one_line(text: str) -> str:
    """Return text without line breaks or other characters that can't be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def days_in_words(language: str, days: int) -> str:
    return say(language, "one day") if days == 1 else say(language, "%(num)s days", num=days)
