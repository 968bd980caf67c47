"""Which phones are heard: a small recogniser that judges synthesised speech.

A network with one hidden layer names the phone of each frame, a hidden Markov model makes a
sequence of phones of it (Bourlard and Morgan, 1994). It is trained on recordings with alignments
in a minute or two. It recognises far less than large systems do: what it says of synthesised
speech means something beside what it says of held-out recordings.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from genkit.data.audio.dataset import Segment
from genkit.errors import DataError, UsageError
from genkit.metrics.speech.alignments import NONE, Fold, folded, frame_labels
from genkit.metrics.speech.decoder import PhoneDecoder
from genkit.metrics.speech.frame_classifier import FrameClassifier, Frames, train_classifier
from genkit.metrics.speech.phone_features import hop_of, phone_features, with_context
from genkit.randomness import permutation

PAUSES = ("sil", "sp", "spn", "pau", "epi", "h#", "")
LIMIT = 120_000  # frames, 20 minutes
LEAST = 10
HELD_OUT = 10  # one recording of so many decides when training ends


@dataclass(frozen=True)
class PhoneRecogniser:
    """A trained recogniser.

    Args:
        sample_rate: Hz, of all recordings it is given.
        decoder: of its phones.
        classifier: of frames.
    """

    sample_rate: int
    decoder: PhoneDecoder
    classifier: FrameClassifier

    @property
    def labels(self) -> tuple[str, ...]:
        """The phones, pauses among them."""
        return self.decoder.labels

    @classmethod
    def fit(
        cls,
        recordings: Sequence[np.ndarray],
        alignments: Sequence[Sequence[Segment]],
        sample_rate: int,
        seed: int = 0,
        limit: int = LIMIT,
        fold: Fold | None = None,
        pauses: Collection[str] = PAUSES,
    ) -> PhoneRecogniser:
        """Train on recordings with alignments.

        Args:
            recordings: `(N,)`, each `(T_i,)`, 16-bit PCM or floats from -1 to 1.
            alignments: `(N,)`, segments of each recording in its audio samples.
            sample_rate: Hz.
            seed: of the network, and of the choice of held-out recordings and of frames.
            limit: frames to train on; of more, so many are drawn.
            fold: label -> label, applied to everything first, such as `folding.TIMIT_39`; frames
                with the label None are left out. A label that is not in it stays.
            pauses: (folded) labels that are recognised but are no phones: neither `transcribe`
                nor `phones` gives them.

        Raises:
            DataError: if fewer than two recordings have labelled frames, or all have one label.
            UsageError: if `limit` is below 10.
        """
        _require_pairs(recordings, alignments)
        if limit < LEAST:
            raise UsageError(f"a phone recogniser needs at least {LEAST} frames. Received: {limit}")
        fold = dict(fold or {})
        known = [folded(alignment, fold) for alignment in alignments]
        labels = tuple(sorted({segment.label for one in known for segment in one}))
        if len(recordings) < 2 or len(labels) < 2:
            raise DataError(
                "a phone recogniser needs at least two recordings and two phones. "
                f"Received: {len(recordings)} recordings, phones {', '.join(labels) or 'none'}"
            )
        numbers = {label: number for number, label in enumerate(labels)}
        train, held_out = _frames(recordings, known, numbers, sample_rate, seed, limit)
        counts = np.bincount(train[1], minlength=len(labels))
        return cls(
            sample_rate,
            PhoneDecoder.of(known, counts, labels, hop_of(sample_rate), fold, pauses),
            train_classifier(train, held_out, len(labels), seed),
        )

    def frame_error(
        self, recordings: Sequence[np.ndarray], alignments: Sequence[Sequence[Segment]]
    ) -> float:
        """Share of the labelled frames, pauses included, whose phone the network does not name.

        A label that training had not counts as not named.

        Raises:
            DataError: if no frame has a label.
        """
        _require_pairs(recordings, alignments)
        named = [self._log_probabilities(recording).argmax(axis=1) for recording in recordings]
        return self.decoder.frame_error(named, alignments)

    def transcribe(self, recording: np.ndarray) -> list[Segment]:
        """Phones that are heard and where, in audio samples of `(T,)`, without pauses."""
        found = self.decoder.heard(self._log_probabilities(recording), len(recording))
        return self.decoder.spoken(found)

    def phones(self, alignment: Sequence[Segment]) -> list[str]:
        """The phones of an alignment as `transcribe` would name them: what to compare with."""
        return self.decoder.phones(alignment)

    def phone_error(
        self, recordings: Sequence[np.ndarray], alignments: Sequence[Sequence[Segment]]
    ) -> float:
        """`phone_error_rate` of recordings whose phones are known, such as synthesised ones.

        Raises:
            DataError: if there are no phones in the alignments.
        """
        _require_pairs(recordings, alignments)
        return phone_error_rate(
            [self.phones(alignment) for alignment in alignments],
            [[segment.label for segment in self.transcribe(each)] for each in recordings],
        )

    def _log_probabilities(self, recording: np.ndarray) -> np.ndarray:
        features = phone_features(recording, self.sample_rate)
        return self.classifier.log_probabilities(with_context(features, np.arange(len(features))))


def phone_error_rate(
    references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]
) -> float:
    """Fewest substitutions, deletions and insertions, over the number of phones asked for.

    Over all utterances together, so it can be above 1; accuracy is 1 less it. One without phones
    counts by what is inserted.

    Args:
        references, hypotheses: `(N,)`, phones of each utterance.

    Raises:
        DataError: if no reference has phones, or there is not one hypothesis for each.
    """
    import jiwer

    if len(references) != len(hypotheses):
        raise DataError(f"{len(references)} references, but {len(hypotheses)} hypotheses")
    if not any(len(reference) for reference in references):
        raise DataError(f"no phones in {len(references)} references: nothing to compare with")
    # Numbers instead of labels: jiwer takes sentences, and a label may have a space or be empty.
    numbers: dict[str, int] = {}
    asked, heard = (
        [" ".join(str(numbers.setdefault(phone, len(numbers))) for phone in one) for one in each]
        for each in (references, hypotheses)
    )
    return float(jiwer.wer(asked, heard))


def _require_pairs(recordings: Sequence[np.ndarray], alignments: Sequence[object]) -> None:
    if len(recordings) != len(alignments):
        raise DataError(f"{len(recordings)} recordings, but {len(alignments)} alignments")


def _frames(
    recordings: Sequence[np.ndarray],
    alignments: Sequence[Sequence[Segment]],
    numbers: dict[str, int],
    sample_rate: int,
    seed: int,
    limit: int,
) -> tuple[Frames, Frames]:
    """Labelled frames to train on, and those of held-out recordings."""
    features = [phone_features(recording, sample_rate) for recording in recordings]
    labels = [
        frame_labels(alignment, numbers, len(each), hop_of(sample_rate))
        for alignment, each in zip(alignments, features, strict=True)
    ]
    usable = [i for i, each in enumerate(labels) if (each != NONE).any()]
    if len(usable) < 2:
        raise DataError(f"of {len(recordings)} recordings, {len(usable)} have labelled frames")
    order = permutation(seed, "metrics/phones/recordings", 0, len(usable))
    count = max(1, len(usable) // HELD_OUT)
    held_out, train = ([usable[i] for i in part] for part in (order[:count], order[count:]))
    return (
        _drawn(features, labels, train, seed, limit),
        _drawn(features, labels, held_out, seed, limit // HELD_OUT),
    )


def _drawn(
    features: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    chosen: Sequence[int],
    seed: int,
    limit: int,
) -> Frames:
    """Labelled frames of some of the recordings, at most `limit`, with those around them."""
    frames = [np.flatnonzero(labels[i] != NONE) for i in chosen]
    edges = np.cumsum([0, *map(len, frames)])
    order = permutation(seed, "metrics/phones/frames", 0, int(edges[-1]))
    kept = order.argsort() < limit
    frames = [
        each[kept[start:end]]
        for each, start, end in zip(frames, edges[:-1], edges[1:], strict=True)
    ]
    pairs = list(zip(chosen, frames, strict=True))
    return (
        np.concatenate([with_context(features[i], each) for i, each in pairs]),
        np.concatenate([labels[i][each] for i, each in pairs]),
    )
