"""A visit: one request behind its door, with the viewer, the form they sent, and the answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar
from uuid import UUID

from markupsafe import Markup
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from portal import clock
from portal.crypto import ring
from portal.language import LANGUAGES, choose, say
from portal.models.ground.fact import Bookmark
from portal.models.ground.person import LONGEST_ADDRESS, address_fault, initial, name_fault
from portal.models.ground.throttle import Network, network_of
from portal.models.staff.session import SessionHolder
from portal.permissions import Permission, Rights, Role
from portal.regions import Region, fill_slot
from portal.regions import draw as draw_region
from portal.viewer import M, NotVisible, Viewer
from portal.web.rendering import render

# Where a quick way out leads: a page that anybody might have open.
ELSEWHERE = "https://www.weather.gov/"

Answer = Response | Callable[[], Awaitable[Response]]  # the second is asked for after the commit


class Form(BaseModel):
    """A form as a route takes it. Keys it does not name are refused; texts lose surrounding space."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    typed: ClassVar[bool] = True  # False where all its fields are filled in by the page and nobody types

    @classmethod
    def labels(cls, language: str) -> dict[str, str]:
        """Return the name of each field that somebody fills in, as pages and errors have it: its title."""
        return {name: say(language, field.title) for name, field in cls.model_fields.items() if field.title}

    @classmethod
    def is_too_old(cls, errors: dict[str, str]) -> bool:
        """Tell whether something is wrong that no person wrote: the page is older than this version of Portal."""
        return bool(errors) and (not cls.typed or "key" in errors)


class OnOff(Form):
    """One thing that is switched."""

    typed = False

    on: bool


def _name(value: str) -> str:
    if fault := name_fault(value):
        raise ValueError(fault)
    return value


def _address(value: str) -> str:
    if fault := address_fault(value):
        raise ValueError(fault)
    return value


# Taken as it was typed, space and all: a password, a date that is compared.
Exact = Annotated[str, StringConstraints(strip_whitespace=False)]
# What stands in a line wherever it is shown: names of people and things, phone numbers.
Name = Annotated[str, AfterValidator(_name)]
EmailAddress = Annotated[str, Field(title="Email", max_length=LONGEST_ADDRESS), AfterValidator(_address)]


