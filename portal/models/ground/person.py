"""Names and addresses of people of every kind, how they are checked and compared, and a colour for each person."""

import re
import unicodedata
from uuid import UUID

from tortoise.exceptions import ValidationError

COLOURS = ("heather", "marsh", "brick", "harbour", "rose", "slate")


def canonical_email(email: str) -> str:
    """Return the form in which two addresses are compared: NFKC, case folded, no surrounding space."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def is_address(email: str) -> bool:
    """Tell whether a letter can be sent there at all: it is one plain address, and nothing that ends a line or a
    command."""
    local, _, domain = email.rpartition("@")
    try:
        domain.encode("idna")
    except UnicodeError:
        return False
    if not all(local.split(".")) or not all(domain.split(".")):
        return False  # a dot too many
    return bool(_ADDRESS.fullmatch(email)) and max(len(email), len(canonical_email(email))) <= LONGEST_ADDRESS


def address_fault(email: str) -> str | None:
    """Say in a sentence why an address can't be taken as it is written: it is none, it holds invisible characters, or
    letters of two alphabets in one part, as in addresses made to be taken for another's. None where it can, or is
    empty. Every address that comes in is checked here, and every name by `name_fault`."""
    if any(unicodedata.category(c) in _UNSEEN for c in email):
        return "This address holds characters that can’t be seen. Type it letter by letter."
    local, _, domain = unicodedata.normalize("NFKC", email).rpartition("@")
    if email and not (is_address(email.strip()) and "." in domain):
        if re.search(r"[<>]|mailto:", email, re.IGNORECASE):
            return "Write the address alone, like name@example.com, without a name, < and >, or “mailto:”."
        if email.count("@") > 1:
            return "Write one email address only, like name@example.com."
        return "Write an email address like name@example.com."
    for part in (local, *domain.split(".")):
        if len({_alphabet(c) for c in part if c.isalpha()}) > 1:
            return "This address mixes letters of two alphabets. Type it letter by letter."
    return None


def name_fault(name: str) -> str | None:
    """Say in a sentence why a name, or another word that stands in a line, can't be taken as it is written: it holds a
    line break or another invisible character, or nothing visible. None where it can, or is empty."""
    if any(unicodedata.category(c) in _UNSEEN and c not in _JOINERS for c in name):
        return "This holds characters that can’t be seen. Type it letter by letter."
    if name and not any(c.isalnum() and c not in _BLANK for c in name):
        return "Write this with letters or numbers."
    return None


def a_name(value: str) -> None:
    """Refuse a name that no form lets in: for columns, whoever writes them. Raises ValidationError."""
    if name_fault(value) is not None:
        raise ValidationError("A name is one line of something that can be seen")


def an_address(value: str) -> None:
    """Refuse an address that no form lets in, in the same way. Raises ValidationError."""
    if value and not is_address(value):
        raise ValidationError("An address is one plain email address")


def first_of(name: str) -> str:
    """Return the name by which letters and pages address somebody: the first of two words. Of more, nobody can tell
    which are first names, so Mary Ann Reyes is addressed by the whole of it."""
    words = name.split()
    return words[0] if len(words) == 2 else name


def dialled(phone: str) -> str:
    """Return what a telephone dials of a number as people write it: its digits and a plus, without words before it or
    an extension after it. Empty where nothing can be dialled."""
    numbers = [re.sub(r"[^\d+]", "", part) for part in re.split(r"[^\W\d_]+", phone)]
    return max(numbers, key=len)


def looks_like(one: str, other: str) -> bool:
    """Tell whether people could take one address for the other, or mail to both arrives in one place: conservatively,
    for refusing. Whatever is granted to an address needs `canonical_email` to be equal, and never this."""
    return _skeleton(one) == _skeleton(other)


LONGEST_ADDRESS = 254  # characters, as it is written and as it is compared
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f]+@[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f]+")
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # without width, but some languages can't be written without them
_BLANK = "\u115f\u1160\u3164\uffa0"  # letters by their category, and yet nothing to see (Hangul's fillers)
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
    """Return an address without what is easily overlooked: case, accents, signs without width, dots and a +tag before
    the @, and the alphabet that a letter is of."""
    local, _, domain = unicodedata.normalize("NFKC", email).strip().casefold().rpartition("@")
    local = local.partition("+")[0].replace(".", "")
    return f"{_folded(local)}@{'.'.join(_folded(_spelt(label)) for label in domain.split('.') if label)}"


def _folded(text: str) -> str:
    plain = (c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) not in _LEFT_OUT)
    return "".join(plain).translate(_TAKEN_FOR)


_LEFT_OUT = _UNSEEN | {"Mn", "Me"}


def _spelt(label: str) -> str:
    """Return a part of a domain in its own letters, where it is written as ASCII has it (RFC 3492)."""
    if not label.startswith("xn--"):
        return label
    try:
        return label.removeprefix("xn--").encode().decode("punycode").casefold()
    except (UnicodeError, ValueError):
        return label


def _alphabet(letter: str) -> str:
    """Return the alphabet of a letter: Latin, Cyrillic, Greek, …; those that one language writes side by side count as
    one."""
    name = unicodedata.name(letter, "UNKNOWN").split()[0]
    return "EAST ASIAN" if name in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO") else name


# What phones write in one way and desks in another.
_SAME = str.maketrans(dict.fromkeys("’‘ʼ", "'") | dict.fromkeys("“”", '"') | dict.fromkeys("‐‑–—−", "-"))


def folded(text: str) -> str:
    """Return a text as it is compared: whatever the case, the accents, the width, the quotes and the dashes."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.translate(_SAME)).casefold())
    return "".join(character for character in spread if not unicodedata.combining(character))


def words_of(query: str) -> list[str]:
    """Return the words to look for, as they are compared: two in "Okafor, Sam"."""
    return [word for word in re.split(r"[\s,;]+", folded(query)) if word]


def colour_for(id: UUID) -> str:
    return COLOURS[id.int % len(COLOURS)]


def initial(name: str) -> str:
    return next((c.upper() for c in name if c.isalnum()), "?")
