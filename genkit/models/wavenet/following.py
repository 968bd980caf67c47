"""What a user says that a recording should follow: another recording, phones or a text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from genkit.data.audio.attributes import attributes_in_words
from genkit.data.audio.given import read_recording
from genkit.data.fingerprint import checksum
from genkit.errors import DataError, UsageError
from genkit.models.wavenet.features import log_mel
from genkit.models.wavenet.frames import LinguisticFrames, joined
from genkit.models.wavenet.inputs import DURATIONS, ENVELOPE, PITCH
from genkit.sampling.references import row_reference
from genkit.speech.context import frame_features, phone_features
from genkit.speech.phase import contour_phases
from genkit.speech.phones import PAUSE, Phone, espeak_set
from genkit.speech.pitch import log_hertz_of
from genkit.speech.reading import Spoken
from genkit.speech.utterance import Utterance, in_words, written

AUDIO, RECORDING, TEXT, PHONES = "audio", "recording", "text", "phones"
LANGUAGE = "language"
MOST_PHONE_LINES = 1_000_000
REMEMBERED = 1_000  # texts that the front end has read
QUIET = -2.5  # what is told of a deviation of e^-10
_HAN = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Followed:
    """What a recording follows.

    Args:
        frames: `(F, width)` float32.
        length: audio samples of the recording.
    """

    frames: np.ndarray
    length: int


class Follower(Protocol):
    """Reads what a row asks to be followed."""

    keys: tuple[str, ...]

    def completed(self, row: Mapping[str, str]) -> Mapping[str, str]:
        """The row with attributes that follow from it, such as the language of its text."""
        ...

    def follow(self, row: Mapping[str, str]) -> Followed | None:
        """What the row asks for; None for silence. Every attribute of the model is in the row."""
        ...

    def silence(self, length: int) -> np.ndarray:
        """Frames of a silent recording, `(ceil(length / hop), width)`."""
        ...

    def digest(self, row: Mapping[str, str]) -> str | None:
        """A checksum of what a row refers to and its words do not tell, such as what a file
        holds; None where there is nothing of the kind."""
        ...


class MelFollower:
    """Recordings whose spectra are followed.

    Args:
        local: the local condition's section. rate: Hz.
        recording: gives the PCM of `SPLIT:NUMBER` of the data set.
    """

    keys: tuple[str, ...] = (AUDIO, RECORDING)

    def __init__(self, local: Any, rate: int, recording: Callable[[str], np.ndarray]) -> None:
        self.local, self.rate, self._recording = local, rate, recording

    def completed(self, row: Mapping[str, str]) -> Mapping[str, str]:
        return row

    def follow(self, row: Mapping[str, str]) -> Followed | None:
        check_one(row, self.keys)
        if RECORDING in row:
            pcm = self._recording(row[RECORDING])
        elif AUDIO in row:
            pcm = read_recording(row[AUDIO], self.rate)
        else:
            return None
        return Followed(self._frames(pcm), len(pcm))

    def silence(self, length: int) -> np.ndarray:
        return self._frames(np.zeros(length, np.int16))

    def _frames(self, pcm: np.ndarray) -> np.ndarray:
        return log_mel(pcm, self.rate, self.local.hop, self.local.bands)

    def digest(self, row: Mapping[str, str]) -> str | None:
        return None if AUDIO not in row else _checksum(Path(row[AUDIO]))


class LinguisticFollower:
    """Texts, phones, and recordings whose phones are known.

    Args:
        recipe: of the run that speaks.
        frames: of its model, with the runs that tell what texts do not.
        recording: gives the utterances of `SPLIT:NUMBER` and the number.
    """

    keys: tuple[str, ...] = (TEXT, PHONES, RECORDING)

    def __init__(
        self,
        recipe: Any,
        frames: LinguisticFrames,
        recording: Callable[[str], tuple[Spoken, int]],
    ) -> None:
        self.frames, self.inputs = frames, frames.inputs
        self.local, self.data = recipe.model.local, recipe.data
        self.names = recipe.model.names(recipe.data)
        self.phones = recipe.data.phone_set()
        self._recording = recording
        self._texts: dict[tuple[str, str], Utterance] = {}

    def completed(self, row: Mapping[str, str]) -> Mapping[str, str]:
        check_one(row, self.keys)
        if RECORDING in row:
            return {**self._described(row[RECORDING]), **row}
        if LANGUAGE in row or len(self.data.front_ends()) < 2:
            return row
        if TEXT in row:
            return {**row, LANGUAGE: "cmn" if _HAN.search(row[TEXT]) else "en-us"}
        if PHONES in row and LANGUAGE in self.names:
            return {**row, LANGUAGE: self._language(written(phones_of(row[PHONES]), self.phones))}
        return row

    def _described(self, reference: str) -> dict[str, str]:
        """The attributes of a recording of the data set, in words."""
        spoken, number = self._recording(reference)
        return attributes_in_words(spoken.split.attributes, number, self.names)

    def _language(self, utterance: Utterance) -> str:
        """The first language that has all the phones."""
        able: tuple[str, ...] = self.data.front_ends()
        found = [name for name in able if set(utterance.names()) <= set(espeak_set([name]).names)]
        if not found:
            raise UsageError(
                f"--condition phones: no language of this run, {', '.join(able)}, has all of these "
                f"phones. Say which it is: --condition {LANGUAGE}=..."
            )
        return found[0]

    def follow(self, row: Mapping[str, str]) -> Followed | None:
        check_one(row, self.keys)
        if RECORDING in row:
            spoken, number = self._recording(row[RECORDING])
            frames = self.frames.recorded(spoken.split, number)
            return Followed(frames, len(spoken.split.recording(number)))
        utterance = self._utterance(row)
        if utterance is None:
            return None
        frames = self._frames(utterance, row)
        return Followed(frames, len(frames) * self.local.hop)

    def _utterance(self, row: Mapping[str, str]) -> Utterance | None:
        """What is to be said; None where neither a text nor phones are given."""
        if PHONES in row:
            return written(phones_of(row[PHONES]), self.phones)
        if TEXT not in row:
            return None
        from genkit.speech.espeak.front import utterances

        able = self.data.front_ends()
        if not able:
            raise UsageError(
                f"--condition text: data set '{self.data.name}' has phones of its own, which no "
                "front end writes. Give them: --condition phones='...', or phones=FILE:ROW"
            )
        language = row.get(LANGUAGE, able[0])
        if language not in able:
            raise UsageError(
                f"--condition language: this run speaks {', '.join(able)}. Received: {language!r}"
            )
        key = (row[TEXT], language)
        if key not in self._texts:
            if len(self._texts) >= REMEMBERED:
                self._texts.pop(next(iter(self._texts)))
            self._texts[key] = utterances([row[TEXT]], [language])[0]
        return self._texts[key]

    def _frames(self, utterance: Utterance, row: Mapping[str, str]) -> np.ndarray:
        """Features of what is said, as long and as high as the inputs tell."""
        inputs, local = self.inputs, self.local
        lasting = inputs.learner(DURATIONS).durations(utterance, inputs.vector(DURATIONS, row))
        said = frame_features(phone_features(utterance, self.phones), lasting)
        envelope = contour = phase = None
        if local.prediction:
            envelope = self.frames.envelope(said, row)
        if local.pitch:
            vector = inputs.vector(PITCH, row)
            contour = inputs.learner(PITCH).contour(utterance, lasting, vector)
        if contour is not None and local.phase:
            phase = contour_phases(log_hertz_of(contour[:, 0]), self.data.sample_rate, local.hop)
        return joined(said, envelope, contour, phase)

    def silence(self, length: int) -> np.ndarray:
        nothing = Utterance((Phone(PAUSE),), (False,))
        count = -(-length // self.local.hop)
        said = frame_features(phone_features(nothing, self.phones), np.array([count]))
        rest = self.local.width(self.data) - said.shape[1]
        frames = np.concatenate([said, np.zeros((count, rest), np.float32)], axis=1)
        if order := self.local.prediction:  # white noise that is too quiet to be heard
            frames[:, said.shape[1] + order] = QUIET
        return frames  # neither pitch nor voice

    def digest(self, row: Mapping[str, str]) -> str | None:
        """Of what is said, and of the weights of the runs that tell how."""
        utterance = self._utterance(self.completed(row))
        envelope = [ENVELOPE] if self.local.prediction else []
        if utterance is None:
            return self.inputs.digest(ENVELOPE) if envelope and RECORDING in row else None
        names = sorted([DURATIONS, *envelope, *([PITCH] if self.local.pitch else [])])
        parts = [in_words(utterance, self.phones), *map(self.inputs.digest, names)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def check_one(row: Mapping[str, str], keys: tuple[str, ...]) -> None:
    """Refuses more than one thing to follow."""
    given = [key for key in keys if key in row]
    if len(given) > 1:
        raise UsageError(f"--condition: {' and '.join(given)} do not go together; give one")


def phones_of(value: str) -> str:
    """Phones as they are written, from a user's word or from a line of a file, `FILE:ROW`.

    Blank lines do not count.

    Raises:
        DataError: if the file cannot be read or has no such line.
    """
    found = _phone_file(value)
    if found is None:
        return value
    path, row = found
    try:
        with path.open(encoding="utf-8") as file:
            lines = [line.strip() for line, _ in zip(file, range(MOST_PHONE_LINES), strict=False)]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    lines = [line for line in lines if line]
    if row >= len(lines):
        raise DataError(f"{path}: has {len(lines)} lines with phones, counted from 0, no {row}")
    return lines[row]


def _phone_file(value: str) -> tuple[Path, int] | None:
    path, row = row_reference(value)
    try:
        return (Path(path), row or 0) if Path(path).is_file() else None
    except (OSError, ValueError):  # too long for a name, or a zero byte
        return None


def _checksum(path: Path) -> str | None:
    """Of a file; None where it cannot be read, which reading it tells."""
    try:
        return checksum(path)
    except DataError:
        return None
