"""Says which shards of a job are missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from genkit.errors import MissingShardsError, Problem
from genkit.sampling.job import records
from genkit.sampling.job.description import Shard, Tiles
from genkit.sampling.job.locking import running_shards
from genkit.sampling.job.parts import part_name

MAX_TILES = 10

# Number of a tile, and what is wrong with its part.
Bad = tuple[int, str]


def incomplete(
    into: Path, places: Sequence[Path], tiles: Tiles, bad: Iterable[Bad]
) -> MissingShardsError:
    """The error for a job whose parts cannot be put together.

    Args:
        into: where they should go. places: folders that were looked at.
        tiles: of the job.
        bad: tiles without a part that can be used.
    """
    counts = sorted({shard.of for place in places for shard in records.known_shards(place)})
    if len(counts) == 1:
        total, problems = _by_shard(places, tiles, bad, counts[0])
        hint = "Give each one's command again; what is finished is kept."
    else:
        total, problems = _by_tile(tiles, bad)
        mixed = " and ".join(map(str, counts))
        hint = f"Folders of {mixed} shards are mixed here, so no shard can be named. " * bool(mixed)
        hint += "The sampling command, without --shard, draws what is missing."
    tell = f"{total} of {len(tiles)} tiles cannot be used"
    return MissingShardsError(f"{into} cannot be put together: {tell}. {hint}", problems)


def _by_shard(
    places: Sequence[Path], tiles: Tiles, bad: Iterable[Bad], count: int
) -> tuple[int, list[Problem]]:
    wrong: dict[int, Counter[str]] = {}
    first: dict[int, int] = {}
    for number, why in bad:
        wrong.setdefault(number % count, Counter())[why] += 1
        first.setdefault(number % count, number)
    running = {shard: who for place in places for shard, who in running_shards(place).items()}
    problems = []
    for number in sorted(wrong):
        shard = Shard(number, count)
        own, indices = len(tiles.of(shard)), tiles[first[number]]
        text = ", ".join(f"{n} of {own} tiles {why}" for why, n in wrong[number].items())
        text += f", the first is samples {indices.start} to {indices.stop - 1}"
        text += f"; {running[shard]} is at work" if shard in running else ""
        problems.append(Problem(text, f"--shard {shard}"))
        _take_back(places, shard)
    return sum(map(Counter.total, wrong.values())), problems


def _by_tile(tiles: Tiles, bad: Iterable[Bad]) -> tuple[int, list[Problem]]:
    total, problems = 0, []
    for number, why in bad:
        total += 1
        if total <= MAX_TILES:
            problems.append(Problem(why, part_name(tiles[number])))
    if total > MAX_TILES:
        problems.append(Problem(f"and {total - MAX_TILES} more"))
    return total, problems


def _take_back(places: Sequence[Path], shard: Shard) -> None:
    """A record that says that the shard is finished is wrong; `make` would believe it."""
    for place in places:
        with suppress(OSError):
            (place / records.shard_record(shard)).unlink()
