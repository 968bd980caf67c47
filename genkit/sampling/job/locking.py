"""Who may draw in a folder at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from genkit.errors import RunError
from genkit.run.lock import RunLock, holder
from genkit.sampling.job import records
from genkit.sampling.job.description import Shard

LOCK = "lock"


@contextmanager
def locked(folder: Path, shard: Shard | None) -> Iterator[None]:
    """Within, nobody else draws the same samples: shards beside each other may, the same one
    twice may not, and nobody may beside a whole job or while shards are put together.

    Raises:
        RunError: if somebody does; says who.
        UsageError: if shards of another number were begun in the folder.
    """
    with ExitStack() as stack:
        stack.enter_context(_folder_lock(folder, shared=shard is not None))
        if shard is not None:
            records.refuse_other_counts(folder, shard)
            path = folder / records.shard_lock(shard)
            path.parent.mkdir(exist_ok=True)
            stack.enter_context(RunLock(path, f"shard {shard} in {folder}", "--out"))
        yield


def _folder_lock(folder: Path, shared: bool) -> RunLock:
    lock = RunLock(folder / LOCK, f"the job in {folder}", "--out", shared)
    try:
        lock.acquire()
    except RunError as error:
        running = running_shards(folder)
        if not running:
            raise
        names = ", ".join(f"shard {shard} by {who}" for shard, who in running.items())
        raise RunError(
            f"the job in {folder} is being drawn: {names}. Wait for it, or stop it."
        ) from error
    return lock


def running_shards(folder: Path) -> dict[Shard, str]:
    """Shards that are being drawn now, and by whom."""
    found = {}
    for shard in records.known_shards(folder):
        who = holder(folder / records.shard_lock(shard))
        if who is not None:
            found[shard] = who
    return found
