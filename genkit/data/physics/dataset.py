"""Simulations as data sets: splits of scenes, made once and kept in checked files."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genkit.data import prepared
from genkit.data.dataset import named
from genkit.data.physics.config import Cast
from genkit.data.physics.graph import Graph
from genkit.data.physics.scenes import Scenes, System
from genkit.data.physics.simulate import Trajectories, simulate
from genkit.data.physics.systems import system
from genkit.errors import DataError
from genkit.files import read_json_object, sha256

SPLIT_SEED = 0  # scenes do not depend on a run's seed
VERSION = 1  # of the simulations: another one makes kept trajectories those of another data set
KEPT = 1_000_000  # states of objects from which on trajectories are kept: fewer are made as fast
ARRAYS = ("position", "velocity", "hits", "near")
# What a split's trajectories do not depend on.
LATER = (
    "train_count", "validation_count", "test_count", "other_counts", "other_scenes", "other_pins",
)  # fmt: skip


class Physics:
    """A kind of scene with its splits, each simulated when it is first asked for.

    Args:
        config: its section.
    """

    def __init__(self, config: Any) -> None:
        self.config, self.name = config, str(config.name)
        self.system: System = system(config)
        self.casts: Mapping[str, Cast] = config.casts()
        made = f"{config.steps} steps of {config.dt:g} s"
        self.notes = {"data": self.name, "preprocessing": made}
        self._held: dict[str, Trajectories] = {}

    def split(self, name: str) -> Trajectories:
        """The trajectories of a split.

        Raises:
            UsageError: if there is none of that name.
        """
        cast = named(self.name, self.casts, name)
        if name not in self._held:
            self._held[name] = self._trajectories(name, cast)
        return self._held[name]

    def graph(self, name: str) -> Graph:
        """Relations of the scenes of a split."""
        return self.system.graph(self.casts[name])

    def scenes(self, name: str) -> Scenes:
        """Scenes of a split in their first states."""
        cast = self.casts[name]
        # Scenes of the same cast, but of other splits, have other numbers of chance.
        purpose = f"{self.config.name}/{name}"
        return self.system.draw(cast, purpose, range(cast.scenes), SPLIT_SEED)

    def _trajectories(self, name: str, cast: Cast) -> Trajectories:
        scenes = self.scenes(name)
        file = self._file(name, cast)
        kept = _read(file)
        if kept is not None:
            return Trajectories(scenes, *(kept[key] for key in ARRAYS))
        made = simulate(self.system, scenes, self.config.steps)
        if made.position[..., 0].size >= KEPT:
            _write(file, {key: getattr(made, key) for key in ARRAYS})
        return made

    def _file(self, name: str, cast: Cast) -> Path:
        folder = prepared.target(self.config, LATER)
        return folder / f"{name}-{cast.count}-{cast.pinned}-{cast.scenes}-v{VERSION}.npz"


def load(config: Any) -> Physics:
    """The data set of a section."""
    return Physics(config)


def _read(file: Path) -> dict[str, np.ndarray] | None:
    """Arrays of a file that was written whole; None where there is none.

    Raises:
        DataError: if it was changed since.
    """
    facts = file.with_suffix(".json")
    if not (file.is_file() and facts.is_file()):
        return None
    data = file.read_bytes()
    try:
        wanted = read_json_object(facts).get("sha256")
    except (OSError, ValueError) as error:
        raise DataError(f"{facts}: {error}. Remove it to simulate anew.") from None
    if sha256(data) != wanted:
        raise DataError(f"{file}: damaged, its checksum is another. Remove it to simulate anew.")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {key: arrays[key] for key in ARRAYS}


def _write(file: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep arrays for the next process, where the data folder can be written to."""
    parent = next((p for p in file.parents if p.exists()), None)
    if parent is None or not os.access(parent, os.W_OK):
        return
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    data = buffer.getvalue()
    facts = json.dumps({"sha256": sha256(data)}).encode()
    # Several processes may make the same: each writes a file of its own, and all are alike.
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        for path, content in ((file, data), (file.with_suffix(".json"), facts)):
            own = path.with_name(f".{path.name}.{os.getpid()}")
            own.write_bytes(content)
            own.replace(path)
    except OSError:
        return  # it is simulated again
