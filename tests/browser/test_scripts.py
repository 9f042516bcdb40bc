"""Our JavaScript is read as a whole, beside what its tests run: a wrong name is red wherever it stands."""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

ROOT = Path(__file__).parents[2]
ESLINT = Path(__file__).parent / "vendor" / "eslint.min.js"
OF_HTMX = {"htmx.min.js", "hx-csp.js", "hx-upsert.js"}
OURS = [path for path in sorted((ROOT / "static").glob("*.js")) if path.name not in OF_HTMX]

# Of what ESLint knows, only what is a mistake wherever it stands.
RULES = [
    "no-undef",
    "no-unused-vars",
    "no-const-assign",
    "no-dupe-keys",
    "no-dupe-else-if",
    "no-func-assign",
    "no-global-assign",
    "no-redeclare",
    "no-self-assign",
    "no-unreachable",
    "no-unsafe-negation",
    "use-isnan",
    "valid-typeof",
]

# It is read in the browser, which knows best which names a browser has.
READ = """([text, rules, ours]) => {
  const chain = (object) => (object ? [object, ...chain(Object.getPrototypeOf(object))] : []);
  const names = chain(window).flatMap(Object.getOwnPropertyNames).filter((name) => name !== "eslint");
  const globals = Object.fromEntries([...names, ...ours].map((name) => [name, "readonly"]));
  const languageOptions = { ecmaVersion: "latest", sourceType: "script", globals };
  const chosen = Object.fromEntries(rules.map((rule) => [rule, "error"]));
  const found = new eslint.Linter().verify(text, { languageOptions, rules: chosen });
  return found.map(({ line, message }) => `${line}: ${message}`);
}"""

Reader = Callable[[str], Awaitable[list[str]]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mistakes(browser: Browser) -> AsyncIterator[Reader]:
    """Returns what is wrong in a script, each mistake with its line."""
    # A script gives the others what it assigns to the window.
    ours = re.findall(r"^window\.(\w+) =", "\n".join(path.read_text() for path in OURS), re.MULTILINE)
    page = await browser.new_page()
    await page.add_script_tag(path=ESLINT)

    async def read(text: str) -> list[str]:
        found: list[str] = await page.evaluate(READ, [text, RULES, [*ours, "htmx"]])
        return found

    yield read
    await page.close()


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
async def test_a_script_names_only_what_there_is_and_uses_what_it_names(mistakes: Reader, path: Path) -> None:
    assert await mistakes(path.read_text()) == []


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("show(1);", "1: 'show' is not defined."),
        ("(() => {\n  const shown = 1;\n})();", "2: 'shown' is assigned a value but never used."),
        ("(() => {\n  const shown = ;\n})();", "2: Parsing error: Unexpected token ;"),
        ("((a, { b }) => { 'use strict'; return a + b; })();", "1: Parsing error: Illegal 'use strict'"),
    ],
)
async def test_a_mistake_in_a_script_is_seen(mistakes: Reader, text: str, mistake: str) -> None:
    assert [one[: len(mistake)] for one in await mistakes(text)] == [mistake]


def test_what_others_wrote_is_as_they_published_it() -> None:
    told = dict(
        re.findall(r"^\| `(.+?\.js)` \|.*\| `([0-9a-f]{64})` \|$", (ESLINT.parent / "README.md").read_text(), re.M)
    )
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in ESLINT.parent.glob("*.js")}
    assert told == there
