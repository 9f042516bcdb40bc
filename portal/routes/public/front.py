"""The first page, static files, and the choices of language and light."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from portal.models.staff.first_run import is_empty
from portal.models.staff.preferences import choose_discretion, choose_language, choose_theme
from portal.settings import ROOT, settings
from portal.web.doors import admitted, anyone, client, machines, signed_in
from portal.web.rendering import static_version, stylesheet
from portal.web.visit import Answer, Form, Visit, go


@anyone("GET /")
async def first(visit: Visit) -> Answer:
    """To the page each person starts from."""
    if await admitted(visit.request, "staff"):
        return go("/staff/today")
    if visit.who is None and await is_empty():
        return go("/start")
    return go("/home" if visit.who else "/sign-in")


class Language(Form):
    lang: Literal["en", "es"]


@anyone("POST /language", form=Language, audit=None)
async def language(visit: Visit) -> Answer:
    """Change the language: for the signed-in person everywhere, else for this browser."""
    chosen = visit.form.lang if visit.form else "en"
    if visit.who is not None:
        await choose_language(visit.who.side, visit.who.holder, chosen)
    return speaking(go(came_from(visit)), chosen)


def speaking(answer: Response, language: str) -> Response:
    """Return the answer, with which this browser is spoken to in a language for a year."""
    answer.set_cookie("portal-language", language, 31_536_000, secure=settings().secure, httponly=True, samesite="lax")
    return answer


class Theme(Form):
    theme: Literal["system", "light", "dark"]


@signed_in("POST /theme", form=Theme, audit=None)
async def theme(visit: Visit) -> Answer:
    """Light, dark, or as the device says."""
    chosen = visit.form.theme if visit.form else "system"
    await choose_theme(visit.holder.side, visit.holder.holder, "" if chosen == "system" else chosen)
    return go(came_from(visit))


class Discretion(Form):
    discreet: Literal["on", "off"]


@client("POST /discretion", form=Discretion, audit=None)
async def discretion(visit: Visit) -> Answer:
    """Neutral titles and a quick way out, for who may have somebody looking over their shoulder."""
    await choose_discretion(visit.holder.holder, visit.form is not None and visit.form.discreet == "on")
    return go(came_from(visit))


def came_from(visit: Visit) -> str:
    """The own path a form was sent from; never another site."""
    try:
        referer = urlsplit(visit.request.headers.get("referer", ""))
    except ValueError:  # "http://[half"
        return "/"
    return referer.path if f"{referer.scheme}://{referer.netloc}" == settings().origin else "/"


_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
}


@machines("GET /static/{version}/{path:path}")
async def static(request: Request) -> Response:
    """Serve a file of static/, or portal.css. The address holds the hash of them all, so each may be kept for ever."""
    folder = (ROOT / "static").resolve()
    path = (folder / request.path_params["path"]).resolve()
    fresh = request.path_params["version"] == static_version()
    keep = {"Cache-Control": "public, max-age=31536000, immutable" if fresh else "no-cache"}
    if path == folder / "portal.css":
        return Response(stylesheet(), media_type="text/css", headers=keep)
    if not path.is_relative_to(folder) or path.suffix not in _TYPES or not _is_file(path):
        return Response("Not found", 404, media_type="text/plain")
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=keep)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for any file
        return False
