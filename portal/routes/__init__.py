"""Every address of the portal, gathered from the doors that stand there.

`grep -rE '"(GET|POST) /' portal/routes` is the table of contents. Of each page that a client has, staff have the one
that shows it as somebody sees it.
"""

from importlib import import_module
from inspect import isfunction
from itertools import chain
from pkgutil import walk_packages

from starlette.routing import Route

from portal.regions import catalogue
from portal.routes.staff.access.view_as import as_somebody

assert catalogue.ALL  # regions that fill the slots of pages, and that no route names


def _in_words_first(route: Route) -> list[bool]:
    """Sort `/staff/clients/new` before `/staff/clients/{client}`, which would take it."""
    return ["{" in part for part in route.path.split("/")]


_MODULES = [import_module(file.name) for file in walk_packages(__path__, "portal.routes.")]
_FUNCTIONS = dict.fromkeys(chain.from_iterable(filter(isfunction, vars(module).values()) for module in _MODULES))
_STATED: list[Route] = [door.route for door in _FUNCTIONS if hasattr(door, "route")]

ROUTES: list[Route] = sorted(
    [*_STATED, *(as_somebody(route) for route in _STATED if getattr(route.endpoint, "viewable", False))],
    key=_in_words_first,
)
