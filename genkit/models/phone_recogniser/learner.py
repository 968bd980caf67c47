"""The learner of a WaveNet that names phones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Artifact
from genkit.data.audio.dataset import SPLITS, AudioSplit
from genkit.data.audio.speeds import played
from genkit.errors import DataError
from genkit.family import Arrays, Check, Evaluation, EvaluationRequest, Feed, Metrics, Monitor
from genkit.learning import DataLearner, GradientStep, dropout_factors, policy
from genkit.metrics.speech.decoder import PhoneDecoder
from genkit.metrics.speech.decoding import PhoneModel
from genkit.models.phone_recogniser.config import PAUSES
from genkit.models.phone_recogniser.network import PhoneNetwork
from genkit.models.phone_recogniser.rows import Rows, louder
from genkit.models.wavenet import primes
from genkit.models.wavenet.rows import disturbed
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise
from genkit.sampling.decoding import log_probability

LN2 = float(np.log(2.0))


@dataclass(frozen=True)
class Heard:
    """What a network says of a recording.

    Args:
        log_probabilities: `(F, K)` float64, of the phones of each frame, nats.
        log_prob: of all samples, nats; None of a network that does not predict them.
    """

    log_probabilities: np.ndarray
    log_prob: float | None


class PhoneRecogniserLearner(DataLearner):
    """WaveNet as a recogniser (arXiv:1609.03499, section 3.4): cross-entropy of the phones of
    frames, and beside it that of the next sample."""

    monitor = Monitor("frame_error", "min")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        self.config = recipe.model
        self.network = build_network(recipe)
        self.networks = {"network": self.network}
        self.rows = Rows(recipe.model, recipe.data)
        self.steps = {"training": GradientStep(self.network, self.loss, recipe.train)}
        count = len(self.rows.labels)
        # What is known of the order of phones comes from the training split once and stays with
        # the weights, so that recordings can be transcribed where that split is not.
        self.order = {
            name: keras.Variable(np.zeros(shape, np.float32), trainable=False, name=name)
            for name, shape in (
                ("priors", (count,)),
                ("first", (count,)),
                ("moves", (count, count)),
            )
        }
        self.extra_variables = {f"order/{name}": each for name, each in self.order.items()}
        self._judge = backend.compile(self.judged, self.network.variables)

    # Training

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean nats a frame, plus `next_sample` times mean nats a sample."""
        skips = self.network.skips(batch.get("seen", batch["codes"]))
        logits = self.network.phones(skips, batch["codes"], batch.get("masks"))
        weight = batch["frames"]
        count = ops.maximum(ops.sum(weight), 1.0)
        nats = -ops.sum(weight * log_probability(logits, batch["phones"])) / count
        wrong = ops.cast(ops.argmax(logits, axis=-1) != batch["phones"], weight.dtype)
        metrics = {"frame_nats": nats, "frame_error": ops.sum(weight * wrong) / count}
        if not self.config.next_sample:
            return nats, metrics
        own = batch["samples"]
        total = ops.sum(own * self._samples(skips, batch["codes"]))
        sample_nats = -total / ops.maximum(ops.sum(own), 1.0)
        metrics["bits_per_sample"] = sample_nats / LN2
        return nats + self.config.next_sample * sample_nats, metrics

    def _samples(self, skips: Any, codes: Any) -> Any:
        """Log-probability of each code, `(B, T)`; anything where there is none."""
        known = ops.minimum(codes, self.config.levels - 1)
        return log_probability(self.network.samples(skips), known)

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        if self.config.gain:
            batch = {**batch, "audio": louder(batch["audio"], self.config.gain, noise)}
        rows: dict[str, Any] = self.rows(batch, self.training_split)
        if self.config.noise:
            rows["seen"] = disturbed(rows["codes"], self.config.levels, self.config.noise, noise)
        if self.config.dropout:
            skip, channels = self.config.skip, self.config.channels
            both = dropout_factors(
                noise, self.config.dropout, (*rows["phones"].shape, skip + channels)
            )
            rows["masks"] = (both[..., :skip], both[..., skip:])
        return self.steps["training"](rows)

    def feed(self, split: str, seed: int) -> Feed:
        """Windows of a split; the first feed of `train` learns the order of phones."""
        if split == "train" and not self._kept()["priors"].any():
            self._keep(self._learned())
        found = self.training_split if split == "train" else self.split(split)
        return self.rows.feed(found, self.recipe.train.batch_size, seed)

    @cached_property
    def training_split(self) -> AudioSplit:
        """The recordings of the training split, at every speed."""
        return played(self.split("train"), [1.0, *self.config.speeds])

    # What is known of phones

    def _learned(self) -> PhoneDecoder:
        """Frequencies, bigram and durations of the training split."""
        split, rows = self.split("train"), self.rows
        known = [rows.alignment(split, i) for i in range(len(split))]
        named = np.concatenate([rows.frames(split, i) for i in range(len(split))])
        if not (named >= 0).any():
            raise DataError("the training split has no phones to learn from")
        counts = np.bincount(named[named >= 0], minlength=len(rows.labels))
        inside = [[s for s in own if s.label in rows.numbers] for own in known]
        return PhoneDecoder.of(inside, counts, rows.labels, self.config.pool, {}, self.pauses)

    @property
    def pauses(self) -> frozenset[str]:
        """Labels that are no phones."""
        return frozenset({PAUSES[self.config.fold]})

    def _keep(self, decoder: PhoneDecoder) -> None:
        model = decoder.model
        values = {"priors": decoder.log_priors, "first": model.first, "moves": model.moves}
        for name, value in values.items():
            # float32 has no logarithm of nothing that can be saved and compared.
            self.order[name].assign(np.maximum(value, -1e4).astype(np.float32))

    def _kept(self) -> Arrays:
        return {
            name: np.asarray(ops.convert_to_numpy(each), np.float64)
            for name, each in self.order.items()
        }

    @property
    def decoder(self) -> PhoneDecoder:
        """What is known of the order of phones."""
        kept = self._kept()
        if not kept["priors"].any():
            return self._learned()
        model = PhoneModel(kept["first"], kept["moves"])
        return PhoneDecoder(
            self.config.pool, self.rows.labels, {}, self.pauses, kept["priors"], model
        )

    # Use

    def judged(self, batch: Any) -> tuple[Any, Any]:
        """Log-probabilities of phones `(B, F, K)` and of codes `(B, T)`, or zeros."""
        codes = batch["codes"]
        skips = self.network.skips(codes)
        phones = ops.log_softmax(self.network.phones(skips, codes), axis=-1)
        if not self.config.next_sample:
            return phones, ops.zeros_like(batch["samples"])
        return phones, self._samples(skips, codes)

    def heard(self, split: AudioSplit, progress: Progress = SILENT) -> Iterator[Heard]:
        """What is heard in each recording, in their order."""
        size, pool = self.recipe.eval.batch_size, self.config.pool
        feed = self.rows.feed(split, size, None)
        lengths = np.diff(split.edges)
        waiting: dict[int, tuple[list[np.ndarray], list[float]]] = {}
        progress.start("listening", len(split), "recordings")
        for k in range(-(-feed.windows // size)):
            batch = feed.batch(k)
            rows = self.rows(batch, split)
            phones, samples = (
                np.asarray(ops.convert_to_numpy(each), np.float64) for each in self._judge(rows)
            )
            for row in range(min(size, feed.windows - k * size)):
                number = int(batch["recording"][row])
                frames, scores = waiting.setdefault(number, ([], []))
                frames.append(phones[row][rows["counted"][row] > 0])
                scores.append(float(samples[row] @ rows["samples"][row]))
                if sum(map(len, frames)) == -(-int(lengths[number]) // pool):
                    del waiting[number]
                    log_prob = sum(scores) if self.config.next_sample else None
                    progress.advance(1)
                    yield Heard(np.concatenate(frames), log_prob)
        progress.finish()

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Frame error and phone error rate; unless brief another classifier's beside them."""
        from genkit.models.phone_recogniser import evaluation

        return evaluation.evaluate(self, request, progress)

    def recordings(self, data: str, limit: int | None) -> AudioSplit:
        """A split of the data set, or the recordings of a path."""
        found = self.split(data) if data in SPLITS else primes.read(data, self.recipe, True)
        return found.first(limit)

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per recording: what is heard and, where it is known what was said, errors."""
        from genkit.models.phone_recogniser import transcripts

        return transcripts.rows(self, self.recordings(data, limit), progress)

    def item_files(self, data: str, limit: int | None, progress: Progress) -> Iterator[Artifact]:
        """TextGrid, CTM and a picture of each recording."""
        from genkit.models.phone_recogniser import transcripts

        return transcripts.files(self, self.recordings(data, limit), progress)

    def checks(self) -> Iterable[Check]:
        """See `proofs`."""
        from genkit.models.phone_recogniser.proofs import checks

        return checks(self)


def build_network(recipe: Any) -> PhoneNetwork:
    """The built network of a recipe."""
    config = recipe.model
    naming = {
        "classes": len(config.labels(recipe.data)),
        "layers": config.layers,
        "channels": config.channels,
        "width": config.width,
    }
    network = PhoneNetwork(
        wavenet=config.network_sizes(),
        naming=naming,
        pool=config.pool,
        predicts=config.next_sample > 0,
        dtype=policy(recipe.train),
        name="recogniser",
    )
    network.build()
    return network
