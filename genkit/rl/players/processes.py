"""Players in worker processes, with observations, actions and rewards in shared memory.

A worker that crashes, or does not answer in time, is killed and started anew; its environments
begin new episodes. An exception in an environment costs that environment alone (`Seat`).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.shared_memory import SharedMemory
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.errors import GenkitError, StorageError
from genkit.rl.players import worker
from genkit.rl.players.base import LIMIT, Arrays, Played, checked, spaces
from genkit.rl.players.table import Layout, Table, size

if TYPE_CHECKING:
    from genkit.rl.environments.base import Space
    from genkit.rl.environments.outside import OutsideConfig

STARTING = 120.0  # seconds for a process to start and to import what it needs
ENDING = 3.0  # seconds for workers to end by themselves
_SHARED = Path("/dev/shm")  # noqa: S108 - where Linux keeps shared memory; only its size is asked


class _Lost(Exception):
    """A worker is of no use any more; says why."""


class _Worker:
    """One process, and those that follow it after failures."""

    def __init__(self, number: int, places: Sequence[int], arguments: tuple[Any, ...]) -> None:
        self.number = number
        self.places = list(places)
        self.failures = 0  # without a good step in between
        self._arguments = arguments
        self._finished = False
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None

    def __str__(self) -> str:
        places = ", ".join(str(place) for place in self.places)
        return f"worker {self.number} (environments {places})"

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            raise ValueError("players are closed")
        return self._connection

    def start(self) -> None:
        """Start a process; does not wait for it."""
        context = get_context("spawn")
        config, count, repeat = self._arguments
        self._connection, other = context.Pipe()
        arguments = (other, config, count, self.places, repeat)
        self._finished = False
        # A daemon is ended with the process that started it, if nothing else ends it before.
        self._process = context.Process(target=worker.run, args=arguments, daemon=True)
        self._process.start()
        other.close()  # else a crash would not close the pipe

    def layout(self, timeout: float) -> Layout:
        """Wait for the environments to be made."""
        seconds = STARTING
        while not isinstance(found := self.answer(seconds), Layout):
            seconds = timeout
        return found

    def tell(self, word: str) -> None:
        """Send a word.

        Raises:
            _Lost: there is nobody to read it.
        """
        try:
            self.connection.send(word)
        except OSError as error:
            raise _Lost(self._end()) from error

    def answer(self, seconds: float) -> Any:
        """The next message.

        Raises:
            _Lost: it crashed, or says nothing for so many seconds.
            GenkitError: what it cannot get over.
        """
        try:
            if not self.connection.poll(max(seconds, 0)):
                raise _Lost(f"did not answer for {seconds:g} seconds")
            found = self.connection.recv()
        except (EOFError, OSError) as error:
            raise _Lost(self._end()) from error
        if isinstance(found, GenkitError):
            raise found
        return found

    def ask_to_end(self) -> None:
        if self._connection is not None:
            with suppress(OSError, ValueError):
                self._connection.send(worker.END)

    def stop(self, seconds: float = 0) -> None:
        """End the process, by force when the time is up, and free what belongs to it."""
        if self._process is not None and self._process.pid is not None:
            if seconds > 0:
                wait([self._process.sentinel], seconds)
            self._finish()
            self._process.close()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None

    def _finish(self) -> None:
        """Kill the process, if it still runs, and all that it started, and wait for it."""
        if self._process is None or self._process.pid is None or self._finished:
            return
        # Before it is waited for: after that, its number may be another one's.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()  # it may not have a group of its own yet
        self._process.join()
        self._finished = True

    def _end(self) -> str:
        """How the process came to its end."""
        if self._process is None:
            return "is closed"
        wait([self._process.sentinel], ENDING)
        self._finish()
        code = self._process.exitcode or 0
        if code < 0:
            with suppress(ValueError):
                return f"was ended by the signal {signal.Signals(-code).name}"
        return f"ended with the exit code {code}"


class _Block:
    """A table in shared memory."""

    def __init__(self, layout: Layout, seed: int) -> None:
        needed = size(layout)
        # Beyond its end, writing would be ended by the system without a word.
        if _SHARED.is_dir():
            room = os.statvfs(_SHARED)
            free = room.f_bavail * room.f_frsize
            if free < needed:
                raise StorageError(
                    f"{_SHARED} has {free:,} bytes left and the environments need {needed:,}. "
                    "Play fewer at once, or give the machine or container more shared memory"
                )
        self.memory = SharedMemory(create=True, size=needed)
        self.table: Table | None = Table(layout, self.memory.buf)
        self.table.start(seed)

    def release(self) -> None:
        self.table = None  # its arrays keep the memory in use
        with suppress(BufferError):
            self.memory.close()
        with suppress(FileNotFoundError):
            self.memory.unlink()


class ProcessPlayers:
    """`Players` in worker processes. See `genkit.rl.players.make_players`."""

    def __init__(
        self,
        config: OutsideConfig,
        count: int,
        seed: int,
        workers: int,
        timeout: float,
        repeat: int,
        report: Callable[[str], None],
    ) -> None:
        self.count = count
        self.restarts = 0
        self._seed = seed
        self._timeout = timeout
        self._report = report
        shares = np.array_split(np.arange(count), workers)
        arguments = (config, count, repeat)
        self._workers = [
            _Worker(number, [int(place) for place in share], arguments)
            for number, share in enumerate(shares)
        ]
        self._blocks: list[_Block] = []
        self._stepping = False
        # Runs at the latest when this process ends, whether or not somebody calls close(), and
        # before multiprocessing waits for what it started.
        given = (self._workers, self._blocks)
        self._release = Finalize(self, _release, args=given, exitpriority=10)
        try:
            layout = self._started()
        except BaseException:
            self.close()
            raise
        self.actions = layout.actions
        self.observation: Mapping[str, Space] = spaces(layout.parts)

    def reset(self, seed: int | np.ndarray | None = None) -> Arrays:
        if self._stepping:
            self.receive()
        if seed is not None:
            self._table.start(seed)
        self._send(worker.RESET)
        self._gather()
        return self._table.seen()

    def send(self, actions: np.ndarray) -> None:
        if self._stepping:
            raise ValueError("receive what the last actions gave before sending others")
        self._table.action[...] = checked(actions, self.count, len(self.actions))
        self._send(worker.STEP)
        self._stepping = True

    def receive(self) -> Played:
        if not self._stepping:
            raise ValueError("send actions before receiving what they give")
        self._gather()
        self._stepping = False
        return self._table.played()

    def close(self) -> None:
        self._release()

    @property
    def _table(self) -> Table:
        if not self._blocks or self._blocks[0].table is None:
            raise ValueError("players are closed")
        return self._blocks[0].table

    def _started(self) -> Layout:
        """Start all workers side by side; what their environments look like."""
        for each in self._workers:
            each.start()
        layouts = [self._introduced(each) for each in self._workers]
        return layouts[0]

    def _introduced(self, each: _Worker) -> Layout:
        """Wait for a worker's environments, and show it the shared memory."""
        while True:
            try:
                layout = each.layout(self._timeout)
                if not self._blocks:
                    self._blocks.append(_Block(layout, self._seed))
                each.tell(self._blocks[0].memory.name)
            except _Lost as lost:
                self._again(each, str(lost))
            else:
                return layout

    def _send(self, word: str) -> None:
        for each in self._workers:
            # One that is gone is noticed, and replaced, when its answer is due.
            with suppress(_Lost):
                each.tell(word)

    def _gather(self) -> None:
        """Wait for all workers; replace those that are lost."""
        waiting = list(self._workers)
        deadline = time.monotonic() + self._timeout
        while waiting:
            left = max(deadline - time.monotonic(), 0)
            ready = wait([each.connection for each in waiting], left)
            answered = [each for each in waiting if each.connection in ready]
            waiting = [each for each in waiting if each.connection not in ready]
            for each in answered:
                self._take(each)
            if not answered:
                for each in waiting:
                    self._replace(each, f"did not answer for {self._timeout:g} seconds")
                return

    def _take(self, each: _Worker) -> None:
        """Read an answer that is there."""
        try:
            failures = each.answer(self._timeout)
        except _Lost as lost:
            self._replace(each, str(lost))
        else:
            each.failures = 0
            self._tell_of(failures)

    def _replace(self, each: _Worker, why: str) -> None:
        """Another process in the place of one that is lost, at the beginning of new episodes."""
        while True:
            self._again(each, why)
            try:
                self._introduced(each)
                each.tell(worker.RESET)
                self._tell_of(each.answer(self._timeout))
            except _Lost as lost:
                why = str(lost)
            else:
                self._table.failed[each.places] = True
                return

    def _again(self, each: _Worker, why: str) -> None:
        """Start a worker anew, unless that was of no use several times."""
        each.failures += 1
        each.stop()
        if each.failures >= LIMIT:
            times = f"{LIMIT} times without a good step in between"
            raise GenkitError(f"{each} {why}\nIt failed {times}.")
        self.restarts += 1
        self._report(f"{each} {why}; it was started anew")
        each.start()

    def _tell_of(self, failures: Sequence[str]) -> None:
        for text in failures:
            self.restarts += 1
            self._report(text)


def _release(workers: Sequence[_Worker], blocks: Sequence[_Block]) -> None:
    """End all workers and give the shared memory back."""
    for each in workers:
        each.ask_to_end()
    deadline = time.monotonic() + ENDING
    for each in workers:
        each.stop(max(deadline - time.monotonic(), 0))
    for block in blocks:
        block.release()
