"""The page's socket by itself: when it is dialled again, after how long, and how it hands on what comes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, WebSocketRoute, expect

SCRIPT = Path(__file__).parents[2] / "static" / "socket.js"

# What it hears is written into the page. A frame that asks for it isn't done with before the page says so.
OPENED = """() => {
  Math.random = () => 0.5; // in the middle between a little less and a little more
  const note = (text) => (document.body.textContent += `${text};`);
  window.goOn = [];
  const frame = async ({ text, waits }) => {
    note(text);
    if (waits) await new Promise((done) => goOn.push(done));
    note(`${text} done`);
  };
  window.line = openSocket("/live", { open: () => note("open"), frame, close: (code) => note(code) });
}"""

# From now on nobody is there: each socket that is dialled closes in the same moment.
UNREACHABLE = """() => {
  window.tries = 0;
  window.WebSocket = class extends EventTarget {
    constructor() {
      super();
      tries += 1;
      queueMicrotask(() => this.dispatchEvent(new CloseEvent("close", { code: 1006 })));
    }
    close() {}
  };
}"""


class Line:
    """A page with its socket, and the server's ends of it in the order in which they were dialled."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.ends: list[WebSocketRoute] = []

    @property
    def end(self) -> WebSocketRoute:
        return self.ends[-1]

    async def becomes(self, text: str) -> None:
        await expect(self.page.locator("body")).to_have_text(text)


@pytest_asyncio.fixture(loop_scope="session")
async def line(browser: Browser) -> AsyncIterator[Line]:
    page = await browser.new_page()
    made = Line(page)
    await page.clock.install()
    await page.route("**/*", lambda route: route.fulfill(body="", content_type="text/html"))
    await page.route_web_socket("**/live", lambda end: made.ends.append(end))
    await page.goto("http://portal.test/")
    await page.clock.pause_at(await page.evaluate("Date.now() + 60_000"))
    await page.add_script_tag(path=SCRIPT)
    await page.evaluate(OPENED)
    await made.becomes("open;")
    yield made
    await page.close()


@pytest.mark.parametrize(("code", "comes_back"), [(1012, True), (1013, True), (4401, False), (1008, False)])
async def test_it_comes_back_unless_the_server_means_it(line: Line, code: int, comes_back: bool) -> None:
    await line.end.close(code=code)
    await line.becomes(f"open;{code};")
    await line.page.clock.run_for(499)
    assert len(line.ends) == 1
    await line.page.clock.run_for(60_000)
    await line.becomes(f"open;{code};open;" if comes_back else f"open;{code};")


async def test_it_waits_longer_each_time_it_was_not_opened_and_never_long(line: Line) -> None:
    await line.page.evaluate(UNREACHABLE)
    await line.end.close(code=1012)
    await line.becomes("open;1012;")
    for known, wait in enumerate((500, 1000, 2000, 4000, 5000, 5000)):
        await line.page.clock.run_for(wait - 1)
        assert await line.page.evaluate("tries") == known, wait
        await line.page.clock.run_for(1)
        assert await line.page.evaluate("tries") == known + 1, wait


async def test_a_frame_waits_until_the_one_before_is_done_with(line: Line) -> None:
    line.end.send('{"text": "one", "waits": true}')
    line.end.send('{"text": "two"}')
    await line.becomes("open;one;")
    await line.page.evaluate("goOn.shift()()")
    await line.becomes("open;one;one done;two;two done;")


async def test_a_frame_that_fails_holds_up_no_other(line: Line) -> None:
    await line.page.evaluate("() => { addEventListener('error', () => (document.title = 'told')); }")
    line.end.send("null")
    line.end.send('{"text": "two"}')
    await line.becomes("open;two;two done;")
    await expect(line.page).to_have_title("told")


async def test_a_line_that_is_given_up_is_heard_no_more(line: Line) -> None:
    await line.page.evaluate("line.redial(2000)")
    assert await line.page.evaluate("line.isUp()") is False
    await line.page.clock.run_for(2000)
    await line.becomes("open;open;")
    assert await line.page.evaluate("line.isUp()") is True
    await line.page.evaluate("line.end()")
    await line.page.clock.run_for(60_000)
    assert len(line.ends) == 2
    await line.becomes("open;open;")
