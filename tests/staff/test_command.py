"""`portal staff`: whoever runs the machine sees who works here, and lets somebody in again who has no other way."""

import subprocess

from tests.access.desk import path_of, token_of
from tests.deployment import Deployment, command

NEW = "eleven herons over quiet water"


async def portal_staff(deployment: Deployment, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = deployment.env | {"PORTAL_BASE_URL": deployment.bases[0]} | more
    return await command(env, "staff", *arguments)


async def test_an_administrator_without_mail_gets_in_again(deployment: Deployment) -> None:
    id, email = deployment.cast.staff["ada"], deployment.cast.email["staff", "ada"]
    (before,) = await deployment.sql("select password_hash from staff_member where id = :id", id=id)
    listed = await portal_staff(deployment, "list")
    assert [line.split() for line in listed.stdout.splitlines() if email in line] == [
        ["Ada", "Lindqvist", email, "Organisation", "Administrator"]
    ], listed
    printed = await portal_staff(deployment, "reset", email.upper())
    assert printed.returncode == 0, printed
    address = printed.stdout.split()[-1]
    assert address.startswith(f"{deployment.bases[0]}/reset/")
    browser = deployment.cast.stranger(side="staff")
    assert (await browser.get(path_of(address))).status_code == 200
    assert (await browser.post("/reset", token=token_of(address))).status_code == 303
    assert (await browser.post("/reset/password", password=NEW)).headers["location"] == "/sign-in?changed=1"
    try:
        assert (await browser.post("/sign-in", email=email, password=NEW)).headers["location"] == "/staff/today"
        noted = await deployment.sql("select side from audit where action = 'reset staff password'")
        assert [row["side"] for row in noted] == ["nobody"]
    finally:
        await deployment.sql(
            "update staff_member set password_hash = :hash where id = :id", hash=before["password_hash"], id=id
        )


async def test_a_link_is_for_somebody_who_works_here_and_leads_somewhere(embedded: Deployment) -> None:
    count = "select count(*) as n from reset"
    before = await embedded.sql(count)
    for email in ("nobody@example.com", embedded.cast.email["client", "dana"]):
        refused = await portal_staff(embedded, "reset", email)
        assert refused.returncode == 1 and "portal staff list" in refused.stderr
    nowhere = await portal_staff(embedded, "reset", embedded.cast.email["staff", "ada"], PORTAL_BASE_URL="")
    assert nowhere.returncode == 1 and "PORTAL_BASE_URL" in nowhere.stderr
    assert await embedded.sql(count) == before
