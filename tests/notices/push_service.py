"""A push service for tests: it keeps what it is sent, opened as the browser would, and answers as it is told to."""

import asyncio
import base64
import json
import os
from collections import deque
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from tests.mail.post_office import until


def text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@dataclass
class Browser:
    """One browser's subscription at the service, with the keys that never leave it."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey
    secret: bytes

    @property
    def path(self) -> str:
        """Return its address at the service, which no other browser has."""
        return urlsplit(self.endpoint).path

    @property
    def form(self) -> dict[str, str]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": text(point), "auth": text(self.secret)}


class PushService:
    """`answers` are the statuses of the next ones; 201 where there is none."""

    def __init__(self) -> None:
        self.answers: deque[int] = deque()
        self.tried: list[str] = []  # paths
        self.said: list[tuple[str, dict[str, Any]]] = []  # path, and the words that its browser shows
        self.headers: list[dict[str, str]] = []
        self.browsers: dict[str, Browser] = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._line, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    def browser(self) -> Browser:
        """Return a browser that has just subscribed."""
        endpoint = f"http://127.0.0.1:{self.port}/push/{uuid4().hex}"
        made = Browser(endpoint, ec.generate_private_key(ec.SECP256R1()), os.urandom(16))
        self.browsers[made.path] = made
        return made

    async def got(self, browser: Browser, times: int = 1) -> None:
        """Return when this browser was told so many times."""
        await until(lambda: [path for path, _ in self.said].count(browser.path) >= times)

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, path, _ = (await reader.readline()).decode().split()
        headers = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = await reader.readexactly(int(headers["content-length"]))
        status = self.answers.popleft() if self.answers else 201
        assert method == "POST" and Vapid02.verify(headers["authorization"])
        self.tried.append(path)
        if status == 201:
            browser = self.browsers[path]
            opened = http_ece.decrypt(body, private_key=browser.key, auth_secret=browser.secret, version="aes128gcm")
            self.said.append((path, json.loads(opened)))
            self.headers.append(headers)
        writer.write(f"HTTP/1.1 {status} So\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()
