"""Evaluation of video densities: nats/frame beside what the data and the last frame give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Figure
from genkit.family import Evaluation, EvaluationRequest
from genkit.metrics.copying import CopyLast
from genkit.metrics.entropy import soft_entropy
from genkit.models.vpn.samples import with_samples
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.data.video.dataset import VideoSplit
    from genkit.models.vpn.learner import VPNLearner

FITTED = 256  # training videos that the last frame's noise is fitted to
AT_ONCE = 64


def evaluate(learner: VPNLearner, request: EvaluationRequest, progress: Progress) -> Evaluation:
    """Likelihood of a split. Unless brief also the same of copying the last given frame, figures of
    each predicted frame, and what is told of samples."""
    split = learner.split(request.split).first(request.limit)
    nats = np.concatenate(list(learner.frame_nats(split, progress)))
    dims = float(np.prod(learner.shape))
    metrics = {
        "nats_per_frame": float(nats.mean()),
        "nats_per_frame_standard_error": float(nats.mean(1).std() / np.sqrt(len(nats))),
        "nats_per_dim": float(nats.mean() / dims),
        "bits_per_dim": float(nats.mean() / dims / np.log(2)),
    }
    notes = dict(learner.dataset.notes)
    curves = {"nats": nats.mean(axis=0)}
    if learner.config.output == "sigmoid":
        notes["likelihood"] = "cross-entropy with grey values as soft targets; see the bound"
        bound = _over(split, lambda video: soft_entropy(_predicted(learner, video), learner.levels))
        metrics["bound_nats_per_frame"] = float(bound.mean())
        metrics["excess_nats_per_frame"] = float(nats.mean() - bound.mean())
        curves["bound"] = bound.mean(axis=0)
    if request.brief:
        return Evaluation(len(split), metrics, notes=notes)
    copied = _copied(learner, split)
    metrics["copy_last_nats_per_frame"] = float(copied.mean())
    metrics["copy_last_nats_per_dim"] = float(copied.mean() / dims)
    curves["copy_last"] = copied.mean(axis=0)
    first = learner.config.context
    rows = [
        {"frame": first + t, **{name: float(curve[t]) for name, curve in curves.items()}}
        for t in range(nats.shape[1])
    ]
    found = Evaluation(
        len(split), metrics, {"frames": rows}, [horizon_figure(first, curves)], notes
    )
    return with_samples(learner, found, request, progress)


def _predicted(learner: VPNLearner, video: np.ndarray) -> np.ndarray:
    return video[:, learner.config.context :]


def _over(split: VideoSplit, measure: Any) -> np.ndarray:
    """What is measured of all videos, first axis N, some at a time."""
    found = []
    for start in range(0, len(split), AT_ONCE):
        indices = np.arange(start, min(start + AT_ONCE, len(split)))
        found.append(measure(split.items(indices)["video"]))
    return np.concatenate(found)


def _copied(learner: VPNLearner, split: VideoSplit) -> np.ndarray:
    """Nats of each predicted frame when the last given one is expected to stay, `(N, T')`."""
    seen = _over(learner.split("train").first(FITTED), lambda video: video)
    context, soft = learner.config.context, learner.config.output == "sigmoid"
    copying = CopyLast(learner.levels, soft).fit(seen[:, context - 1], seen[:, context:])
    return _over(split, lambda v: copying.nats(v[:, context - 1], v[:, context:]))


def horizon_figure(first: int, curves: dict[str, np.ndarray]) -> Figure:
    """Nats/frame over the predicted frames, `first` being the number of the first one."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(5.0, 3.2), layout="constrained")
    axes = canvas.subplots()
    for name, curve in curves.items():
        axes.plot(np.arange(first, first + len(curve)), curve, marker="o", ms=3, label=name)
    axes.set(xlabel="frame", ylabel="nats/frame")
    axes.legend(frameon=False)
    return Figure.from_matplotlib("horizon", canvas)
