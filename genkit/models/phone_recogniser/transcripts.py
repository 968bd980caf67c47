"""What is heard in recordings, as rows and as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Artifact, Transcript
from genkit.data.audio.dataset import AudioSplit, Segment
from genkit.metrics.speech.phones import phone_error_rate
from genkit.models.phone_recogniser.pictures import posteriors_figure
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.phone_recogniser.learner import Heard, PhoneRecogniserLearner


def rows(
    learner: PhoneRecogniserLearner, split: AudioSplit, progress: Progress
) -> Iterator[dict[str, Any]]:
    """Per recording: seconds, phones that are heard, bits a sample, and errors where the phones
    are known."""
    decoder = learner.decoder
    for number, heard in enumerate(learner.heard(split, progress)):
        length = len(split.recording(number))
        found = decoder.spoken(decoder.heard(heard.log_probabilities, length))
        labels = [segment.label for segment in found]
        row: dict[str, Any] = {
            "index": number,
            "name": split.names[number],
            "seconds": length / split.sample_rate,
            "phones": " ".join(labels),
        }
        if heard.log_prob is not None:
            row["bits_per_sample"] = -heard.log_prob / length / np.log(2)
        known = learner.rows.alignment(split, number)
        said = decoder.phones(known)
        if said:
            row["phone_error_rate"] = phone_error_rate([said], [labels])
            named = heard.log_probabilities.argmax(axis=1)
            row["frame_error"] = decoder.frame_error([named], [known])
        yield row


def files(
    learner: PhoneRecogniserLearner, split: AudioSplit, progress: Progress
) -> Iterator[Artifact]:
    """Of each recording a transcript and a picture, named by its number and its file."""
    decoder, digits = learner.decoder, max(3, len(str(len(split) - 1)))
    for number, heard in enumerate(learner.heard(split, progress)):
        sound = split.recording(number)
        found = decoder.heard(heard.log_probabilities, len(sound))
        known = learner.rows.alignment(split, number)
        name = f"{number:0{digits}d}-{_stem(split.names[number])}"
        tiers = {"phones": _quiet(found, decoder.pauses)}
        if known:
            tiers["truth"] = _quiet(known, decoder.pauses)
        sure = _confidence(found, heard, decoder.hop)
        yield Transcript(name, tiers, len(sound), split.sample_rate, sure)
        yield posteriors_figure(name, sound, split.sample_rate, heard, decoder, found, known)


def _stem(name: str) -> str:
    """A file's name without folders and ending, in letters that any system takes."""
    stem = Path(name).stem or "recording"
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in stem)[:80]


def _quiet(segments: Sequence[Segment], pauses: frozenset[str]) -> list[Segment]:
    """Pauses as intervals without a label."""
    return [s._replace(label="") if s.label in pauses else s for s in segments]


def _confidence(found: Sequence[Segment], heard: Heard, hop: int) -> list[float]:
    """Mean probability over its frames of the most probable phone of each segment's."""
    best = np.exp(heard.log_probabilities).max(axis=1)
    return [float(best[s.start // hop : -(-s.end // hop)].mean()) for s in found]
