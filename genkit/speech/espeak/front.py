"""From what eSpeak NG tells to phones and words: alignments of what it says, and a front end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit.data.audio.dataset import Segment
from genkit.errors import DataError, UsageError, unknown
from genkit.progress import SILENT, Progress
from genkit.speech.espeak.asking import ask
from genkit.speech.espeak.library import Answer
from genkit.speech.phones import ENDINGS, PAUSE, espeak_set
from genkit.speech.utterance import Utterance, of_segments

LANGUAGES = {"en-us": "English", "cmn": "Mandarin"}
LONGEST = 2_000  # characters
_BOUNDARY = "_|"  # between syllables of Mandarin: some milliseconds that belong to the syllable
_LINK = ";"  # a glide into the next vowel, part of the phone before
_SWITCH = re.compile(r"\(.*\)")  # another language begins
_TONES = {"55": 1, "35": 2, "214": 3, "21": 3, "51": 4, "11": 5}
_PUNCTUATION = {**dict.fromkeys(",;:，；：、", ","), **dict.fromkeys(".!。！", "."),
                **dict.fromkeys("?？", "?")}  # fmt: skip


@dataclass(frozen=True)
class Spoken:
    """A text that was spoken.

    Args:
        pcm: `(T,)` int16 at `library.RATE`.
        phones: segments without gaps, labels as in `genkit.speech.phones`.
        words: segments; the label is the word.
    """

    pcm: np.ndarray
    phones: tuple[Segment, ...]
    words: tuple[Segment, ...]


def check_text(text: str, language: str) -> None:
    """Refuses what the front end cannot read.

    Raises:
        UsageError: for a language without a front end, a text that is empty or too long, or a
            character that the language doesn't have; names it and its place.
    """
    if language not in LANGUAGES:
        raise UsageError(unknown("language with a front end", language, LANGUAGES))
    if len(text) > LONGEST:
        raise UsageError(f"a text has at most {LONGEST:,} characters. Received: {len(text):,}")
    for place, character in enumerate(text, 1):
        if not _readable(character, language):
            name = unicodedata.name(character, "without a name")
            raise UsageError(
                f"the {LANGUAGES[language]} front end cannot read {character!r} ({name}), "
                f"character {place} of {text!r}"
            )
    if not any(character.isalnum() for character in text):
        raise UsageError(f"a text needs at least one letter or digit. Received: {text!r}")


def _readable(character: str, language: str) -> bool:
    if character.isspace() or character in "0123456789" or character in _PUNCTUATION:
        return True
    if unicodedata.category(character) in ("Pd", "Ps", "Pe", "Pi", "Pf") or character in "'\"’%":
        return True
    if language == "cmn":
        return "\u4e00" <= character <= "\u9fff"
    return character.isascii() and character.isalpha()


def speak(
    texts: Sequence[str],
    languages: Sequence[str],
    settings: Sequence[dict[str, Any]],
    progress: Progress = SILENT,
) -> list[Spoken]:
    """Speak texts.

    Args:
        settings: of each: `variant` such as `f2` or nothing, and `rate`, `pitch`, `range`.

    Raises:
        UsageError: without the extra, or for a text that cannot be read.
    """
    requests = []
    for text, language, own in zip(texts, languages, settings, strict=True):
        check_text(text, language)
        rest = {key: value for key, value in own.items() if key != "variant"}
        variant = own.get("variant")
        voice = f"{language}+{variant}" if variant else language
        requests.append({"text": text, "voice": voice, **rest})
    answers = ask(requests, progress)
    return [
        spoken(answer, text, language)
        for answer, text, language in zip(answers, texts, languages, strict=True)
    ]


def spoken(answer: Answer, text: str, language: str) -> Spoken:
    """What an answer says, in segments."""
    tones = _tones(answer, language)
    events = [(start, name) for start, name in answer.phones if name not in (_BOUNDARY, _LINK)]
    switched = next((name for _, name in events if _SWITCH.fullmatch(name)), None)
    if switched is not None:
        raise UsageError(f"the {LANGUAGES[language]} front end cannot read all of {text!r}")
    ends = [start for start, _ in events[1:]] + [len(answer.pcm)]
    events[:1] = [(0, name) for _, name in events[:1]]  # some milliseconds of silence
    phones: list[Segment] = []
    vowels = espeak_set([language])
    for (start, name), end in zip(events, ends, strict=True):
        pause = name.startswith(PAUSE)
        label = PAUSE + _ending(answer, text, start) if pause else name
        if not pause and language == "cmn" and vowels.is_vowel(vowels.read(name).name):
            label = f"{label}/{next(tones, 5)}"
        if pause and phones and phones[-1].label.startswith(PAUSE):
            phones[-1] = phones[-1]._replace(end=end)
        elif end > start:
            phones.append(Segment(start, end, label))
    return Spoken(answer.pcm, tuple(phones), _words(answer, text))


def _tones(answer: Answer, language: str) -> Any:
    """The tones of all syllables in order."""
    if language != "cmn":
        return iter(())
    found = [_TONES.get(digits, 5) for clause in answer.mnemonics
             for digits in re.findall(r"\d+", clause)]  # fmt: skip
    return iter(found)


def _ending(answer: Answer, text: str, start: int) -> str:
    """What a pause at an audio sample stands for: the punctuation behind the word before it."""
    before = [place for at, place, _ in answer.words if at < start]
    if not before:
        return ""
    after = [place for at, place, _ in answer.words if at >= start]
    between = text[max(before) : min(after, default=len(text))]
    found = [_PUNCTUATION[character] for character in between if character in _PUNCTUATION]
    if found:
        return found[-1]
    return "" if after else ENDINGS[1]


def _words(answer: Answer, text: str) -> tuple[Segment, ...]:
    starts = [start for start, _, _ in answer.words]
    ends = [*starts[1:], len(answer.pcm)]
    return tuple(
        Segment(start, end, text[place : place + size])
        for start, end, (_, place, size) in zip(starts, ends, answer.words, strict=True)
        if end > start
    )


def utterances(texts: Sequence[str], languages: Sequence[str]) -> list[Utterance]:
    """What texts are, without durations.

    Raises:
        UsageError: without the extra, or for a text that cannot be read.
    """
    found = speak(texts, languages, [{} for _ in texts])
    made = []
    for text, language, one in zip(texts, languages, found, strict=True):
        utterance = of_segments(one.phones, one.words, espeak_set([language]))
        if not utterance.names():
            raise DataError(f"eSpeak NG finds no phones in {text!r}")
        made.append(utterance)
    return made
