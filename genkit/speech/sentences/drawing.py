"""Sentences by language and number."""

from __future__ import annotations

import re

from genkit.errors import UsageError, unknown
from genkit.randomness import uniform
from genkit.speech.sentences import english, mandarin

LANGUAGES = {"en-us": english, "cmn": mandarin}
_SLOT = re.compile(r"\{(\w+)\}")
_MOST_SLOTS = 8


def sentence(language: str, index: int) -> str:
    """Sentence `index` of a language, a function of both.

    Raises:
        UsageError: for a language without word lists.
    """
    if language not in LANGUAGES:
        raise UsageError(unknown("language of the built-in sentences", language, LANGUAGES))
    source = LANGUAGES[language]
    draws = iter(uniform(0, f"sentences/{language}", index, (1 + _MOST_SLOTS,)).astype(float))
    pattern = source.PATTERNS[int(next(draws) * len(source.PATTERNS))]

    def word(slot: re.Match[str]) -> str:
        words = source.WORDS[slot[1]]
        return words[int(next(draws) * len(words))]

    text = _SLOT.sub(word, pattern)
    return text[0].upper() + text[1:]


def sentences(language: str, count: int) -> list[str]:
    """The first `count` different sentences of a language; more begin with the same ones."""
    found: dict[str, None] = {}
    index = 0
    while len(found) < count:
        found[sentence(language, index)] = None
        index += 1
    return list(found)
