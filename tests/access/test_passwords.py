"""Passwords: some are taken, and are kept as they should be (rule 10)."""

import pytest

from tests.access.desk import SECRET, Chart, Desk
from tests.cast import Person


@pytest.fixture(scope="module")
async def held(whole: Desk) -> tuple[Chart, Person]:
    """One half-session for all that is refused: nothing of it is used up."""
    chart = await whole.chart("Magnolia")
    return chart, await whole.verified(chart, await whole.invite(chart))


REFUSED = {
    "nothing": ("", "at least 12"),
    "eleven": ("vex-quartz7", "at least 12"),
    "eleven of two bytes": ("ñandúesñúöä", "at least 12"),
    "129": ("kJ7-wombat." * 11 + "abcdefgh", "at most 128"),
    "ten thousand": ("copper kettle " * 715, "at most 128"),
    "common": ("password1234", "easy to guess"),
    "common and long": ("passwordpassword", "easy to guess"),
    "a row": ("123456789012345", "easy to guess"),
    "a keyboard": ("qwertyuiop[]asdf", "easy to guess"),
    "one letter": ("aaaaaaaaaaaaaaaa", "easy to guess"),
}


@pytest.mark.parametrize(("password", "why"), REFUSED.values(), ids=REFUSED)
async def test_what_is_refused(desk: Desk, held: tuple[Chart, Person], password: str, why: str) -> None:
    chart, browser = held
    answer = await browser.post("/welcome/password", password=password)
    assert answer.status_code == 422 and why in answer.text
    assert password not in answer.text or not password
    assert await desk.account(chart) is None


async def test_ones_own_address_is_refused(desk: Desk, held: tuple[Chart, Person]) -> None:
    chart, browser = held
    for password in (chart.email, f"{chart.email}1", chart.email.upper()):
        answer = await browser.post("/welcome/password", password=password)
        assert answer.status_code == 422, password
        assert "easy to guess" in answer.text


async def test_the_rules_are_said_beforehand(desk: Desk, held: tuple[Chart, Person]) -> None:
    chart, browser = held
    page = (await browser.get("/welcome/password")).text
    for said in ("12 characters or more", 'data-strength="field-password"', 'maxlength="128"', chart.email):
        assert said in page
    assert 'autocomplete="new-password"' in page


TAKEN = {
    "twelve": "vex-quartz-7",
    "128": "kJ7-wombat." * 11 + "abcdefg",
    "unicode": "Пять зелёных фонарей 🏮",
    "spaces around": "  copper kettle under stars  ",
    "signs": "<b>&\"'%00 = crow;--",
}


@pytest.mark.parametrize("password", TAKEN.values(), ids=TAKEN)
async def test_what_is_taken_is_taken_as_it_is(desk: Desk, password: str) -> None:
    chart = await desk.chart("Cedar")
    await desk.sign_up(chart, secret=password)
    account = await desk.account(chart)
    assert account is not None
    assert account["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    async def opens(said: str) -> bool:
        await desk.sql("delete from throttle")
        answer = await desk.browser().post("/sign-in", email=chart.email, password=said)
        assert answer.status_code in (303, 401), answer.text
        return answer.status_code == 303

    assert await opens(password)
    # Neither cut nor trimmed nor folded.
    for other in (password[:-1], password.strip() if password != password.strip() else password + " "):
        assert not await opens(other)
    assert not await opens(password.swapcase())


async def test_a_password_stands_nowhere(desk: Desk) -> None:
    chart, _, _ = await desk.registered()
    for worker in (0, 1):
        log = desk.deployment.log(worker)
        assert SECRET not in log
        assert chart.email not in log
