"""One small thing that is broken on purpose, as rooms bring it, and the tests that are to turn red."""

from dataclasses import dataclass

# What can go wrong in a portal whose pages stay true and show nobody what is not theirs.
MAPPING = "a mapping of a fact removed"
KEY = "an audience key dropped"
SIGHT = "a rule of sight loosened by one condition"
DOOR = "a door's permission or right removed"
LENS = "a lens forgotten"
ANNOUNCE = "an announce left out"
CURSOR = "a cursor or a bookmark not kept"
AUDIT = "an audit row not written"
SCOPE = "a where of a scope lost"
END = "an end of access not checked"
TWO = "what somebody else saved meanwhile overwritten"
TYPE = "a value that comes from a database in another type"
KINDS = (MAPPING, KEY, SIGHT, DOOR, LENS, ANNOUNCE, CURSOR, AUDIT, SCOPE, END, TWO, TYPE)

# --- The laws that are to turn red --------------------------------------------------------------------


def live(*acts: str) -> tuple[str, ...]:
    """The live law on regions, after each of these acts."""
    place = "tests/laws/test_regions.py::test_what_looks_different_was_told"
    return tuple(f"{place}[{act}]" for act in acts)


def sockets(*acts: str) -> tuple[str, ...]:
    """Live equals reload, by sockets, after each of these acts of the sample."""
    place = "tests/laws/test_live_equals_reload.py::test_live_equals_reload"
    return tuple(f"{place}[{act}-full]" for act in acts)


def stranger(*cells: str) -> tuple[str, ...]:
    """The matrix of strangers, at these routes; each is said with the stranger who comes in there."""
    place = "tests/laws/test_strangers.py::test_strangers_are_refused_and_change_nothing"
    return tuple(f"{place}[embedded-{cell.partition(' by ')[0]}]" for cell in cells)


def served(*routes: str) -> tuple[str, ...]:
    """Beside the strangers, the one who may."""
    place = "tests/laws/test_strangers.py::test_the_one_who_may_is_served"
    return tuple(f"{place}[embedded-{route}]" for route in routes)


def structure(test: str) -> tuple[str, ...]:
    return (f"tests/laws/test_structure.py::{test}",)


def test(name: str) -> tuple[str, ...]:
    return (f"tests/{name}",)


@dataclass(frozen=True)
class Breakage:
    """In `file`, `old` becomes `new`; then all of `red` must be red, where `first` were run before."""

    kind: str
    what: str
    file: str
    old: str
    new: str
    red: tuple[str, ...]
    first: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"
