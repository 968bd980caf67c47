"""How well an agent plays: returns of whole episodes, beside those of random actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from genkit.errors import GenkitError, UsageError, unknown
from genkit.family import Evaluation, EvaluationRequest, SampleSettings
from genkit.models.agents.generator import PURPOSE
from genkit.progress import SILENT, Progress
from genkit.rl.experience import Experience
from genkit.rl.policy import UNIFORM
from genkit.sampling.driver import tile_chunks

if TYPE_CHECKING:
    from genkit.artifacts import Figure
    from genkit.models.agents.learner import AgentLearner

DRAWS = 2_000  # of the bootstrap
BLOCK = 2_000_000  # numbers at once
BOOTSTRAP_SEED = 0
SPLITS = ("test", "validation")


class Recorder(Protocol):
    """Measures more of the episodes of an evaluation than their returns."""

    def measure(self, experience: Experience) -> Mapping[str, np.ndarray]:
        """What has to be kept of a stretch of experience, `(T, B, ...)` by name."""
        ...

    def add(self, rows: slice, extras: Mapping[str, np.ndarray]) -> None:
        """The next steps of these episodes, `(N, T, ...)` by name: those of the generator, among
        them `counts`, which steps belong to them, and `auxiliary/NAME` of what was measured."""
        ...

    def finish(self) -> tuple[dict[str, float], Sequence[Figure]]:
        """Metrics and figures of all of them."""
        ...


def evaluate(learner: AgentLearner, request: EvaluationRequest, progress: Progress) -> Evaluation:
    """Plays episodes, as `eval.greedy` says; unless brief as many by random actions as well.

    Those of `validation` are others than those of `test`, so that the best weights are not judged
    by what they were chosen by.
    """
    if request.split not in SPLITS:
        raise UsageError(unknown("split", request.split, SPLITS))
    settings = learner.recipe.eval
    count = request.limit or settings.episodes
    temperature = 0.0 if settings.greedy else 1.0
    asked = (count, request.seed, request.split)
    recorder = None if request.brief else learner.recorder()
    returns, lengths, failed = played(learner, *asked, temperature, progress, recorder)
    means = {"mean_return": float(returns.mean()), "mean_length": float(lengths.mean())}
    if request.brief:
        return Evaluation(count, means)
    metrics = {**return_metrics(returns), **means}
    others, _, _ = played(learner, *asked, UNIFORM, progress)
    metrics |= against(returns, others)
    reference = learner.section.reference_scores()
    notes = {
        "play": "greedy" if settings.greedy else "actions drawn from the policy",
        "interval": "95 %, of the mean return, by the bootstrap",
    }
    if failed:
        metrics["failed_episodes"] = float(failed)
        notes["failed_episodes"] = "environments that were lost; their episodes are left out"
    if reference is not None:
        low, high = reference
        metrics["human_normalised_percent"] = 100 * (metrics["mean_return"] - low) / (high - low)
        notes["human_normalised_percent"] = f"0 is {low:g} (random), 100 is {high:g} (human)"
    artifacts: Sequence[Figure] = ()
    if recorder is not None:
        further, artifacts = recorder.finish()
        metrics |= further
    rows = [
        {"episode": i, "return": float(r), "length": int(n)}
        for i, (r, n) in enumerate(zip(returns, lengths, strict=True))
    ]
    return Evaluation(count, metrics, {"episodes": rows}, artifacts, notes)


def played(
    learner: AgentLearner,
    count: int,
    seed: int,
    split: str,
    temperature: float | str,
    progress: Progress = SILENT,
    recorder: Recorder | None = None,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Returns and lengths of the episodes 0, 1, ... of a seed, up to `count`, without those that
    failed, and how many did.

    Args:
        recorder: is shown all that was played.

    Raises:
        GenkitError: all of them failed.
    """
    tile = min(learner.recipe.eval.batch_size, count)
    generator = learner.episodes(
        SampleSettings(tile),
        frames=False,
        temperature=temperature,
        purpose=PURPOSE if split == "test" else f"{PURPOSE}/{split}",
        measure=None if recorder is None else recorder.measure,
    )
    returns, lengths = np.zeros(count), np.zeros(count, np.int64)
    failed = np.zeros(count, bool)
    progress.start("episodes", count, "episodes")
    try:
        for start in range(0, count, tile):
            indices = range(start, min(start + tile, count))
            rows = slice(start, indices[-1] + 1)
            for chunk in tile_chunks(generator, seed, indices, []):
                counts = chunk.extras["counts"][: len(indices)]
                rewards = chunk.extras["reward"][: len(indices)].astype(np.float64)
                returns[rows] += (rewards * counts).sum(axis=1)
                lengths[rows] += counts.sum(axis=1)
                failed[rows] |= chunk.extras["failed"][: len(indices)].any(axis=1)
                if recorder is not None:
                    own = {name: x[: len(indices)] for name, x in chunk.extras.items()}
                    recorder.add(rows, own)
            progress.advance(len(indices))
    finally:
        generator.close()
        progress.finish()
    if failed.all():
        raise GenkitError(f"the environments of all {count} episodes failed")
    return returns[~failed], lengths[~failed], int(failed.sum())


def return_metrics(returns: np.ndarray) -> dict[str, float]:
    """Mean and median; of more than one episode the spread and an interval of the mean as well."""
    found = {"mean_return": float(returns.mean()), "median_return": float(np.median(returns))}
    if len(returns) < 2:
        return found
    low, high = interval(returns)
    return {
        **found,
        "return_deviation": float(returns.std(ddof=1)),
        "return_standard_error": standard_error(returns),
        "mean_return_low": low,
        "mean_return_high": high,
    }


def against(returns: np.ndarray, others: np.ndarray) -> dict[str, float]:
    """The mean return of random play, and how many standard errors of the difference lie between;
    without it where nothing varies."""
    found = {"random_mean_return": float(others.mean())}
    if min(len(returns), len(others)) < 2:
        return found
    found["random_return_standard_error"] = standard_error(others)
    error = float(np.hypot(standard_error(returns), standard_error(others)))
    if error:
        found["above_random_errors"] = float(returns.mean() - others.mean()) / error
    return found


def standard_error(values: np.ndarray) -> float:
    """Of the mean of more than one value."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % of the means of as many values, drawn with replacement, lie between."""
    generator, count = np.random.default_rng(BOOTSTRAP_SEED), len(values)
    chances, block = np.full(count, 1 / count), max(1, BLOCK // count)
    means = np.concatenate(
        [
            generator.multinomial(count, chances, min(block, DRAWS - done)) @ values / count
            for done in range(0, DRAWS, block)
        ]
    )
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)
