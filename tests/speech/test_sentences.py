"""Sentences that are drawn."""

from __future__ import annotations

import pytest

from genkit.errors import UsageError
from genkit.speech.sentences.drawing import LANGUAGES, sentence, sentences


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_sentences_differ_and_more_begin_with_the_same(language: str) -> None:
    found = sentences(language, 300)
    assert len(set(found)) == 300
    assert sentences(language, 50) == found[:50]


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_all_words_come_up(language: str) -> None:
    spoken = " ".join(sentences(language, 3_000)).lower()
    every = [word for words in LANGUAGES[language].WORDS.values() for word in words]
    assert [word for word in every if word.lower() not in spoken] == []


def test_a_language_without_words() -> None:
    with pytest.raises(UsageError, match=r"'fr'. Allowed: cmn, en-us"):
        sentence("fr", 0)
