"""What people of every kind have in common: an address that can be compared, a colour of their own."""

from __future__ import annotations

import unicodedata
from uuid import UUID

COLOURS = ("heather", "marsh", "brick", "harbour", "rose", "slate")


def canonical_email(email: str) -> str:
    """The form in which two addresses are compared: NFKC, case folded, no surrounding space."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def address_fault(email: str) -> str | None:
    """Why an address can't be taken as it is written, in a sentence: it holds what can't be seen, or letters of two
    alphabets in one part, as addresses do that are made to be taken for another's. None where it can."""
    if any(unicodedata.category(c) in _UNSEEN for c in email):
        return "This address holds characters that can’t be seen. Type it letter by letter."
    local, _, domain = unicodedata.normalize("NFKC", email).rpartition("@")
    for part in (local, *domain.split(".")):
        if len({_alphabet(c) for c in part if c.isalpha()}) > 1:
            return "This address mixes letters of two alphabets. Type it letter by letter."
    return None


def looks_like(one: str, other: str) -> bool:
    """Whether people could take one address for the other, or mail to both arrives in one place: conservatively, for
    refusing. What is granted to an address asks for `canonical_email` to be equal, and never this."""
    return _skeleton(one) == _skeleton(other)


_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
# Small letters by what they, or their capitals, are taken for.
_ALIKE = {
    "a": "аαɑ",
    "b": "бвьβ",
    "c": "сϲ",
    "d": "дԁ",
    "e": "еε",
    "f": "ғ",
    "g": "ԍɡց",
    "h": "нһհ",
    "i": "іιı",
    "j": "јȷ",
    "k": "кκ",
    "l": "ӏʟ",
    "m": "мμ",
    "n": "пηո",
    "o": "оοσօ",
    "p": "рρ",
    "q": "ԛզ",
    "r": "гʀ",
    "s": "ѕ",
    "t": "тτ",
    "u": "υս",
    "v": "ѵν",
    "w": "ԝω",
    "x": "хχ",
    "y": "уүγʏ",
    "z": "ζ",
}
_TAKEN_FOR = str.maketrans({other: letter for letter, others in _ALIKE.items() for other in others})


def _skeleton(email: str) -> str:
    """An address without what is easily overlooked: case, accents, signs without width, dots and a +tag before the
    @, and the alphabet that a letter is of."""
    local, _, domain = unicodedata.normalize("NFKC", email).strip().casefold().rpartition("@")
    local = local.partition("+")[0].replace(".", "")
    return f"{_folded(local)}@{'.'.join(_folded(_spelt(label)) for label in domain.split('.') if label)}"


def _folded(text: str) -> str:
    plain = (c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) not in _LEFT_OUT)
    return "".join(plain).translate(_TAKEN_FOR)


_LEFT_OUT = _UNSEEN | {"Mn", "Me"}


def _spelt(label: str) -> str:
    """A part of a domain in its own letters, where it is written as ASCII has it (RFC 3492)."""
    if not label.startswith("xn--"):
        return label
    try:
        return label.removeprefix("xn--").encode().decode("punycode").casefold()
    except (UnicodeError, ValueError):
        return label


def _alphabet(letter: str) -> str:
    """Latin, Cyrillic, Greek, …; those that one language writes side by side count as one."""
    name = unicodedata.name(letter, "UNKNOWN").split()[0]
    return "EAST ASIAN" if name in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO") else name


def search_form(text: str) -> str:
    """Text as the search box compares it: no accents, no case."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold().strip()


def colour_for(id: UUID) -> str:
    return COLOURS[id.int % len(COLOURS)]


def initial(name: str) -> str:
    return next((c.upper() for c in name if c.isalnum()), "?")
