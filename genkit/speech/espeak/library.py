"""eSpeak NG through ctypes, for one process: its library keeps all its state in globals."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

RATE = 22_050  # Hz, of all its voices
_SYNCHRONOUS = 2  # sound goes to the callback before `espeak_Synth` returns
_PHONEME_EVENTS, _NO_EXIT = 0x1, 0x8000
_UTF8, _END_PAUSE = 0x1, 0x1000
_SEED = 1
_WORD, _PHONEME, _LAST = 1, 7, 0
_PARAMETERS = {"rate": 1, "pitch": 3, "range": 4}


class _Name(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("raw", ctypes.c_ubyte * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", _Name),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Answer:
    """What the library said and told.

    Args:
        pcm: `(T,)` int16 at `RATE`.
        phones: first audio sample and mnemonic of each phone.
        words: number of its first phone, place in the text (characters from 0) and length of each
            word. Its audio sample is often that of the phone before; the order of events is exact.
        mnemonics: the phones of each clause as one string, which has the tones too.
    """

    pcm: np.ndarray
    phones: list[tuple[int, str]]
    words: list[tuple[int, int, int]]
    mnemonics: list[str]


class Library:
    """The library, opened once.

    Raises:
        OSError: if it can't be loaded or doesn't find its data.
    """

    def __init__(self) -> None:
        import espeakng_loader

        self._blocks: list[np.ndarray] = []
        self._phones: list[tuple[int, str]] = []
        self._words: list[tuple[int, int, int]] = []
        self._callback = _CALLBACK(self._take)  # the library keeps a bare pointer
        self._c: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        self._c.espeak_TextToPhonemes.restype = ctypes.c_char_p
        data = os.path.dirname(espeakng_loader.get_data_path()).encode()
        rate = self._c.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS | _NO_EXIT)
        if rate != RATE:
            raise OSError(f"eSpeak NG starts with {rate} Hz instead of {RATE}")
        self._c.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, voice: str, **parameters: int) -> Answer:
        """Say a text.

        Args:
            text: one or more clauses.
            voice: such as `en-us` or `en-us+f2`.
            **parameters: `rate` (words a minute), `pitch` and `range` (0 to 99).

        Raises:
            OSError: for a voice that is not there, or if nothing was said.
        """
        self._blocks, self._phones, self._words = [], [], []
        if self._c.espeak_SetVoiceByName(voice.encode()):
            raise OSError(f"eSpeak NG has no voice {voice!r}")
        # The breath of some voices is noise, whose seed is the time unless it is given.
        self._c.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
        for name, value in parameters.items():
            self._c.espeak_SetParameter(_PARAMETERS[name], value, 0)
        encoded = text.encode()
        size = len(encoded) + 1
        failed = self._c.espeak_Synth(encoded, size, 0, 0, 0, _UTF8 | _END_PAUSE, None, None)
        if failed or self._c.espeak_Synchronize():
            raise OSError("eSpeak NG could not speak")
        pcm = np.concatenate(self._blocks) if self._blocks else np.zeros(0, np.int16)
        return Answer(pcm, self._phones, self._words, self._mnemonics(encoded))

    def _mnemonics(self, encoded: bytes) -> list[str]:
        rest = ctypes.c_char_p(encoded)
        pointer = ctypes.pointer(rest)
        found = []
        while rest.value:
            clause = self._c.espeak_TextToPhonemes(pointer, _UTF8, 0)
            found.append(clause.decode("utf-8", "replace"))
        return found

    def _take(self, sound: Any, count: int, events: Any) -> int:
        """The callback: 0 to go on."""
        if sound and count > 0:
            self._blocks.append(np.ctypeslib.as_array(sound, (count,)).copy())
        place = 0
        while events[place].type != _LAST:
            self._note(events[place])
            place += 1
        return 0

    def _note(self, event: _Event) -> None:
        if event.type == _PHONEME:
            name = bytes(event.id.raw).split(b"\0")[0].decode("utf-8", "replace")
            self._phones.append((event.sample, name))
        elif event.type == _WORD:
            self._words.append((len(self._phones), event.text_position - 1, event.length))
