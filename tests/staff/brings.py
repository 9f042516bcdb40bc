"""Colleagues, and signing in, for the tests of all rooms."""

from uuid import UUID, uuid4

from portal import clock, passwords
from portal.demo import PASSWORD
from portal.models.staff.session import Session
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Permission, Role
from tests.breakage import DOOR, END, KEY, Breakage, live, structure, test
from tests.browser.places import Place, sent
from tests.cast import Cast
from tests.laws.sample import Sample, wishes
from tests.laws.stage import Verbs
from tests.rooms import insert


def signing_in(cast: Cast) -> dict[str, str]:
    return {"email": cast.email["client", "sam"], "demo": "1", "side": "client"}


SAMPLES = {
    "GET /sign-in": Sample("", 200),
    "POST /sign-in": Sample("", 303, form=signing_in),
    "POST /sign-out": Sample("jo", 303),
    "POST /session": Sample("miriam", 204),
    "GET /staff/colleagues": Sample("ada", 200),
    "GET /staff/colleagues/{colleague}/departure": Sample("ada", 200),
    "POST /staff/colleagues/{colleague}/departure": Sample("ada", 303, form=wishes(successor="nobody"), sampled=True),
}

# The permission or right that a door asks for, by its address.
ASKED = {
    r"\w+ /staff/colleagues.*": Permission.STAFF,
}


VERBS = Verbs()


def _allows(name: str, staff: str, permission: Permission, yes: bool) -> None:
    @VERBS(name)
    async def _(cast: Cast) -> None:
        await (await StaffMember.get(id=cast.staff[staff])).allow(permission, yes)


_allows("an administrator may read clinical messages", "ada", Permission.CLINICAL_MESSAGES, True)
_allows("and may no more", "ada", Permission.CLINICAL_MESSAGES, False)
_allows("a therapist may see all clients", "theo", Permission.SEE_ALL_CLIENTS, True)
_allows("and only hers again", "theo", Permission.SEE_ALL_CLIENTS, False)
_allows("a therapist loses her clinical messages", "miriam", Permission.CLINICAL_MESSAGES, False)
_allows("and has them back", "miriam", Permission.CLINICAL_MESSAGES, True)


@VERBS("somebody who sees all clients is employed")
async def _(cast: Cast) -> None:
    secret = passwords.hash_now(PASSWORD)
    added = await StaffMember.add("Bea Lund", "bea@willow.example", Role.CLINICAL_ADMINISTRATOR, secret)
    cast.staff["bea"] = str(added.id)


@VERBS("and leaves the practice")
async def _(cast: Cast) -> None:
    await (await StaffMember.get(id=cast.staff["bea"])).leave()


@VERBS("a therapist with open pages leaves the practice", last=True)
async def _(cast: Cast) -> None:
    await (await StaffMember.get(id=cast.staff["theo"])).leave()


async def fill(cast: Cast) -> None:
    for name in ("miriam", "theo"):
        await Session.start("staff", UUID(cast.staff[name]), "", "")
    for name in ("dana", "sam"):
        await Session.start("client", UUID(cast.account[name]), "", "")
    await insert("device", token_hash="x", side="staff", holder_id=uuid4(), seen_at=clock.now())


# A statement for each check of a table, which refuses it.
BROKEN = {
    "device": ["update device set side = 'outside'"],
    "session": [
        "update session set side = 'outside', staff_id = null, account_id = null",
        "update session set staff_id = null where side = 'staff'",
        "update session set account_id = null where side = 'client'",
    ],
    "staff_member": [
        "update staff_member set role = 'janitor'",
        "update staff_member set theme = 'pink'",
        "update staff_member set supervisor_id = id",
    ],
}


PLACES = [
    Place("sign in", "", "/sign-in"),
    Place(
        "sign in, refused",
        "",
        "/sign-in",
        sent(("email", "nobody@example.com"), ("password", "wrong"), button=".door-form .primary"),
    ),
    Place("colleagues", "ada", "/staff/colleagues"),
    Place("departure", "ada", "/staff/colleagues/{colleague of miriam}/departure"),
]

BREAKAGES = [
    Breakage(
        KEY,
        "who reads a conversation can change on any page",
        "portal/facts/staff.py",
        "    concerns_everyone = True\n    staff: UUID",
        "    staff: UUID",
        live("a therapist loses her clinical messages"),
    ),
    Breakage(
        DOOR,
        "who ends a colleague's work manages staff",
        "portal/routes/staff/staff/colleagues.py",
        'departure", Permission.STAFF, form=Departure, ',
        'departure", form=Departure, ',
        structure("test_each_door_asks_for_what_is_said_here"),
    ),
    Breakage(
        END,
        "a session is over when nobody came for some minutes",
        "portal/models/staff/session.py",
        "s.ended_at is null and s.idle_until > :now\n",
        "s.ended_at is null\n",
        test("staff/test_sessions.py::test_who_was_away_too_long_signs_in_again"),
    ),
    Breakage(
        END,
        "who has left signs in no more",
        "portal/models/staff/session.py",
        '"(m.id is null or m.ended_at is null) "\n    "and (s.side',
        '"(s.side',
        test("staff/test_sessions.py::test_who_has_left_is_in_no_more"),
    ),
]
