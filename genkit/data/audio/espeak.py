"""Sentences spoken by eSpeak NG, aligned by the events of its synthesis."""

from __future__ import annotations

import importlib.metadata

import numpy as np

from genkit.data.audio.config import EspeakConfig
from genkit.data.audio.dataset import AudioDataset, AudioSplit, Segment
from genkit.data.audio.sound import resampled
from genkit.speech.espeak.front import Spoken, speak
from genkit.speech.espeak.library import RATE
from genkit.speech.sentences.drawing import sentences


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
    languages = [config.languages[language] for language, _ in kinds]
    settings = [{"variant": config.voices[voice], "rate": config.rate} for _, voice in kinds]
    found = speak(texts, languages, settings)
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


def _split(
    config: EspeakConfig,
    texts: list[str],
    kinds: list[tuple[int, int]],
    found: list[Spoken],
) -> AudioSplit:
    sounds = [resampled(spoken.pcm, RATE, config.sample_rate) for spoken in found]
    edges = np.cumsum([0, *map(len, sounds)])
    places = np.array(kinds, np.int64).T
    names = [
        f"{config.languages[language]}-{config.voices[voice]}-{text}"
        for text, (language, voice) in zip(texts, kinds, strict=True)
    ]
    pairs = list(zip(found, sounds, strict=True))
    return AudioSplit(
        np.concatenate(sounds),
        edges.astype(np.int64),
        {"language": places[0], "voice": places[1]},
        config.sample_rate,
        names,
        texts,
        [_scaled(spoken.phones, config.sample_rate, len(sound)) for spoken, sound in pairs],
        [_scaled(spoken.words, config.sample_rate, len(sound)) for spoken, sound in pairs],
    )


def _scaled(segments: tuple[Segment, ...], sample_rate: int, length: int) -> list[Segment]:
    """Segments at another rate, within a recording."""
    found = []
    for start, end, label in segments:
        first, last = (min(length, round(at * sample_rate / RATE)) for at in (start, end))
        if first < last:
            found.append(Segment(first, last, label))
    return found
