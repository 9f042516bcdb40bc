"""Notices and how they are told, for the tests of all rooms."""

import datetime as dt
import re
from base64 import urlsafe_b64encode
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Page
from starlette.routing import Route

from portal import clock
from portal.models.notices.devices import PushDevice
from tests.breakage import MAPPING, SIGHT, Breakage, live, stranger
from tests.browser.places import Place, older
from tests.cast import Cast, Person
from tests.laws.sample import OTHERS, Sample
from tests.rooms import insert


def some_choices(cast: Cast) -> dict[str, str]:
    minute = next(OTHERS) % 60
    return {
        "shown_message": "on",
        "mail_message": "on",
        "push_message": "on",
        "often": "daily",
        "daily_at": f"07:{minute:02}",
        "quiet": "on",
        "quiet_from": "22:00",
        "quiet_until": f"06:{minute:02}",
    }


async def once_a_day_as_of_before(page: Page) -> None:
    """Choose once a day, with which its time is asked, in a form that was made on what is no more."""
    await page.locator("[name=often][value=daily]").check()
    await older("form[action$=choices]", "daily_at", "07:30")(page)


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


def all_seen(cast: Cast) -> dict[str, str]:
    return {"up_to": "9999"}


async def with_a_device(sample: Sample, route: Route, person: Person) -> None:
    place = sample.path(route, person.cast).removesuffix("/devices/removal")
    await person.post(f"{place}/devices", **a_device(person.cast))
    listed = re.search(r'name="device" value="([^"]+)"', (await person.get(f"{place}/choices")).text)
    assert listed
    person.cast.device = listed[1]


SAMPLES = {
    "GET /staff/notices": Sample("miriam", 200),
    "POST /staff/notices/reading": Sample("miriam", 303, form=all_seen),
    "POST /staff/notices/{notice}/reading": Sample("miriam", 303, notice="miriam"),
    "GET /clients/{client}/notices": Sample("dana", 200),
    "POST /clients/{client}/notices/reading": Sample("dana", 303, form=all_seen),
    "POST /clients/{client}/notices/{notice}/reading": Sample("dana", 303, notice="dana"),
    "POST /staff/notices/devices": Sample("jo", 303, form=a_device, sampled=True),
    "POST /staff/notices/devices/removal": Sample("miriam", 303, form=the_device, before=with_a_device),
    "POST /clients/{client}/notices/devices": Sample("dana", 303, form=a_device),
    "POST /clients/{client}/notices/devices/removal": Sample("dana", 303, form=the_device, before=with_a_device),
    "GET /staff/notices/choices": Sample("miriam", 200),
    "POST /staff/notices/choices": Sample("miriam", 303, form=some_choices),
    "GET /clients/{client}/notices/choices": Sample("dana", 200),
    "POST /clients/{client}/notices/choices": Sample("dana", 303, form=some_choices),
}


async def fill(cast: Cast) -> None:
    for holder in ({"staff_id": cast.staff["miriam"]}, {"account_id": cast.account["dana"]}):
        await PushDevice.create(
            **holder,
            endpoint_hash=uuid4().hex,
            subscription_sealed=b"x",
            number=1,
            due_at=clock.now() + dt.timedelta(days=1),
        )
    await insert("mail_choice", person_id=uuid4(), often="once", daily_at=0, quiet_from=1, quiet_until=2)
    await insert("notice_choice", person_id=uuid4(), kind="message", shown=True)


# A statement for each check of a table, which refuses it.
BROKEN = {
    "mail_choice": [
        "update mail_choice set often = 'hourly'",
        "update mail_choice set daily_at = 1440",
        "update mail_choice set quiet_from = -1",
        "update mail_choice set quiet_until = 1440",
        "update mail_choice set quiet_from = null",
        "update mail_choice set quiet_from = quiet_until",
    ],
    "notice": ["update notice set staff_id = null, account_id = null", "update notice set up_to = 0"],
    "push_device": [
        "update push_device set staff_id = null, account_id = null",
        "update push_device set number = null",
    ],
    "notice_place": ["update notice_place set number = 0"],
}


PLACES = [
    Place("notices", "miriam", "/staff/notices"),
    Place("notices, none", "newcomer", "/staff/notices"),
    Place("notices, overfull", "wilhelmina", "/staff/notices"),
    Place("choices", "miriam", "/staff/notices/choices"),
    Place("notices", "dana", "/clients/{noa}/notices"),
    Place("notices, none", "silent", "/clients/{silent}/notices"),
    Place("notices, overfull", "hildegard", "/clients/{maximiliana-theodora}/notices"),
    Place("choices", "dana", "/clients/{noa}/notices/choices"),
    Place(
        "choices, changed meanwhile",
        "dana",
        "/clients/{noa}/notices/choices",
        once_a_day_as_of_before,
    ),
]

BREAKAGES = [
    Breakage(
        MAPPING,
        "notices that were read are read everywhere",
        "portal/regions/notices/notices.py",
        'on=(OfNotice,), element="bell")',
        'on=(), element="bell")',
        live("POST /staff/notices/reading"),
        first=live("POST /clients/{client}/conversations/{conversation}/messages"),
    ),
    Breakage(
        SIGHT,
        "a notice is its own person's",
        "portal/models/notices/notice.py",
        'return f"{is_viewers(kind, r)} and {_sees_what(kind, r)}"',
        "return _sees_what(kind, r)",
        stranger("POST /staff/notices/{notice}/reading by a colleague who sees the client too"),
    ),
]
