"""Linguistic context features: what a network is told of each phone and of each frame.

As section 2.5 and 3.2 of van den Oord et al., 2016, arXiv:1609.03499: identities of the phone and
its neighbours, stress or tone, positions in syllable, word, phrase and utterance, and, once it is
known how long phones last, their duration and the place of each frame. The paper does not list
its features; these are in the manner of the full-context labels of HTS.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.speech.phones import ENDINGS, STRESSES, TONES, Phone, PhoneSet
from genkit.speech.sizes import AROUND, phone_width
from genkit.speech.utterance import Place, Utterance, places

SECOND = 200.0  # frames of 5 ms; durations are told as the logarithm of their share of it
_LONGEST = 50.0  # frames; places of frames are told in units of it
_SCALES = (5.0, 5.0, 10.0, 10.0)  # of places in syllable, word, phrase and utterance


def phone_features(utterance: Utterance, phones: PhoneSet) -> np.ndarray:
    """What is told of each phone whatever its duration, `(N, phone_width)` float32."""
    found = np.zeros((len(utterance), phone_width(len(phones.names))), np.float32)
    number = {name: i for i, name in enumerate(phones.names)}
    kinds = len(number) + 2  # a pause, and any other phone
    where = places(utterance, phones)
    heads = [place.head for place in where]
    for i, row in enumerate(found):
        start = 0
        for shift in AROUND:
            if 0 <= i + shift < len(utterance):
                row[start + _kind(utterance.phones[i + shift], number)] = 1.0
            start += kinds
        start = _write_syllables(row, start, i, heads, utterance)
        _write_places(row, start, where[i], phones.is_vowel(utterance.phones[i].name))
    return found


def _kind(phone: Phone, number: dict[str, int]) -> int:
    return len(number) if phone.pause else number.get(phone.name, len(number) + 1)


def _write_syllables(
    row: np.ndarray, start: int, i: int, heads: Sequence[int], utterance: Utterance
) -> int:
    """Stress and tone of the syllables around; returns where the next feature goes."""
    here, last = heads[i], len(heads)
    before = next((heads[j] for j in range(i, -1, -1) if heads[j] != here), None)
    after = next((heads[j] for j in range(i, last) if heads[j] != here), None)
    for head in (before, here, after):
        if head is not None:
            row[start + utterance.phones[head].stress] = 1.0
            row[start + STRESSES + utterance.phones[head].tone] = 1.0
        start += STRESSES + TONES
    return start


def _write_places(row: np.ndarray, start: int, place: Place, vowel: bool) -> None:
    pairs = (place.phone, place.syllable, place.word, place.phrase)
    for (which, count), scale in zip(pairs, _SCALES, strict=True):
        row[start : start + 3] = np.array([which, count - 1 - which, count]) / scale
        start += 3
    row[start] = vowel
    row[start + 1 + (ENDINGS.index(place.ending) + 1 if place.ending else 0)] = 1.0


def frame_features(table: np.ndarray, durations: np.ndarray) -> np.ndarray:
    """What is told of each frame: its phone's features, its duration, and where it stands.

    Args:
        table: `(N, D)` of `phone_features`. durations: `(N,)` frames of each phone, at least 0.

    Returns:
        `(sum(durations), D + 5)` float32.
    """
    which = np.repeat(np.arange(len(durations)), durations)
    begins = np.cumsum(durations) - durations
    since = np.arange(len(which)) - begins[which]
    long = durations[which].astype(np.float64)
    until = long - 1 - since
    own = [
        np.log(long / SECOND) / 4.0 + 0.75,  # about -0.5 to 0.7 for 1 to 200 frames
        (since + 0.5) / long,
        (until + 0.5) / long,
        np.minimum(since / _LONGEST, 1.0),
        np.minimum(until / _LONGEST, 1.0),
    ]
    return np.concatenate([table[which], np.stack(own, axis=1)], axis=1).astype(np.float32)
