"""Alignments: folded, by frames, and back."""

from __future__ import annotations

import numpy as np

from genkit.data.audio.dataset import Segment
from genkit.metrics.speech.alignments import NONE, folded, frame_labels, segments
from genkit.metrics.speech.folding import TIMIT_39

SAID = [
    Segment(0, 100, "h#"),
    Segment(100, 150, "tcl"),
    Segment(150, 200, "t"),
    Segment(200, 260, "ix"),
    Segment(260, 300, "q"),
    Segment(300, 340, "ih"),
    Segment(350, 380, "ih"),
]


def test_neighbours_of_one_label_are_one_segment() -> None:
    assert folded(SAID, TIMIT_39) == [
        Segment(0, 150, "sil"),
        Segment(150, 200, "t"),
        Segment(200, 260, "ih"),
        Segment(300, 340, "ih"),  # there was a glottal stop between them
        Segment(350, 380, "ih"),  # there is something unnamed between them
    ]
    assert folded(SAID, {}) == SAID
    assert folded([], TIMIT_39) == []


def test_the_table_has_61_labels_and_39_phones() -> None:
    assert len(TIMIT_39) == 61
    assert len({*TIMIT_39.values()} - {None}) == 39
    assert [label for label, phone in TIMIT_39.items() if phone is None] == ["q"]
    assert TIMIT_39["ax-h"] == "ah"
    assert TIMIT_39["zh"] == "sh"
    assert {label for label, phone in TIMIT_39.items() if phone == "sil"} == {
        *("pcl", "tcl", "kcl", "bcl", "dcl", "gcl", "h#", "pau", "epi")
    }
    # What a phone is called is itself folded to it.
    assert all(TIMIT_39.get(phone, phone) == phone for phone in TIMIT_39.values() if phone)


def test_a_frame_has_the_label_at_its_middle() -> None:
    alignment = [Segment(0, 15, "a"), Segment(15, 30, "b"), Segment(36, 50, "c")]
    found = frame_labels(alignment, {"a": 0, "b": 1}, 6, 10)
    assert found.tolist() == [0, 1, 1, NONE, 2, NONE]


def test_frames_become_segments_of_audio_samples() -> None:
    assert segments(np.array([1, 1, 0, 1]), "ab", 10, 37) == [
        Segment(0, 20, "b"),
        Segment(20, 30, "a"),
        Segment(30, 37, "b"),
    ]
    assert segments(np.array([], int), "ab", 10, 0) == []
