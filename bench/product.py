"""Portal itself, as it is deployed: `portal serve` on PostgreSQL and Redis, a worker to a port."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.floors import FORM, INBOX_ROW, WORDS, wait_until_open
from bench.side import Get, Load, Post, Socket
from portal.models.messages.inbox import PAGE
from tests.servers import PostgreSQL, Redis, free_port

PROGRAM = Path(sys.executable).with_name("portal")
TABS = 10  # sockets that Portal lets one person open on a worker
# A list of conversations shows the first 160 characters of the newest message. A mark beyond them is
# in the message alone, so that nothing is heard twice.
LONG = f"{WORDS} {WORDS} "

# Before each measurement all are freshly there, and have read what there is to read.
FRESH = """
    update session set seen_at = now(), idle_until = now() + interval '1 day';
    insert into reading (conversation_id, reader_id, number, at)
        select c.id, r.id, c.last_number, now() from conversation c cross join lateral (
            select a.account_id as id from access a where a.client_id = c.client_id
            union select t.staff_id from care_team t where t.client_id = c.client_id
            union select p.staff_id from staff_permission p where p.permission = 'see_all_clients') r
        on conflict (conversation_id, reader_id)
        do update set number = excluded.number where reading.number <> excluded.number;
    update conversation c set read_by = array(
        select d.reader_id from reading d where d.conversation_id = c.id and d.number = c.last_number);
"""
BOOKMARK = """
    select era.value || '.' || extract(epoch from now())::bigint || '.' || pg_current_snapshot()
    from era
