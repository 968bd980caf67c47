"""Draws videos frame by frame; each frame as an image that is steered by what came before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Videos
from genkit.family import Arrays, Chunk, Forced, SampleSettings
from genkit.layers.values import centred
from genkit.models.vpn.view import FrameView
from genkit.models.vpn.whole import WholeFrames
from genkit.randomness import uniform
from genkit.sampling.raster import IncrementalGenerator, make_generator
from genkit.sampling.raster.steering import VECTOR, Steering

VIDEO = "video"


class VideoGenerator:
    """Chunks are rows of frames, in the order of time. The encoder and the LSTM run once a frame.

    Args:
        view: of the frames. steering: conditions, the first of which is the context `video`; the
            others are the vectors of each frame.
        frames: T of a video, context included. levels: values of the data's channels, which a
            sigmoid's draws, 0 and 1, are the ends of.
        known: `(T, D)`, 1 where a condition is known; None without conditions.
        settings: tile, temperature, ..., sampler. with_logits: keep logits, for checks.
    """

    def __init__(
        self,
        view: FrameView,
        steering: Steering,
        frames: int,
        levels: int,
        known: np.ndarray | None,
        settings: SampleSettings,
        with_logits: bool = False,
    ) -> None:
        network = view.network
        self.network, self.view, self.steering = network, view, steering
        self.settings, self.frames, self.levels, self.known = settings, frames, levels, known
        self.frame: Any = self._make_frame(settings, with_logits)
        self.per_frame = self.frame.chunks or 1
        self.chunks: int | None = (frames - network.context) * self.per_frame
        self._step = backend.compile(self._remember, network.variables)
        self._noise = lru_cache(maxsize=8)(self._make_noise)

    def _make_frame(self, settings: SampleSettings, with_logits: bool) -> Any:
        if not self.network.sizes["dependent"]:
            return WholeFrames(self.view, settings, with_logits=with_logits)
        if with_logits:
            return IncrementalGenerator(self.view, settings, with_logits=True)
        return make_generator(self.view, settings)

    # Conditions

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """`vector (B, n)`: context and vectors, flat; see `Steering.read`. Conditions that nobody
        names are those of the clip that is gone on from."""
        return self.steering.read(
            [self._whole(row) for row in rows], range(first_index, first_index + len(rows))
        )

    def _whole(self, row: Mapping[str, str]) -> Mapping[str, str]:
        if VIDEO not in row:
            return row
        return {**{part.name: row[VIDEO] for part in self.steering.parts}, **row}

    def condition_values(self, rows: Sequence[Mapping[str, str]]) -> str | None:
        """A digest of what conditions refer to, in files and splits."""
        return self.steering.digest(self._whole(row) for row in rows)

    def cut(self, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Context `(B, t, H, W, C)` int32 and the vectors of all frames `(B, T, D)`, or None."""
        width = self.steering.parts[0].width
        video = vector[:, :width].reshape(-1, self.network.context, *self.view.shape)
        parts, start = [], width
        for part in self.steering.parts[1:]:
            own = vector[:, start : start + part.width]
            parts.append(own.reshape(len(own), self.frames, -1))
            start += part.width
        vectors = np.concatenate(parts, axis=-1) * self.known if parts else None
        return np.round(video).astype(np.int32), vectors

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """Uniform numbers of a frame, those that the chunk needs; see `RasterGenerator`."""
        frame, part = divmod(chunk, self.per_frame)
        whole = self._noise(seed, tuple(indices), frame)
        found: np.ndarray = self.frame.cut_noise(whole, part)
        return found

    def _make_noise(self, seed: int, indices: tuple[int, ...], frame: int) -> np.ndarray:
        purpose = f"sample/frame-{frame}"
        return np.stack([uniform(seed, purpose, i, self.view.shape) for i in indices])

    # Time

    def _remember(self, frame: Any, vector: Any, states: Any) -> tuple[Any, Any]:
        """What steers the frame behind `frame`, values `(B, H, W, C)`; the new LSTM states."""
        x = centred(frame, self.levels, self.network.compute_dtype)
        steering = vector if self.network.conditions else None
        maps, found = self.network.encode(x, steering), []
        for layer, state in zip(self.network.memory, states, strict=True):
            found.append(layer.step(maps, state))
            maps = found[-1][0]
        return ops.cast(self.view.pack(maps, steering), "float32"), found

    def remember(self, frame: np.ndarray, vector: np.ndarray, states: Any) -> tuple[Any, Any]:
        """The same, compiled."""
        packed, states = self._step(frame.astype(np.int32), vector, states)
        return np.asarray(ops.convert_to_numpy(packed)), states

    def begin(self, conditions: Arrays) -> Any:
        video, vectors = self.cut(conditions[VECTOR])
        batch, (height, width, _) = len(video), self.view.shape
        states: Any = [
            tuple(ops.convert_to_numpy(part) for part in layer.begin(batch, height, width))
            for layer in self.network.memory
        ]
        packed = np.zeros(0)
        for t in range(self.network.context):
            packed, states = self.remember(video[:, t], self._vector(vectors, t, batch), states)
        inner = self.frame.begin({VECTOR: packed})
        return {"frame": 0, "inner": inner, "states": states, "drawn": [], "vectors": vectors}

    def _vector(self, vectors: np.ndarray | None, t: int, batch: int) -> np.ndarray:
        return np.zeros((batch, 1), np.float32) if vectors is None else vectors[:, t]

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        given = None
        if forced is not None:
            t = state["frame"]
            given = Forced(forced.values[:, t], forced.mask[:, t])
        chunk = self.frame.advance(state["inner"], noise, given, {})
        values = np.asarray(ops.convert_to_numpy(chunk.values))
        drawn = [*state["drawn"], values]
        following = {**state, "inner": chunk.state, "drawn": drawn}
        done = False
        if chunk.done:
            done = state["frame"] + 1 == self.frames - self.network.context
            following = state if done else self._next_frame(state, np.concatenate(drawn, axis=1))
        extras = {key: value for key, value in chunk.extras.items() if key != VECTOR}
        return Chunk(values, chunk.log_prob, following, done, {**extras, **conditions})

    def _next_frame(self, state: Any, values: np.ndarray) -> Any:
        t = self.network.context + state["frame"]
        vector = self._vector(state["vectors"], t, len(values))
        packed, states = self.remember(self.shown(values), vector, state["states"])
        inner = self.frame.begin({VECTOR: packed})
        return {**state, "frame": state["frame"] + 1, "inner": inner, "states": states, "drawn": []}

    def shown(self, values: np.ndarray) -> np.ndarray:
        """Drawn values as the data's: a sigmoid draws its two ends."""
        return values * ((self.levels - 1) // (self.view.levels - 1))

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Videos]:
        """Whole videos, the context first; padding rows are left out."""
        count = len(indices)
        frames = [
            np.concatenate([c.values for c in chunks[i : i + self.per_frame]], axis=1)
            for i in range(0, len(chunks), self.per_frame)
        ]
        chance = np.stack(
            [
                np.asarray(ops.convert_to_numpy(c.log_prob), np.float64).sum(axis=(1, 2, 3))
                for c in chunks
            ]
        ).sum(axis=0)
        context, _ = self.cut(chunks[0].extras[VECTOR])
        whole = np.concatenate([context, self.shown(np.stack(frames, axis=1))], axis=1)
        return [
            Videos(
                whole[:count].astype(np.uint8),
                chance[:count].astype(np.float32),
                np.asarray(indices, np.int64),
                self.levels,
                self.network.context,
            )
        ]
