"""From what eSpeak NG tells to phones and words: alignments of what it says, and a front end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit.data.audio.dataset import Segment
from genkit.errors import UsageError, unknown
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
_BETWEEN = " _|:;',"  # what stands between phones in mnemonics
_TONE = re.compile(r"\d+")
_TONES = {"55": 1, "35": 2, "214": 3, "21": 3, "51": 4, "11": 5}
_PUNCTUATION = {**dict.fromkeys(",;:，；：、", ","), **dict.fromkeys(".!。！", "."),
                **dict.fromkeys("?？", "?")}  # fmt: skip


@dataclass(frozen=True)
class Said:
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
    if unicodedata.category(character) in ("Pd", "Ps", "Pe", "Pi", "Pf") or character in "'\"’":
        return True
    if language == "cmn":
        return "\u4e00" <= character <= "\u9fff"
    return character == "%" or (character.isascii() and character.isalpha())


def speak(
    texts: Sequence[str],
    languages: Sequence[str],
    settings: Sequence[dict[str, Any]],
    progress: Progress = SILENT,
) -> list[Said]:
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


def spoken(answer: Answer, text: str, language: str) -> Said:
    """What an answer says, in segments.

    Raises:
        UsageError: where it changes to another language, or its tones cannot be told.
    """
    _check_language(answer, text, language)
    marks = _tones(answer, text, language)
    kept = [i for i, (_, name) in enumerate(answer.phones) if name not in (_BOUNDARY, _LINK)]
    starts = [answer.phones[i][0] for i in kept]
    starts[:1] = [0] * len(starts[:1])  # some milliseconds of silence
    ends = [*starts[1:], len(answer.pcm)]
    phones: list[Segment] = []
    for i, start, end in zip(kept, starts, ends, strict=False):
        name = answer.phones[i][1]
        pause = name.startswith(PAUSE)
        label = PAUSE + _ending(answer, text, i) if pause else name + marks.get(i, "")
        if pause and phones and phones[-1].label.startswith(PAUSE):
            phones[-1] = phones[-1]._replace(end=end)
        elif end > start:
            phones.append(Segment(start, end, label))
    return Said(
        answer.pcm, tuple(phones), _words(answer, text, dict(zip(kept, starts, strict=True)))
    )


def _check_language(answer: Answer, text: str, language: str) -> None:
    """Refuses what eSpeak NG would read in another language, such as characters that it lacks."""
    for i, (_, name) in enumerate(answer.phones):
        if _SWITCH.fullmatch(name):
            word = [place for first, place, _ in answer.words if first <= i][-1:] or [0]
            raise UsageError(
                f"the {LANGUAGES[language]} front end cannot read {text[word[0] :]!r}, from "
                f"character {word[0] + 1} of {text!r} on"
            )


def _tones(answer: Answer, text: str, language: str) -> dict[int, str]:
    """The marks of tones by the number of their phone.

    Phones and mnemonics name the same phones; a tone follows its vowel in the mnemonics.
    """
    if language != "cmn":
        return {}
    names = [(i, name.lstrip("',")) for i, (_, name) in enumerate(answer.phones)]
    names = [(i, name) for i, name in names if not name.startswith(PAUSE) and name != _LINK]
    found: dict[int, str] = {}
    rest = " ".join(answer.mnemonics)
    for i, name in names:
        rest = rest.lstrip(_BETWEEN)
        if not rest.startswith(name):
            raise UsageError(f"the tones of {text!r} cannot be told, from {rest[:20]!r} on")
        rest = rest[len(name) :]
        if tone := _TONE.match(rest):
            found[i] = f"/{_TONES.get(tone[0], 5)}"
            rest = rest[tone.end() :]
    return found


def _ending(answer: Answer, text: str, number: int) -> str:
    """What the pause at a phone stands for: the punctuation behind the word before it."""
    before = [place for first, place, _ in answer.words if first <= number]
    if not before:
        return ""
    after = [place for first, place, _ in answer.words if first > number]
    between = text[max(before) : min(after, default=len(text))]
    found = [_PUNCTUATION[character] for character in between if character in _PUNCTUATION]
    if found:
        return found[-1]
    return "" if after else ENDINGS[1]


def _words(answer: Answer, text: str, starts: dict[int, int]) -> tuple[Segment, ...]:
    """Words, each from its first phone on; those without a phone are left out."""
    begun = []
    for first, place, size in answer.words:
        start = next((start for i, start in starts.items() if i >= first), len(answer.pcm))
        begun.append((start, text[place : place + size]))
    ends = [*(start for start, _ in begun[1:]), len(answer.pcm)]
    return tuple(
        Segment(start, end, label)
        for (start, label), end in zip(begun, ends, strict=True)
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
            raise UsageError(f"eSpeak NG finds no phones in {text!r}")
        made.append(utterance)
    return made
