"""Templates made text: one Jinja environment per language, the same for a page, a push and a letter."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, nodes, select_autoescape
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from portal.language import LANGUAGES, catalogue, say
from portal.language.office_hours import week_line
from portal.models.ground.person import dialled
from portal.models.ground.record import UNREADABLE
from portal.models.practice.practice import Practice
from portal.settings import ROOT

# What every page says of the practice; empty words until there is one.
practice: dict[str, Any] = {
    "name": "Portal",
    "phone": "",
    "phone_href": "",
    "address": "",
    "hours": dict.fromkeys(LANGUAGES, ""),
    "crisis": [],
    "zone": "UTC",
}


async def learn_practice() -> bool:
    """Read the practice's own words for every page; return False while there is none yet."""
    found = await Practice.all().first()
    if found is not None:
        practice.update(
            name=found.name,
            phone=found.phone,
            phone_href="tel:" + dialled(found.phone),
            address=found.address,
            # A practice that keeps no hours may still have some in words.
            hours={language: week_line(language, found.week) or found.hours for language in LANGUAGES},
            crisis=[tuple(line) for line in found.crisis],
            zone=found.zone,
        )
    return found is not None


@lru_cache
def static_version() -> str:
    """Return a hash over everything in static/: it stands in each address, so files can be cached for ever."""
    sum = hashlib.sha256()
    for path in sorted((ROOT / "static").rglob("*")):
        if path.is_file():
            sum.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return sum.hexdigest()[:12]


@lru_cache
def stylesheet() -> bytes:
    """Return the files of static/css/ as one, for one request: first what all rooms share, then each room's own."""
    parts = sorted((ROOT / "static" / "css").glob("*.css"), key=lambda part: (part.stem != "ground", part.stem))
    return b"\n".join(part.read_bytes() for part in parts)


def asset(path: str) -> str:
    return f"/static/{static_version()}/{path}"


class _Settled(NodeTransformer):
    """The parts of a template that hold constants alone, worked out when it is read: a sentence of its language, the
    address of a file. A page has a hundred of them, and would look up each again every time it is drawn."""

    def __init__(self, said: dict[str, Callable[[str], str]]) -> None:
        self.said = said

    def visit_Call(self, call: nodes.Call) -> nodes.Node:
        self.generic_visit(call)
        if isinstance(call.node, nodes.Name) and call.node.name in self.said and not call.kwargs:
            match call.args:
                case [nodes.Const(value=str() as text)]:
                    return nodes.Const(self.said[call.node.name](text), lineno=call.lineno)
        return call


class _Templates(Environment):
    said: dict[str, Callable[[str], str]]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        read: nodes.Template = _Settled(self.said).visit(super()._parse(source, name, filename))
        return read

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look in a dictionary first: templates are given dictionaries. Asked for an attribute first, as Jinja does,
        they answer each time with an exception."""
        return obj[attribute] if type(obj) is dict and attribute in obj else super().getattr(obj, attribute)


@lru_cache
def _environment(language: str) -> Environment:
    def readable(value: Any) -> Any:
        return say(language, UNREADABLE) if type(value) is str and value == UNREADABLE else value

    environment = _Templates(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        finalize=readable,
    )
    words = catalogue(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True, pgettext=words.pgettext
    )
    environment.globals.update(asset=asset, practice=practice, lang=language)
    environment.said = {"asset": asset, "_": lambda text: Markup(words.gettext(text)) % {}}
    return environment


@lru_cache
def _template(name: str, language: str) -> Template:
    return _environment(language if language in LANGUAGES else "en").get_template(name)


def render(name: str, language: str, context: dict[str, Any]) -> str:
    return _template(name, language).render(context)
