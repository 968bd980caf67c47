"""The learner of the WaveNet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Audio
from genkit.data.audio.attributes import attributes_in_words
from genkit.data.audio.dataset import SPLITS, AudioSplit
from genkit.data.audio.mulaw import pcm_of
from genkit.errors import UsageError
from genkit.family import (
    Arrays,
    Check,
    Evaluation,
    EvaluationRequest,
    Feed,
    Forced,
    Metrics,
    Monitor,
    SampleSettings,
    Workload,
)
from genkit.learning import DataLearner, GradientStep, policy
from genkit.models.wavenet import evaluation, primes
from genkit.models.wavenet.folding import FoldedGenerator
from genkit.models.wavenet.following import (
    RECORDING,
    Follower,
    LinguisticFollower,
    MelFollower,
)
from genkit.models.wavenet.frames import LinguisticFrames
from genkit.models.wavenet.generation import WaveNetGenerator
from genkit.models.wavenet.inputs import SpeakingInputs
from genkit.models.wavenet.network import WaveNet
from genkit.models.wavenet.rows import Rows, seen
from genkit.models.wavenet.sampling import WaveNetSequence
from genkit.models.wavenet.words import Words
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise, permutation
from genkit.sampling.decoding import log_probability
from genkit.sampling.driver import sample_tile
from genkit.speech.reading import Spoken

LN2 = float(np.log(2.0))
TOLD = 40  # batches that are scored with other conditions
SECONDS = 1.0  # of a recording, where neither recipe nor user says more


class WaveNetLearner(DataLearner):
    """WaveNet of raw audio (arXiv:1609.03499): trains by mean negative log-likelihood."""

    monitor = Monitor("bits_per_sample", "min")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        network = build_network(recipe)
        self.network = network
        self.networks = {"network": network}
        self.rows = Rows(recipe.model, recipe.data, SpeakingInputs(self.inputs))
        self.follower = self._follower()
        self.view = WaveNetSequence(network, self.words(recipe.sample.seconds))
        self.steps = {"training": GradientStep(network, self.loss, recipe.train)}
        self._log_prob = backend.compile(self.log_prob, network.variables)
        self._firsts: dict[tuple[str, int | None], AudioSplit] = {}
        self._generators: dict[SampleSettings, WaveNetGenerator | FoldedGenerator] = {}

    def words(self, seconds: float | None) -> Words:
        """Reads conditions; recordings that say nothing are `seconds` long."""
        length = seconds or SECONDS
        return Words(self.recipe.model, self.recipe.data, length, self.follower)

    def _follower(self) -> Follower | None:
        """What reads which recording, text or phones to follow."""
        recipe, frames = self.recipe, self.rows.frames
        if frames is None:
            return None
        if isinstance(frames, LinguisticFrames):
            return LinguisticFollower(recipe, frames, partial(self.spoken, frames))
        return MelFollower(recipe.model.local, recipe.data.sample_rate, self.named_recording)

    def named_recording(self, name: str) -> np.ndarray:
        """The recording `SPLIT:NUMBER` of the data set, `(T,)` int16."""
        split, number = self.named(name)
        return split.recording(number)

    def spoken(self, frames: LinguisticFrames, name: str) -> tuple[Spoken, int]:
        """The utterances of a split, and the number of `SPLIT:NUMBER` among them."""
        split, number = self.named(name)
        return frames.spoken(split), number

    def named(self, name: str) -> tuple[AudioSplit, int]:
        """The split and the number of `SPLIT:NUMBER`."""
        split, _, number = name.partition(":")
        if split not in SPLITS or not number.isdecimal():
            raise UsageError(
                f"--condition recording: takes a split and a number, such as test:0. "
                f"Received: {name!r}"
            )
        found = self.split(split)
        if int(number) >= len(found):
            raise UsageError(
                f"--condition recording: {split} has {len(found)} recordings, 0 to "
                f"{len(found) - 1}. Received: {number}"
            )
        return found, int(number)

    # Training

    def logits(self, batch: Any) -> Any:
        """Logits `(B, tail, levels)` of a batch that `Rows` made, of the codes that it has `seen`
        where those are others. Linear prediction, which is not trained, reads the codes as they
        are: noise on its past would only move what the network has to add."""
        codes, local, tail = batch["codes"], batch.get("local"), self.rows.tail
        return self.network(
            batch.get("seen", codes),
            vector=batch.get("vector"),
            local=local,
            inside=batch.get("inside"),
            tail=tail,
            forecast=self.network.forecast(codes, local, tail),
        )

    def log_prob(self, batch: Any) -> Any:
        """Log-probability (nats) of the last codes of each row, `(B, tail)`."""
        return log_probability(self.logits(batch), batch["codes"][:, -self.rows.tail :])

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean nats a sample over the windows of a batch, and the same in bits."""
        weight = batch["weight"]
        total = ops.sum(weight * self.log_prob(batch))
        nats = -total / ops.maximum(ops.sum(weight), 1.0)
        return nats, {"bits_per_sample": nats / LN2}

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        rows = self.rows(batch, self.split("train"))
        if self.recipe.model.noise or self.recipe.model.gaps is not None:
            rows["seen"] = seen(rows["codes"], self.recipe.model, noise)
        return self.steps["training"](rows)

    def feed(self, split: str, seed: int) -> Feed:
        return self.rows.feed(self.split(split), self.recipe.train.batch_size, seed)

    # Likelihood

    def log_probabilities(
        self, split: AudioSplit, progress: Progress
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Each recording's number and the log-probability (nats) of its samples `(T,)` float64."""
        size = self.recipe.eval.batch_size
        feed = self.rows.feed(split, size, None)
        waiting: dict[int, np.ndarray] = {}
        missing = np.diff(split.edges)
        progress.start("likelihood", len(split), "recordings")
        for k in range(-(-feed.windows // size)):
            batch = feed.batch(k)
            found = self._log_prob(self.rows(batch, split))
            scores = np.asarray(ops.convert_to_numpy(found), np.float64)
            for row in range(min(size, feed.windows - k * size)):
                recording = int(batch["recording"][row])
                first, stop = int(batch["skip"][row]), int(batch["stop"][row])
                at = int(batch["origin"][row]) + first
                own = waiting.setdefault(recording, np.zeros(missing[recording]))
                shift = batch["audio"].shape[1] - self.rows.tail
                own[at : at + stop - first] = scores[row, first - shift : stop - shift]
                if at + stop - first == len(own):
                    progress.advance(1)
                    yield recording, waiting.pop(recording)
        progress.finish()

    def told(self, split: AudioSplit) -> dict[str, float]:
        """What the local condition tells, over the first windows of a split, in bits a sample.

        Returns:
            `bits_saved_by_condition`, against the condition of another window of the batch, and
            `bits_saved_against_none`, against zeros. A model that doesn't listen to its condition
            has zeros here, however well it predicts from the past. Nothing without a condition.
        """
        if self.rows.frames is None:
            return {}
        feed = self.rows.feed(split, self.recipe.eval.batch_size, None)
        totals, count = np.zeros(3), 0.0
        for k in range(min(TOLD, feed.windows // self.recipe.eval.batch_size)):
            rows = self.rows(feed.batch(k), split)
            own, weight = rows["local"], rows["weight"]
            for kind, local in enumerate((own, np.roll(own, 1, axis=0), np.zeros_like(own))):
                found = ops.convert_to_numpy(self._log_prob({**rows, "local": local}))
                totals[kind] += np.sum(np.asarray(found, np.float64) * weight)
            count += float(weight.sum())
        if not count:
            return {}
        own_bits, other, none = -totals / count / LN2
        return {
            "bits_saved_by_condition": other - own_bits,
            "bits_saved_against_none": none - own_bits,
        }

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Bits a sample; unless brief with a baseline, recognition, distances and pictures."""
        return evaluation.evaluate(self, request, progress)

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per recording: log-probability (nats), samples, bits a sample."""
        if data not in SPLITS and self.rows.names:
            raise UsageError(
                f"this model is steered by {', '.join(self.rows.names)}, which files do not tell: "
                f"--data takes {', '.join(SPLITS)} of its data set. Received: {data}"
            )
        split = self.first(data, limit) if data in SPLITS else self.recordings(data).first(limit)
        for number, scores in self.log_probabilities(split, progress):
            yield {
                "index": number,
                "name": split.names[number],
                "log_prob": float(scores.sum()),
                "samples": len(scores),
                "bits_per_sample": float(-scores.mean() / LN2),
            }

    def recordings(self, reference: str, resample: bool = True) -> AudioSplit:
        """A split of the recipe's data set, or the recordings of a path."""
        if reference in SPLITS:
            return self.split(reference)
        return primes.read(reference, self.recipe, resample)

    # Samples

    def generator(self, settings: SampleSettings) -> WaveNetGenerator | FoldedGenerator:
        """One generator for each setting: a second call compiles nothing."""
        if settings not in self._generators:
            words = self.words(settings.seconds or self.recipe.sample.seconds)
            view = WaveNetSequence(self.network, words)
            kind = WaveNetGenerator if settings.fold is None else FoldedGenerator
            self._generators[settings] = kind(
                view,
                settings,
                words.rate,
                words.default,
                words.names,
                self.recipe.model.codec(),
            )
        return self._generators[settings]

    def primes(self, reference: str, keep: str | None) -> Forced:
        """Recordings to go on with: their beginnings, or their last receptive field."""
        split = self.recordings(reference, resample=False)
        given = primes.primes(split, self.recipe, keep)
        if reference not in SPLITS or not self.rows.names:
            return given
        return replace(given, conditions=[self.row_of(reference, i) for i in range(len(split))])

    def draw(
        self,
        rows: Sequence[Mapping[str, str]],
        seed: int,
        progress: Progress = SILENT,
        tile: int | None = None,
    ) -> list[Audio]:
        """Samples 0 .. of a seed with these conditions, a tile after the other."""
        chosen = self.recipe.sample
        size = min(tile or chosen.tile, len(rows))
        settings = SampleSettings(size, chosen.temperature, chosen.top_k, chosen.top_p)
        generator = self.generator(settings)
        found = []
        progress.start("samples", len(rows), "recordings")
        for start in range(0, len(rows), size):
            own = rows[start : start + size]
            found += sample_tile(generator, seed, range(start, start + len(own)), own)
            progress.advance(len(own))
        progress.finish()
        return found

    @property
    def evaluation_tile(self) -> int:
        """Samples that an evaluation draws at once."""
        return max(self.recipe.sample.tile, self.recipe.eval.batch_size)

    def heard(self, split: AudioSplit, number: int) -> np.ndarray:
        """A recording as the model could say it, int16: through the mu-law and back."""
        codec = self.recipe.model.codec()
        return pcm_of(codec.decode(codec.encode(split.recording(number))))

    def described(self, name: str, count: int, seed: int) -> list[dict[str, str]]:
        """Conditions in words as `count` recordings of a split, drawn by chance, have them."""
        total = len(self.split(name))
        order = permutation(seed, "wavenet/described", 0, total)
        return [self.row_of(name, int(order[i % total])) for i in range(count)]

    def row_of(self, name: str, number: int) -> dict[str, str]:
        """What steers this model of a recording of a split, in words."""
        split = self.split(name)
        row = {RECORDING: f"{name}:{number}"} if self.recipe.model.local is not None else {}
        return {**row, **attributes_in_words(split.attributes, number, self.rows.names)}

    def first(self, name: str, limit: int | None) -> AudioSplit:
        """A split or its first recordings: the same object each time, for what is kept of it."""
        key = (name, limit)
        if key not in self._firsts:
            self._firsts[key] = self.split(name).first(limit)
        return self._firsts[key]

    def preview(self, count: int, seed: int) -> Sequence[Audio]:
        """Recordings as the training recordings are described."""
        return self.draw(self.described("train", count, seed), seed, tile=count)

    # Proofs and timings

    def checks(self) -> Iterable[Check]:
        from genkit.conformance.sequence import sequence_checks

        return sequence_checks(self.view, self.rows.random_conditions)

    def workloads(self, tiles: Sequence[int]) -> Iterable[Workload]:
        from genkit.benchmark.sequence import sequence_workloads

        rate, grid = self.recipe.data.sample_rate, self.view.grid
        length = -(-rate // grid) * grid  # about a second
        view = WaveNetSequence(self.network, self.words(length / rate))
        return [*sequence_workloads(view, tiles, length, rate), *super().workloads(tiles)]


def build_network(recipe: Any) -> WaveNet:
    """The built network of a recipe."""
    config = recipe.model
    local = config.local
    network = WaveNet(
        **config.network_sizes(),
        vector=config.vector_width(recipe.data),
        local=0 if local is None else local.width(recipe.data),
        upsampling=None if local is None else local.sizes(),
        contexts=[context.sizes() for context in config.context],
        prediction=None if local is None else local.prediction_sizes(recipe.data),
        dtype=policy(recipe.train),
        name="wavenet",
    )
    network.build((None, None))
    return network
