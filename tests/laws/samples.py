"""A valid request for every route, and who makes it. A route without one is red."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from uuid import uuid4

import httpx2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.routing import Route

from portal import clock
from portal.routes import ROUTES
from tests.cast import Cast, Person
from tests.deployment import METRICS_TOKEN

_day = itertools.count(60)
_other = itertools.count()  # another each time, and not by luck

Form = Callable[[Cast], dict[str, str]]


@dataclass(frozen=True)
class Sample:
    """`who` asks (empty: somebody not signed in) about a client, in a conversation, and is answered `status`."""

    who: str
    status: int
    client: str = "noa"
    account: str = "dana"  # as whom staff look
    conversation: str = "noa clinical"
    notice: str = ""  # whose newest one
    template: str = ""  # whose newest one, or the practice's
    form: Form = lambda cast: {}
    fresh: bool = False  # it is about a message that `who` has just written there
    script: bool = False  # sent as live.js does, answered with a part of a page
    headers: dict[str, str] = field(default_factory=dict)

    def path(self, route: Route, cast: Cast) -> str:
        return route.path.replace(":path}", "}").format(
            client=cast.client[self.client],
            conversation=cast.conversation[self.conversation],
            account=cast.account[self.account],
            notice=cast.notice.get(self.notice, ""),
            message=cast.message[cast.conversation[self.conversation]],
            day=uuid4(),
            template=cast.template.get(self.template, ""),
            leave=cast.leave,
            link=cast.link,
            colleague=cast.staff["grace"],
            version="v",
            path="portal.css",
        )

    async def prepare(self, route: Route, person: Person) -> None:
        """Bring about what the request is about."""
        if route.path.endswith("/devices/removal"):
            place = self.path(route, person.cast).removesuffix("/devices/removal")
            await person.post(f"{place}/devices", **a_device(person.cast))
            found = re.search(r'name="device" value="([^"]+)"', (await person.get(f"{place}/choices")).text)
            assert found
            person.cast.device = found[1]
        if "{link}" in route.path:
            cast = person.cast
            staff = person if person.side == "staff" else await cast.sign_in("theo")
            await staff.post(f"/staff/clients/{cast.client[self.client]}/contacts", **a_contact(cast))
            links = await cast.deployment.sql(
                "select l.id, x.id as access from contact_link l left join access x on x.contact_link_id = l.id "
                "and x.until_at is null where l.client_id = :client order by l.id desc",
                client=cast.client[self.client],
            )
            # The newest; to look at somebody's page, of those who have an account.
            seen = route.path.endswith("/preview")
            found_link = next(row for row in links if row["access"] or not seen)
            cast.link = str(found_link["id"])
        if self.fresh:
            cast, place = person.cast, self.path(route, person.cast).partition("/messages/")[0]
            answer = await person.post(f"{place}/messages", None, {"HX-Request": "true"}, **a_message(cast))
            found = re.search(r'id="message-([^"]+)"', answer.text)
            assert answer.status_code == 201 and found, answer.text
            cast.message[cast.conversation[self.conversation]] = found[1]

    async def find(self, cast: Cast) -> None:
        """Look up what the path is to name, and only what happened can tell."""
        if self.notice:
            await cast.look_at_notices()
        if self.template:
            await cast.look_at_templates()

    async def ask(self, route: Route, person: Person, worker: int | None = None, **headers: str) -> httpx2.Response:
        """Make the request as this person."""
        await self.find(person.cast)
        path = self.path(route, person.cast)
        more = self.headers | ({"HX-Request": "true"} if self.script else {}) | headers
        if is_write(route):
            return await person.post(path, worker, more, **self.form(person.cast))
        return await person.get(path, worker, **more)


def is_write(route: Route) -> bool:
    return "POST" in (route.methods or ())


def name_of(route: Route) -> str:
    return f"{'POST' if is_write(route) else 'GET'} {route.path}"


def new_client(cast: Cast) -> dict[str, str]:
    return {"key": str(uuid4()), "first_name": "Wren", "last_name": "Abernathy", "date_of_birth": "2001-04-05"}


def changed_client(cast: Cast) -> dict[str, str]:
    named = {"first_name": "Noa", "last_name": "Reyes-Menon", "date_of_birth": "2017-03-09"}
    return named | {"email": "", "phone": f"(555) 01{next(_other) % 90 + 10}", "address": "3 Alder Court"}


def terms(cast: Cast) -> dict[str, str]:
    return {
        "name": f"Ada {uuid4().hex[:8]}",
        "relationship": "Grandparent",
        "forms": "on",
        "last": "2140-01-31",
        "basis": "What both parents agreed on",
    }


def a_contact(cast: Cast) -> dict[str, str]:
    return terms(cast) | {"key": str(uuid4())}


def a_message(cast: Cast) -> dict[str, str]:
    return {"key": str(uuid4()), "body": f"A word of no weight, {uuid4().hex}."}


def some_choices(cast: Cast) -> dict[str, str]:
    minute = next(_other) % 60
    return {
        "shown_message": "on",
        "mail_message": "on",
        "push_message": "on",
        "often": "daily",
        "daily_at": f"07:{minute:02}",
        "quiet_from": "22:00",
        "quiet_until": f"06:{minute:02}",
    }


def a_device(cast: Cast) -> dict[str, str]:
    """A browser that asks to be told. Nothing answers there, so a push to it is tried again for hours: in a practice
    that tests share, whoever adds one removes it."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {
        "endpoint": f"https://push.example.com/{uuid4().hex}",
        "p256dh": urlsafe_b64encode(point).decode(),
        "auth": urlsafe_b64encode(uuid4().bytes).decode(),
    }


