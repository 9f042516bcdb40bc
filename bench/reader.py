"""Asks for one page again and again, a given number of times at once, and checks each answer."""

import asyncio
import time
from typing import Any

from bench.load import Processes, Result, cpu_seconds
from bench.report import WRONGS
from bench.side import Get

CONNECTIONS = 8


def read(page: Get, processes: Processes, *, seconds: float, warm: float) -> Result:
    """Closed loop over keep-alive connections. An answer that isn't the page counts as `refused`."""
    return asyncio.run(_read(page, processes, seconds, warm))


async def _read(page: Get, processes: Processes, seconds: float, warm: float) -> Result:
    wrong = dict.fromkeys(WRONGS, 0)
    result: dict[str, Any] = {"first_error": "", "seconds": seconds, "pages": 0, "bytes": 0}
    taken: list[float] = []
    begins = time.perf_counter() + warm
    ends = begins + seconds

    async def ask_on() -> None:
        connection = await asyncio.open_connection(*page.at.split(":"))
        while (sent := time.perf_counter()) < ends:
            answer = await _ask(connection, page)
            if page.is_there(answer):
                if sent >= begins:
                    taken.append(time.perf_counter() - sent)
                    result["bytes"] = len(answer)
            else:
                wrong["refused"] += 1
                result["first_error"] = result["first_error"] or answer[:200].decode(errors="replace")
        connection[1].close()

    async def cost_at(moment: float) -> dict[str, float]:
        await asyncio.sleep(max(0, moment - time.perf_counter()))
        return {name: cpu_seconds(pids) for name, pids in processes.items()}

    asking = [asyncio.create_task(ask_on()) for _ in range(CONNECTIONS)]
    before, after = await cost_at(begins), await cost_at(ends)
    await asyncio.gather(*asking)
    taken.sort()
    result |= {
        "pages": len(taken),
        "pages_per_second": len(taken) / seconds,
        "latency_ms": {"p50": taken[len(taken) // 2] * 1e3} if taken else {},
        "cpu_seconds": {name: after[name] - before[name] for name in processes},
    }
    return result | wrong


async def _ask(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], page: Get) -> bytes:
    reader, writer = connection
    writer.write(f"GET {page.path} HTTP/1.1\r\nHost: {page.at}\r\nCookie: {page.cookie}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    )
    return head + await reader.readexactly(length)
