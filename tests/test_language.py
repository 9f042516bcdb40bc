"""Spanish: nothing that Portal says lacks it, and days, times and lists read as people say them."""

import datetime as dt
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser

import pytest
from babel.messages.catalog import Catalog

from portal import clock
from portal.demo.people import PRACTICE
from portal.language import (
    age_in_words,
    choose,
    date_in_words,
    day,
    listed,
    say,
    say_many,
    short,
    time_of_day,
    today_in_words,
)
from tests import words
from tests.cast import Person
from tests.deployment import Deployment
from tests.messages.thread import Thread

ZONE = "America/New_York"
MONDAY = dt.datetime(2026, 11, 23, 15, 5, tzinfo=dt.UTC)  # five past ten in New York


# --- The catalogue ------------------------------------------------------------------------------


def test_everything_that_is_said_has_spanish_with_the_same_places() -> None:
    assert words.faults(words.spanish()) == []


# What nobody says across a desk (docs/language.md).
QUAINT = re.compile(
    r"\b(?:stands?\b(?! out)|(?:some|any|every)body|yours to|(?:not|n’t) touched|holds again|begun|meanwhile"
    r"|of (?:theirs|ours)|goes before|by itself|to whom|whom it|let it|looked through|is equal|come in)\b"
    r"|(?<!first )(?<!plain )(?<!by )\bletters?\b(?! by| or| of)",  # by post; Portal sends emails
    re.IGNORECASE,
)


def test_nothing_is_said_in_quaint_words() -> None:
    said = [text for entry in words.spanish() for text in ([entry.id] if isinstance(entry.id, str) else entry.id or [])]
    assert len(said) > 1000
    assert [text for text in said if QUAINT.search(text)] == []


def test_every_sentence_is_written_where_it_is_said_or_listed() -> None:
    assert words.hidden() == []
    assert words.needless() == []


def test_a_sentence_without_spanish_is_found() -> None:
    catalogue = words.spanish()
    catalogue.delete("Stay signed in")
    assert [fault for fault in words.faults(catalogue) if "“Stay signed in” is not translated" in fault]


@pytest.mark.parametrize("spanish", ["Sobre usted", "Sobre %(nombre)s", "Sobre %(name)s y %(name)s"])
def test_a_translation_with_other_places_is_found(spanish: str) -> None:
    catalogue = words.spanish()
    catalogue["About %(name)s"].string = spanish
    assert [fault for fault in words.faults(catalogue) if f"“{spanish}” has not the places" in fault]


def test_a_translation_of_what_nobody_says_is_found() -> None:
    catalogue = words.spanish()
    catalogue.add("Fax", "Fax")
    assert words.faults(catalogue) == ["“Fax” is translated, and nobody says it."]


def test_a_plural_that_lacks_a_form_is_found() -> None:
    catalogue = words.spanish()
    catalogue["%(num)s message"].string = ("%(num)s mensaje", "")
    assert len(words.faults(catalogue)) == 1
    assert words.faults(Catalog(locale="es"))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('visit.say("Hello")', ["Hello"]),
        ('say(language, "Hello %(name)s", name=name)', ["Hello %(name)s"]),
        ('say(language, "One" if single else "Many")', ["One", "Many"]),
        ('def f():\n    text = "Hello"\n    raise Refused(409, text)', ["Hello"]),
        ('def f():\n    a, b = "Title", "Body"\n    return error_page(r, language, 4, a, b)', ["Title", "Body"]),
        ('class C(Refused):\n    def __init__(self):\n        super().__init__(401, "Hello")', ["Hello"]),
        ('raise NotPermitted(visit.say("No"))', ["No"]),
        ('raise ValueError("Write a word.")', ["Write a word."]),
        ('raise CannotInvite("Not yet.", until)', ["Not yet."]),
        ('say = visit.say\nsay("Hello", name=name)', ["Hello"]),
        ('say(language, {"a": "One", "b": "Two"}[state])', ["One", "Two"]),
        ('_NAMES = {"a": "One"}\ndef f():\n    return say(language, _NAMES[kind])', ["One"]),
        (
            "def f():\n    def g(label, why=None):\n        say(language, label), say(language, why)\n"
            '    nothing = None\n    g("One", nothing or "Two")\n    g("Three", why="Four")',
            ["One", "Three", "Two", "Four"],
        ),
    ],
)
def test_what_code_says_is_found(code: str, said: list[str]) -> None:
    found = list(words.in_file("portal/routes/somewhere.py", code))
    assert [one.words.one if isinstance(one, words.Said) else one for one in found] == said


@pytest.mark.parametrize(
    "code",
    [
        "visit.say(label)",
        'Refused(422, f"No {why}")',
        "say(language, row['words'])",
        'Refused(422, "No " + why)',
        "say(language, NAMES[kind])",
        "def f():\n    def g(label):\n        say(language, label)",
        "def f():\n    def g(label):\n        say(language, label)\n    g(row['label'])",
        "def g(label):\n    say(language, label)",
    ],
)
def test_a_sentence_that_is_put_together_elsewhere_is_found(code: str) -> None:
    (found,) = words.in_file("portal/routes/somewhere.py", code)
    assert isinstance(found, words.Hidden)


