"""Sentences spoken by eSpeak NG, aligned by the events of its synthesis."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from genkit.data.audio.config import EspeakConfig
from genkit.data.audio.dataset import AudioDataset, AudioSplit, Segment
from genkit.data.audio.sound import resampled
from genkit.speech.espeak.asking import BLOCK
from genkit.speech.espeak.front import speak
from genkit.speech.espeak.library import RATE
from genkit.speech.sentences.drawing import sentences

CHUNK = 16 * BLOCK  # sentences that are spoken before they are resampled


class Recording(NamedTuple):
    """A sentence at the rate of the data set."""

    sound: np.ndarray
    phones: list[Segment]
    words: list[Segment]


def load(config: EspeakConfig) -> AudioDataset:
    """Speak all sentences: first those of the test, then of validation, then of training, so
    that more for training leave the others as they are.

    Raises:
        UsageError: without the extra `speech`.
    """
    counts = {
        "test": config.test_count,
        "validation": config.validation_count,
        "train": config.train_count,
    }
    total = sum(counts.values())
    texts, kinds = _listing(config, total)
    found = list(_recordings(config, texts, kinds))
    splits, start = {}, 0
    for name, count in counts.items():
        chosen = slice(start, start + count)
        splits[name] = _split(config, texts[chosen], kinds[chosen], found[chosen])
        start += count
    version = importlib.metadata.version("espeakng_loader")
    notes = {"data": config.name, "preprocessing": config.preprocessing()}
    return AudioDataset(
        config.name, splits, config.vocabulary(), {**notes, "espeakng-loader": version}
    )


def _listing(config: EspeakConfig, total: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Text, and number of language and voice, of each recording."""
    languages, voices = len(config.languages), len(config.voices)
    each = {name: sentences(name, -(-total // languages)) for name in config.languages}
    texts, kinds = [], []
    for i in range(total):
        number, language = divmod(i, languages)
        texts.append(each[config.languages[language]][number])
        kinds.append((language, number % voices))
    return texts, kinds


def _recordings(
    config: EspeakConfig, texts: list[str], kinds: list[tuple[int, int]]
) -> Iterator[Recording]:
    """Spoken chunk by chunk, so that little is held at eSpeak's own rate."""
    for start in range(0, len(texts), CHUNK):
        own = kinds[start : start + CHUNK]
        languages = [config.languages[language] for language, _ in own]
        settings = [{"variant": config.voices[voice], "rate": config.rate} for _, voice in own]
        for said in speak(texts[start : start + CHUNK], languages, settings):
            sound = resampled(said.pcm, RATE, config.sample_rate)
            phones, words = (
                _scaled(segments, config.sample_rate, len(sound))
                for segments in (said.phones, said.words)
            )
            yield Recording(sound, phones, words)


def _split(
    config: EspeakConfig,
    texts: list[str],
    kinds: list[tuple[int, int]],
    found: list[Recording],
) -> AudioSplit:
    edges = np.cumsum([0, *(len(one.sound) for one in found)])
    places = np.array(kinds, np.int64).T
    names = [
        f"{config.languages[language]}-{config.voices[voice]}-{text}"
        for text, (language, voice) in zip(texts, kinds, strict=True)
    ]
    return AudioSplit(
        np.concatenate([one.sound for one in found]),
        edges.astype(np.int64),
        {"language": places[0], "voice": places[1]},
        config.sample_rate,
        names,
        texts,
        [one.phones for one in found],
        [one.words for one in found],
    )


def _scaled(segments: Sequence[Segment], sample_rate: int, length: int) -> list[Segment]:
    """Segments at another rate, within a recording."""
    found = []
    for start, end, label in segments:
        first, last = (min(length, round(at * sample_rate / RATE)) for at in (start, end))
        if first < last:
            found.append(Segment(first, last, label))
    return found
