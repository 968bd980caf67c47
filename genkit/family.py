"""The contract that every family honours, so that no command knows any family.

This module holds protocols and plain records only; it imports neither Keras nor a backend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

from genkit.progress import Progress

if TYPE_CHECKING:  # NumPy alone takes a third of a second, too long for `genkit list`
    import numpy as np

    from genkit.artifacts import Animation, Artifact, Figure
    from genkit.randomness import Noise

Arrays: TypeAlias = "dict[str, np.ndarray]"
Metrics = dict[str, Any]  # name -> scalar array or float; the name carries the unit
ResumeClass = Literal["exact", "statistical"]


class Feed(Protocol):
    """Where batches come from. Data sets are stateless; agents act and keep state."""

    def batch(self, k: int) -> Any:
        """Batch `k`, arrays by name, which may be nested: a function of (data, seed, k), and of the
        saved state where there is any."""

    def save(self) -> Arrays:
        """The state needed to go on with the next batch; empty for a data set."""

    def restore(self, state: Arrays) -> None:
        """Take back what `save` returned."""


@dataclass(frozen=True)
class Evaluation:
    """Result of `Learner.evaluate`.

    Args:
        count: how many items were evaluated.
        metrics: name with unit -> value, such as `bits_per_dim`.
        tables: name -> rows.
        artifacts: pictures worth keeping; their files are named by the split as well.
        notes: what the metrics depend on, in words, such as the binarization of the data.
    """

    count: int
    metrics: dict[str, float]
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    artifacts: Sequence[Figure | Animation] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EvaluationRequest:
    """What to evaluate.

    Args:
        split: name of a split, such as `test`.
        limit: evaluate the first `limit` items only; None for all.
        seed: seed of whatever is drawn on the way.
        brief: the cheap form used for validation during training: likelihood, no extras.
    """

    split: str = "test"
    limit: int | None = None
    seed: int = 0
    brief: bool = False


@dataclass(frozen=True)
class SampleSettings:
    """Everything a sample depends on beside checkpoint, seed, index and conditions.

    Args:
        tile: samples in one compiled batch. Sample i is row i mod tile of its tile.
        temperature: logits are divided by it; 0 takes the most probable value.
        top_k: only the k most probable values are drawn; None for all.
        top_p: only the most probable values that together hold this probability; None for all.
        sampler: `incremental`; `fixed-point`, which proposes many values at once and keeps
            those that agree; or `naive` (a forward pass per value: the reference).
        seconds: length of each recording, given values included; None for the family's default.
        fold: a long recording is cut into pieces of so many seconds, which overlap and are drawn
            side by side: an approximation. None to draw it exactly.
    """

    tile: int
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    sampler: str = "incremental"
    seconds: float | None = None
    fold: float | None = None


@dataclass
class Forced:
    """Given values of one tile: priming, completion and teacher forcing.

    Args:
        values: the given values, the whole item, integer.
        mask: 1 where the value is given, 0 where it is drawn; same shape.
        conditions: what the given items say of themselves, such as their class, one mapping an
            item or none at all; what the user asks for wins.
    """

    values: np.ndarray
    mask: np.ndarray
    conditions: Sequence[Mapping[str, str]] = ()


@dataclass
class Chunk:
    """What one compiled `advance` call returned.

    Args:
        values: generated (or forced) values of this chunk, first axis the tile.
        log_prob: log-probability of each value at temperature 1, nats, same shape.
        state: what the next `advance` needs.
        done: whether the item is complete.
        extras: further arrays of the chunk, for checks.
    """

    values: Any
    log_prob: Any
    state: Any
    done: bool
    extras: dict[str, Any] = field(default_factory=dict)


class Generator(Protocol):
    """Draws one tile at a time, chunk by chunk. `chunks` is None where the end is data."""

    settings: SampleSettings
    chunks: int | None

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        """Arrays for a tile from what the user wrote, one mapping a sample."""

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        """Uniform numbers for one chunk, row i a function of (seed, indices[i], chunk)."""

    def begin(self, conditions: Arrays) -> Any:
        """State before the first chunk: all that does not depend on generated values."""

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        """One compiled call."""

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> Sequence[Artifact]:
        """The finished items of a tile, from all its chunks, which come without their state."""


@runtime_checkable
class SoundGenerator(Generator, Protocol):
    """A generator whose chunks are sound, so that they can be heard while they are drawn.

    `settings.seconds` and `settings.fold` are for such generators only. A family that cannot
    honour one of them raises UsageError when it makes the generator.

    Args:
        sample_rate: audio samples a second.
        length: audio samples of a recording, given ones included; None where the end is data.
    """

    sample_rate: int
    length: int | None

    def pcm(self, chunk: Chunk, row: int) -> np.ndarray:
        """What a chunk adds to a row, `(n,)` int16 PCM: nothing past the end of that row.

        The chunk comes without its state, and chunks may be asked in any order and more than
        once: whatever is needed to cut a row off has to be in the chunk's `extras`. All the
        pieces of a row, one after the other, are the recording that `finish` gives.
        """
        ...


@runtime_checkable
class ReferringGenerator(Generator, Protocol):
    """A generator whose conditions can name files or splits."""

    def condition_values(self, rows: Sequence[Mapping[str, str]]) -> str | None:
        """A digest of what conditions refer to, since names do not tell; None where they refer to
        nothing."""
        ...


@dataclass(frozen=True)
class Check:
    """One thing that `genkit check` proves. `run` returns the measured value; it passes when
    the value is at most `limit`."""

    name: str
    limit: float
    run: Callable[[], float]


@dataclass(frozen=True)
class Workload:
    """One thing that `genkit bench` times.

    Args:
        name: such as `incremental`.
        tile: samples in the batch.
        values: values produced by one call of `run`.
        run: the timed call; its first call compiles.
        forward: teacher-forced forward passes of the same batch (XLA and not), or empty.
        details: further columns that hold whatever the speed. For audio `sample_rate` (Hz) and
            `blas_seconds_per_step` give the columns `real_time_factor` and `blas_ratio`.
        share: the part of `values` that a call of `run` really produces; below 1 the row is
            scaled up and says `extrapolated`.
    """

    name: str
    tile: int
    values: int
    run: Callable[[], Any]
    forward: Sequence[Callable[[], Any]] = ()
    details: Mapping[str, float] = field(default_factory=dict)
    share: float = 1.0


@dataclass(frozen=True)
class Monitor:
    """The validation metric that decides what is best."""

    metric: str
    mode: Literal["min", "max"] = "min"

    def better(self, value: float, best: float | None) -> bool:
        if best is None:
            return True
        return value < best if self.mode == "min" else value > best


class Learner(Protocol):
    """One family at work. Its whole state is its Keras variables."""

    monitor: Monitor | None

    def variables(self) -> dict[str, Any]:
        """Every Keras variable by a stable name: networks, optimisers, counters, averages."""

    def feed(self, split: str, seed: int) -> Feed:
        """The batches of a split."""

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        """One compiled training step; `loss` among the metrics is watched for being finite."""

    def scale_rates(self, factor: float) -> None:
        """Multiply every learning rate by `factor` from now on (plateau schedules)."""

    def use_averages(self) -> None:
        """Put averaged weights, where there are any, in the place of the trained ones."""

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Metrics, tables and figures of a split."""

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """One row per item of a split or a path."""

    def item_files(self, data: str, limit: int | None, progress: Progress) -> Iterator[Artifact]:
        """What else there is to see of each item of a split or a path, such as a picture of what
        was found in it; the name of an artifact begins with the item's number."""

    def generator(self, settings: SampleSettings) -> Generator | None:
        """None where there is nothing to sample."""

    def primes(self, reference: str, keep: str | None) -> Forced:
        """Given values for sampling, from a split or a path; `keep` says which part of each,
        in words of the family; None for its default."""

    def preview(self, count: int, seed: int) -> Sequence[Artifact]:
        """A few samples to look at during training; empty where there is nothing to sample."""

    def checks(self) -> Iterable[Check]:
        """What `genkit check` proves beyond saving and loading."""

    def workloads(self, tiles: Sequence[int]) -> Iterable[Workload]:
        """What `genkit bench` times."""


