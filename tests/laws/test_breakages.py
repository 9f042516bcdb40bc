"""Each text that `bin/test --breakages` breaks on purpose is still there to be broken, and a few are in every run."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.breakage import KINDS, Breakage
from tests.breakages import BREAKAGES, PATIENCE, ROOT, applied, copied, green

EACH_TIME = 2  # each costs about fifteen seconds of one processor


def test_there_are_enough_of_every_kind() -> None:
    assert len(BREAKAGES) >= 30
    assert {one.kind for one in BREAKAGES} == set(KINDS)
    assert all(one.red for one in BREAKAGES)


@pytest.mark.parametrize("breakage", BREAKAGES, ids=str)
def test_what_is_to_be_broken_is_there(breakage: Breakage) -> None:
    assert applied(breakage) != (ROOT / breakage.file).read_text()


def some() -> list[Breakage]:
    """Others whenever the code is another, and the same for the same code."""
    sum = hashlib.sha256()
    for path in sorted((ROOT / "portal").rglob("*.py")):
        sum.update(path.read_bytes())
    first = int.from_bytes(sum.digest()[:4], "big")
    return [BREAKAGES[(first + 7 * n) % len(BREAKAGES)] for n in range(EACH_TIME)]


@pytest.fixture(scope="module")
def tree() -> Iterator[Path]:
    with copied() as tree:
        yield tree


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("breakage", some(), ids=str)
def test_it_is_noticed(breakage: Breakage, tree: Path) -> None:
    assert green(breakage, tree) == []
