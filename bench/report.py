"""Tables from the rounds of a run: medians, and each round's share of the floor beside it."""

import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench.load import Result

MARKERS = ("<!-- bench: the table -->", "<!-- bench: the end of the table -->")
WRONGS = [
    "missing",
    "doubled",
    "out_of_order",
    "strays",
    "failed_posts",
    "broken_posts",
    "unanswered_posts",
    "closed_sockets",
    "refused",
]


@dataclass(frozen=True)
class Column:
    title: str
    value: Callable[[Result], float]
    digits: int = 1
    share: bool = False
    """Whether to say what part (or what multiple) of the floor it is."""


def cpu_per(of: str, what: str, scale: float) -> Callable[[Result], float]:
    """CPU time of `of` for each of `what`, in seconds times scale."""

    def value(result: Result) -> float:
        return result["cpu_seconds"][of] / result[what] * scale if result[what] else float("nan")

    return value


COLUMNS = {
    "chat": [
        Column("messages/s", lambda result: result["messages_per_second"], 0, share=True),
        Column("CPU ms/message", cpu_per("application", "messages", 1e3), 2, share=True),
        Column("PostgreSQL", cpu_per("postgresql", "messages", 1e3), 2),
        Column("Redis", cpu_per("redis", "messages", 1e3), 2),
        Column("p50 ms", lambda result: result["latency_ms"].get("p50", float("nan"))),
    ],
    "latency": [
        Column("p50 ms", lambda result: result["latency_ms"].get("p50", float("nan")), 2, True),
        Column("p99 ms", lambda result: result["latency_ms"].get("p99", float("nan")), 2, True),
        Column("max ms", lambda result: result["latency_ms"].get("max", float("nan"))),
        Column("samples", lambda result: result["latency_ms"]["samples"], 0),
    ],
    "shared": [
        Column("deliveries/s", lambda result: result["deliveries_per_second"], 0, share=True),
        Column("CPU µs/delivery", cpu_per("application", "deliveries", 1e6), 1, share=True),
        Column("p50 ms", lambda result: result["latency_ms"].get("p50", float("nan"))),
        Column("p99 ms", lambda result: result["latency_ms"].get("p99", float("nan"))),
        Column("bytes/frame", lambda result: result["bytes_per_frame"], 0),
    ],
    "page": [
        Column("pages/s", lambda result: result["pages_per_second"], 0, share=True),
        Column("CPU ms/page", cpu_per("application", "pages", 1e3), 1, share=True),
        Column("PostgreSQL", cpu_per("postgresql", "pages", 1e3), 1, share=True),
        Column("p50 ms", lambda result: result["latency_ms"].get("p50", float("nan"))),
        Column("KiB/page", lambda result: result["bytes"] / 1024),
    ],
    "idle": [
        Column("KiB/socket", lambda result: result["kib_per_socket"], 1, share=True),
        Column("MiB before", lambda result: result["resident_kib_before"] / 1024),
    ],
}


@dataclass
class Measured:
    """One row of a table in the making."""

    side: str
    rounds: list[Result]

    def wrong(self) -> int:
        """Count the messages, answers and sockets that were not as they had to be, over all rounds."""
        return sum(int(result[name]) for result in self.rounds for name in WRONGS)


@dataclass
class Table:
    title: str
    kind: str
    rows: list[Measured]
    """The floor first."""

    def cells(self) -> list[list[str]]:
        columns = COLUMNS[self.kind]
        head = [self.title]
        for column in columns:
            head += [column.title] + (["share"] if column.share else [])
        cells = [[*head, "wrong"]]
        for row in self.rows:
            if not row.rounds:
                continue
            line = [row.side]
            for column in columns:
                values = [column.value(result) for result in row.rounds]
                line.append(f"{median(values):,.{column.digits}f}")
                if column.share:
                    line.append(f"{self.share(row, column):.2f}x")
            cells.append([*line, str(row.wrong())])
        return cells

    def share(self, row: Measured, column: Column) -> float:
        """The median of the shares of the rounds, each taken of its own round's floor."""
        floors = self.rows[0].rounds
        pairs = zip(row.rounds, floors, strict=False)
        return median(column.value(mine) / column.value(floor) for mine, floor in pairs)


def text(table: Table) -> str:
    cells = table.cells()
    widths = [max(len(line[place]) for line in cells) for place in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def markdown(tables: list[Table]) -> str:
    blocks = []
    for table in tables:
        head, *lines = ("| " + " | ".join(line) + " |" for line in table.cells())
        rule = "|---|" + "---:|" * (len(table.cells()[0]) - 1)
        blocks.append("\n".join([head, rule, *lines]))
    return "\n\n".join(blocks)


def write_json(folder: Path, tables: list[Table], options: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    moment = datetime.now().astimezone()
    path = folder / f"{moment:%Y-%m-%d-%H%M%S}.json"
    measured = [
        {
            "title": table.title,
            "rows": [{"side": row.side, "rounds": row.rounds} for row in table.rows],
        }
        for table in tables
    ]
    run = {"at": moment.isoformat(), "machine": machine(), "options": options, "tables": measured}
    path.write_text(json.dumps(run, indent=1) + "\n")
    return path


def write_markdown(page: Path, tables: list[Table], rounds: int) -> None:
    """Puts the tables between the two markers of the page."""
    written = page.read_text() if page.exists() else ""
    before, start, rest = written.partition(MARKERS[0])
    _, end, after = rest.partition(MARKERS[1])
    if not (start and end):
        raise SystemExit(
            f"{page} needs a line {MARKERS[0]} and, below it, a line {MARKERS[1]}: the tables go between them."
        )
    where = machine()
    said = (
        f"Medians of {rounds} rounds, {datetime.now().astimezone():%-d %B %Y}, on "
        f"{where['cores']} cores ({where['processor']}), Python {where['python']}. A share is the "
        "median of the rounds' shares of the first line. PostgreSQL does not wait for the "
        "disk here, for the floors as for Portal."
    )
    page.write_text(f"{before}{start}\n{said}\n\n{markdown(tables)}\n{end}{after}")


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    packages = ("starlette", "uvicorn", "asyncpg", "redis", "jinja2", "tortoise-orm")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": next(models, platform.machine()),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }
