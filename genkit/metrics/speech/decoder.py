"""From how well each phone explains each frame to a sequence of phones with times.

The hybrid of a network and a hidden Markov model of Bourlard and Morgan, 1994: posteriors of frames
are divided by how frequent phones are, and a bigram with mean durations chooses the path.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from genkit.data.audio.dataset import Segment
from genkit.errors import DataError
from genkit.metrics.speech.alignments import NONE, Fold, folded, frame_labels, segments
from genkit.metrics.speech.decoding import PhoneModel, phone_model, smoothed, viterbi

# Weight of the network beside the bigram: neighbouring frames are judged by much the same sound, so
# each counts less than once. Of 0.2 to 1 this gives the fewest errors on TIMIT's validation
# speakers; 90 % as many phones are heard as were said.
ACOUSTIC = 0.7


@dataclass(frozen=True)
class PhoneDecoder:
    """What a recogniser knows of phones apart from their sound.

    Args:
        hop: audio samples of a frame.
        labels: the K phones, pauses among them.
        fold: what is done to labels before anything else.
        pauses: labels that are no phones.
        log_priors: `(K,)`, natural logarithm of how frequent the phones' frames are.
        model: of their sequence.
    """

    hop: int
    labels: tuple[str, ...]
    fold: Fold
    pauses: frozenset[str]
    log_priors: np.ndarray
    model: PhoneModel

    @classmethod
    def of(
        cls,
        alignments: Sequence[Sequence[Segment]],
        counts: np.ndarray,
        labels: Sequence[str],
        hop: int,
        fold: Fold,
        pauses: Collection[str],
    ) -> PhoneDecoder:
        """Learn from alignments whose labels are folded already.

        Args:
            alignments: in audio samples. counts: `(K,)`, frames of each phone.
        """
        numbers = {label: number for number, label in enumerate(labels)}
        known = counts + 1.0
        return cls(
            hop,
            tuple(labels),
            dict(fold),
            frozenset(pauses),
            np.log(known / known.sum()),
            _model(alignments, numbers, hop),
        )

    @property
    def numbers(self) -> dict[str, int]:
        """Label -> which of the K phones it is."""
        return {label: number for number, label in enumerate(self.labels)}

    def asked(self, alignment: Sequence[Segment], frames: int) -> np.ndarray:
        """The phone of each frame, `(frames,)` int64; -1 where there is none, K where it is none
        of the K."""
        return frame_labels(folded(alignment, self.fold), self.numbers, frames, self.hop)

    def phones(self, alignment: Sequence[Segment]) -> list[str]:
        """The phones of an alignment as they would be heard: what to compare with."""
        found = folded(alignment, self.fold)
        return [segment.label for segment in found if segment.label not in self.pauses]

    def heard(
        self, log_probabilities: np.ndarray, length: int, greedy: bool = False
    ) -> list[Segment]:
        """Phones and pauses of a recording of `length` audio samples.

        Args:
            log_probabilities: `(F, K)`, of each frame.
            greedy: the most probable phone of each frame, smoothed, without the bigram.
        """
        if greedy:
            path = smoothed(log_probabilities)
        else:
            path = viterbi(ACOUSTIC * (log_probabilities - self.log_priors), self.model)
        return segments(path, self.labels, self.hop, length)

    def spoken(self, heard: Sequence[Segment]) -> list[Segment]:
        """Segments without the pauses."""
        return [segment for segment in heard if segment.label not in self.pauses]

    def frame_error(
        self, named: Sequence[np.ndarray], alignments: Sequence[Sequence[Segment]]
    ) -> float:
        """Share of the labelled frames, pauses included, that are named otherwise. A label that
        training had not counts as not named.

        Args:
            named: `(N,)`, the number of each frame's phone.

        Raises:
            DataError: if no frame has a label.
        """
        wrong, count = 0, 0
        for own, alignment in zip(named, alignments, strict=True):
            asked = self.asked(alignment, len(own))
            wrong += int(np.sum((own != asked) & (asked != NONE)))
            count += int(np.sum(asked != NONE))
        if not count:
            raise DataError(f"no frame of {len(named)} recordings has a label")
        return wrong / count


def _model(
    alignments: Sequence[Sequence[Segment]], numbers: dict[str, int], hop: int
) -> PhoneModel:
    """Bigram and mean durations of the phones in alignments; phones that they lack last a frame."""
    sequences = [np.array([numbers[s.label] for s in each], np.int64) for each in alignments]
    lengths = np.array([(s.end - s.start) / hop for each in alignments for s in each])
    every = np.concatenate(sequences)
    count = len(numbers)
    durations = np.bincount(every, lengths, count) / np.maximum(np.bincount(every, None, count), 1)
    return phone_model(sequences, durations)