"""
NUMBERS = "select json_object_agg(id, last_number) from conversation"

Person = dict[str, str]


class Practice:
    """A full practice in a database of its own, served by two workers."""

    def __init__(self) -> None:
        self.addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
        self.processes: list[subprocess.Popen[bytes]] = []
        self.people: dict[str, Any] = {}

    def prepare(self, postgres: PostgreSQL, redis: Redis) -> None:
        if self.people:
            return
        self.postgres = postgres
        self.folder = tempfile.TemporaryDirectory(prefix="portal-bench-")
        self.environment = os.environ | {
            "DATABASE_URL": postgres.create_database("portal"),
            "REDIS_URL": redis.url(14),
            # Whoever writes here writes for many.
            "PORTAL_MESSAGES_PER_MINUTE": "1000000",
            "PORTAL_DATA": self.folder.name,
            "PORTAL_KEY_FILE": str(Path(self.folder.name) / "portal.key"),
        }
        filled = subprocess.run(
            [sys.executable, "-m", "bench.crowd"],
            env=self.environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        self.people = json.loads(filled.stdout)

    def start(self) -> None:
        self.postgres.sql(FRESH, "portal")
        self.postgres.sql("vacuum analyze", "portal")
        for address in self.addresses:
            port = address.rpartition(":")[2]
            self.processes.append(
                subprocess.Popen(
                    [PROGRAM, "serve", "--port", port],
                    env=self.environment | {"PORTAL_BASE_URL": f"http://{address}"},
                )
            )
        for address, process in zip(self.addresses, self.processes, strict=True):
            wait_until_open(address, process)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self.processes = []

    def pids(self) -> list[int]:
        return [process.pid for process in self.processes]

    def bookmark(self) -> str:
        return self.postgres.sql(BOOKMARK, "portal")

    def last_numbers(self) -> dict[str, int]:
        numbers: dict[str, int] = json.loads(self.postgres.sql(NUMBERS, "portal"))
        return numbers


class Portal:
    """Do what people's pages do: a client's and a therapist's page of a conversation, whole."""

    name = "Portal"
    messages_only = False

    def __init__(self, practice: Practice) -> None:
        self.practice = practice

    def prepare(self, postgres: PostgreSQL, redis: Redis) -> None:
        self.practice.prepare(postgres, redis)

    def start(self) -> None:
        self.practice.start()

    def stop(self) -> None:
        self.practice.stop()

    def workers(self) -> list[int]:
        return self.practice.pids()

    def chat(self, pairs: int, both_on_b: bool) -> Load:
        """A client and their therapist each have the conversation open; the client writes."""
        a, b = self.practice.addresses
        people = self.practice.people["pairs"][:pairs]
        assert len(people) == pairs, f"There are {len(people)} conversations, not {pairs}."
        since, numbers = self.practice.bookmark(), self.practice.last_numbers()
        sockets = []
        for pair, person in enumerate(people):
            last = numbers[person["conversation"]]
            sockets.append(self._client(b if both_on_b else a, pair, person, since, last))
            sockets.append(self._therapist(b, pair, person, person["staff"], since, last))
        return Load(sockets, [self._post(a, pair, who) for pair, who in enumerate(people)])

    def shared(self, sockets: int, stalled: int) -> Load:
        """One conversation, open on many therapists' pages, ten to a person; its client writes."""
        person = self.practice.people["shared"]
        since, last = self.practice.bookmark(), self.practice.last_numbers()[person["conversation"]]
        at = self.practice.addresses[0]
        tokens = [token for token in self.practice.people["staff"] for _ in range(TABS)]
        assert len(tokens) >= sockets + stalled, f"There are people for {len(tokens)} sockets."
        pages = [
            self._therapist(at, 0, person, token, since, last, stalled=number >= sockets)
            for number, token in enumerate(tokens[: sockets + stalled])
        ]
        return Load(pages, [self._post(at, 0, person)])

    def idle(self, sockets: int) -> Load:
        """Clients' home pages, of one person each."""
        people = self.practice.people["pairs"][:sockets]
        assert len(people) == sockets, f"There are {len(people)} clients, not {sockets}."
        since, at = self.practice.bookmark(), self.practice.addresses[0]
        pages = []
        for person in people:
            of = person["client"]
            showing = [f"home?client={of}", f"switch?client={of}", f"places?client={of}&place=home"]
            pages.append(_socket(at, f"/clients/{of}/live", 0, _hello(since, showing), "client", person["account"]))
        return Load(pages)

    def inbox(self) -> Get:
        """Of somebody who sees every client."""
        token = self.practice.people["sees_all"]
        return Get(self.practice.addresses[0], "/staff/inbox", f"portal-staff={token}", INBOX_ROW, PAGE)

    def _client(self, at: str, pair: int, person: Person, since: str, last: int) -> Socket:
        of, stream = person["client"], _messages(person)
        around = [f"switch?client={of}", _head(person), f"places?client={of}&place=home"]
        hello = _hello(since, [stream] if self.messages_only else [stream, *around], {stream: last})
        return _socket(at, f"/clients/{of}/live", pair, hello, "client", person["account"])

    def _therapist(
        self,
        at: str,
        pair: int,
        person: Person,
        token: str,
        since: str,
        last: int,
        stalled: bool = False,
    ) -> Socket:
        of, conversation, stream = person["client"], person["conversation"], _messages(person)
        around = [
            f"chart-head?client={of}&tab=messages",
            f"chart-threads?client={of}&current={conversation}",
            "inbox-count",
            _head(person),
        ]
        hello = _hello(since, [stream] if self.messages_only else [stream, *around], {stream: last})
        return _socket(at, "/staff/live", pair, hello, "staff", token, stalled)

    def _post(self, at: str, pair: int, person: Person) -> Post:
        path = f"/clients/{person['client']}/conversations/{person['conversation']}/messages"
        words = f"{{marker}} {WORDS}" if self.messages_only else f"{LONG}{{marker}}"
        body = "key={key}&body=" + words.replace(" ", "+").replace(";", "%3B")
        headers = {
            "Cookie": f"portal-client={person['account']}",
            "Sec-Fetch-Site": "same-origin",
            "HX-Request": "true",
        }
        return Post(at, path, pair, body, FORM | headers)


class MessagesOnly(Portal):
    """Pages that show the messages and nothing around them: the very job of floor 2."""

    name = "Portal, messages only"
    messages_only = True


def _messages(person: Person) -> str:
    return f"messages?client={person['client']}&conversation={person['conversation']}"


def _head(person: Person) -> str:
    return f"thread-head?client={person['client']}&conversation={person['conversation']}"


def _hello(since: str, showing: Iterable[str], cursors: dict[str, int] | None = None) -> str:
    said = {"since": since, "showing": sorted(showing), "cursors": cursors or {}}
    return json.dumps({"hello": said})


def _socket(at: str, path: str, pair: int, hello: str, side: str, token: str, stalled: bool = False) -> Socket:
    return Socket(at, path, pair, hello, f"http://{at}", f"portal-{side}={token}", stalled)