def the_device(cast: Cast) -> dict[str, str]:
    return {"device": cast.device or str(uuid4())}


def a_draft(cast: Cast) -> dict[str, str]:
    return {"body": f"Half a sentence, {uuid4().hex}"}


def other_words(cast: Cast) -> dict[str, str]:
    return {"body": f"The same in other words, {uuid4().hex}."}


_TAKERS = cycle(["henrik", "miriam"])
_ON_AND_OFF = cycle(["no", "yes"])


def put_on_it(cast: Cast) -> dict[str, str]:
    """Another each time: who is on it already is no news."""
    return {"staff": cast.staff[next(_TAKERS)]}


def a_template(cast: Cast) -> dict[str, str]:
    return {"key": str(uuid4()), "name": "The lift", "body": f"Hello {{name}}, the lift waits. {uuid4().hex}"}


def another_template(cast: Cast) -> dict[str, str]:
    return {"name": "The stairs", "body": f"Hello {{name}}, take the stairs. {uuid4().hex}"}


def handed_over(cast: Cast) -> dict[str, str]:
    return a_note(cast) | put_on_it(cast)


def a_note(cast: Cast) -> dict[str, str]:
    return {"key": str(uuid4()), "body": f"A note of no weight, {uuid4().hex}."}


def all_read(cast: Cast) -> dict[str, str]:
    return {"number": "9999"}


def all_seen(cast: Cast) -> dict[str, str]:
    return {"up_to": "9999"}


