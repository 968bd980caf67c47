"""The learner of the Video Pixel Network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Videos
from genkit.batches import pad_rows
from genkit.data.vectors import read_vectors
from genkit.data.video.dataset import VideoFeed, VideoSplit
from genkit.data.video.given import read_videos
from genkit.errors import UsageError
from genkit.family import (
    Arrays,
    Check,
    Evaluation,
    EvaluationRequest,
    Feed,
    Generator,
    Metrics,
    Monitor,
    SampleSettings,
    Workload,
)
from genkit.layers.values import centred
from genkit.learning import DataLearner, GradientStep
from genkit.models.vpn import evaluation
from genkit.models.vpn.generator import VIDEO, VideoGenerator
from genkit.models.vpn.network import build_network
from genkit.models.vpn.view import FrameView
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise
from genkit.sampling.decoding import log_probability
from genkit.sampling.driver import sample_tile
from genkit.sampling.raster.steering import VECTOR, Steering, VectorPart

SPLITS = ("train", "validation", "test", "test_novel")
DEFAULT_SPLIT = "validation"
# Clips of a split that samples may go on from: they are held in memory.
KNOWN = 1000


class VPNLearner(DataLearner):
    """Trains by the mean negative log-likelihood of the frames behind the context."""

    monitor: Monitor | None = Monitor("nats_per_frame", "min")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        self.config = recipe.model
        self.frames, *shape = recipe.data.video_shape()
        self.shape: tuple[int, int, int] = (shape[0], shape[1], shape[2])
        self.levels = recipe.data.level_count()
        self.network = build_network(recipe)
        self.view = FrameView(self.network, self.shape)
        self.networks = {"network": self.network}
        self.steps = {"training": GradientStep(self.network, self.loss, recipe.train)}
        self._nats = backend.compile(self.nats, self.network.variables)
        self._generators: dict[SampleSettings, VideoGenerator] = {}
        self.steering = self._steering()

    # Data

    def feed(self, split: str, seed: int) -> Feed:
        return VideoFeed(self.split(split), self.recipe.train.batch_size, seed)

    def vectors(self, batch: Mapping[str, Any]) -> np.ndarray:
        """What steers each frame, `(B, T, D)` float32; a single unused column without conditions.
        What is known during the context only is zero behind it."""
        if not self.config.condition:
            return np.zeros((*batch["video"].shape[:2], 1), np.float32)
        for name in self.config.condition:
            if f"condition/{name}" not in batch:
                raise UsageError(
                    f"this model is conditioned on '{name}', which these videos do not have"
                )
        parts = [batch[f"condition/{name}"] for name in self.config.condition]
        return np.concatenate(parts, axis=-1).astype(np.float32) * self.known()

    def known(self) -> np.ndarray:
        """`(T, D)` float32, 1 where a condition is known."""
        widths, columns = self.recipe.data.condition_shapes(), []
        for name in self.config.condition:
            always = name not in self.config.context_condition
            seen = np.arange(self.frames) < (self.frames if always else self.config.context)
            columns.append(np.repeat(seen[:, None], widths[name], axis=1))
        return np.concatenate(columns, axis=1).astype(np.float32)

    # Likelihood

    def nats(self, video: Any, vectors: Any, training: bool = False) -> Any:
        """Nats of each predicted frame, `(B, T - context)`.

        Args:
            video: `(B, T, H, W, C)` values 0 .. levels - 1. vectors: `(B, T, D)`.
        """
        x = centred(video, self.levels, self.network.compute_dtype)
        vectors = vectors if self.config.condition else None
        logits = self.network(x, vectors, training=training)
        targets = video[:, self.config.context :]
        if self.config.output == "sigmoid":
            share = ops.cast(targets, logits.dtype) * (1.0 / (self.levels - 1))
            scores = logits[..., 1]
            nats = ops.softplus(scores) - share * scores
        else:
            nats = -log_probability(logits, ops.cast(targets, "int32"))
        return ops.sum(nats, axis=(2, 3, 4))

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean nats/dim of the predicted frames of `batch["video"]`."""
        mean = ops.mean(self.nats(batch["video"], batch[VECTOR], training=True))
        per_dim = mean / float(np.prod(self.shape))
        return per_dim, {"nats_per_frame": mean, "nats_per_dim": per_dim}

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        del noise
        return self.steps["training"]({"video": batch["video"], VECTOR: self.vectors(batch)})

    def frame_nats(self, split: VideoSplit, progress: Progress) -> Iterator[np.ndarray]:
        """Nats `(B, T - context)` float64 of each video of a split, batch by batch."""
        size = self.recipe.eval.batch_size
        progress.start("likelihood", len(split), "videos")
        for start in range(0, len(split), size):
            batch = split.items(np.arange(start, min(start + size, len(split))))
            count = len(batch["video"])
            arrays = (batch["video"], self.vectors(batch))
            padded = [pad_rows(np.asarray(array), size - count) for array in arrays]
            found = ops.convert_to_numpy(self._nats(*padded))
            yield np.asarray(found, np.float64)[:count]
            progress.advance(count)
        progress.finish()

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Nats/frame and nats/dim of a split, beside bounds; samples unless brief."""
        return evaluation.evaluate(self, request, progress)

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per video: index, nats/frame, nats of each predicted frame."""
        index = 0
        for batch in self.frame_nats(self.videos(data).first(limit), progress):
            for row in batch:
                yield {
                    "index": index,
                    "nats_per_frame": float(row.mean()),
                    "nats": [float(value) for value in row],
                }
                index += 1

    def videos(self, reference: str) -> VideoSplit:
        """The videos of a split of the recipe's data set, or of a path."""
        if reference in SPLITS:
            return self.split(reference)
        return read_videos(reference, self.recipe.data)

    # Samples

    def _steering(self) -> Steering:
        shape = (self.config.context, *self.shape)
        default = (VIDEO, DEFAULT_SPLIT)
        parts = [VectorPart(VIDEO, shape, self._look_up, default=default)]
        widths = self.recipe.data.condition_shapes()
        for name in self.config.condition:
            size = (self.frames, widths[name])
            parts.append(VectorPart(name, size, self._look_up, default=(name, DEFAULT_SPLIT)))
        return Steering(parts)

    def _look_up(self, key: str, reference: str) -> np.ndarray:
        """Contexts or conditions of a split or file."""
        if reference not in SPLITS and key != VIDEO:
            width = self.recipe.data.condition_shapes()[key]
            return read_vectors(reference, key, (self.frames, width))
        split = self.videos(reference).first(KNOWN)
        if key == VIDEO:
            clips = split.items(np.arange(len(split)))[VIDEO]
            return np.asarray(clips[:, : self.config.context], np.float32)
        return np.asarray(split.conditions[key][:], np.float32)

    def generator(self, settings: SampleSettings) -> Generator | None:
        """One generator for each setting: a second call compiles nothing."""
        return self.video_generator(settings)

    def video_generator(self, settings: SampleSettings, with_logits: bool = False) -> Any:
        if with_logits:
            return self._make_generator(settings, True)
        if settings not in self._generators:
            self._generators[settings] = self._make_generator(settings)
        return self._generators[settings]

    def _make_generator(
        self, settings: SampleSettings, with_logits: bool = False
    ) -> VideoGenerator:
        known = self.known() if self.config.condition else None
        return VideoGenerator(
            self.view, self.steering, self.frames, self.levels, known, settings, with_logits
        )

    def draw(self, batch: Mapping[str, Any], seed: int, progress: Progress = SILENT) -> Videos:
        """A sample that goes on from the context of each video of a batch, under its conditions."""
        count, chosen = len(batch["video"]), self.recipe.sample
        settings = SampleSettings(
            min(chosen.tile, count), chosen.temperature, chosen.top_k, chosen.top_p
        )
        vectors, generator, parts = self.flat(batch), self.video_generator(settings), []
        progress.start("samples", count, "videos")
        for start in range(0, count, settings.tile):
            own = vectors[start : start + settings.tile]
            arrays = {VECTOR: pad_rows(own, settings.tile - len(own))}
            indices = range(start, start + len(own))
            (videos,) = sample_tile(generator, seed, indices, [], arrays=arrays)
            parts.append(videos.arrays())
            progress.advance(len(own))
        progress.finish()
        return Videos.join(parts, {"levels": self.levels, "context": self.config.context})

    def flat(self, batch: Mapping[str, Any]) -> np.ndarray:
        """Context and conditions of a batch as the generator takes them, `(B, n)`."""
        context = np.asarray(batch["video"][:, : self.config.context], np.float32)
        parts = [context, *(batch[f"condition/{name}"] for name in self.config.condition)]
        return np.concatenate([np.reshape(p, (len(context), -1)) for p in parts], axis=-1)

    def preview(self, count: int, seed: int) -> Sequence[Videos]:
        """Samples that go on from clips that were not trained on."""
        split = self.split(DEFAULT_SPLIT)
        return [self.draw(split.items(np.arange(min(count, len(split)))), seed)]

    # Proofs and timings

    def checks(self) -> Iterable[Check]:
        from genkit.models.vpn.proofs import video_checks

        return video_checks(self)

    def workloads(self, tiles: Sequence[int]) -> Iterable[Workload]:
        from genkit.benchmark import raster_workloads

        own = raster_workloads(self.view, tiles) if self.config.dependent else []
        return [*own, *super().workloads(tiles)]
