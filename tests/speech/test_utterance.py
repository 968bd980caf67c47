"""Utterances: phones in syllables, words and phrases."""

from __future__ import annotations

import pytest

from genkit.data.audio.dataset import Segment
from genkit.errors import UsageError
from genkit.speech.phones import espeak_set
from genkit.speech.utterance import in_words, of_segments, places, written

PHONES = espeak_set(["en-us", "cmn"])
STUDENT = "D @2 | s t 'u: d @ n t _, r 'i: d z _."  # the student, reads.


def test_what_is_written_is_read_again() -> None:
    utterance = written(STUDENT, PHONES)
    assert in_words(utterance, PHONES) == STUDENT
    assert utterance.names() == ["D", "@2", "s", "t", "u:", "d", "@", "n", "t", "r", "i:", "d", "z"]
    begins = [i for i, new in enumerate(utterance.begins) if new]
    assert begins == [0, 2, 10]


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "at least one phone"), ("_ _.", "at least one phone"), ("D 'Q", 'no phone "\'Q"')],
)
def test_what_is_no_utterance(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        written(text, PHONES)


def test_syllables_words_and_phrases() -> None:
    found = places(written(STUDENT, PHONES), PHONES)
    # s t u: | d @ n t: the consonant before a vowel begins its syllable.
    assert [place.syllable for place in found[2:9]] == [(0, 2)] * 3 + [(1, 2)] * 4
    assert [place.phone for place in found[2:9]] == [
        (0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4), (3, 4),
    ]  # fmt: skip
    assert [found[i].word for i in (0, 2, 9)] == [(0, 3), (1, 3), (2, 3)]  # the pause is the last
    assert [found[i].phrase for i in (0, 9, 10, 14)] == [(0, 2), (0, 2), (1, 2), (1, 2)]
    assert [found[i].ending for i in (0, 10)] == [",", "."]
    assert [found[i].head for i in (2, 3, 4, 5, 8)] == [4, 4, 4, 6, 6]


def test_two_vowels_in_a_row_are_two_syllables() -> None:
    found = places(written("r 'eI d I2 ,oU", PHONES), PHONES)
    assert [place.syllable for place in found] == [(0, 3), (0, 3), (1, 3), (1, 3), (2, 3)]


def test_words_begin_where_their_segments_do() -> None:
    phones = [Segment(0, 10, "D"), Segment(10, 20, "@2"), Segment(20, 30, "s"),
              Segment(30, 40, "i"), Segment(40, 60, "_"), Segment(60, 70, "t")]  # fmt: skip
    words = [Segment(0, 19, "the"), Segment(21, 40, "sea"), Segment(60, 70, "t")]
    assert of_segments(phones, words, PHONES).begins == (True, False, True, False, False, True)
    # Without words a stretch between pauses is one.
    assert of_segments(phones, (), PHONES).begins == (True, False, False, False, False, True)