def always_open(cast: Cast) -> dict[str, str]:
    """So that whatever else is tried can be written at any hour."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return {f"{day}_first_{edge}": "00:00" for day in days for edge in ("from", "to")}


def a_day_of_its_own(cast: Cast) -> dict[str, str]:
    day = clock.now().date() + dt.timedelta(days=10 + next(_other) % 200)
    return {"day": day.isoformat(), "label": "A day out", "begins": "09:00", "ends": "12:00"}


def an_answer(cast: Cast) -> dict[str, str]:
    return {"on": "yes", "text_en": f"We answer tomorrow, {uuid4().hex[:6]}."}


def a_leave(cast: Cast) -> dict[str, str]:
    """A day that no other has taken."""
    first = clock.now().date() + dt.timedelta(days=next(_day))
    days = {"first": first.isoformat(), "last": first.isoformat()}
    return {"staff": cast.staff["miriam"], "cover": cast.staff["theo"]} | days


def to_henrik(cast: Cast) -> dict[str, str]:
    return {"staff": cast.staff["henrik"]}


def ages(cast: Cast) -> dict[str, str]:
    return {"own_account_age": "13", "majority_age": "18"}


def whom_to_call(cast: Cast) -> dict[str, str]:
    return {"text_en": f"We read on weekdays, {uuid4().hex[:6]}.", "number_0": "911", "number_1": "988"}


def wishes(**form: str) -> Form:
    return lambda cast: form


def signing_in(cast: Cast) -> dict[str, str]:
    return {"email": cast.email["client", "sam"], "demo": "1", "side": "client"}


SAMPLES: dict[str, Sample] = {
    "GET /": Sample("", 303),
    "GET /sign-in": Sample("", 200),
    "POST /sign-in": Sample("", 303, form=signing_in),
    "POST /sign-out": Sample("jo", 303),
    "POST /session": Sample("miriam", 204),
    "POST /language": Sample("", 303, form=wishes(lang="es")),
    "POST /theme": Sample("miriam", 303, form=wishes(theme="dark")),
    "POST /discretion": Sample("dana", 303, form=wishes(discreet="on")),
    "GET /static/{version}/{path:path}": Sample("", 200),
    "GET /up": Sample("", 200),
    "GET /metrics": Sample("", 200, headers={"Authorization": f"Bearer {METRICS_TOKEN}"}),
    "GET /staff/today": Sample("miriam", 200),
    "GET /staff/inbox": Sample("miriam", 200),
    "GET /staff/inbox/{conversation}": Sample("miriam", 200),
    "POST /staff/inbox/{conversation}/assignment": Sample("miriam", 303, form=put_on_it),
    "POST /staff/inbox/{conversation}/completion": Sample("miriam", 303, form=wishes(number=9999)),
    "POST /staff/inbox/{conversation}/reopening": Sample("miriam", 303),
    "GET /staff/inbox/{conversation}/snooze": Sample("miriam", 200),
    "POST /staff/inbox/{conversation}/snooze": Sample("miriam", 303, form=wishes(when="tomorrow", number=9999)),
    "GET /staff/inbox/{conversation}/notes": Sample("miriam", 200),
    "POST /staff/inbox/{conversation}/notes": Sample("miriam", 303, form=a_note),
    "GET /staff/inbox/{conversation}/handover": Sample("miriam", 200),
    "POST /staff/inbox/{conversation}/handover": Sample("miriam", 303, form=handed_over),
    "POST /staff/inbox/{conversation}/waking": Sample("miriam", 303),
    "GET /staff/clients": Sample("miriam", 200),
    "POST /staff/clients": Sample("miriam", 303, form=new_client),
    "POST /staff/clients/search": Sample("miriam", 303, form=wishes(q="reyes")),
    "GET /staff/clients/new": Sample("miriam", 200),
    "GET /staff/clients/{client}": Sample("miriam", 200),
    "POST /staff/clients/{client}": Sample("miriam", 303, form=changed_client),
    "GET /staff/clients/{client}/edit": Sample("miriam", 200),
    "POST /staff/clients/{client}/archival": Sample("miriam", 303),
    "POST /staff/clients/{client}/restoration": Sample("miriam", 303),
    "GET /staff/clients/{client}/who-sees": Sample("miriam", 200),
    "GET /clients/{client}/who-sees": Sample("dana", 200),
    "GET /clients/{client}/who-acts": Sample("walter", 200, client="walter"),
    "POST /clients/{client}/who-acts/{link}": Sample(
        "walter", 303, client="walter", form=lambda cast: {"right": "messages", "on": "yes"}
    ),
    "POST /clients/{client}/who-acts/{link}/end": Sample("walter", 303, client="walter"),
    "GET /staff/clients/{client}/conversations/{conversation}/readers": Sample("miriam", 200),
    "GET /clients/{client}/conversations/{conversation}/readers": Sample("dana", 200),
    "GET /staff/clients/{client}/as/{account}/home": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/who-sees": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/who-acts": Sample("miriam", 200, client="eli", account="eli"),
    "GET /staff/clients/{client}/as/{account}/notices": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/messages": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/conversations/new": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/conversations/{conversation}": Sample("miriam", 200),
    "GET /staff/clients/{client}/as/{account}/conversations/{conversation}/readers": Sample("miriam", 200),
    "GET /staff/clients/{client}/messages": Sample("miriam", 200),
    "GET /staff/clients/{client}/conversations/new": Sample("miriam", 200),
    "GET /staff/clients/{client}/contacts": Sample("miriam", 200),
    "GET /staff/clients/{client}/contacts/new": Sample("miriam", 200),
    "GET /staff/clients/{client}/contacts/{link}": Sample("miriam", 200),
    "POST /staff/clients/{client}/contacts": Sample("miriam", 303, form=a_contact),
    "POST /staff/clients/{client}/contacts/search": Sample("miriam", 200, form=lambda cast: {"words": "Dana"}),
    "POST /staff/clients/{client}/contacts/network": Sample(
        "miriam", 303, client="lena", form=lambda cast: {"on": next(_ON_AND_OFF)}
    ),
    "POST /staff/clients/{client}/contacts/{link}": Sample("miriam", 303, form=terms),
    "POST /staff/clients/{client}/contacts/{link}/preview": Sample("miriam", 200, form=terms),
    "GET /staff/clients/{client}/contacts/{link}/history": Sample("miriam", 200),
    "POST /staff/clients/{client}/contacts/{link}/end": Sample("miriam", 303),
    "GET /staff/clients/{client}/contacts/{link}/client": Sample("miriam", 200),
    "POST /staff/clients/{client}/contacts/{link}/client": Sample(
        "miriam", 303, form=lambda cast: new_client(cast) | {"apart": "on"}
    ),
    "POST /staff/clients/{client}/contacts/{link}/client/known": Sample(
        "miriam", 303, form=lambda cast: {"person": cast.client["lena"]}
    ),
    "POST /staff/clients/{client}/conversations": Sample("miriam", 303, client="lena", form=wishes(audience="billing")),
    "GET /staff/clients/{client}/conversations/{conversation}": Sample("miriam", 200),
    "POST /staff/clients/{client}/conversations/{conversation}/messages": Sample(
        "miriam", 201, form=a_message, script=True
    ),
    "POST /staff/clients/{client}/conversations/{conversation}/reading": Sample("miriam", 204, form=all_read),
    "GET /staff/notices": Sample("miriam", 200),
    "POST /staff/notices/reading": Sample("miriam", 303, form=all_seen),
    "POST /staff/notices/{notice}/reading": Sample("miriam", 303, notice="miriam"),
    "GET /clients/{client}/notices": Sample("dana", 200),
    "POST /clients/{client}/notices/reading": Sample("dana", 303, form=all_seen),
    "POST /clients/{client}/notices/{notice}/reading": Sample("dana", 303, notice="dana"),
    "GET /staff/clients/{client}/conversations/{conversation}/templates": Sample("miriam", 200),
    "GET /staff/templates": Sample("miriam", 200),
    "POST /staff/templates": Sample("miriam", 303, form=a_template),
    "GET /staff/templates/new": Sample("miriam", 200),
    "GET /staff/templates/{template}": Sample("miriam", 200, template="miriam"),
    "POST /staff/templates/{template}": Sample("miriam", 303, template="miriam", form=another_template),
    "POST /staff/templates/{template}/removal": Sample("miriam", 303, template="miriam"),
    "POST /staff/notices/devices": Sample("jo", 303, form=a_device),
    "POST /staff/notices/devices/removal": Sample("miriam", 303, form=the_device),
    "POST /clients/{client}/notices/devices": Sample("dana", 303, form=a_device),
    "POST /clients/{client}/notices/devices/removal": Sample("dana", 303, form=the_device),
    "GET /staff/notices/choices": Sample("miriam", 200),
    "POST /staff/notices/choices": Sample("miriam", 303, form=some_choices),
    "GET /clients/{client}/notices/choices": Sample("dana", 200),
    "POST /clients/{client}/notices/choices": Sample("dana", 303, form=some_choices),
    "GET /staff/clients/{client}/conversations/{conversation}/search": Sample("miriam", 200),
    "POST /staff/clients/{client}/conversations/{conversation}/search": Sample("miriam", 200, form=wishes(q="guinea")),
    "POST /staff/clients/{client}/conversations/{conversation}/draft": Sample("miriam", 204, form=a_draft),
    "GET /staff/clients/{client}/conversations/{conversation}/messages/{message}": Sample("miriam", 200),
    "POST /staff/clients/{client}/conversations/{conversation}/messages/{message}": Sample(
        "miriam", 303, form=other_words, fresh=True
    ),
    "POST /staff/clients/{client}/conversations/{conversation}/messages/{message}/withdrawal": Sample(
        "miriam", 303, fresh=True
    ),
    "POST /staff/clients/{client}/messaging": Sample("miriam", 303, client="lena", form=wishes(mode="reply")),
    "POST /staff/clients/{client}/coming-of-age": Sample("miriam", 303),
    "GET /staff/settings/minors": Sample("ada", 200),
    "POST /staff/settings/minors": Sample("ada", 200, form=ages),
    "GET /staff/settings/availability": Sample("ada", 200),
    "POST /staff/settings/availability/hours": Sample("ada", 303, form=always_open),
    "POST /staff/settings/availability/preview": Sample("ada", 200, form=always_open, script=True),
    "POST /staff/settings/availability/days": Sample("ada", 303, form=a_day_of_its_own),
    "POST /staff/settings/availability/days/{day}/removal": Sample("ada", 303),
    "POST /staff/settings/availability/reply": Sample("ada", 303, form=an_answer),
    "POST /staff/settings/availability/crisis": Sample("ada", 303, form=whom_to_call),
    "POST /staff/clients/{client}/care-team": Sample("ada", 303, client="lena", form=to_henrik),
    "GET /staff/colleagues": Sample("ada", 200),
    "GET /staff/colleagues/{colleague}/departure": Sample("ada", 200),
    "POST /staff/colleagues/{colleague}/departure": Sample("ada", 303, form=wishes(successor="nobody")),
    "GET /staff/leave": Sample("miriam", 200),
    "POST /staff/leave": Sample("miriam", 303, form=a_leave),
    "POST /staff/leave/{leave}/end": Sample("theo", 303),
    "GET /board": Sample("dana", 200),
    "GET /home": Sample("dana", 303),
    "GET /clients/{client}/home": Sample("dana", 200),
    "GET /clients/{client}/messages": Sample("dana", 200),
    "GET /clients/{client}/conversations/new": Sample("dana", 200),
    "POST /clients/{client}/conversations": Sample("dana", 303, form=wishes(audience="billing")),
    "GET /clients/{client}/conversations/{conversation}": Sample("dana", 200),
    "POST /clients/{client}/conversations/{conversation}/messages": Sample("dana", 201, form=a_message, script=True),
    "POST /clients/{client}/conversations/{conversation}/reading": Sample("dana", 204, form=all_read),
    "GET /clients/{client}/conversations/{conversation}/search": Sample("dana", 200),
    "POST /clients/{client}/conversations/{conversation}/search": Sample("dana", 200, form=wishes(q="guinea")),
    "POST /clients/{client}/conversations/{conversation}/draft": Sample("dana", 204, form=a_draft),
    "GET /clients/{client}/conversations/{conversation}/messages/{message}": Sample("dana", 200),
    "POST /clients/{client}/conversations/{conversation}/messages/{message}": Sample(
        "dana", 303, form=other_words, fresh=True
    ),
    "POST /clients/{client}/conversations/{conversation}/messages/{message}/withdrawal": Sample(
        "dana", 303, fresh=True
    ),
}

# Getting in has a matrix and a live law of its own, in tests/access: its strangers hold links and half a session.
ELSEWHERE = (
    "/staff/clients/{client}/portal",
    "/staff/settings/portal",
    "/staff/settings/mail",
    "/staff/settings/messages",
    "/staff/mail",
    "/start",
    "/welcome",
    "/offers",
    "/forgot",
    "/reset",
    "/demo/mail",
)
_NAMES = list(SAMPLES)  # acts go on from one another in this order; a route without a sample comes first, and is red
ALL_ROUTES = sorted(
    (route for route in ROUTES if not route.path.startswith(ELSEWHERE)),
    key=lambda route: _NAMES.index(name_of(route)) if name_of(route) in SAMPLES else -1,
)
WRITES = [route for route in ALL_ROUTES if is_write(route)]


def sample_of(route: Route) -> Sample:
    """The sample of a route, or a red test that says that there is none."""
    name = name_of(route)
    assert name in SAMPLES, f"{name} has no sample: add one to tests/laws/samples.py"
    return SAMPLES[name]