@dataclass
class Visit:
    """One request behind its door."""

    request: Request
    viewer: Viewer | None
    who: SessionHolder | None
    since: Bookmark
    asked: type[Form] | None = None  # the form that was sent
    form: Any = None
    errors: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    compared: bool = False  # what was sent with what is on file, see edit_conflict.py
    version: int = 0
    about: UUID | None = None  # the client for whom something is opened or done, where the path does not say it
    record: UUID | None = None  # the record that is opened or changed, for the audit log
    details: dict[str, Any] = field(default_factory=dict)  # what besides is noted of an act
    has_acted: bool = True  # False where what was asked for is so already
    granted: frozenset[Permission | Rights] = frozenset()  # what the door has found this viewer to hold
    viewed: dict[str, Any] | None = (
        None  # as whom staff look at a page that is somebody else's, and what it says of that
    )

    @property
    def me(self) -> Viewer:
        assert self.viewer is not None
        return self.viewer

    @property
    def holder(self) -> SessionHolder:
        assert self.who is not None
        return self.who

    @property
    def address(self) -> str:
        return address_of(self.request)

    @property
    def network(self) -> Network:
        """Return where this request comes from, for limits."""
        return network_of(self.address)

    @property
    def language(self) -> str:
        if self.viewer is not None:
            return self.viewer.language
        if self.who is not None:
            return self.who.language
        chosen = self.request.cookies.get("portal-language", "")
        if chosen in LANGUAGES:
            return chosen
        return choose(self.request.headers.get("accept-language"))

    @property
    def by_script(self) -> bool:
        """Tell whether htmx or live.js asks: the answer is a part of a page."""
        return self.request.headers.get("hx-request") == "true"

    def say(self, message: str, **values: object) -> str:
        return say(self.language, message, **values)

    def fault(self, field: str, why: str) -> None:
        """Note why a field of the form can't be taken as it is: its name, and what to do, in a sentence."""
        assert self.asked is not None
        name = self.asked.labels(self.language).get(field)
        self.errors.setdefault(field, f"{name}: {why[:1].lower()}{why[1:]}" if name else why)

    def id(self, name: str) -> UUID:
        """Return an id from the path. Text that is no id is not visible."""
        try:
            return UUID(self.request.path_params[name])
        except ValueError:
            raise NotVisible from None

    async def find(self, model: type[M], id: UUID | None = None) -> M:
        """Return the record that the path names by its class, or one of this id. Raises NotVisible, also where it is
        not about the client or in the conversation that the path names beside it. The visit is about the record's
        client from then on."""
        record = await self.me.find(model, id or self.id(model.__name__.lower()))
        for place in self.request.path_params.keys() & {"client", "conversation"}:
            if getattr(record, f"{place}_id", self.id(place)) != self.id(place):
                raise NotVisible
        self.about = self.about or getattr(record, "client_id", None)
        return record

    def query(self, name: str) -> str:
        """Return the value of a name in the address: never words that somebody typed, for addresses are kept in
        histories and logs. tests/laws/test_structure.py knows each name."""
        return self.request.query_params.get(name, "")[:4000]

    def note(
        self, *, about: UUID | None = None, record: UUID | None = None, acted: bool = True, **details: Any
    ) -> None:
        """Note more for the audit row of this act than who did what, and whether anything was done at all."""
        self.about, self.record = about or self.about, record or self.record
        self.has_acted, self.details = self.has_acted and acted, details

    async def draw(self, region: Region, **args: Any) -> Markup:
        return await draw_region(self.me, region, args, self.granted)

    async def fill(self, slot: str, **args: Any) -> list[Markup]:
        """Draw what rooms put into a slot of this page."""
        return await fill_slot(slot, self.me, args | {"person": self.me.id}, self.granted)

    def page(self, template: str, *, title: str, place: str = "", status: int = 200, **more: Any) -> Response:
        """Return a whole page. `live` is where its socket is, `regions` the parts of it that stay current. The
        tab of a `plain` one says neither what it is nor whose."""
        live = more.pop("live", None)
        colour = more.pop("colour", "")
        discreet = self.who is not None and self.who.discreet
        plain = more.get("plain", False) or discreet
        context: dict[str, Any] = {
            "nonce": self.request.scope["portal.nonce"],
            "theme": self.who.theme if self.who else "",
            "page": {
                "title": self.say("Portal") if plain else title,
                "plain": plain,
                "elsewhere": ELSEWHERE if discreet else "",
                "path": self.request.url.path if self.request.method == "GET" else "",
                "place": place,
                "since": str(self.since),
                "now": int(clock.now().timestamp() * 1000),
                "idle_until": _milliseconds(self.who) if self.who else None,
                "live": live,
                "kept": ring().personal(self.who.holder) if self.who and not self.viewed else "",
                "colour": colour,
            },
            "me": self.viewed["me"] if self.viewed else self.person(),
            "viewed": self.viewed,
        }
        return HTMLResponse(render(template, self.language, context | more), status)

    def fragment(self, html: str, status: int = 200, region: str = "") -> Response:
        """Return a part of a page, with the region and the version by which the page orders it among pushes."""
        headers = {"Portal-Version": str(self.version or self.since.version)}
        if region:
            headers["Portal-Region"] = region
        return HTMLResponse(html, status, headers)

    def person(self) -> dict[str, Any]:
        """Return the person who is signed in, as the shell shows them."""
        if self.who is None:
            return {}
        role = self.say(Role[self.who.role.upper()].value) if self.who.role else ""
        return {"name": self.who.name, "initial": initial(self.who.name), "role_label": role, "email": self.who.email}


def address_of(connection: HTTPConnection) -> str:
    """Return the address a request or a socket comes from, as the proxy in front says it where there is one. Limits
    count its network (`network_of`), never the address itself."""
    return connection.client.host if connection.client else ""


def _milliseconds(who: SessionHolder) -> int:
    return int(min(who.idle_until, who.expires_at).timestamp() * 1000)


def is_own_path(path: str) -> bool:
    """Tell whether this leads to a page of ours, whoever wrote it. Two slashes side by side, or a backslash, browsers
    may take for the name of another site."""
    place = path.partition("?")[0].partition("#")[0]
    return path.startswith("/") and "//" not in place and "\\" not in path and path.isprintable() and " " not in path


def go(path: str) -> Response:
    """Lead to another page after a write; to the first one where that is no page of ours."""
    return RedirectResponse(path if is_own_path(path) else "/", 303)
