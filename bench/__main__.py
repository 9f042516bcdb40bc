"""Measures floors and product, one after the other in each round, and says the medians."""

import argparse
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import load, reader, report
from bench.floors import DurableChat, PageByHand, Sockets
from bench.load import Processes, Result
from bench.product import MessagesOnly, Portal, Practice
from bench.side import Shows, Side, Talks
from tests.servers import PostgreSQL, Redis

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
JOBS = {
    "chat": "two readers of each conversation, one on each worker; as many messages as will go",
    "latency": "the same at 100 and at 200 messages a second, from when each was due",
    "shared": "one region on many pages; some more pages that do not read",
    "inbox": "one page, of somebody with 5,000 open conversations, eight times at once",
    "idle": "memory of a page to which nothing happens",
    "pairs": "chat against sockets alone, with nothing stored (not measured unless named)",
}
# Enough on their way to keep two workers busy, few enough to be people.
CHAT_IN_FLIGHT = 32
RATES = (100, 200)
LATENCY_SAMPLES = 1000


Measure = Callable[[Any, Processes], Result]


@dataclass
class Case:
    row: report.Measured
    side: Side
    measure: Measure


@dataclass
class Job:
    table: report.Table
    cases: list[Case]


def main() -> None:
    options = read_options()
    allow_many_sockets()
    jobs = list(jobs_of(options))
    sides = {case.side.name: case.side for job in jobs for case in job.cases}
    try:
        load.generator()
        with PostgreSQL() as postgres, Redis() as redis:
            for side in sides.values():
                side.prepare(postgres, redis)
            assert postgres.process and redis.process
            servers = {"postgresql": [postgres.process.pid], "redis": [redis.process.pid]}
            for number in range(1, options.rounds + 1):
                say(f"round {number} of {options.rounds}")
                for job in jobs:
                    for case in job.cases:
                        say(f"  {job.table.title}: {case.row.side}")
                        case.row.rounds.append(measured(case, servers))
    except load.Wrong as wrong:
        sys.exit(f"bench: {wrong}")
    show(options, [job.table for job in jobs])


def measured(case: Case, servers: Processes) -> Result:
    try:
        case.side.start()
        return case.measure(case.side, servers | {"application": case.side.workers()})
    finally:
        case.side.stop()


