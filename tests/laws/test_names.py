"""The names of the code: a class name has one meaning in all of Portal."""

import ast
from collections import defaultdict

from tests.laws.test_structure import MODULES, tree

GIVEN_BY_LIBRARIES = {"Meta", "Migration"}


def test_a_class_name_is_defined_once() -> None:
    places = defaultdict(list)
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ClassDef) and node.name not in GIVEN_BY_LIBRARIES:
                places[node.name].append(module)
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}
