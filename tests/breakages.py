"""Breaks the code on purpose, one small thing at a time in a copy of the tree, and says which tests turn red.

    bin/test --breakages                # all of them
    bin/test --breakages lens audit     # those whose kind, words or file hold one of these words

A promise is held by a law only if breaking it turns that law red. Each breakage names the tests that must; one that
leaves one of them green is red itself, and so is one whose text is not in the code any more. Costs about ten seconds of
one processor for each: a deployment of its own, and a test or two in it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from tests.breakage import Breakage
from tests.rooms import brought

ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = 2  # copies that are broken side by side
PATIENCE = 300  # seconds after which a breakage is given up, on a busy machine too

BREAKAGES: list[Breakage] = brought("BREAKAGES")


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of what belongs to this tree, as it is now, with what Python has compiled of it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    copy = Path(tempfile.mkdtemp(prefix="portal-broken-"))
    try:
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        for compiled in (*(ROOT / "portal").rglob("__pycache__"), *(ROOT / "tests").rglob("__pycache__")):
            if (known := copy / compiled.relative_to(ROOT)).parent.is_dir():
                shutil.copytree(compiled, known, ignore=shutil.ignore_patterns("*.pyc.*"))  # being written
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def applied(breakage: Breakage, tree: Path = ROOT) -> str:
    """The file as it is when broken. Raises Gone where the text is not there, or more than once."""
    text = (tree / breakage.file).read_text()
    if (times := text.count(breakage.old)) != 1:
        raise Gone(f"its text stands {times} times in {breakage.file}, and not once: write it anew")
    return text.replace(breakage.old, breakage.new)


class Gone(Exception):
    """The code that was to be broken is written otherwise by now."""


def green(breakage: Breakage, tree: Path) -> list[str]:
    """Return the tests of it that stay green in this copy when it is broken; then the copy is whole again."""
    file = tree / breakage.file
    whole = file.read_text()
    file.write_text(applied(breakage, tree))
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", *breakage.first, *breakage.red],
            cwd=tree,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    finally:
        file.write_text(whole)
        later = time.time() + 2  # else what Python has compiled could pass for that of the whole file
        os.utime(file, (later, later))
    told = ran.stdout.splitlines()
    return [name for name in breakage.red if not any(_is_red(line, name) for line in told)]


def _is_red(line: str, name: str) -> bool:
    """It failed itself: what could not even be set up says nothing."""
    return line.startswith(f"FAILED {name}")


def tell(breakage: Breakage, copies: SimpleQueue[Path]) -> str:
    """Run one in whichever copy is free: what is wrong with it, or nothing."""
    copy, begun = copies.get(), time.monotonic()
    try:
        left = green(breakage, copy)
        problem = "stays green: " + ", ".join(left) if left else ""
    except Gone as reason:
        problem = str(reason)
    except subprocess.TimeoutExpired:
        problem = f"was not done in {PATIENCE} s"
    finally:
        copies.put(copy)
    took = f"{time.monotonic() - begun:5.0f} s"
    turned = "" if problem else "".join(f"\n           {name}" for name in breakage.red)
    print(f"{'GREEN' if problem else 'red  '} {took}  {breakage}{turned}", flush=True)
    if problem:
        print(f"           {problem}", flush=True)
    return problem


def main(words: list[str]) -> int:
    chosen = [
        one
        for one in BREAKAGES
        if not words or any(word in f"{one} {one.file}".lower() for word in map(str.lower, words))
    ]
    with copied() as one, copied() as other, ThreadPoolExecutor(AT_ONCE) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for copy in (one, other):
            copies.put(copy)
        wrong = [problem for problem in pool.map(lambda each: tell(each, copies), chosen) if problem]
    print(f"{len(chosen)} breakages, {len(wrong)} of them not held")
    return 1 if wrong or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