def allow_many_sockets() -> None:
    """Many a shell allows 1,024 open files, too few for a worker with a thousand pages."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def jobs_of(options: argparse.Namespace) -> Iterator[Job]:
    """The jobs asked for, each with the floor as its first case."""
    sockets, chat, practice = Sockets(options.frame_bytes), DurableChat(), Practice()
    whole, messages = Portal(practice), MessagesOnly(practice)
    timed = {"seconds": options.seconds, "warm": options.warm}

    def full_speed(side: Talks, servers: Processes) -> Result:
        work = side.chat(options.pairs, options.both_on_b)
        return load.run(work, servers, **timed, in_flight=CHAT_IN_FLIGHT)

    def steady(rate: int) -> Measure:
        def measure(side: Talks, servers: Processes) -> Result:
            work = side.chat(options.pairs, options.both_on_b)
            long_enough = timed | {"seconds": max(options.seconds, LATENCY_SAMPLES / rate)}
            return load.run(work, servers, **long_enough, rate=rate)

        return measure

    def fan_out(stalled: int) -> Measure:
        def measure(side: Talks, servers: Processes) -> Result:
            return load.run(side.shared(options.sockets, stalled), servers, **timed)

        return measure

    def memory(side: Talks, servers: Processes) -> Result:
        return load.memory_per_socket(side.idle(options.sockets), servers["application"])

    def page(side: Shows, servers: Processes) -> Result:
        return reader.read(side.inbox(), servers, **timed)

    for name in options.only:
        if name == "chat":
            yield job("Chat, full speed", "chat", full_speed, chat, messages, whole)
        elif name == "latency":
            for rate in RATES:
                yield job(f"Chat at {rate}/s", "latency", steady(rate), chat, messages, whole)
        elif name == "shared":
            title = f"One region on {options.sockets:,} pages"
            region = job(title, "shared", fan_out(0), sockets, messages)
            row = report.Measured(f"{messages.name}, {options.stalled} more stalled", [])
            region.table.rows.append(row)
            region.cases.append(Case(row, messages, fan_out(options.stalled)))
            yield region
        elif name == "idle":
            yield job(f"{options.sockets:,} idle pages", "idle", memory, sockets, whole)
        elif name == "inbox":
            yield job("An inbox of 5,000 open conversations", "page", page, PageByHand(), whole)
        elif name == "pairs":
            yield job("Chat, sockets alone", "chat", full_speed, sockets, chat, messages)


def job(title: str, kind: str, measure: Measure, *sides: Side) -> Job:
    cases = [Case(report.Measured(side.name, []), side, measure) for side in sides]
    return Job(report.Table(title, kind, [case.row for case in cases]), cases)


def show(options: argparse.Namespace, tables: list[report.Table]) -> None:
    print("\n\n".join(report.text(table) for table in tables))
    asked = {name: value for name, value in vars(options).items() if name != "write"}
    print(f"\nAll rounds: {report.write_json(HERE / 'results', tables, asked)}")
    if options.write:
        report.write_markdown(PAGE, tables, options.rounds)
    complain(tables)


def complain(tables: list[report.Table]) -> None:
    """Says what makes the numbers doubtful, and fails when a message went astray."""
    rows = [(table, row) for table in tables for row in table.rows]
    for table, row in rows:
        for result in row.rounds:
            busy = result.get("cpu_seconds", {}).get("generator", 0) / max(result["seconds"], 1)
            if busy > 0.9:
                say(f"{table.title}, {row.side}: the load generator itself was the limit.")
                break
    wrong = [(table, row) for table, row in rows if row.wrong()]
    for table, row in wrong:
        first = next((result["first_error"] for result in row.rounds if result["first_error"]), "")
        say(f"{table.title}, {row.side}: {row.wrong()} wrong. {first}")
    if wrong:
        sys.exit(1)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def read_options() -> argparse.Namespace:
    jobs = "\n".join(f"  {name:8} {what}" for name, what in JOBS.items())
    parser = argparse.ArgumentParser(
        prog="bin/bench",
        description="How fast Portal is, beside the same work by hand, on this machine and now.",
        epilog=f"jobs:\n{jobs}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    usual = "chat,latency,shared,inbox,idle"
    parser.add_argument("--only", type=named_jobs, default=usual, metavar="JOBS", help=usual)
    parser.add_argument("--rounds", type=int, default=3, help="how often (3)")
    parser.add_argument("--seconds", type=float, default=5, help="measured of each case (5)")
    parser.add_argument("--warm", type=float, default=1, help="sent before that, not measured (1)")
    parser.add_argument("--pairs", type=int, default=500, help="conversations of the chat (500)")
    parser.add_argument("--sockets", type=int, default=1000, help="pages, shared and idle (1000)")
    parser.add_argument("--stalled", type=int, default=10, help="pages that don't read (10)")
    parser.add_argument("--frame-bytes", type=int, default=1000, help="of floor 1's region (1000)")
    parser.add_argument(
        "--both-on-b",
        action="store_true",
        help="chat: both readers on the worker that doesn't take the POSTs",
    )
    parser.add_argument("--write", action="store_true", help=f"also write into docs/{PAGE.name}")
    return parser.parse_args()


def named_jobs(names: str) -> list[str]:
    chosen = names.split(",")
    if unknown := [name for name in chosen if name not in JOBS]:
        raise argparse.ArgumentTypeError(f"there is no job {unknown[0]}: {', '.join(JOBS)}")
    return chosen


if __name__ == "__main__":
    main()
