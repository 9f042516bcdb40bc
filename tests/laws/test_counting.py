"""Functions that look whether there is room, and then make something, let nobody in between: they hold a row that both
would need, or the database says no to the second."""

import ast

import pytest

from tests.laws.test_structure import _calls, _text, modules_of, tree

LOOKS = {"exists", "count", "get_or_none", "first", "filter"}
HOLDS = {"hold", "lock", "hold_practice", "as_on_file", "keep_settings", "hold_numbers"}


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _looks(call: ast.Call) -> bool:
    # What begins by changing a row holds it from then on.
    asks = _name(call) in ("row", "rows") and _text(call).lstrip().startswith(("select", "with"))
    return _name(call) in LOOKS or asks


def _makes(call: ast.Call) -> bool:
    if _name(call) == "create" or any(k.arg == "force_create" for k in call.keywords):
        return True
    return "insert into" in _text(call) and "on conflict" not in _text(call)


def counts_and_acts(function: ast.AST) -> bool:
    """Tell whether a function looks and makes something, and neither holds a row nor lets the database say no."""
    calls = list(_calls(function))
    held = any(_name(call) in HOLDS or "for no key update" in _text(call) for call in calls)
    said_no = any(
        isinstance(one, ast.ExceptHandler) and "IntegrityError" in ast.dump(one) for one in ast.walk(function)
    )
    return any(map(_looks, calls)) and any(map(_makes, calls)) and not (held or said_no)


def found() -> set[str]:
    names = set()
    for module in modules_of("portal.models", "portal.mail"):
        if ".migrations" in module:
            continue
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.AsyncFunctionDef) and counts_and_acts(node):
                names.add(f"{module.removeprefix('portal.')}.{node.name}")
    return names


def test_nobody_counts_and_acts_with_others_in_between() -> None:
    assert found() == set()


@pytest.mark.parametrize(
    ("written", "caught"),
    [
        ("async def f():\n if await X.filter(a=1).exists(): raise Y\n await X.create(a=1)", True),
        ("async def f():\n n = await sql.row('select count(*) as n from x')\n await x.save(force_create=True)", True),
        ("async def f():\n await X.lock(1)\n if await X.filter(a=1).count() > 9: raise Y\n await X.create(a=1)", False),
        (
            "async def f():\n if await X.get_or_none(a=1): return\n try:\n  await X.create(a=1)\n"
            " except IntegrityError:\n  return",
            False,
        ),
    ],
)
def test_the_net_catches(written: str, caught: bool) -> None:
    assert counts_and_acts(ast.parse(written).body[0]) == caught
