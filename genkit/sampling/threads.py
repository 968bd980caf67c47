"""One tile on two cores.

The products of a sampler are too small for XLA to share out, so that one compiled call keeps one
core busy. A large tile is therefore computed as two half batches in two threads: compiled calls
release the interpreter lock. How a tile is cut depends on its size alone, never on the machine's
cores, because a row's rounding depends on the batch it is computed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from genkit import backend

THREADS = 2
SMALLEST_PART = 8


def threads_of(tile: int) -> int:
    """How many parts a tile is computed in: 2 from 16 samples on where no accelerator is used."""
    divides = tile % THREADS == 0 and tile // THREADS >= SMALLEST_PART
    return THREADS if divides and not backend.accelerated() else 1


@cache
def _pool() -> ThreadPoolExecutor:
    # Shared by all tiles in flight: these tasks never wait for one another.
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="genkit-tile")


def in_threads(run: Callable[..., Any], *arguments: Sequence[Any]) -> list[Any]:
    """`map(run, *arguments)`, each call in a thread of its own; a single one stays here."""
    if len(arguments[0]) == 1:
        return [run(*(argument[0] for argument in arguments))]
    return list(_pool().map(run, *arguments))
