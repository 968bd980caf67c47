"""eSpeak NG as a front end and as a speaker."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from genkit.errors import DataError, UsageError
from genkit.speech.espeak import asking
from genkit.speech.espeak.front import speak, utterances
from genkit.speech.phones import espeak_set

TEXT = "The happy student reads, doesn't she?"


def test_what_is_said_is_a_function_of_its_block() -> None:
    texts = ["One more.", TEXT, "My uncle found a zebra."]
    once = speak(texts, ["en-us"] * 3, [{"variant": "f2"}] * 3)
    again = speak(texts[:2], ["en-us"] * 2, [{"variant": "f2"}] * 2)
    for one, other in zip(once, again, strict=False):
        np.testing.assert_array_equal(one.pcm, other.pcm)
        assert one.phones == other.phones


def test_phones_fill_the_recording_and_words_begin_with_phones() -> None:
    (found,) = speak([TEXT], ["en-us"], [{}])
    edges = [found.phones[0].start, *(phone.end for phone in found.phones)]
    assert edges[0] == 0
    assert edges[-1] == len(found.pcm)
    assert edges == sorted(edges)
    assert all(a.end == b.start for a, b in zip(found.phones, found.phones[1:], strict=False))
    words = ["The", "happy", "student", "reads", "doesn", "she"]
    assert [word.label for word in found.words] == words
    assert [phone.label for phone in found.phones if phone.label.startswith("_")] == ["_,", "_?"]
    # The pause is quiet, the stressed vowel of "happy" is not.
    pause = next(phone for phone in found.phones if phone.label == "_,")
    vowel = next(phone for phone in found.phones if phone.label == "'a")
    loud, quiet = (np.abs(found.pcm[p.start : p.end].astype(float)).mean() for p in (vowel, pause))
    assert loud > 20 * quiet


def test_tones_of_mandarin() -> None:
    (found,) = utterances(["妈麻马骂"], ["cmn"])
    phones = espeak_set(["cmn"])
    assert [p.tone for p in found.phones if phones.is_vowel(p.name)] == [1, 2, 3, 4]
    assert sum(found.begins) == 4


def test_a_syllable_without_a_vowel_keeps_its_tone_to_itself() -> None:
    (found,) = utterances(["嗯，我知道了"], ["cmn"])
    tones = [phone.tone for phone in found.phones if phone.tone]
    assert tones == [2, 3, 1, 4, 5]


def test_text_and_corpus_have_the_same_words() -> None:
    """The voice and the rate of the corpus are others than those that the front end asks for."""
    from genkit.speech.sentences.drawing import sentences
    from genkit.speech.utterance import of_segments

    texts = [*sentences("en-us", 40), "The captain is here."]
    said = speak(texts, ["en-us"] * 41, [{"variant": "f2", "rate": 160}] * 41)
    phones = espeak_set(["en-us"])
    asked = utterances(texts, ["en-us"] * 41)
    for one, other in zip(said, asked, strict=True):
        assert of_segments(one.phones, one.words, phones) == other
    # k 'a p t I n | I z
    assert [i for i, new in enumerate(asked[-1].begins) if new] == [0, 2, 8, 10]


def test_all_phones_of_the_sentences_are_known() -> None:
    from genkit.speech.sentences.drawing import sentences

    for language in ("en-us", "cmn"):
        known = set(espeak_set([language]).names)
        found = utterances(sentences(language, 96), [language] * 96)
        assert {name for utterance in found for name in utterance.names()} <= known


@pytest.mark.parametrize(
    ("text", "language", "says"),
    [
        ("", "en-us", "at least one letter"),
        ("?!", "en-us", "at least one letter"),
        ("a ☃", "en-us", r"'☃' \(SNOWMAN\), character 3"),
        ("你好", "en-us", "English front end cannot read '你'"),
        ("hello", "cmn", "Mandarin front end cannot read 'h'"),
        ("我在这儿", "cmn", "cannot read '这儿', from character 3"),
        ("5%", "cmn", "cannot read '%'"),
        ("hello", "de", "'de'. Allowed: cmn, en-us"),
        ("a" * 2_001, "en-us", "at most 2,000 characters"),
    ],
)
def test_texts_that_cannot_be_read(text: str, language: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        utterances([text], [language])


def test_without_the_extra_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == asking.MODULE else real(name)
    )
    with pytest.raises(UsageError, match=r"pip install 'genkit-keras\[speech\]'"):
        utterances([TEXT], ["en-us"])


def test_a_voice_that_is_not_there() -> None:
    with pytest.raises(DataError, match="no voice 'nobody'"):
        asking.ask([{"text": TEXT, "voice": "nobody"}])
