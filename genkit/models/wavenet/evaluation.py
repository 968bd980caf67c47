"""Evaluation of a WaveNet: likelihood beside a baseline, and samples beside recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Animation, Figure
from genkit.data.audio.attributes import attributes_of
from genkit.data.audio.dataset import TAGS, AudioSplit
from genkit.family import Evaluation, EvaluationRequest
from genkit.metrics.audio_pictures import recordings_figure, sound_statistics
from genkit.metrics.audio_recognition import LabelledAudio, recognise_audio
from genkit.metrics.frechet import frechet_log_mel
from genkit.metrics.linear_prediction import linear_prediction_bits
from genkit.models.wavenet import speaking
from genkit.models.wavenet.frames import LinguisticFrames
from genkit.progress import Progress
from genkit.randomness import permutation

if TYPE_CHECKING:
    from genkit.models.wavenet.learner import WaveNetLearner

LN2 = float(np.log(2.0))
# The baseline takes a fraction of a millisecond a time step, whatever the number of recordings.
LONGEST_FOR_BASELINE = 500_000
MOST_TO_LEARN_FROM = 3_000  # recordings, of the classifiers
LONGEST_SAMPLE = 10.0  # seconds
SHOWN = 4
UNTITLED = ("seconds", "recording")


def evaluate(learner: WaveNetLearner, request: EvaluationRequest, progress: Progress) -> Evaluation:
    """Bits a sample of a split, with and without what lies before a full receptive field.

    Unless brief also what adaptive linear prediction pays for the same samples, bits by
    attribute, and of as many samples as `eval.recognise` says: how classifiers recognise them,
    the Fréchet distance of their spectra, statistics and pictures, real recordings beside them.
    """
    split = learner.first(request.split, request.limit)
    warm_up = learner.recipe.eval.warm_up
    warm_up = learner.recipe.model.reach() if warm_up is None else warm_up
    scores = dict(learner.log_probabilities(split, progress))
    ordered = [scores[i] for i in range(len(split))]
    metrics = likelihood(ordered, warm_up)
    metrics["uniform_bits_per_sample"] = float(np.log2(learner.recipe.model.levels))
    if request.brief:
        return Evaluation(len(split), metrics)
    notes = {**learner.dataset.notes, "warm_up": warm_up_note(split, warm_up)}
    # Where no recording is longer, nothing is left out; see `likelihood`.
    left_out = warm_up if np.diff(split.edges).max() > warm_up else 0
    metrics.update(baseline(learner, split, left_out, progress))
    metrics.update(learner.told(split))
    tables = {"per_attribute": by_attribute(ordered, split, learner.rows.names, left_out)}
    artifacts: list[Figure | Animation] = []
    if learner.recipe.eval.recognise:
        found = samples(learner, request.split, split, request.seed, progress)
        metrics.update(found.metrics)
        tables.update(found.tables)
        artifacts += found.artifacts
    tables = {name: rows for name, rows in tables.items() if rows}
    return Evaluation(len(split), metrics, tables, artifacts, notes)


def warm_up_note(split: AudioSplit, warm_up: int) -> str:
    """What is left out of `bits_per_sample`, in words."""
    short = int(np.sum(np.diff(split.edges) <= warm_up))
    if short == len(split):
        return f"none: no recording is longer than {warm_up:,} samples, so all samples count"
    left = f"the first {warm_up:,} samples of each recording"
    return f"{left}, which is all of {short:,} of {len(split):,}" if short else left


def likelihood(scores: Sequence[np.ndarray], warm_up: int) -> dict[str, float]:
    """Means over audio samples of log-probabilities `(T,)` in nats, one array a recording.

    Where every recording is shorter than the warm-up, nothing is left and all samples count.
    """
    whole = np.concatenate(scores)
    warm = np.concatenate([own[warm_up:] for own in scores])
    counted = warm if len(warm) else whole
    return {
        "bits_per_sample": float(-counted.mean() / LN2),
        "bits_per_sample_with_warm_up": float(-whole.mean() / LN2),
        "samples": float(len(counted)),
    }


def baseline(
    learner: WaveNetLearner, split: AudioSplit, warm_up: int, progress: Progress
) -> dict[str, float]:
    """Bits of adaptive linear prediction on the same codes; nothing for very long recordings."""
    lengths = np.diff(split.edges)
    if lengths.max() > LONGEST_FOR_BASELINE:
        progress.message(
            f"linear prediction is left out: a recording has {lengths.max():,} audio samples, "
            f"more than {LONGEST_FOR_BASELINE:,}"
        )
        return {}
    progress.message("linear prediction of the same samples ...")
    codec = learner.recipe.model.codec()
    codes = [codec.encode(split.recording(i)) for i in range(len(split))]
    found = linear_prediction_bits(codes, codec.levels, warm_up=warm_up)
    return {"linear_prediction_bits_per_sample": found.bits_per_sample}


def by_attribute(
    scores: Sequence[np.ndarray],
    split: AudioSplit,
    names: Mapping[str, Sequence[str]],
    warm_up: int,
) -> list[dict[str, Any]]:
    """A row for each value of an attribute that occurs."""
    rows = []
    for name, values in names.items():
        own = split.attributes[name]
        for number, value in enumerate(values):
            having = own[:, number] == 1 if name == TAGS else own == number
            chosen = [scores[int(i)] for i in np.flatnonzero(having)]
            # Values whose recordings are all shorter than the warm-up have no row.
            if any(len(own) > warm_up for own in chosen):
                bits = likelihood(chosen, warm_up)["bits_per_sample"]
                row = {"attribute": name, "value": value, "count": len(chosen)}
                rows.append({**row, "bits_per_sample": bits})
    return rows


def samples(
    learner: WaveNetLearner, name: str, split: AudioSplit, seed: int, progress: Progress
) -> Evaluation:
    """Samples that are described, and as long, as recordings of the split are."""
    count, rate = learner.recipe.eval.recognise, split.sample_rate
    order = permutation(seed, "wavenet/evaluation", 0, len(split))
    chosen = [int(order[i % len(split)]) for i in range(count)]
    # What is said is said to its end, so that it can be compared.
    longest = np.inf if isinstance(learner.rows.frames, LinguisticFrames) else LONGEST_SAMPLE
    rows = []
    for i in chosen:
        seconds = min(longest, len(split.recording(i)) / rate)
        rows.append({**learner.row_of(name, i), "seconds": repr(float(seconds))})
    drawn = learner.draw(rows, seed, progress, tile=learner.evaluation_tile)
    made = [recording for part in drawn for recording in part.recordings()]
    real = [learner.heard(split, i) for i in range(len(split))]
    progress.message("classifiers and spectra ...")
    enough = len(real) >= 4 and len(made) >= 2
    distance = frechet_log_mel(real, made, rate, seed) if enough else {}
    metrics = {}
    if distance:
        metrics["frechet_log_mel"] = distance["distance"]
        metrics["frechet_log_mel_real_split"] = distance["real_split"]
    pictures: list[Figure | Animation] = [
        recordings_figure(made[:SHOWN], rate, _titles(rows), name="samples"),
        recordings_figure([real[i] for i in chosen[:SHOWN]], rate, _titles(rows), name="real"),
    ]
    statistics = [
        {"kind": kind, **sound_statistics(recordings, rate)}
        for kind, recordings in (("real", real), ("samples", made))
    ]
    tables: dict[str, list[dict[str, Any]]] = {"statistics": statistics}
    if isinstance(frames := learner.rows.frames, LinguisticFrames):
        found = speaking.evaluate(learner, frames, split, name, chosen, made, seed, progress)
        metrics |= found.metrics
        tables |= found.tables
        pictures += found.artifacts
    if learner.rows.names:
        found = _recognised(learner, split, real, made, rows)
        metrics.update(found.metrics)
        tables["recognition"] = found.rows
        pictures += found.figures
    return Evaluation(count, metrics, tables, pictures)


def _recognised(
    learner: WaveNetLearner,
    split: AudioSplit,
    real: Sequence[np.ndarray],
    made: Sequence[np.ndarray],
    rows: Sequence[Mapping[str, str]],
) -> Any:
    train, names = learner.split("train"), learner.rows.names
    order = permutation(0, "wavenet/classifier", 0, len(train))[:MOST_TO_LEARN_FROM]
    known = [learner.heard(train, int(i)) for i in order]
    asked = attributes_of(learner.view.conditions(rows, 0)["vector"], names)
    return recognise_audio(
        LabelledAudio(known, {name: train.attributes[name][order] for name in names}),
        LabelledAudio(real, {name: split.attributes[name] for name in names}),
        LabelledAudio(made, asked),
        split.sample_rate,
        names,
    )


def _titles(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return [
        ", ".join(f"{key} {value}" for key, value in row.items() if key not in UNTITLED)
        for row in rows[:SHOWN]
    ]