# --- Days, times, ages, lists -------------------------------------------------------------------


@pytest.fixture
def on_monday() -> Iterator[None]:
    clock.move(MONDAY - dt.datetime.now(dt.UTC))
    yield
    clock.move(dt.timedelta())


def test_days_and_times(on_monday: None) -> None:
    def ago(days: int) -> dt.datetime:
        return MONDAY - dt.timedelta(days=days)

    for said, spanish, english in (
        (lambda of: today_in_words(ZONE, of), "lunes 23 de noviembre", "Monday, November 23"),
        (lambda of: day(dt.date(2026, 11, 23), ZONE, of), "Hoy", "Today"),
        (lambda of: day(dt.date(2026, 11, 22), ZONE, of), "Ayer", "Yesterday"),
        (lambda of: day(dt.date(2026, 11, 4), ZONE, of), "Miércoles 4 de noviembre", "Wednesday, November 4"),
        (lambda of: day(dt.date(2025, 1, 31), ZONE, of), "Viernes 31 de enero de 2025", "Friday, January 31, 2025"),
        (lambda of: date_in_words(dt.date(2017, 3, 9), of), "9 de marzo de 2017", "March 9, 2017"),
        (lambda of: time_of_day(MONDAY, ZONE, of), "10:05 a.m.", "10:05 am"),
        (lambda of: short(MONDAY, ZONE, of), "10:05 a.m.", "10:05 am"),
        (lambda of: short(ago(4), ZONE, of), "jue", "Thu"),
        (lambda of: short(ago(40), ZONE, of), "14 oct", "Oct 14"),
        (lambda of: short(ago(400), ZONE, of), "19 oct 2025", "Oct 19, 2025"),
    ):
        assert (plain(said("es")), plain(said("en"))) == (spanish, english)


def plain(text: str) -> str:
    """With an ordinary space where a line must not break."""
    return text.replace("\u202f", " ")


def test_one_is_not_several(on_monday: None) -> None:
    assert age_in_words(dt.date(2017, 3, 9), ZONE, "es") == "9 años"
    assert age_in_words(dt.date(2025, 3, 9), ZONE, "es") == "1 año"
    assert age_in_words(dt.date(2017, 3, 9), ZONE, "en") == "Age 9"
    assert say_many("es", "%(num)s message", "%(num)s messages", 0) == "0 mensajes"


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], ""),
        (["Dana"], "Dana"),
        (["Dana", "Sam"], "Dana y Sam"),
        (["Dana", "Sam", "Eli"], "Dana, Sam y Eli"),
        (["Dana", "Idris"], "Dana e Idris"),
        (["Dana", "Hilario"], "Dana e Hilario"),
        (["Dana", "Yvonne"], "Dana e Yvonne"),
        (["Dana", "Yago"], "Dana y Yago"),
        (["Dana", "Hieronymus"], "Dana y Hieronymus"),
    ],
)
def test_names_are_listed_as_spanish_lists_them(names: list[str], sentence: str) -> None:
    assert listed("es", names) == sentence


def test_a_language_that_portal_does_not_speak_is_english() -> None:
    assert say("fr", "Today") == "Today"
    assert choose("fr-CH, es-MX;q=0.9, en;q=0.8") == "es"
    assert choose("") == choose(None) == choose("fr") == "en"


# --- The pages ----------------------------------------------------------------------------------

ENGLISH = re.compile(r"\b(the|your?|this|that|with|are|is|not|here|of|to)\b", re.IGNORECASE)


