"""How well an agent plays: returns of whole episodes, beside those of random actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genkit.family import Evaluation, EvaluationRequest, SampleSettings
from genkit.progress import SILENT, Progress
from genkit.rl.policy import UNIFORM
from genkit.sampling.driver import tile_chunks

if TYPE_CHECKING:
    from genkit.models.agents.learner import AgentLearner

DRAWS = 2_000  # of the bootstrap
BOOTSTRAP_SEED = 0


def evaluate(learner: AgentLearner, request: EvaluationRequest, progress: Progress) -> Evaluation:
    """Plays episodes, as `eval.greedy` says; unless brief as many by random actions as well."""
    settings = learner.recipe.eval
    count = request.limit or settings.episodes
    temperature = 0.0 if settings.greedy else 1.0
    returns, lengths = played(learner, count, request.seed, temperature, progress)
    metrics = return_metrics(returns)
    metrics["mean_length"] = float(lengths.mean())
    if request.brief:
        return Evaluation(count, {k: metrics[k] for k in ("mean_return", "mean_length")})
    others, _ = played(learner, count, request.seed, UNIFORM, progress)
    metrics |= against(returns, others)
    reference = learner.section.reference_scores()
    notes = {
        "play": "greedy" if settings.greedy else "actions drawn from the policy",
        "interval": "95 %, of the mean return, by the bootstrap",
    }
    if reference is not None:
        low, high = reference
        metrics["human_normalised_percent"] = 100 * (metrics["mean_return"] - low) / (high - low)
        notes["human_normalised_percent"] = f"0 is {low:g} (random), 100 is {high:g} (human)"
    rows = [
        {"episode": i, "return": float(r), "length": int(n)}
        for i, (r, n) in enumerate(zip(returns, lengths, strict=True))
    ]
    return Evaluation(count, metrics, {"episodes": rows}, notes=notes)


def played(
    learner: AgentLearner,
    count: int,
    seed: int,
    temperature: float | str,
    progress: Progress = SILENT,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns and lengths `(count,)` of the episodes 0, 1, ... of a seed."""
    tile = min(learner.recipe.eval.batch_size, count)
    generator = learner.episodes(SampleSettings(tile), frames=False, temperature=temperature)
    returns, lengths = np.zeros(count), np.zeros(count, np.int64)
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
            progress.advance(len(indices))
    finally:
        generator.rollout.close()
        progress.finish()
    return returns, lengths


def return_metrics(returns: np.ndarray) -> dict[str, float]:
    """Mean, median, spread and a confidence interval of the mean."""
    low, high = interval(returns)
    return {
        "mean_return": float(returns.mean()),
        "median_return": float(np.median(returns)),
        "return_deviation": float(returns.std(ddof=1)) if len(returns) > 1 else 0.0,
        "return_standard_error": standard_error(returns),
        "mean_return_low": low,
        "mean_return_high": high,
    }


def against(returns: np.ndarray, others: np.ndarray) -> dict[str, float]:
    """The mean return of random play, and how many standard errors of the difference lie between:
    0 where both never differ."""
    error = float(np.hypot(standard_error(returns), standard_error(others)))
    gap = float(returns.mean() - others.mean())
    return {
        "random_mean_return": float(others.mean()),
        "random_return_standard_error": standard_error(others),
        "above_random_errors": gap / error if error else 0.0,
    }


def standard_error(values: np.ndarray) -> float:
    """Of the mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % of the means of as many values, drawn with replacement, lie between."""
    if len(values) < 2:
        return float(values.mean()), float(values.mean())
    generator, count = np.random.default_rng(BOOTSTRAP_SEED), len(values)
    means = generator.multinomial(count, np.full(count, 1 / count), DRAWS) @ values / count
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)