@dataclass(frozen=True)
class Paper:
    """Where a family comes from."""

    title: str
    authors: str
    year: int
    arxiv: str

    def citation(self) -> str:
        return f"{self.authors}, {self.year}. {self.title}. arXiv:{self.arxiv}"

    def bibtex(self) -> str:
        surname = self.authors.split(",")[0].split()[-1].lower()
        return (
            f"@article{{{surname}{self.year},\n  title = {{{self.title}}},\n"
            f"  author = {{{self.authors}}},\n  year = {{{self.year}}},\n"
            f"  journal = {{arXiv preprint arXiv:{self.arxiv}}}\n}}"
        )


@dataclass(frozen=True)
class Family:
    """A registry entry: light, without Keras.

    Args:
        name: such as `gated_pixelcnn`; also the folder of its recipes.
        summary: one line.
        papers: sources.
        config: `module:Class` of the pydantic model of the recipe's `model` section.
        learner: `module:Class`, called with (recipe, inputs).
        resume: `exact` or `statistical`.
        tiny: name -> recipe sections; small configurations that drive every test suite.
        acts: whether its data is an environment.
        autoregressive: whether the conformance suite of autoregressive models applies.
        outlook: `module:function` that estimates parameters, memory and receptive field
            of a recipe without importing Keras.
    """

    name: str
    summary: str
    papers: tuple[Paper, ...]
    config: str
    learner: str
    resume: ResumeClass = "exact"
    tiny: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    autoregressive: bool = False
    acts: bool = False
    outlook: str | None = None
