"""A side of the comparison: a floor, the product or a peer, doing the same job."""

from dataclasses import dataclass, field
from typing import Protocol

from tests.servers import PostgreSQL, Redis


@dataclass(frozen=True)
class Socket:
    """One open page. It must hear each message of its pair once, in order."""

    at: str
    """The worker it is open on, as 127.0.0.1:15000."""
    path: str
    pair: int
    hello: str
    """The first frame it sends."""
    origin: str = ""
    cookie: str = ""
    stalled: bool = False
    """Never reads after its hello, as a phone in a tunnel."""


@dataclass(frozen=True)
class Post:
    """A way to send messages to a pair; said again and again.

    In the body and the headers `{marker}` becomes the message's mark, which must be in the frames,
    and `{key}` a fresh UUID.
    """

    at: str
    path: str
    pair: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    expect: str = ""
    """Where the frame can't hold the mark, what it holds instead: texts joined by " & ", one that
    starts with ! must be absent. Then one message of the pair is to be on its way at a time."""


@dataclass(frozen=True)
class Get:
    """A page that is asked for again and again."""

    at: str
    path: str
    cookie: str
    row: bytes
    """What stands in each row of its list."""
    rows: int

    def is_there(self, answer: bytes) -> bool:
        return b" 200 " in answer[:16] and answer.count(self.row) == self.rows


@dataclass(frozen=True)
class Load:
    sockets: list[Socket]
    posts: list[Post] = field(default_factory=list)


class Side(Protocol):
    """Every measurement starts the workers anew, so none inherits another's memory or queues."""

    name: str

    def prepare(self, postgres: PostgreSQL, redis: Redis) -> None:
        """Once a run: makes and fills a database of its own."""

    def start(self) -> None:
        """Starts the workers and returns once they answer."""

    def stop(self) -> None: ...

    def workers(self) -> list[int]:
        """The process ids of the application: what counts as its CPU time and memory."""


class Talks(Side, Protocol):
    def chat(self, pairs: int, both_on_b: bool) -> Load:
        """Pairs of readers of one conversation each. Every POST goes to worker A; one reader is
        on A and the other on B, or both are on B."""

    def shared(self, sockets: int, stalled: int) -> Load:
        """One pair 0: pages on worker A that all show the same region, besides stalled ones, and
        one POST that changes it."""

    def idle(self, sockets: int) -> Load:
        """Pages on worker A to which nothing happens."""


class Shows(Side, Protocol):
    def inbox(self) -> Get:
        """Thousands of open conversations, the newest fifty on the page; on worker A."""
