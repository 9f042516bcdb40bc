"""A practice of two hundred: one message costs a question for each colleague whom it concerns, and the others none."""

import asyncio
import contextlib
from collections.abc import Iterator
from uuid import uuid4

from portal.models.ground.fact import unit
from portal.models.staff.session import Session
from portal.models.staff.staff_member import StaffMember
from portal.permissions import Role
from portal.web.doors import cookie_name
from tests.cast import Person
from tests.deployment import Deployment, own_practice
from tests.pages import Page, open_page
from tests.servers import PostgreSQL

COLLEAGUES = 200
CONCERNED, OTHERS = 20, 20  # whose pages stand open: those see every client, these none
COUNT = " as in_mine, "  # the numbers of the inbox, as models/messages/inbox.py asks for them


willow = own_practice("full", scope="function", workers=1)


async def employ(willow: Deployment) -> dict[Role, list[Person]]:
    """A full house, all with a session each."""
    people: dict[Role, list[Person]] = {Role.CLINICAL_ADMINISTRATOR: [], Role.THERAPIST: []}
    async with willow.models(), unit():
        for number in range(COLLEAGUES):
            role = Role.CLINICAL_ADMINISTRATOR if number < CONCERNED else Role.THERAPIST
            email = f"colleague.{number}@willow.example"
            member = await StaffMember.add(f"Colleague {number}", email, role, "none")
            _, token = await Session.start("staff", member.id, "", "")
            person = willow.cast.stranger(0, f"colleague {number}", "staff")
            person.browser.cookies.set(cookie_name("staff"), token)
            people[role].append(person)
    return people


@contextlib.contextmanager
def written_down(postgres: PostgreSQL) -> Iterator[list[str]]:
    """The statements that the server is asked meanwhile, each as it writes it down."""
    postgres.sql("alter system set log_statement = 'all'")
    postgres.sql("select pg_reload_conf()")
    asked: list[str] = []
    begins = postgres.log.stat().st_size
    try:
        yield asked
    finally:
        with postgres.log.open(errors="replace") as log:
            log.seek(begins)
            asked += [line for line in log if "execute " in line or "statement: " in line or COUNT in line]
        postgres.sql("alter system reset log_statement")
        postgres.sql("select pg_reload_conf()")


async def test_one_message_asks_once_for_each_colleague_whom_it_concerns(
    willow: Deployment, postgres: PostgreSQL
) -> None:
    people = await employ(willow)
    sam = willow.cast.client["sam"]
    writer = await willow.cast.sign_in("sam")
    thread = f"/clients/{sam}/conversations/{willow.cast.conversation['sam clinical']}/messages"
    async with contextlib.AsyncExitStack() as stack:

        async def opens(person: Person) -> Page:
            return await stack.enter_async_context(open_page(person, "/staff/clients"))

        concerned = [await opens(person) for person in people[Role.CLINICAL_ADMINISTRATOR]]
        others = [await opens(person) for person in people[Role.THERAPIST][:OTHERS]]
        await asyncio.gather(*(one.settle() for one in [*concerned, *others]))  # nothing is on its way any more
        with written_down(postgres) as asked:
            assert (await writer.send(thread, key=str(uuid4()), body="Is anybody there?")).status_code == 201
            # The number may be what it was, and is asked for all the same.
            await asyncio.gather(*(one.settle() for one in [*concerned, *others]))
        counted = [text for text in asked if COUNT in text]
        assert len(counted) == CONCERNED, f"{len(counted)} questions"
        assert not any(one.pushes for one in others)