class Reader(HTMLParser):
    """A page's words to eyes and ears, without the text that people wrote in it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.within: list[bool] = []  # of the elements around: whether people's own words are inside

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        spoken = ("aria-label", "title", "placeholder", "alt")
        self.said += [text for name, text in attrs if text and name in spoken]
        if names.get("id") == "words":
            self.said += [text for name, text in attrs if text and name.startswith("data-")]
        if tag not in ("meta", "link", "input", "br", "hr", "img"):
            english = tag != "html" and names.get("lang") == "en"  # and says so
            self.within.append("hx-ignore" in names or english or tag in ("script", "style"))

    def handle_endtag(self, tag: str) -> None:
        self.within.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(self.within):
            self.said.append(" ".join(data.split()))


def said_by(html: str) -> list[str]:
    reader = Reader()
    reader.feed(html.replace(PRACTICE["hours"], ""))
    return reader.said


def english_in(html: str) -> list[str]:
    """Return the English on a page: whole sentences of the catalogue, and common words of any other."""
    translated = {
        text
        for message in words.spanish()
        for text in (message.id if isinstance(message.id, tuple) else (message.id,))
        if text and text not in words._texts(message)
    }
    return [text for text in said_by(html) if text in translated or ENGLISH.search(text)]


async def test_the_door_speaks_the_language_of_the_browser(embedded: Deployment) -> None:
    async with embedded.cast.stranger() as somebody:
        page = await somebody.get("/sign-in", **{"Accept-Language": "es-MX,es;q=0.9"})
        assert '<html lang="es"' in page.text and "Iniciar sesión" in page.text
        assert english_in(page.text) == []
        missing = await somebody.get("/nowhere", **{"Accept-Language": "es"})
        assert missing.status_code == 404 and "Aquí no hay nada" in missing.text
        for path in ("/forgot", "/welcome/x", "/reset/x", "/welcome/password", "/reset/password"):
            page = await somebody.get(path, **{"Accept-Language": "es"})
            assert (path, english_in(page.text)) == (path, [])
        wrong = await somebody.post("/sign-in", 0, {"Accept-Language": "es"}, email="x@y.example", password="x")
        assert wrong.status_code == 401 and "Ese correo y esa contraseña" in wrong.text


async def test_a_chosen_language_holds_where_no_route_is(embedded: Deployment) -> None:
    async with embedded.cast.stranger() as somebody:
        await somebody.post("/language", lang="es")
        assert "Aquí no hay nada" in (await somebody.get("/nowhere")).text


@asynccontextmanager
async def in_spanish(deployment: Deployment, name: str, *paths: str) -> AsyncIterator[Person]:
    """Somebody who has chosen Spanish, and who has seen no English on these pages."""
    person = await deployment.cast.sign_in(name)
    await person.post("/language", lang="es")
    try:
        for path in paths:
            page = await person.get(path, follow=True)
            assert '<html lang="es"' in page.text, path
            assert (path, page.url.path != "/sign-in", english_in(page.text)) == (path, True, [])
        yield person
    finally:
        await person.post("/language", lang="en")


async def test_no_english_is_left_on_a_client_s_pages(embedded: Deployment) -> None:
    noa, sam = embedded.cast.client["noa"], embedded.cast.client["sam"]
    paths = [f"/clients/{noa}/home", f"/clients/{noa}/messages", Thread(embedded.cast).place, f"/clients/{sam}/home"]
    async with in_spanish(embedded, "dana", *paths):
        pass


async def test_no_english_is_left_on_a_staff_page(embedded: Deployment) -> None:
    chart, thread = f"/staff/clients/{embedded.cast.client['noa']}", f"/staff{Thread(embedded.cast).place}"
    lists = [f"/staff/{page}" for page in ("today", "clients", "clients#q=zzz", "clients?show=archived", "clients/new")]
    tabs = [chart, *(f"{chart}/{tab}" for tab in ("edit", "portal", "portal/letter", "messages")), thread]
    async with in_spanish(embedded, "henrik", *lists, *tabs) as henrik:
        wrong = {"key": str(uuid.uuid4()), "first_name": "", "last_name": "x" * 61, "email": "nowhere"}
        refused = await henrik.post("/staff/clients", **wrong)
        assert refused.status_code == 422 and english_in(refused.text) == []
        for sentence in ("Nombre: complete este campo.", "use como máximo 60 caracteres.", ": escriba un correo como"):
            assert sentence in refused.text
        empty = await henrik.send(f"{thread}/messages", key=str(uuid.uuid4()), body=" ")
        assert empty.status_code == 422 and "Su mensaje no se envió. Mensaje: complete este campo." in empty.text


async def test_a_welcome_email_is_in_the_language_that_is_chosen(embedded: Deployment) -> None:
    miriam = await embedded.cast.sign_in("miriam")
    details = {"first_name": "Inés", "last_name": "Prado", "email": "ines@prado.example"}
    made = await miriam.post("/staff/clients", key=str(uuid.uuid4()), date_of_birth="1990-05-04", **details)
    tab = f"{made.headers['location']}/portal"
    assert 'name="language" value="es"' in (await miriam.get(tab)).text
    assert "Su cuenta en" in (await miriam.get(f"{tab}/letter?holder=client&language=es")).text
    sent = await miriam.post(f"{tab}/invitations", key=str(uuid.uuid4()), holder="client", language="es")
    assert sent.status_code == 303
    client = tab.split("/")[3]
    (row,) = await embedded.sql("select language from invitation where client_id = :client", client=client)
    assert row["language"] == "es"
    # Sent again, it stays in that language unless another is chosen.
    again = (await miriam.get(tab)).text.partition('id="dialog-resend-client"')[2]
    assert 'name="language" value="es" checked' in again.partition("</dialog>")[0]


async def test_no_english_is_left_on_the_settings(embedded: Deployment) -> None:
    async with in_spanish(embedded, "ada", "/staff/settings/portal", "/staff/mail"):
        pass
