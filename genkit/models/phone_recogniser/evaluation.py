"""Evaluation of a recogniser: errors of frames and of phones, another classifier's beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.data.audio.dataset import AudioSplit, Segment
from genkit.family import Evaluation, EvaluationRequest
from genkit.metrics.speech.alignments import NONE
from genkit.metrics.speech.decoder import PhoneDecoder
from genkit.metrics.speech.phones import PhoneRecogniser, phone_error_rate
from genkit.models.phone_recogniser.pictures import posteriors_figure
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.phone_recogniser.learner import Heard, PhoneRecogniserLearner

SHOWN = 2  # recordings in pictures
CONFUSED = 20  # pairs of phones in the table


def evaluate(
    learner: PhoneRecogniserLearner, request: EvaluationRequest, progress: Progress
) -> Evaluation:
    """Frame error, nats a frame, bits a sample, and the phone error rate.

    Unless brief also the phone error rate without a bigram, and both errors of a network with one
    hidden layer on cepstra and their neighbourhood that learned from the same recordings; errors
    by phone, what is taken for what, and pictures.
    """
    split = learner.split(request.split).first(request.limit)
    known = [learner.rows.alignment(split, i) for i in range(len(split))]
    heard = list(learner.heard(split, progress))
    asked = [learner.rows.frames(split, i) for i in range(len(split))]
    metrics = likelihood(split, heard, asked)
    decoder = learner.decoder
    named = [each.log_probabilities.argmax(axis=1) for each in heard]
    metrics["frame_error"] = decoder.frame_error(named, known)
    found = transcribed(decoder, split, heard)
    metrics["phone_error_rate"] = error(decoder, known, found)
    if request.brief:
        return Evaluation(len(split), metrics)
    greedy = transcribed(decoder, split, heard, greedy=True)
    metrics["greedy_phone_error_rate"] = error(decoder, known, greedy)
    metrics |= baseline(learner, split, known, request.seed, progress)
    if metrics["cepstra_frame_error"] > 0:
        ratio = metrics["frame_error"] / metrics["cepstra_frame_error"]
        metrics["frame_error_ratio"] = ratio
    every, told = np.concatenate(asked), np.concatenate(named)
    pair = every[every != NONE], told[every != NONE]
    tables = {
        "per_phone": by_phone(decoder.labels, *pair),
        "confusions": confusions(decoder.labels, *pair),
    }
    pictures = [
        posteriors_figure(
            f"recording-{i}",
            split.recording(i),
            split.sample_rate,
            heard[i],
            decoder,
            found[i],
            known[i],
        )
        for i in range(min(SHOWN, len(split)))
    ]
    return Evaluation(len(split), metrics, tables, pictures, dict(learner.dataset.notes))


def likelihood(
    split: AudioSplit, heard: Sequence[Heard], asked: Sequence[np.ndarray]
) -> dict[str, float]:
    """Mean nats of the labelled frames, and bits of all samples if they are predicted.

    Args:
        asked: `(N,)`, the phone of each frame, -1 where none is known.
    """
    total, count = 0.0, 0
    for each, own in zip(heard, asked, strict=True):
        frames = np.flatnonzero(own != NONE)
        total -= float(each.log_probabilities[frames, own[frames]].sum())
        count += len(frames)
    metrics = {"frame_nats": total / max(count, 1)}
    scores = [each.log_prob for each in heard if each.log_prob is not None]
    if scores:
        samples = float(split.edges[-1] - split.edges[0])
        metrics["bits_per_sample"] = -sum(scores) / samples / float(np.log(2.0))
    return metrics


def transcribed(
    decoder: PhoneDecoder, split: AudioSplit, heard: Sequence[Heard], greedy: bool = False
) -> list[list[Segment]]:
    """Phones and pauses that are heard in each recording."""
    lengths = np.diff(split.edges)
    return [
        decoder.heard(each.log_probabilities, int(length), greedy)
        for each, length in zip(heard, lengths, strict=True)
    ]


def error(
    decoder: PhoneDecoder,
    known: Sequence[Sequence[Segment]],
    found: Sequence[Sequence[Segment]],
) -> float:
    """Phone error rate over all recordings, pauses left out."""
    said = [decoder.phones(each) for each in known]
    return phone_error_rate(said, [[s.label for s in decoder.spoken(each)] for each in found])


def baseline(
    learner: PhoneRecogniserLearner,
    split: AudioSplit,
    known: Sequence[Sequence[Segment]],
    seed: int,
    progress: Progress,
) -> dict[str, float]:
    """A classifier of mel-frequency cepstra and five frames to both sides, on the same split."""
    progress.message("a classifier of cepstra learns from the same recordings ...")
    train = learner.split("train")
    recogniser = PhoneRecogniser.fit(
        [train.recording(i) for i in range(len(train))],
        [learner.rows.alignment(train, i) for i in range(len(train))],
        train.sample_rate,
        seed,
        pauses=learner.pauses,
    )
    recordings = [split.recording(i) for i in range(len(split))]
    return {
        "cepstra_frame_error": recogniser.frame_error(recordings, known),
        "cepstra_phone_error_rate": recogniser.phone_error(recordings, known),
    }


def by_phone(labels: Sequence[str], asked: np.ndarray, told: np.ndarray) -> list[dict[str, Any]]:
    """Frames and frame error of each phone that occurs, the most frequent first.

    Args:
        labels: the K phones. asked, told: `(F,)`, what was said and what is heard in each frame.
    """
    rows = []
    for number, label in enumerate(labels):
        own = asked == number
        if own.any():
            wrong = float(np.mean(told[own] != number))
            rows.append({"phone": label, "frames": int(own.sum()), "frame_error": wrong})
    return sorted(rows, key=lambda row: -row["frames"])


def confusions(labels: Sequence[str], asked: np.ndarray, told: np.ndarray) -> list[dict[str, Any]]:
    """What is most often taken for what, in frames; of the same arrays."""
    wrong = asked != told
    counts = Counter(zip(asked[wrong].tolist(), told[wrong].tolist(), strict=True))
    return [
        {"said": labels[said], "heard": labels[heard], "frames": count}
        for (said, heard), count in counts.most_common(CONFUSED)
    ]
