"""A worker process: some of the environments. Light: neither Keras nor its backends.

Arrays are in shared memory. Over the pipe go only words: from the worker `ALIVE` (it has started,
or one more environment is made), then its `Layout`; then, for each `RESET` or `STEP`, the list of
failures that it got over, or the error that it cannot get over.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING

from genkit.errors import GenkitError
from genkit.rl.players.seat import Seat
from genkit.rl.players.table import Table

if TYPE_CHECKING:
    from genkit.rl.environments.outside import OutsideConfig

ALIVE, RESET, STEP, END = "alive", "reset", "step", "end"


def run(
    connection: Connection,
    config: OutsideConfig,
    count: int,
    places: Sequence[int],
    repeat: int,
) -> None:
    """The whole life of a worker.

    Args:
        count: environments of all workers. places: which of them are this worker's.
        repeat: see `Seat`.
    """
    _settle()
    failures: list[str] = []
    seats: list[Seat] = []
    try:
        connection.send(ALIVE)
        for place in places:
            seats.append(Seat(config, place, repeat, failures.append))
            connection.send(ALIVE)
        layout = seats[0].layout(count)
        connection.send(layout)
        name = connection.recv()
        if name != END:
            memory = SharedMemory(name)
            table = Table(layout, memory.buf)
            for seat in seats:
                seat.table = table
            _serve(connection, seats, failures)
    except GenkitError as error:
        with suppress(OSError):
            connection.send(error)
    except (EOFError, BrokenPipeError):
        pass  # the process that began this one is gone
    for seat in seats:
        seat.close()
    # Views of the shared memory may still be held somewhere; the end of the process frees them.
    sys.stderr.flush()
    os._exit(0)


def _serve(connection: Connection, seats: Sequence[Seat], failures: list[str]) -> None:
    """Do what the other side says, until it says no more."""
    while (word := connection.recv()) != END:
        for seat in seats:
            if word == RESET:
                seat.begin()
            else:
                seat.play()
        connection.send(failures)
        failures.clear()


def _settle() -> None:
    """Leave Ctrl-C, SIGTERM and stdout to the parent, which ends its workers; do not outlive it.

    The group of processes is a worker's own: what its environments start (ViZDoom's engine) does
    not hear of Ctrl-C either, and can be ended with it.
    """
    os.setpgrp()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.dup2(2, 1)  # results go to stdout, and environments that print are no results
    # Programs that environments start do not get the pipes: one that they held open would not
    # tell the parent that this process has crashed.
    for name in os.listdir("/dev/fd"):
        with suppress(OSError):
            os.set_inheritable(int(name), int(name) <= 2)
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    """End this process, and what it started, with its parent, also while an environment hangs."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)
