"""The mailbox for returned mail can't be made to tell its password, or what there is on the inner network."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cast import Person
from tests.deployment import Deployment
from tests.mail.imap import USER, ImapServer, mailbox_form
from tests.mail.post_office import eventually

HERE = "/staff/settings/mail"


@pytest.fixture
async def ada(portal: Deployment) -> Person:
    await portal.sql("delete from mailbox")
    return await portal.cast.sign_in("ada")


async def result(ada: Person, port: int, **other: str) -> str:
    """Return the answer to a test of the mailbox."""
    answer = await ada.send(f"{HERE}/test", **mailbox_form(port, **other))
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


async def test_the_kept_password_goes_nowhere_else(portal: Deployment, ada: Person, trusted: Path) -> None:
    async with ImapServer(trusted) as imap, ImapServer(trusted) as stranger:
        assert (await ada.post(f"{HERE}/mailbox", **mailbox_form(imap.port))).status_code == 303
        asked = "Password: enter it again"
        assert asked in await result(ada, stranger.port, mailbox_password="")
        assert asked in await result(ada, imap.port, mailbox_password="", mailbox_user="somebody@willow.example")
        assert asked in await result(ada, imap.port, mailbox_password="", host="mail.willow.example")
        for other in ({"port": str(stranger.port)}, {"mailbox_user": "x"}, {"host": "mail.willow.example"}):
            answer = await ada.post(f"{HERE}/mailbox", **mailbox_form(imap.port, mailbox_password="") | other)
            assert answer.status_code == 422 and asked in answer.text
        assert stranger.commands == []
        assert not any("LOGIN" in command and USER not in command for command in imap.commands), imap.commands

        assert "It works." in await result(ada, imap.port, mailbox_password="")
        assert "It works." in await result(ada, imap.port, mailbox_password="", host="LOCALHOST")
        assert (
            await ada.post(f"{HERE}/mailbox", **mailbox_form(imap.port, mailbox_password="", folder="INBOX/Returned"))
        ).status_code == 303
        assert (await portal.sql("select folder from mailbox"))[0]["folder"] == "INBOX/Returned"


@contextlib.asynccontextmanager
async def listening(says: bytes | None) -> AsyncIterator[tuple[int, list[str]]]:
    """A machine of the inner network, which says something or nothing to whoever comes; gives who came."""
    came: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(str(writer.get_extra_info("peername")))
        if says is not None:
            writer.write(says)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        server.close()


async def test_machines_inside_are_not_asked_and_nothing_tells_which_there_are(ada: Person) -> None:
    async with listening(b"220 hello\r\n") as (port, came):
        answers = {
            await result(ada, where, host=host)
            for host, where in (
                ("127.0.0.1", port),
                ("127.0.0.1", 993),
                ("2130706433", port),
                ("0x7f.1", port),
                ("127.0.0.1", 1),
                ("10.0.0.1", 993),
                ("169.254.169.254", 993),
                ("nowhere.invalid", 993),
                ("nowhere.invalid", port),
            )
        }
        assert came == [], "Portal went into the inner network for somebody who may change a setting"
    assert len(answers) == 1, answers
    [only] = answers
    assert "port 993" in only


async def test_whatever_is_wrong_with_a_server_reads_the_same(ada: Person, trusted: Path) -> None:
    """Of a host that may be asked: closed, no TLS, another protocol, a certificate for another name."""
    answers = set()
    for says in (None, b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"):
        async with listening(says) as (port, came):
            answers.add(await result(ada, port))
            assert came, "who runs the machine has named this host"
    answers.add(await result(ada, 1))
    async with ImapServer(trusted) as imap:
        imap.greeting = b"* BYE not today"
        answers.add(await result(ada, imap.port))
    assert len(answers) == 1, answers
    async with ImapServer(trusted) as imap:
        assert "It works." in await result(ada, imap.port)
        assert "didn’t accept" in await result(ada, imap.port, mailbox_password="another")


async def test_a_mailbox_that_is_read_by_itself_tells_no_more(portal: Deployment, ada: Person) -> None:
    said = await result(ada, 993, host="10.0.0.1")
    async with listening(b"220 hello\r\n") as (port, came):
        for host, where in (("127.0.0.1", port), ("nowhere.invalid", 993)):
            assert (await ada.post(f"{HERE}/mailbox", **mailbox_form(where, host=host))).status_code == 303
            await eventually(
                lambda: portal.sql("select 1 from mailbox where looked_at is not null and trouble is not null")
            )
            shown = (await ada.get(HERE)).text
            assert said.split(". ")[0] in shown
        assert came == []


async def test_an_answer_without_end_is_not_taken_in(ada: Person, trusted: Path) -> None:
    async with ImapServer(trusted) as imap:
        imap.put(b"From: x\n\nhello")
        imap.claims = 50_000_000_000
        assert "port 993" in await result(ada, imap.port)
        imap.claims = None
        assert "It works." in await result(ada, imap.port)
