"""Addresses: two spellings of one, some that only look like it, and some that are not taken at all."""

import pytest

from portal.models.ground.person import address_fault, canonical_email, looks_like

DANA = "dana.reyes@example.com"
CYRILLIC = "\u0434\u0430\u043d\u0430"  # the letters of another alphabet that read d, a, n, a
PUNYCODE = "xn--" + "ex\u0430mple".encode("punycode").decode() + ".com"  # with one Cyrillic letter


@pytest.mark.parametrize(
    ("other", "equal", "taken"),
    [
        ("Dana.Reyes@Example.COM", True, True),
        (" dana.reyes@example.com ", True, True),
        ("".join(chr(ord(c) + 0xFEE0) for c in "dana.reyes") + "@example.com", True, True),  # full-width
        ("danareyes@example.com", False, True),
        ("d.a.n.a.reyes+eli@example.com", False, True),
        ("d\u00e1na.reyes@example.com", False, True),
        (f"dana.reyes@{PUNYCODE}", False, True),
        ("d\u0430na.reyes@example.com", False, False),  # one Cyrillic letter
        ("dana.rey\u03b5s@example.com", False, False),  # one Greek letter
        ("dana\u200b.reyes@example.com", False, False),  # a space without width
        ("dana.reyes@exam\u00adple.com", False, False),  # a soft hyphen
        ("\u202edana.reyes@example.com", False, False),  # written from right to left
        ("dana.reyes@ex\u0430mple.com", False, False),
    ],
)
def test_what_looks_like_an_address(other: str, equal: bool, taken: bool) -> None:
    assert looks_like(DANA, other) and looks_like(other, DANA)
    assert (canonical_email(other) == DANA) is equal
    assert (address_fault(other) is None) is taken


def test_a_whole_word_of_another_alphabet_is_taken_and_looks_like_it() -> None:
    other = "\u0441\u0430\u0440@example.com"  # reads c, a, p
    assert address_fault(other) is None and looks_like("cap@example.com", other)
    assert canonical_email(other) != "cap@example.com"


@pytest.mark.parametrize(
    "other", ["dana.reyes@example.org", "dena.reyes@example.com", "dana@reyes.example.com", "dana.reyes2@example.com"]
)
def test_others_do_not(other: str) -> None:
    assert not looks_like(DANA, other) and address_fault(other) is None


@pytest.mark.parametrize(
    "address",
    [
        "siobh\u00e1n.o'rourke@example.com",
        f"{CYRILLIC}@example.com",
        "\u5c71\u7530\u305f\u308d\u3046@example.jp",
        "a_b-c+d@mail.example.co.uk",
    ],
)
def test_peoples_own_addresses_are_taken(address: str) -> None:
    assert address_fault(address) is None
