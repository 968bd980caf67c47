"""Rolls scenes out: sampling of an interaction network is simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts.rollouts import Rollouts
from genkit.data.physics.config import Cast
from genkit.data.physics.given import read_scenes
from genkit.data.physics.scenes import Scenes
from genkit.data.physics.simulate import simulate
from genkit.errors import UsageError, unknown
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.files import file_sha256, sha256
from genkit.models.interaction_network.feed import told
from genkit.models.interaction_network.rollouts import drawn_radius, effect_sizes

if TYPE_CHECKING:
    from genkit.models.interaction_network.learner import InteractionNetworkLearner

COUNT, SCENE, STEPS, PINNED = "count", "scene", "steps", "pinned"
CONDITIONS = (COUNT, SCENE, STEPS, PINNED)
PINS = ("none", "first", "both")
MOST_OBJECTS, MOST_STEPS = 256, 1_000_000
MOST_STATES = 20_000_000  # of a scene: its truth is kept in memory
PURPOSE = "sample"


class RolloutGenerator:
    """Scenes in closed loop, some steps a chunk.

    Args:
        learner: with weights. settings: tile alone counts.

    Conditions: `count=N` objects of a scene that is drawn anew; `pinned=none|first|both` ends of a
    string; `scene=SPLIT:K` or `scene=FILE.npz:K` for one that there is, K by default the number of
    the sample; `steps=T`. All samples of a job have the same number of objects and steps.

    Raises:
        UsageError: for settings of samplers that draw value by value.
    """

    chunks: int | None = None  # as many as the steps take

    def __init__(self, learner: InteractionNetworkLearner, settings: SampleSettings) -> None:
        _refuse(settings)
        self.learner, self.settings = learner, settings
        self.section, self.system = learner.section, learner.dataset.system
        self._sources: dict[str, Scenes] = {}

    # What is asked for

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """`kind` `(B, 4)` int64: objects, pins, steps and number of the source of scenes, alike in
        all rows; `number` `(B,)`, which scene of the source, -1 for one that is drawn.

        Raises:
            UsageError, DataError: for conditions that name nothing, or differ in size.
        """
        # Whoever draws a short tile fills it up with rows that ask for nothing; nobody wants their
        # samples. What a job's own rows ask for `condition_values` compares.
        own = max((i + 1 for i, row in enumerate(rows) if row), default=len(rows))
        rows = [*rows[:own], *[rows[own - 1]] * (len(rows) - own)]
        asked = [self._asked(row, first_index + i) for i, row in enumerate(rows)]
        kind = np.array([one[0] for one in asked])
        _alike([one[0] for one in asked], first_index)
        number = np.array([one[1] for one in asked])
        return {"kind": np.broadcast_to(kind[:1], kind.shape).copy(), "number": number}

    def condition_values(self, rows: Sequence[Mapping[str, str]]) -> str | None:
        """A digest of the files that scenes are taken from: their names do not tell what is drawn.
        None where there is none.

        Raises:
            UsageError: if rows differ in size: a job's samples are one array.
        """
        _alike([self._asked(row, index)[0] for index, row in enumerate(rows)], 0)
        names = {self._split_reference(row[SCENE])[0] for row in rows if SCENE in row}
        files = sorted(name for name in names if name not in self.section.casts())
        sums = [file_sha256(Path(name)) for name in files if Path(name).is_file()]
        return sha256("".join(sums).encode()) if sums else None

    def _asked(self, row: Mapping[str, str], index: int) -> tuple[list[int], int]:
        for key in row:
            if key not in CONDITIONS:
                raise UsageError(f"--condition: {unknown('condition', key, CONDITIONS)}")
        count = _whole(row, COUNT, self.section.object_count(), 1, MOST_OBJECTS)
        steps = _whole(row, STEPS, self.section.steps, 1, MOST_STEPS)
        if steps * count > MOST_STATES:
            raise UsageError(
                f"--condition steps=...: {steps} steps of {count} objects are more than "
                f"{MOST_STATES} states"
            )
        pinned = row.get(PINNED, self.section.pins())
        if pinned not in PINS or (PINNED in row and self.section.name != "string"):
            raise UsageError(f"--condition pinned=...: {', '.join(PINS)} ends of a string")
        if SCENE not in row:
            self._trained_size(count)
            return [count, PINS.index(pinned), steps, -1], -1
        others = [key for key in (COUNT, PINNED) if key in row]
        if others:
            raise UsageError(f"--condition: scene says itself what {others[0]} is; leave that out")
        source, number = self._source(row[SCENE])
        scenes = self._sources[source]
        chosen = index % len(scenes) if number is None else number
        if chosen >= len(scenes):
            raise UsageError(
                f"--condition scene={row[SCENE]}: there are {len(scenes)} scenes, from 0 on"
            )
        self._trained_size(len(scenes.graph) - self.section.statics, scenes)
        return [len(scenes.graph), 0, steps, list(self._sources).index(source)], chosen

    @staticmethod
    def _split_reference(reference: str) -> tuple[str, int | None]:
        """Name of a split or file, and the number of a scene in it."""
        name, _, text = reference.rpartition(":")
        return (name, int(text)) if name and text.isdecimal() else (reference, None)

    def _source(self, reference: str) -> tuple[str, int | None]:
        name, number = self._split_reference(reference)
        if name not in self._sources:
            if name in self.section.casts():
                self._sources[name] = self.learner.dataset.scenes(name)
            elif Path(name).is_file():
                self._sources[name] = read_scenes(Path(name), self.section)
            else:
                splits = ", ".join(self.section.casts())
                raise UsageError(
                    f"--condition scene={reference}: no such file, and no split of {splits}"
                )
        return name, number

    def _trained_size(self, count: int, scenes: Scenes | None = None) -> None:
        wanted = self.section.object_count()
        places = self.section.degree(wanted)
        fits = scenes is None or scenes.graph.senders.shape[1] == places
        if self.learner.config.kind == "mlp" and (count != wanted or not fits):
            raise UsageError(
                f"an mlp knows scenes of {wanted} objects with up to {places} relations only. "
                f"Received: {count} objects. An interaction network takes any number"
            )

    # Time

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """`(B, 2)` int64, seed and index: first states are functions of them."""
        del chunk
        return np.array([[seed, index] for index in indices], np.int64)

    def begin(self, conditions: Arrays) -> Any:
        """Scenes are drawn in the first chunk, which knows the seed."""
        return None

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        """The next steps of all scenes."""
        steps = int(conditions["kind"][0, 2])
        if state is None:
            scenes = self._scenes(noise, conditions)
            state = {"scenes": scenes, "done": 0}
        scenes, chunk = state["scenes"], self.learner.chunk
        graph = scenes.graph
        place, speed = self.learner.roll(told(scenes), graph.senders, ~graph.static, chunk)
        following = scenes.at(place[:, -1].astype(np.float64), speed[:, -1].astype(np.float64))
        done = state["done"] + chunk
        kept = slice(1, 1 + min(chunk, steps - state["done"]))
        extras = {"velocity": speed[:, kept]}
        if not state["done"]:
            extras["start"] = np.stack([place[:, 0], speed[:, 0]], axis=1)
            extras["truth"] = simulate(self.system, scenes, steps).position
            extras["radius"] = drawn_radius(self.section, scenes)
            extras["effects"] = effect_sizes(self.learner, scenes)
        nothing = np.zeros_like(place[:, kept])
        following_state = {"scenes": following, "done": done}
        return Chunk(place[:, kept], nothing, following_state, done >= steps, extras)

    def _scenes(self, noise: np.ndarray, conditions: Arrays) -> Scenes:
        count, pins, _, source = (int(x) for x in conditions["kind"][0])
        if source >= 0:
            return list(self._sources.values())[source].rows(conditions["number"].clip(0))
        cast = Cast(count, PINS[pins], len(noise))  # type: ignore[arg-type]
        seed = int(noise[0, 0])
        return self.system.draw(cast, PURPOSE, [int(index) for index in noise[:, 1]], seed)

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Rollouts]:
        """The scenes of a tile; padding rows are left out."""
        count, first = len(indices), chunks[0].extras
        start = first["start"][:, :, None]  # (B, 2, 1, N, 2)
        place = np.concatenate([start[:, 0], *(c.values for c in chunks)], axis=1)
        speed = np.concatenate([start[:, 1], *(c.extras["velocity"] for c in chunks)], axis=1)
        return [
            Rollouts(
                place[:count],
                np.zeros(count, np.float32),
                np.asarray(indices, np.int64),
                speed[:count],
                first["truth"][:count],
                first["radius"][:count],
                first["effects"][:count],
            )
        ]


def _alike(kinds: Sequence[Sequence[int]], first_index: int) -> None:
    """UsageError unless all samples have the same sizes and source of scenes."""
    for number, kind in enumerate(kinds):
        if list(kind) != list(kinds[0]):
            raise UsageError(
                "--condition: all samples of a job need the same objects, steps and source of "
                f"scenes; sample {first_index + number} asks for others"
            )


def _whole(row: Mapping[str, str], key: str, default: int, least: int, most: int) -> int:
    text = str(row.get(key, default))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise UsageError(
            f"--condition {key}=...: a whole number from {least} to {most}. Received: {text!r}"
        )
    return int(text)


def _refuse(settings: SampleSettings) -> None:
    asked = {
        "--top-k": settings.top_k is not None,
        "--top-p": settings.top_p is not None,
        "--temperature": settings.temperature != 1.0,
        f"--sampler {settings.sampler}": settings.sampler != "incremental",
    }
    for name, given in asked.items():
        if given:
            raise UsageError(f"{name}: nothing is drawn; an interaction network rolls scenes out")
