"""The drawing of one round of the hub for its pages: the new items of their lists, or whole regions."""

import json
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any

from portal.models.ground.fact import Bookmark
from portal.realtime.page import Page
from portal.regions import GONE, Ask, Context, Shown, Stream, ended, look_of
from portal.viewer import Viewer


class Frame(dict[str, Any]):
    """A text that is sent to pages. Those that are sent the same get the same frame, and it is written out once."""

    __slots__ = ("_written",)

    def written(self, since: str | None = None) -> str:
        """Return it as text; with a bookmark where it is the last of what the page lacked."""
        known: dict[str | None, str] = getattr(self, "_written", {})
        if since not in known:
            told = self if since is None else self | {"since": since}
            known[since] = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
            self._written = known
        return known[since]


class Draw:
    """A page's share of one round: its streams, or its whole regions. It counts as sent, cursors too, only when the
    sending begins."""

    __slots__ = (
        "changed",
        "cursors",
        "ended",
        "failed",
        "frames",
        "hellos",
        "keys",
        "looks",
        "more",
        "page",
        "showing",
    )

    def __init__(self, page: Page, streams: bool) -> None:
        self.page = page
        self.hellos = page.hellos
        self.showing = page.showing
        self.keys = {
            key
            for key in page.dirty
            if (shown := page.showing.get(key)) is not None
            and (shown.region.stream is not None and page.goes_on(key)) is streams
        }
        self.changed = {key: page.changed[key] for key in self.keys & page.changed.keys()}
        self.frames: list[Frame] = []
        self.cursors: dict[str, int] = {}
        self.looks: dict[str, str] = {}
        self.ended: set[str] = set()  # streams that it may see no more; should it again, they begin anew
        self.more: set[str] = set()  # streams with more items than one push holds
        self.failed: dict[str, str] = {}  # regions that could not be rendered, with the reason


async def extend_lists(wanted: dict[str, list[Draw]], as_of: Bookmark | None) -> None:
    """Draw the new items of all lists, each kind of list by one question; where that fails, one by one."""
    kinds: dict[Stream, dict[str, list[Draw]]] = defaultdict(dict)
    for key, asking in wanted.items():
        stream = asking[0].showing[key].region.stream
        assert stream is not None
        kinds[stream][key] = asking
    for stream, lists in kinds.items():
        try:
            await _extend(stream, lists, as_of)
        except Exception:
            for key, asking in lists.items():
                await _tried(_extend(stream, {key: asking}, as_of), {key: asking})


async def _extend(stream: Stream, lists: dict[str, list[Draw]], as_of: Bookmark | None) -> None:
    asks: dict[tuple[str, Draw], Ask] = {}
    for key, asking in lists.items():
        of = dict(asking[0].showing[key].args)[stream.of]
        for draw in asking:
            cursor = draw.page.cursors.get(key, 0)
            changed = frozenset(n for n in draw.changed.get(key) or () if n <= cursor)
            asks[key, draw] = (draw.page.viewer, of, cursor, changed)
    answers = await stream.since(list(set(asks.values())))
    frames: dict[tuple[str, Ask], Frame] = {}
    for (key, draw), ask in asks.items():
        shown, fresh = draw.showing[key], answers.get(ask)
        frame = frames.get((key, ask))
        if fresh is None:
            draw.ended.add(key)
            if draw.page.looks.get(key) == GONE:
                continue
            draw.looks[key] = GONE
            frame = frame or Frame(_head(shown, as_of) | _gone(draw.page.viewer, shown))
        elif fresh.items:
            draw.cursors[key] = fresh.cursor
            items = {"swap": "upsert key:data-number", "content": fresh.items, "cursor": fresh.cursor}
            frame = frame or Frame(_head(shown, as_of) | items)
            if fresh.more:
                draw.more.add(key)
        if frame is not None:
            frames[key, ask] = frame
            draw.frames.append(frame)


async def draw_whole(wanted: dict[str, list[Draw]], as_of: Bookmark | None) -> None:
    """Draw whole regions, one by one."""
    for key, asking in wanted.items():
        await _tried(_render(key, asking, as_of), {key: asking})


async def _render(key: str, asking: list[Draw], as_of: Bookmark | None) -> None:
    """Render a whole region, once for each viewer, for the pages where it looks different by now; a list too, where the
    page has none of it yet."""
    shown = asking[0].showing[key]
    region, args = shown.region, dict(shown.args)
    loaded: dict[Viewer, Context | None] = {}
    drawn: dict[Viewer, Frame] = {}
    for draw in asking:
        viewer = draw.page.viewer
        if viewer not in loaded:
            loaded[viewer] = context = await region.load(viewer, args)
            drawn[viewer] = Frame(
                _head(shown, as_of)
                | (
                    _gone(viewer, shown)
                    if context is None
                    else {"swap": "outerMorph", "content": region.draw(viewer.language, args, context)}
                )
            )
        if region.stream is not None and (context := loaded[viewer]) is not None:
            draw.cursors[key] = context["cursor"]
        look = look_of(drawn[viewer]["content"])
        if not look or draw.page.looks.get(key) != look:
            draw.looks[key] = look
            draw.frames.append(drawn[viewer])


async def _tried(rendering: Coroutine[Any, Any, None], wanted: dict[str, list[Draw]]) -> None:
    """Render one region: one that can't be rendered must not silence the others."""
    try:
        await rendering
    except Exception as reason:
        for key, asking in wanted.items():
            for draw in asking:
                draw.failed[key] = type(reason).__name__


def _head(shown: Shown, as_of: Bookmark | None) -> dict[str, Any]:
    return {"region": shown.key, "target": shown.target, "version": as_of.version if as_of else 0}


def _gone(viewer: Viewer, shown: Shown) -> dict[str, Any]:
    return {"swap": "outerHTML", "content": ended(viewer.language, shown)}
