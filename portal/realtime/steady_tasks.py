"""Tasks that go on whatever happens, until they are told to end."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()

# In seconds.
BEGIN_AGAIN = 0.1  # a task that has ended: one that can't start must not spin
END = 0.5  # for all tasks, told to, to be gone


class SteadyTasks:
    """Tasks that run until they are told to end; one that ends by itself is begun again."""

    def __init__(self, lost: Counter[str]) -> None:
        self._lost = lost
        self._tasks: dict[Callable[[], Coroutine[Any, Any, None]], asyncio.Task[None]] = {}
        self._ending = False

    @property
    def begun(self) -> bool:
        return bool(self._tasks)

    @property
    def whole(self) -> bool:
        return self.begun and not any(task.done() for task in self._tasks.values())

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._ending:
            return
        task = asyncio.create_task(work(), name=f"bus {work.__name__}")
        task.add_done_callback(lambda task: self._ended(work, task))
        self._tasks[work] = task

    async def end(self) -> None:
        self._ending = True
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=END)

    def _ended(self, work: Callable[[], Coroutine[Any, Any, None]], task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if self._ending:
            return
        self._lost["restarts"] += 1
        log.error("bus.task_ended", task=task.get_name(), exc_info=error)
        asyncio.get_running_loop().call_later(BEGIN_AGAIN, self.begin, work)
