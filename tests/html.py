"""As much of a browser's document as the tests need: a tree that can be searched, changed and written out."""

import html
import re
from collections.abc import Iterator

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Element:
    __slots__ = ("attributes", "children", "parent", "tag")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag, self.attributes = tag, attributes
        self.children: list[Element | str] = []
        self.parent: Element | None = None

    def append(self, child: "Element | str", before: "Element | None" = None) -> None:
        if isinstance(child, Element):
            child.parent = self
        self.children.insert(len(self.children) if before is None else self.place(before), child)

    def place(self, child: "Element") -> int:
        return next(i for i, one in enumerate(self.children) if one is child)

    def replace_with(self, *others: "Element | str") -> None:
        assert self.parent is not None
        at, parent = self.parent.place(self), self.parent
        parent.children[at : at + 1] = others
        for other in others:
            if isinstance(other, Element):
                other.parent = parent

    def remove(self) -> None:
        self.replace_with()

    @property
    def elements(self) -> "list[Element]":
        """The children that are elements."""
        return [child for child in self.children if isinstance(child, Element)]

    def walk(self) -> "Iterator[Element]":
        """This element and all below it, in the order of the document."""
        ahead = [self]
        while ahead:
            one = ahead.pop()
            yield one
            ahead += [child for child in reversed(one.children) if isinstance(child, Element)]

    def all(self, *attributes: str, tag: str = "") -> "list[Element]":
        """All with these attributes, whatever their values."""
        return [
            one
            for one in self.walk()
            if (not tag or one.tag == tag) and all(name in one.attributes for name in attributes)
        ]

    def by_id(self, id: str) -> "Element | None":
        return next((one for one in self.walk() if one.attributes.get("id") == id), None)

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def classes(self) -> list[str]:
        return self.get("class").split()

    @property
    def text(self) -> str:
        """Return its words, with single spaces."""
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join(" ".join(parts).split())

    def written(self) -> str:
        """The element with attributes in order and space between tags left out: equal when it looks equal."""
        names = "".join(f' {name}="{html.escape(value)}"' for name, value in sorted(self.attributes.items()))
        inner = "".join(
            html.escape(re.sub(r"\s+", " ", child), quote=False) if isinstance(child, str) else child.written()
            for child in self.children
            if isinstance(child, Element) or child.strip()
        )
        return f"<{self.tag}{names}>{inner}</{self.tag}>"


def filled(page: str, action: str) -> dict[str, str]:
    """Return what a browser would send of the form that goes to this address, as it stands in a page."""
    form = next(one for one in parse(page).all("action", tag="form") if one.get("action") == action)
    sent: dict[str, str] = {}
    for one in form.all("name"):
        name, kind = one.get("name"), one.get("type")
        if one.tag == "select":
            chosen = [option for option in one.all("value", tag="option") if "selected" in option.attributes]
            sent[name] = chosen[0].get("value") if chosen else ""
        elif one.tag == "textarea":
            # A browser ends lines in its own way.
            text = "".join(child for child in one.children if isinstance(child, str))
            sent[name] = text.replace("\n", "\r\n")
        elif one.tag == "input" and (kind not in ("checkbox", "radio") or "checked" in one.attributes):
            sent[name] = one.attributes.get("value", "on" if kind == "checkbox" else "")
    return sent


def parse(text: str) -> Element:
    """Return the document, or the fragment. Tags that are not closed in order, and markup that Portal never writes, are
    an error. The standard library's parser takes twice the time, and a run reads some ten thousand pages."""
    root = at = Element("#document", {})
    place, end = 0, len(text)
    while place < end:
        token = _TOKEN.match(text, place)
        assert token is not None, f"no markup: {text[place : place + 60]!r}"
        place = token.end()
        words, opens, attributes, closed, closes = token.groups()
        if words is not None:
            at.children.append(html.unescape(words) if "&" in words else words)
        elif opens is not None:
            tag = opens.lower()
            made = Element(tag, _attributes(attributes) if attributes else {})
            made.parent = at
            at.children.append(made)
            if tag in VOID or closed:
                continue
            at = made
            if tag in VERBATIM:
                place = text.index(f"</{tag}", token.end())
                if inside := text[token.end() : place]:
                    at.children.append(inside)
        elif closes is not None and (tag := closes.lower()) not in VOID:
            assert at.tag == tag, f"</{tag}> closes <{at.tag} {at.attributes}>"
            assert at.parent is not None
            at = at.parent
    assert at is root, f"<{at.tag}> is never closed"
    return root


def _attributes(text: str) -> dict[str, str]:
    found = ((name, value or other) for name, value, other in _ATTRIBUTE.findall(text))
    return {name.lower(): html.unescape(value) if "&" in value else value for name, value in found}


VERBATIM = {"script", "style"}
_ATTRIBUTE = re.compile(r"""([^\s=>"/]+)(?:=(?:"([^"]*)"|'([^']*)'))?""")
_TOKEN = re.compile(
    r"([^<]+)"  # words
    r"""|<([a-zA-Z][^\s>/]*)((?:\s+[^\s=>"/]+(?:="[^"]*"|='[^']*')?)*)\s*(/?)>"""  # a tag opens, with its attributes
    r"|</([a-zA-Z][^\s>/]*)\s*>"  # and closes
    r"|<!(?:--.*?--|[a-zA-Z][^>]*)>",  # a comment, the type of the document
    re.DOTALL,
)
