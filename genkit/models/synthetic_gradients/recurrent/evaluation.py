"""Evaluation of copying: errors by length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Figure
from genkit.data.sequences.copying import Episodes
from genkit.errors import UsageError
from genkit.family import Evaluation, EvaluationRequest
from genkit.models.synthetic_gradients.recurrent.curriculum import GOOD_ENOUGH, Curriculum
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.synthetic_gradients.recurrent.learner import CopyLearner

SPLITS = ("validation", "test")
BEYOND = 3  # sizes that are tried beyond the one that training reached


def evaluate(learner: CopyLearner, request: EvaluationRequest, progress: Progress) -> Evaluation:
    """`longest_solved`, the symbols to say of the largest size up to which every size has less
    than 0.15 bits a symbol; `solved`, what the curriculum reached; and a row for each size."""
    if request.split not in SPLITS:
        raise UsageError(f"copying is evaluated on {' or '.join(SPLITS)}, not '{request.split}'")
    at, data = learner.curriculum(), learner.recipe.data
    count = min(request.limit or data.test_episodes, data.test_episodes)
    if request.brief:
        return Evaluation(count, {"solved": at.solved, "length": at.length})
    sizes = _sizes(at, data)
    rows: list[dict[str, Any]] = []
    progress.start("sizes", len(sizes), "sizes")
    for number, (length, repeats) in enumerate(sizes):
        made = learner.dataset.episodes(request.seed, request.split, number, count, length, repeats)
        rows.append({"length": length, "repeats": repeats, **errors(learner, made)})
        progress.advance(1)
    progress.finish()
    solved = 0
    for row in rows:
        if row["bits_per_symbol"] >= GOOD_ENOUGH:
            break
        solved = row["length"] * row["repeats"]
    metrics = {"longest_solved": float(solved), "solved": at.solved, "length": at.length}
    return Evaluation(count, metrics, {"per_size": rows}, [_figure(rows, request.split)])


def _sizes(at: Curriculum, data: Any) -> list[tuple[int, int]]:
    """From the smallest to a few beyond what training reached."""
    size, found = Curriculum(), []
    for _ in range(2 * data.longest):
        found.append((int(size.length), int(size.repeats)))
        size = size.larger(data.repeat, data.longest)
        beyond = size.length * size.repeats > at.length * at.repeats
        if beyond and len([s for s in found if s[0] * s[1] > at.length * at.repeats]) >= BEYOND:
            break
        if (int(size.length), int(size.repeats)) == found[-1]:
            break
    return found


def errors(learner: CopyLearner, episode: Episodes) -> dict[str, float]:
    """Bits and share of wrong symbols of what is to be said."""
    said = learner.say(episode)
    asked = episode.asked > 0
    wanted = episode.targets[asked]
    own = np.take_along_axis(said[asked], wanted[..., None], axis=-1)[..., 0]
    wrong = said[asked].argmax(axis=-1) != wanted
    return {
        "bits_per_symbol": float(-own.mean() / math.log(2.0)),
        "error_rate": float(wrong.mean()),
    }


def _figure(rows: list[dict[str, Any]], split: str) -> Figure:
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(6, 3.2), layout="constrained")
    axes = canvas.add_subplot()
    sizes = [row["length"] * row["repeats"] for row in rows]
    axes.plot(sizes, [row["bits_per_symbol"] for row in rows], marker="o")
    axes.axhline(GOOD_ENOUGH, color="0.5", linewidth=0.8)
    axes.set(xlabel="symbols to say", ylabel="bits a symbol", title=f"{split}: copying")
    return Figure.from_matplotlib("copying", canvas)
