"""A mailbox on an IMAP server, over TLS, small but real: what imaplib needs of RFC 3501, and nothing of it made up.

async with ImapServer(folder) as imap:
    imap.put(b"From: MAILER-DAEMON…")
"""

import asyncio
import contextlib
import datetime as dt
import re
import ssl
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "returned@willow.example", 'kettle "nine" \\stars'


def mailbox_form(port: int, /, **other: str) -> dict[str, str]:
    """Return the form of the settings as an administrator fills it in."""
    given = {"address": USER, "host": "localhost", "port": str(port), "mailbox_user": USER}
    return given | {"mailbox_password": PASSWORD, "folder": "INBOX"} | other


def certificate(folder: Path) -> Path:
    """A certificate for localhost with its key, signed by itself: trusted by whoever has SSL_CERT_FILE on it."""
    path = folder / "localhost.pem"
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        plain = serialization.NoEncryption()
        path.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
            + made.public_bytes(serialization.Encoding.PEM)
        )
    return path


class ImapServer:
    """`messages` by their numbers; `commands` is all that was said to it. `silent` answers nothing at all,
    `dripping` says a letter now and then and never a line. `greeting` is said to whoever comes, and `claims` is how
    long it says that every message is, where it lies about that."""

    def __init__(self, folder: Path) -> None:
        self.pem = certificate(folder)
        self.messages: dict[int, bytes] = {}
        self.validity = 1
        self.commands: list[str] = []
        self.silent = self.dripping = False
        self.greeting = b"* OK ready"
        self.claims: int | None = None
        self._next = 1
        self._lines: set[asyncio.StreamWriter] = set()

    def put(self, raw: bytes) -> int:
        """Deliver a message; gives its number."""
        number = self._next
        self.messages[number] = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        self._next += 1
        return number

    async def __aenter__(self) -> Self:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        self._server = await asyncio.start_server(self._serve, "localhost", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for line in self._lines:
            line.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while self.dripping:
                writer.write(b"*")
                await writer.drain()
                await asyncio.sleep(0.02)
            if not self.silent:
                writer.write(self.greeting + b"\r\n")
            while line := (await reader.readline()).decode().rstrip("\r\n"):
                if not self.silent:
                    self._answer(writer, line)
                    await writer.drain()
        self._lines.discard(writer)
        writer.close()

    def _answer(self, writer: asyncio.StreamWriter, line: str) -> None:
        tag, _, command = line.partition(" ")
        self.commands.append(command)
        name = command.upper()

        def say(*lines: str | bytes) -> None:
            for one in lines:
                writer.write((one if isinstance(one, bytes) else one.encode()) + b"\r\n")

        if name == "CAPABILITY":
            say("* CAPABILITY IMAP4rev1", f"{tag} OK done")
        elif name.startswith("LOGIN "):
            quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
            right = command[6:] in (f'{USER} "{quoted}"', f'"{USER}" "{quoted}"')
            say(f"{tag} OK in" if right else f"{tag} NO [AUTHENTICATIONFAILED] wrong")
        elif name.startswith("EXAMINE "):
            if "INBOX" not in name:
                return say(f"{tag} NO there is no such mailbox")
            say(f"* {len(self.messages)} EXISTS", "* 0 RECENT", f"* OK [UIDVALIDITY {self.validity}] valid")
            say(f"{tag} OK [READ-ONLY] there")
        elif search := re.fullmatch(r"UID SEARCH UID (\d+):\*", name):
            # As the standard has it, the star is the last message even where that is before the first number.
            last = max(self.messages, default=0)
            first = min(int(search[1]), last)
            found = [str(number) for number in sorted(self.messages) if first <= number <= last]
            say(f"* SEARCH {' '.join(found)}".rstrip(), f"{tag} OK done")
        elif name.startswith("UID SEARCH SINCE "):
            say(f"* SEARCH {' '.join(map(str, sorted(self.messages)))}".rstrip(), f"{tag} OK done")
        elif fetch := re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", name):
            number, most = int(fetch[1]), int(fetch[2])
            if (raw := self.messages.get(number, b"")[:most]) or number in self.messages:
                size = len(raw) if self.claims is None else self.claims
                say(f"* 1 FETCH (UID {number} BODY[]<0> {{{size}}}".encode() + b"\r\n" + raw + b")")
            say(f"{tag} OK done")
        elif name == "LOGOUT":
            say("* BYE", f"{tag} OK out")
        else:
            say(f"{tag} BAD not known here")
