"""Bit identity, on files, of a real model: shards, samples in flight, order, restarts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genkit.errors import StoppedError
from genkit.opening import Opened, open_run
from genkit.sampling.job import Shard, Tiles, merge_job
from genkit.sampling.request import SampleRequest, sample_run
from tests.sampling.jobs import contents

COUNT = 37


@pytest.fixture(scope="module")
def opened(textures: Path) -> Opened:
    return open_run(str(textures), "last")


def draw(opened: Opened, folder: Path, stop: Any = lambda: None, **asked: Any) -> Any:
    request = SampleRequest(**{"count": COUNT, "seed": 11, "tile": 4, **asked})
    return sample_run(opened, request, folder, stop=stop)


@pytest.fixture(scope="module")
def whole(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One process, one tile at a time, in order."""
    folder = tmp_path_factory.mktemp("whole") / "job"
    draw(opened, folder, batch_size=1)
    return folder


@pytest.mark.parametrize("batch_size", [1, 7, 64, None])
@pytest.mark.parametrize("shards", [None, 1, 3, 8])
def test_shards_and_samples_in_flight(
    opened: Opened, whole: Path, tmp_path: Path, shards: int | None, batch_size: int | None
) -> None:
    folder = tmp_path / "job"
    if shards is None:
        draw(opened, folder, batch_size=batch_size)
    else:
        for number in reversed(range(shards)):
            draw(opened, folder, batch_size=batch_size, shard=Shard(number, shards))
        merge_job([folder])
    assert contents(folder) == contents(whole)
    one, other = (json.loads((path / "job.json").read_text()) for path in (folder, whole))
    assert {**one, "seconds": 0} == {**other, "seconds": 0}


@pytest.mark.parametrize("shards", [None, 3])
def test_stopped_and_begun_anew(
    opened: Opened, whole: Path, tmp_path: Path, shards: int | None
) -> None:
    """Restarts at other places each time, with other numbers of tiles in flight."""
    folder = tmp_path / "job"
    stops = 0
    for shard in [None] if shards is None else [Shard(i, shards) for i in range(shards)]:
        for restart in range(100):
            # It is asked once for every part that might be there, then after every chunk.
            left = [len(Tiles(COUNT, 4).of(shard)) + 1 + restart]

            def stop(left: list[int] = left) -> int | None:
                left[0] -= 1
                return 2 if left[0] < 0 else None

            try:
                draw(opened, folder, stop, shard=shard, batch_size=4 * (restart % 3 + 1))
            except StoppedError:
                stops += 1
            else:
                break
    if shards is not None:
        merge_job([folder])
    assert stops > 3
    assert contents(folder) == contents(whole)


def test_a_tile_in_several_threads(opened: Opened, tmp_path: Path) -> None:
    """Tiles of 16 samples are computed in parts, which share threads with other tiles."""
    asked = {"tile": 16, "count": 70}
    draw(opened, tmp_path / "whole", **asked, batch_size=1)
    draw(opened, tmp_path / "many", **asked, batch_size=64)
    for number in range(3):
        draw(opened, tmp_path / "shards", **asked, batch_size=48, shard=Shard(number, 3))
    merge_job([tmp_path / "shards"])
    assert contents(tmp_path / "many") == contents(tmp_path / "whole")
    assert contents(tmp_path / "shards") == contents(tmp_path / "whole")
