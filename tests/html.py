"""As much of a browser's document as the tests need: a tree that can be searched, changed and written out."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Element:
    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag, self.attributes = tag, attributes
        self.children: list[Element | str] = []
        self.parent: Element | None = None

    def append(self, child: Element | str, before: Element | None = None) -> None:
        if isinstance(child, Element):
            child.parent = self
        self.children.insert(len(self.children) if before is None else self.place(before), child)

    def place(self, child: Element) -> int:
        return next(i for i, one in enumerate(self.children) if one is child)

    def replace_with(self, *others: Element | str) -> None:
        assert self.parent is not None
        at, parent = self.parent.place(self), self.parent
        parent.children[at : at + 1] = others
        for other in others:
            if isinstance(other, Element):
                other.parent = parent

    def remove(self) -> None:
        self.replace_with()

    @property
    def elements(self) -> list[Element]:
        """The children that are elements."""
        return [child for child in self.children if isinstance(child, Element)]

    def walk(self) -> Iterator[Element]:
        """This element and all below it, in the order of the document."""
        yield self
        for child in self.elements:
            yield from child.walk()

    def all(self, *attributes: str, tag: str = "") -> list[Element]:
        """All with these attributes, whatever their values."""
        return [
            one
            for one in self.walk()
            if (not tag or one.tag == tag) and all(name in one.attributes for name in attributes)
        ]

    def by_id(self, id: str) -> Element | None:
        return next((one for one in self.walk() if one.attributes.get("id") == id), None)

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def classes(self) -> list[str]:
        return self.get("class").split()

    @property
    def text(self) -> str:
        """What it says, with single spaces."""
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
    """What a browser would send of the form that goes to this address, as it stands in a page."""
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


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.at = Element("#document", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self.at.append(made)
        if tag not in VOID:
            self.at = made

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.at.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag} {self.at.attributes}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        if data:
            self.at.append(data)


def parse(text: str) -> Element:
    """The document, or the fragment. Tags that are not closed in order are an error: ours always are."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.at is reader.root, f"<{reader.at.tag}> is never closed"
    return reader.root
