"""What is told of samples: how near they are to what happened, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Animation
from genkit.artifacts.films import sheet
from genkit.data.video.tracks import Other
from genkit.family import Evaluation, EvaluationRequest
from genkit.metrics.likeness import psnr, ssim
from genkit.models.vpn.objects import (
    Figures,
    Look,
    errors_of,
    likeness_of_things,
    means,
    moved,
    places_of,
    staying,
)
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.vpn.learner import VPNLearner

SHOWN = 6  # clips in a sheet


def with_samples(
    learner: VPNLearner, found: Evaluation, request: EvaluationRequest, progress: Progress
) -> Evaluation:
    """`found` with samples that go on from the first videos of the split, `eval.recognise` of them.

    Adds `psnr` and `ssim` of samples beside what happened, and of copying the last given frame,
    means over videos and predicted frames; where it is known what clips show, what
    `objects.likeness_of_things` tells, and with actions the same under other ones (`other_`). A
    row for each frame in the table `frames`, and sheets of given, true and drawn frames.
    """
    count = min(learner.recipe.eval.recognise, found.count)
    if not count:
        return found
    split = learner.split(request.split)
    batch = split.items(np.arange(count))
    video, drawn = batch["video"], learner.draw(batch, request.seed, progress).samples
    figures, metrics = _likeness(learner, video, drawn), dict[str, float]()
    sheets = [_sheet(learner, "samples", video, drawn)]
    if split.truth is not None:
        look = look_of(learner, request.seed)
        things, metrics = likeness_of_things(split.truth, look, video, drawn)
        figures.update(things)
        if split.truth.other is not None:
            told, other = under_other_actions(
                learner, split.truth.other, look, batch, request.seed, progress
            )
            metrics.update(told)
            sheets.append(other)
    rows: list[dict[str, Any]] = [
        {**row, **{name: float(values[:, t].mean()) for name, values in figures.items()}}
        for t, row in enumerate(found.tables["frames"])
    ]
    averages = {name: float(values.mean()) for name, values in figures.items()}
    return replace(
        found,
        metrics={**found.metrics, **averages, **metrics},
        tables={**found.tables, "frames": rows},
        artifacts=[*found.artifacts, *sheets],
    )


def _likeness(learner: VPNLearner, video: np.ndarray, drawn: np.ndarray) -> Figures:
    """PSNR and SSIM of predicted frames, and of the last given one in their place."""
    context, top = learner.config.context, learner.levels - 1
    truth = video[:, context:]
    last = np.broadcast_to(video[:, context - 1 : context], truth.shape)
    figures: Figures = {}
    for name, frames in (("", drawn[:, context:]), ("copy_last_", last)):
        figures[f"{name}psnr"] = psnr(truth, frames, top)
        figures[f"{name}ssim"] = ssim(truth, frames, top)
    return figures


def look_of(learner: VPNLearner, seed: int) -> Look:
    """How samples of a learner are seen: those of a sigmoid are black or white."""
    grey = learner.config.output == "sigmoid" and learner.levels > 2
    return Look(learner.levels, learner.config.context, seed if grey else None)


def under_other_actions(
    learner: VPNLearner,
    other: Callable[[int, int], Other],
    look: Look,
    batch: dict[str, np.ndarray],
    seed: int,
    progress: Progress,
) -> tuple[dict[str, float], Animation]:
    """Samples from the same beginnings under other actions, beside what would happen then.

    A model that takes no actions draws what it drew before; it is what the others are judged by.
    """
    count = len(batch["video"])
    others = [other(i, look.context) for i in range(count)]
    tracks = [o.track for o in others]
    wanted = {name: np.stack([o.conditions[name] for o in others]) for name in others[0].conditions}
    drawn = learner.draw({**batch, **wanted}, seed, progress).samples
    places = places_of(tracks, look, [look.shares(own) for own in drawn])
    errors = errors_of(tracks, look, places)
    stays = [staying(track, look.context) for track in tracks]
    figures = {**means(tracks, errors), **means(tracks, stays, "copy_last_")}
    metrics = {name: float(values.mean()) for name, values in figures.items()}
    metrics.update(moved(tracks, errors, look.context))
    video = np.stack([o.video for o in others[:SHOWN]])
    told = {f"other_{name}": value for name, value in metrics.items()}
    return told, _sheet(learner, "other_actions", video, drawn)


def _sheet(learner: VPNLearner, name: str, video: np.ndarray, samples: np.ndarray) -> Animation:
    shown = (video[:SHOWN], samples[:SHOWN, None])
    return Animation(name, sheet(*shown, learner.levels, learner.config.context))
