"""`portal staff`: who works here, and a way back in for somebody who has lost theirs, for whoever runs the machine."""

import typer

from portal import crypto
from portal.cli.base import Data, fail, use, with_database
from portal.models.access.reset import Reset
from portal.models.ground import audit
from portal.models.ground.fact import unit
from portal.models.ground.person import canonical_email
from portal.models.staff.staff_member import StaffMember

staff = typer.Typer(no_args_is_help=True, help="The people who work here.")


@staff.command("list")
def list_staff(data: Data = None) -> None:
    """Say who works here: name, email and role, in the order of their names."""
    use(data)

    async def read() -> list[StaffMember]:
        return await StaffMember.filter(ended_at=None).order_by("name", "id")

    people = with_database(read)
    if not people:
        raise fail("Nobody works here yet: `portal start` begins a practice.")
    widths = [max(len(text) for text in column) for column in zip(*((p.name, p.email) for p in people), strict=True)]
    for person in people:
        typer.echo(f"{person.name:<{widths[0]}}  {person.email:<{widths[1]}}  {person.role_label}")


@staff.command("reset")
def reset_password(email: str, data: Data = None) -> None:
    """Print a link by which a member of staff chooses a new password: once, within 24 hours. Give it to nobody else."""
    chosen = use(data)
    if not chosen.base_url:
        raise fail("PORTAL_BASE_URL is not set: the link would lead nowhere. Give the address that people open.")
    crypto.load_keys(chosen.keys_path)

    async def make() -> str | None:
        async with unit():
            person = await StaffMember.get_or_none(email_key=canonical_email(email), ended_at=None)
            if person is None:
                return None
            made, token, _ = await Reset.make(person, None)
            await audit.note("reset staff password", record=made.id, staff=person.id, by="portal staff reset")
            return token

    token = with_database(make)
    if token is None:
        raise fail(f"Nobody who works here signs in with {email}. `portal staff list` says who does.")
    typer.echo("This link works once, within 24 hours. The present password works until then.")
    typer.echo(f"  {chosen.link(f'/reset/{token}')}")
