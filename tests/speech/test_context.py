"""Features: what is told of phones and frames, entry by entry."""

from __future__ import annotations

import numpy as np

from genkit.speech.context import frame_features, phone_features
from genkit.speech.phones import STRESSES, TONES, PhoneSet
from genkit.speech.sizes import FRAME, frame_width, phone_width
from genkit.speech.utterance import written

PHONES = PhoneSet(("a", "b", "i", "t"))
KINDS = len(PHONES.names) + 2
UTTERANCE = written("b 'a/3 | t ,i _?", PHONES)


def test_the_width_is_what_is_told() -> None:
    table = phone_features(UTTERANCE, PHONES)
    assert table.shape == (5, phone_width(4))
    frames = frame_features(table, np.array([1, 2, 0, 3, 1]))
    assert frames.shape == (7, phone_width(4) + FRAME)
    assert frame_width(4, pitch=True) == frames.shape[1] + 2
    assert frame_width(4, pitch=True, phase=True) == frames.shape[1] + 4


def test_identities_of_the_phones_around() -> None:
    table = phone_features(UTTERANCE, PHONES)
    windows = table[:, : 5 * KINDS].reshape(5, 5, KINDS)
    numbers = np.where(windows.any(-1), windows.argmax(-1), -1)
    a, b, i, t, pause = 0, 1, 2, 3, 4
    expected = [
        [-1, -1, b, a, t],
        [-1, b, a, t, i],
        [b, a, t, i, pause],
        [a, t, i, pause, -1],
        [t, i, pause, -1, -1],
    ]
    np.testing.assert_array_equal(numbers, expected)
    assert windows.sum() == sum(number >= 0 for row in expected for number in row)


def test_a_phone_that_the_set_lacks_is_another_phone() -> None:
    other = PhoneSet(("a", "b", "t"))
    table = phone_features(UTTERANCE, other)
    own = table[3, 2 * 5 : 3 * 5]  # three names, a pause, any other
    np.testing.assert_array_equal(own, [0, 0, 0, 0, 1])


def test_stress_and_tone_are_those_of_the_syllables_around() -> None:
    table = phone_features(UTTERANCE, PHONES)
    told = table[:, 5 * KINDS : 5 * KINDS + 3 * (STRESSES + TONES)].reshape(5, 3, STRESSES + TONES)
    # The consonants have what their vowels have.
    assert [int(row[1, :STRESSES].argmax()) for row in told] == [2, 2, 1, 1, 0]
    assert [int(row[1, STRESSES:].argmax()) for row in told] == [3, 3, 0, 0, 0]
    assert not told[0, 0].any()  # nothing is before the first syllable
    assert int(told[2, 0, :STRESSES].argmax()) == 2
    assert int(told[0, 2, :STRESSES].argmax()) == 1
    assert not told[4, 2].any()


def test_the_end_of_the_phrase_is_told() -> None:
    table = phone_features(UTTERANCE, PHONES)
    np.testing.assert_array_equal(table[0, -4:], [0, 0, 0, 1])
    np.testing.assert_array_equal(table[:, -5], [0, 1, 0, 1, 0])  # vowels


def test_frames_know_where_they_stand() -> None:
    table = np.arange(3, dtype=np.float32)[:, None]
    frames = frame_features(table, np.array([2, 0, 4]))
    np.testing.assert_array_equal(frames[:, 0], [0, 0, 2, 2, 2, 2])
    np.testing.assert_allclose(frames[:, 2], [0.25, 0.75, 0.125, 0.375, 0.625, 0.875])
    np.testing.assert_allclose(frames[:, 3], 1 - frames[:, 2])
    assert frames[0, 1] == frames[1, 1] < frames[2, 1]
